//! The stages that an account starts with: those of franchise candidates, clients, and vendors.

/// A stage that every account starts with.
pub(crate) struct StageSeed {
    pub(crate) name: &'static str,
    pub(crate) active: bool,
    /// The CRM's `likelihood_to_close`, in percent.
    pub(crate) odds: Option<u8>,
    /// 1 for prospects, 2 for clients, 3 for vendors.
    pub(crate) contact_type: u8,
}

// Positions in STAGES.
pub(crate) const NEW_LEAD: u8 = 0;
pub(crate) const OUTBOUND_CALL: u8 = 1;
pub(crate) const INBOUND_CONTACT: u8 = 2;
pub(crate) const INITIAL_CALL_SCHEDULED: u8 = 3;
pub(crate) const QR_SENT: u8 = 5;
pub(crate) const QR_RETURNED: u8 = 6;
pub(crate) const FDD_SENT: u8 = 7;
pub(crate) const FDD_REVIEW_SCHEDULED: u8 = 9;
pub(crate) const DEAL_STRUCTURE: u8 = 11;
pub(crate) const DISCOVERY_DAY_BOOKED: u8 = 12;
pub(crate) const FA_SENT: u8 = 15;
pub(crate) const FA_SIGNED: u8 = 16;
pub(crate) const FUTURE_INTEREST: u8 = 17;
pub(crate) const NOT_INTERESTED: u8 = 18;
pub(crate) const UNRESPONSIVE: u8 = 19;
pub(crate) const NOT_QUALIFIED: u8 = 20;
pub(crate) const TERRITORY_TAKEN: u8 = 21;
pub(crate) const CLIENTS: [u8; 3] = [23, 24, 25];
pub(crate) const VENDORS: [u8; 2] = [26, 27];

/// Every stage, in the order of the account's list.
pub(crate) const STAGES: [StageSeed; 28] = [
    open("New Lead"),
    open("Outbound Call"),
    open("Inbound Contact"),
    open("Initial Call Scheduled"),
    open("Initial Call Complete"),
    open("QR Sent"),
    open("QR Returned"),
    open("FDD Sent"),
    open("FDD Signed"),
    open("FDD Review Call Scheduled"),
    open("FDD Review Call Complete"),
    open("Deal Structure"),
    late("Discovery Day Booked", 50),
    late("Discovery Day Completed", 80),
    late("FA Requested", 90),
    late("FA Sent", 95),
    late("FA Signed", 100),
    open("Future Interest"),
    lost("Not Interested"),
    lost("Unresponsive"),
    lost("Not Qualified"),
    lost("Territory Not Available"),
    lost("Duplicate"),
    other("Onboarding", 2, true),
    other("Open and Operating", 2, true),
    other("Former Franchisee", 2, false),
    other("Preferred Vendor", 3, true),
    other("Former Vendor", 3, false),
];

/// The odds that the CRM gives an opportunity in a stage, in percent.
pub(crate) fn crm_odds(stage: u8) -> u8 {
    const ODDS: [u8; 17] = [0, 0, 0, 1, 2, 4, 8, 12, 18, 22, 28, 40, 50, 80, 90, 95, 100];
    ODDS.get(usize::from(stage)).copied().unwrap_or(0)
}

/// The CRM's `contact_type_name`.
pub(crate) fn contact_type_name(contact_type: i64) -> &'static str {
    match contact_type {
        1 => "Prospect",
        2 => "Client",
        3 => "Vendor",
        _ => "Other",
    }
}

const fn open(name: &'static str) -> StageSeed {
    StageSeed { name, active: true, odds: None, contact_type: 1 }
}

const fn late(name: &'static str, odds: u8) -> StageSeed {
    StageSeed { name, active: true, odds: Some(odds), contact_type: 1 }
}

const fn lost(name: &'static str) -> StageSeed {
    StageSeed { name, active: false, odds: None, contact_type: 1 }
}

const fn other(name: &'static str, contact_type: u8, active: bool) -> StageSeed {
    StageSeed { name, active, odds: None, contact_type }
}
