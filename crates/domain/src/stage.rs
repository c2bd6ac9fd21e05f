//! A stage is the CRM's; its role is ours. Roles are suggested by name, then odds, and count only when the agency confirms them.
//! Besides its role a stage may carry a milestone, which is suggested by name and confirmed the same way.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Odds;

/// A stage's name as it is compared: trimmed, case folded, and no longer than an index takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StageKey(pub String);

/// In letters; PostgreSQL takes some 2,700 bytes into an index, and a letter is up to four.
const LONGEST_KEY: usize = 500;

impl StageKey {
    pub fn of(name: &str) -> Self {
        Self(name.trim().to_lowercase().chars().take(LONGEST_KEY).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_blank(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a stage means in the sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    New,
    Working,
    Qualified,
    Late,
    Awarded,
    Parked,
    Inactive,
}

impl Role {
    pub const ALL: [Self; 7] =
        [Self::New, Self::Working, Self::Qualified, Self::Late, Self::Awarded, Self::Parked, Self::Inactive];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Working => "working",
            Self::Qualified => "qualified",
            Self::Late => "late",
            Self::Awarded => "awarded",
            Self::Parked => "parked",
            Self::Inactive => "inactive",
        }
    }

    /// Open deals are those still on the way to a signature.
    pub fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Working | Self::Qualified | Self::Late)
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            format!("`{text}` is not a stage role; use new, working, qualified, late, awarded, parked or inactive")
        })
    }
}

/// How a stage stands with its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageRole {
    /// The agency said so, or the CRM's own flag says that the stage is inactive.
    Confirmed(Role),
    /// In the CRM's list, with a role that only a rule suggests. Counts as open.
    Unconfirmed(Role),
    /// A contact stands in it, but the CRM's list does not name it. Counts as open.
    Unlisted,
}

impl StageRole {
    /// The role that counts, if there is one.
    pub fn confirmed(self) -> Option<Role> {
        match self {
            Self::Confirmed(role) => Some(role),
            Self::Unconfirmed(_) | Self::Unlisted => None,
        }
    }

    /// The role to order and colour by: the confirmed one, else the suggestion.
    pub fn likely(self) -> Option<Role> {
        match self {
            Self::Confirmed(role) | Self::Unconfirmed(role) => Some(role),
            Self::Unlisted => None,
        }
    }

    /// What nobody confirmed counts as open, so that no candidate disappears.
    pub fn is_open(self) -> bool {
        self.confirmed().is_none_or(Role::is_open)
    }

    pub fn is_inactive(self) -> bool {
        self.confirmed() == Some(Role::Inactive)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed(role) => role.as_str(),
            Self::Unconfirmed(_) => "unconfirmed",
            Self::Unlisted => "unlisted",
        }
    }
}

impl fmt::Display for StageRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The role that a stage's name, then its odds, then its place speak for. `first` is the stage a new lead starts in.
pub fn suggest_role(name: &str, odds: Option<Odds>, active: bool, first: bool) -> Role {
    if !active {
        return Role::Inactive;
    }
    by_name(name).unwrap_or_else(|| match odds.map(Odds::hundredths) {
        Some(10_000) => Role::Awarded,
        Some(3_000..) => Role::Late,
        Some(1_000..) => Role::Qualified,
        _ if first => Role::New,
        _ => Role::Working,
    })
}

/// Most telling first: "FA Signed" before "signed", "FDD Review Call Complete" before "FDD".
const NAMES: [(&[&str], Role); 21] = [
    (&["not", "interested"], Role::Inactive),
    (&["not", "qualified"], Role::Inactive),
    (&["unqualified"], Role::Inactive),
    (&["disqualified"], Role::Inactive),
    (&["lost"], Role::Inactive),
    (&["dead"], Role::Inactive),
    (&["future"], Role::Parked),
    (&["on", "hold"], Role::Parked),
    (&["nurture"], Role::Parked),
    (&["fa", "signed"], Role::Awarded),
    (&["agreement", "signed"], Role::Awarded),
    (&["awarded"], Role::Awarded),
    (&["fa"], Role::Late),
    (&["discovery"], Role::Late),
    (&["deal", "structure"], Role::Late),
    (&["fdd", "review", "complete"], Role::Late),
    (&["fdd"], Role::Qualified),
    (&["qr", "returned"], Role::Qualified),
    (&["application", "returned"], Role::Qualified),
    (&["new", "lead"], Role::New),
    (&["call"], Role::Working),
];

fn by_name(name: &str) -> Option<Role> {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let says = |wanted: &[&str]| wanted.iter().all(|word| words.contains(word) || words.contains(&&*format!("{word}d")));
    NAMES.iter().find(|(wanted, _)| says(wanted)).map(|(_, role)| *role)
}

/// A point in the sale that dates are told from, whatever the CRM calls the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Milestone {
    ApplicationReturned,
    /// The franchise disclosure document went out.
    FddSent,
    /// The candidate signed for it.
    FddReceipt,
    DiscoveryDay,
    AgreementSent,
    AgreementSigned,
}

impl Milestone {
    pub const ALL: [Self; 6] = [
        Self::ApplicationReturned,
        Self::FddSent,
        Self::FddReceipt,
        Self::DiscoveryDay,
        Self::AgreementSent,
        Self::AgreementSigned,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationReturned => "application-returned",
            Self::FddSent => "fdd-sent",
            Self::FddReceipt => "fdd-receipt",
            Self::DiscoveryDay => "discovery-day",
            Self::AgreementSent => "agreement-sent",
            Self::AgreementSigned => "agreement-signed",
        }
    }
}

impl FromStr for Milestone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|milestone| milestone.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is not a milestone; use {known}, or none")
        })
    }
}

/// How a stage stands with its milestone; most stages carry none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StageMilestone {
    /// The agency said so, also that there is none.
    Confirmed(Option<Milestone>),
    /// What the stage's name speaks for.
    Suggested(Option<Milestone>),
}

impl StageMilestone {
    /// The one to tell dates from: the confirmed one, else the suggestion.
    pub fn likely(self) -> Option<Milestone> {
        match self {
            Self::Confirmed(milestone) | Self::Suggested(milestone) => milestone,
        }
    }
}

/// The milestone that a stage's name speaks for.
pub fn suggest_milestone(name: &str) -> Option<Milestone> {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let is_agreement = has(&["fa", "agreement"]);
    let is_application = has(&["qr", "application", "questionnaire"]);
    let is_disclosure = has(&["fdd", "disclosure"]);
    // What is not done yet, or was refused, passed nothing.
    if has(&["not", "no", "never", "pending", "awaiting", "unsigned"]) {
        return None;
    }
    match () {
        () if is_agreement && has(&["signed", "executed"]) => Some(Milestone::AgreementSigned),
        () if is_agreement && has(&["sent"]) => Some(Milestone::AgreementSent),
        () if is_disclosure && has(&["signed", "received", "returned", "acknowledged"]) => Some(Milestone::FddReceipt),
        () if is_disclosure && has(&["sent", "delivered"]) => Some(Milestone::FddSent),
        () if is_disclosure && has(&["receipt"]) => Some(Milestone::FddReceipt),
        () if is_application && has(&["returned", "received", "completed", "complete"]) => Some(Milestone::ApplicationReturned),
        () if has(&["discovery"]) && !has(&["booked", "scheduled", "invited", "requested", "call"]) => {
            Some(Milestone::DiscoveryDay)
        }
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_franchise_stages_get_the_roles_an_agency_would_give() {
        use Role::*;
        let stages = [
            ("New Lead", New),
            ("Outbound Call", Working),
            ("Inbound Contact", Working),
            ("Initial Call Scheduled", Working),
            ("Initial Call Complete", Working),
            ("QR Sent", Working),
            ("QR Returned", Qualified),
            ("FDD Sent", Qualified),
            ("FDD Signed", Qualified),
            ("FDD Review Call Scheduled", Qualified),
            ("FDD Review Call Complete", Late),
            ("Deal Structure", Late),
            ("Discovery Day Booked", Late),
            ("Discovery Day Completed", Late),
            ("FA Requested", Late),
            ("FA Sent", Late),
            ("FA Signed", Awarded),
            ("Future Interest", Parked),
        ];
        for (name, role) in stages {
            assert_eq!(suggest_role(name, None, true, false), role, "{name}");
        }
    }

    #[test]
    fn an_unknown_name_is_judged_by_its_odds_and_an_inactive_flag_decides() {
        let odds = |percent: i64| Odds::from_hundredths(percent * 100);
        assert_eq!(suggest_role("Zweites Gespräch", odds(50), true, false), Role::Late);
        assert_eq!(suggest_role("Zweites Gespräch", odds(100), true, false), Role::Awarded);
        assert_eq!(suggest_role("Neu", None, true, true), Role::New);
        assert_eq!(suggest_role("FA Sent", odds(95), false, false), Role::Inactive);
    }

    #[test]
    fn what_nobody_confirmed_counts_as_open() {
        assert!(StageRole::Unconfirmed(Role::Awarded).is_open());
        assert!(StageRole::Unlisted.is_open());
        assert!(!StageRole::Confirmed(Role::Parked).is_open());
    }

    #[test]
    fn the_usual_franchise_stages_carry_the_milestones_an_agency_would_give() {
        use Milestone::*;
        let stages = [
            ("QR Sent", None),
            ("QR Returned", Some(ApplicationReturned)),
            ("Application received", Some(ApplicationReturned)),
            ("FDD Sent", Some(FddSent)),
            ("FDD Signed", Some(FddReceipt)),
            ("FDD receipt", Some(FddReceipt)),
            ("FDD Review Call Scheduled", None),
            ("FDD Review Call Complete", None),
            ("Discovery Day Booked", None),
            ("Discovery Day Completed", Some(DiscoveryDay)),
            ("Discovery Call", None),
            ("FA Requested", None),
            ("FA Sent", Some(AgreementSent)),
            ("FA Signed", Some(AgreementSigned)),
            ("Franchise Agreement executed", Some(AgreementSigned)),
            ("FA not signed", None),
            ("Future Interest", None),
            ("", None),
        ];
        for (name, milestone) in stages {
            assert_eq!(suggest_milestone(name), milestone, "{name}");
        }
        for milestone in Milestone::ALL {
            assert_eq!(milestone.as_str().parse(), Ok(milestone));
        }
        assert!("fdd".parse::<Milestone>().unwrap_err().contains("fdd-sent"));
    }
}
