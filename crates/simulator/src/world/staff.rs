//! The sales staff, and the ways in which the CRM writes whom a contact is assigned to.

use serde_json::json;

/// A user of the CRM who works leads.
pub(crate) struct StaffMember {
    pub(crate) first: &'static str,
    pub(crate) last: &'static str,
}

const STAFF: [StaffMember; 12] = [
    StaffMember { first: "Dana", last: "Whitlock" },
    StaffMember { first: "Owen", last: "Marsh" },
    StaffMember { first: "Ruth", last: "Adeyemi" },
    StaffMember { first: "Caleb", last: "Sorensen" },
    StaffMember { first: "Priya", last: "Raman" },
    StaffMember { first: "Marcus", last: "Bell" },
    StaffMember { first: "Helen", last: "Castellano" },
    StaffMember { first: "Jonah", last: "Fitch" },
    StaffMember { first: "Simone", last: "Archer" },
    StaffMember { first: "Victor", last: "Delgado" },
    StaffMember { first: "Nora", last: "Lindqvist" },
    StaffMember { first: "Theo", last: "Okafor" },
];

/// The number of staff members, or seats, in each account.
pub(crate) const TEAM_SIZE: u8 = 5;

/// The staff member in a seat of an account.
pub(crate) fn member(account: usize, seat: u8) -> &'static StaffMember {
    &STAFF[(account * 5 + usize::from(seat % TEAM_SIZE)) % STAFF.len()]
}

impl StaffMember {
    /// First and last name.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    /// The user name, such as `dwhitlock`.
    fn login(&self) -> String {
        format!("{}{}", &self.first[..1], self.last).to_lowercase()
    }

    /// The CRM's `assigned_user` in one of its four formats, or blank. `variant` is any number that belongs to the row.
    pub(crate) fn assigned_user(&self, user_id: &str, variant: u64) -> String {
        match variant % 20 {
            0..=11 => self.name(),
            12..=13 => user_id.to_owned(),
            14..=16 => format!("{} ( {} )", self.name(), self.login()),
            17..=18 => json!({"first_name": self.first, "last_name": self.last}).to_string(),
            _ => String::new(),
        }
    }
}
