//! Stages and their roles. The CRM defines stages; the agency assigns roles. A role is suggested by the stage's name and odds, and
//! counts only once confirmed. A stage can also have a milestone, which is suggested and confirmed in the same way.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Odds;

/// A stage's name for comparison: trimmed, lowercase, and cut to the length an index accepts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StageKey(pub String);

/// In letters. A PostgreSQL index accepts about 2,700 bytes, and a letter is up to four.
const LONGEST_KEY: usize = 500;

impl StageKey {
    /// The key of a stage's name.
    pub fn of(name: &str) -> Self {
        Self(name.trim().to_lowercase().chars().take(LONGEST_KEY).collect())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is blank.
    pub fn is_blank(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a stage means in the sales process.
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
    /// Every role, in the order of the sales process.
    pub const ALL: [Self; 7] =
        [Self::New, Self::Working, Self::Qualified, Self::Late, Self::Awarded, Self::Parked, Self::Inactive];

    /// The role's name in the database, in URLs, and on the command line.
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

    /// Whether deals with this role are open, that is, on the way to a signature.
    pub fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Working | Self::Qualified | Self::Late)
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            format!("`{text}` is not a stage role; use new, working, qualified, late, awarded, parked, or inactive")
        })
    }
}

/// A stage's role, and how certain it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageRole {
    /// Confirmed by the agency, or inactive by the CRM's own flag.
    Confirmed(Role),
    /// Suggested by a rule only, for a stage of the CRM's list. Counts as open.
    Unconfirmed(Role),
    /// A stage that is in use but not in the CRM's list. Counts as open.
    Unlisted,
}

impl StageRole {
    /// The confirmed role, which counts in numbers.
    pub fn confirmed(self) -> Option<Role> {
        match self {
            Self::Confirmed(role) => Some(role),
            Self::Unconfirmed(_) | Self::Unlisted => None,
        }
    }

    /// The role for ordering and colors: confirmed, or else suggested.
    pub fn likely(self) -> Option<Role> {
        match self {
            Self::Confirmed(role) | Self::Unconfirmed(role) => Some(role),
            Self::Unlisted => None,
        }
    }

    /// Whether deals in the stage are open. Unconfirmed stages count as open, so that no candidate disappears.
    pub fn is_open(self) -> bool {
        self.confirmed().is_none_or(Role::is_open)
    }

    /// Whether the stage is confirmed as inactive.
    pub fn is_inactive(self) -> bool {
        self.confirmed() == Some(Role::Inactive)
    }

    /// The confirmed role's name, `unconfirmed`, or `unlisted`.
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

/// The role that a stage's name, or else its odds, or else its position suggests. `first` is the stage that new leads start in.
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

/// Word combinations and their roles, most specific first: "FA Signed" before "FA", "FDD Review Complete" before "FDD".
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
    let has = |wanted: &[&str]| wanted.iter().all(|word| words.contains(word) || words.contains(&&*format!("{word}d")));
    NAMES.iter().find(|(wanted, _)| has(wanted)).map(|(_, role)| *role)
}

/// A dated point in the sales process, whatever the CRM calls its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Milestone {
    ApplicationReturned,
    /// The franchise disclosure document was sent.
    FddSent,
    /// The candidate signed its receipt.
    FddReceipt,
    DiscoveryDay,
    AgreementSent,
    AgreementSigned,
}

impl Milestone {
    /// Every milestone, in order.
    pub const ALL: [Self; 6] = [
        Self::ApplicationReturned,
        Self::FddSent,
        Self::FddReceipt,
        Self::DiscoveryDay,
        Self::AgreementSent,
        Self::AgreementSigned,
    ];

    /// The milestone's name in the database and in URLs.
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

/// A stage's milestone, and how certain it is. Most stages have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StageMilestone {
    /// Confirmed by the agency, possibly to have none.
    Confirmed(Option<Milestone>),
    /// Suggested by the stage's name.
    Suggested(Option<Milestone>),
}

impl StageMilestone {
    /// The milestone to compute dates from: confirmed, or else suggested.
    pub fn likely(self) -> Option<Milestone> {
        match self {
            Self::Confirmed(milestone) | Self::Suggested(milestone) => milestone,
        }
    }
}

/// The milestone that a stage's name suggests.
pub fn suggest_milestone(name: &str) -> Option<Milestone> {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let is_agreement = has(&["fa", "agreement"]);
    let is_application = has(&["qr", "application", "questionnaire"]);
    let is_disclosure = has(&["fdd", "disclosure"]);
    // A step that is not done, or was declined, is not a milestone.
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
    fn unconfirmed_stages_count_as_open() {
        assert!(StageRole::Unconfirmed(Role::Awarded).is_open());
        assert!(StageRole::Unlisted.is_open());
        assert!(!StageRole::Confirmed(Role::Parked).is_open());
    }

    #[test]
    fn the_usual_franchise_stages_get_the_milestones_an_agency_would_give() {
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
