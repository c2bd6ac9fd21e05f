//! What the simulator creates: the seed and the accounts.

use crate::world::quirks::Quirks;

/// The simulator's settings. The same settings and the same start time always produce the same data.
#[derive(Clone, Debug)]
pub struct Config {
    /// Seeds every random choice.
    pub seed: u64,
    /// One entry per brand.
    pub accounts: Vec<AccountConfig>,
    /// Whether some names, notes, and stages hold hostile text: scripts, formulas, right-to-left text, blanks.
    pub hostile_text: bool,
}

/// The settings of one brand's account.
#[derive(Clone, Debug)]
pub struct AccountConfig {
    /// The brand's name.
    pub name: String,
    /// The account's IANA time zone. The CRM writes its times in this zone, without naming it.
    pub zone: String,
    /// The number of contacts at the start.
    pub contacts: usize,
    /// The number of explicit opportunities at the start. `None` means a realistic share of the contacts.
    pub deals: Option<usize>,
    /// Whether the account changes as the clock advances.
    pub live: bool,
    /// The average number of new leads per day in a live account.
    pub daily_leads: f64,
    /// What is permanently odd about its lists.
    pub quirks: Quirks,
}

impl AccountConfig {
    /// An account that changes only through edits.
    pub fn frozen(name: &str, zone: &str, contacts: usize) -> Self {
        Self {
            name: name.into(),
            zone: zone.into(),
            contacts,
            deals: None,
            live: false,
            daily_leads: 0.0,
            quirks: Quirks::default(),
        }
    }

    /// An account that changes as the clock advances.
    pub fn live(name: &str, zone: &str, contacts: usize, daily_leads: f64) -> Self {
        Self { live: true, daily_leads, ..Self::frozen(name, zone, contacts) }
    }
}

impl Config {
    /// The two live brands of the demo.
    pub fn demo() -> Self {
        Self {
            seed: 27,
            accounts: vec![
                AccountConfig::live("Harbor Bagel Co.", "America/Chicago", 305, 2.6),
                AccountConfig::live("Tidewater Pools", "America/New_York", 182, 1.5),
            ],
            hostile_text: false,
        }
    }

    /// As [`Config::plain`], with these quirks in every account.
    pub fn odd(seed: u64, contacts: &[usize], quirks: &Quirks) -> Self {
        let mut config = Self::plain(seed, contacts);
        config.accounts.iter_mut().for_each(|account| account.quirks = quirks.clone());
        config
    }

    /// Frozen accounts, one per entry of `contacts`, in time zones from east to west.
    pub fn plain(seed: u64, contacts: &[usize]) -> Self {
        const ZONES: [&str; 4] = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"];
        let account = |(index, &contacts): (usize, &usize)| {
            AccountConfig::frozen(&format!("Brand {}", index + 1), ZONES[index % ZONES.len()], contacts)
        };
        Self { seed, accounts: contacts.iter().enumerate().map(account).collect(), hostile_text: false }
    }
}
