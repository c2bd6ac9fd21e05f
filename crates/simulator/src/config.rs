//! What world to make.

/// The world: the same seed, accounts and start of the clock always make the same one.
#[derive(Clone, Debug)]
pub struct Config {
    pub seed: u64,
    pub accounts: Vec<AccountConfig>,
    /// Sprinkle odd and hostile text: scripts, formulas, right-to-left, names of blanks only.
    pub odd_text: bool,
}

/// One brand's account.
#[derive(Clone, Debug)]
pub struct AccountConfig {
    pub name: String,
    /// An IANA zone: the account's wall clock, by which the CRM writes its times.
    pub zone: String,
    /// How many contacts it has at the start.
    pub contacts: usize,
    /// How many explicit opportunities at the start; `None` gives the share that such an account would have.
    pub deals: Option<usize>,
    /// Whether time changes it.
    pub living: bool,
    /// How many leads an average day brings, when it is living.
    pub daily_leads: f64,
}

impl AccountConfig {
    /// An account that only hand edits change.
    pub fn still(name: &str, zone: &str, contacts: usize) -> Self {
        Self { name: name.into(), zone: zone.into(), contacts, deals: None, living: false, daily_leads: 0.0 }
    }

    /// An account that time changes.
    pub fn living(name: &str, zone: &str, contacts: usize, daily_leads: f64) -> Self {
        Self { living: true, daily_leads, ..Self::still(name, zone, contacts) }
    }
}

impl Config {
    /// Two living brands.
    pub fn demo() -> Self {
        Self {
            seed: 27,
            accounts: vec![
                AccountConfig::living("Harbor Bagel Co.", "America/Chicago", 305, 2.6),
                AccountConfig::living("Tidewater Pools", "America/New_York", 182, 1.5),
            ],
            odd_text: false,
        }
    }

    /// Accounts that stand still, with so many contacts each, in zones from east to west.
    pub fn plain(seed: u64, contacts: &[usize]) -> Self {
        const ZONES: [&str; 4] = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"];
        let account = |(index, &contacts): (usize, &usize)| {
            AccountConfig::still(&format!("Brand {}", index + 1), ZONES[index % ZONES.len()], contacts)
        };
        Self { seed, accounts: contacts.iter().enumerate().map(account).collect(), odd_text: false }
    }
}
