//! The people who work the leads, and the ways the CRM writes who a contact is assigned to.

use serde_json::json;

pub(crate) struct Person {
    pub(crate) first: &'static str,
    pub(crate) last: &'static str,
}

const EVERYBODY: [Person; 12] = [
    Person { first: "Dana", last: "Whitlock" },
    Person { first: "Owen", last: "Marsh" },
    Person { first: "Ruth", last: "Adeyemi" },
    Person { first: "Caleb", last: "Sorensen" },
    Person { first: "Priya", last: "Raman" },
    Person { first: "Marcus", last: "Bell" },
    Person { first: "Helen", last: "Castellano" },
    Person { first: "Jonah", last: "Fitch" },
    Person { first: "Simone", last: "Archer" },
    Person { first: "Victor", last: "Delgado" },
    Person { first: "Nora", last: "Lindqvist" },
    Person { first: "Theo", last: "Okafor" },
];

/// How many people each account has.
pub(crate) const TEAM: u8 = 5;

pub(crate) fn person(account: usize, seat: u8) -> &'static Person {
    &EVERYBODY[(account * 5 + usize::from(seat % TEAM)) % EVERYBODY.len()]
}

impl Person {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    pub(crate) fn login(&self) -> String {
        format!("{}{}", &self.first[..1], self.last).to_lowercase()
    }

    /// `assigned_user` in one of its four forms, or blank; `form` is any number that belongs to the row.
    pub(crate) fn assigned(&self, user_id: &str, form: u64) -> String {
        match form % 20 {
            0..=11 => self.name(),
            12..=13 => user_id.to_owned(),
            14..=16 => format!("{} ( {} )", self.name(), self.login()),
            17..=18 => json!({"first_name": self.first, "last_name": self.last}).to_string(),
            _ => String::new(),
        }
    }
}
