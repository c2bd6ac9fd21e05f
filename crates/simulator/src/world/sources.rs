//! Where leads come from, how many each place brings and how good they are.

pub(crate) struct SourceSeed {
    pub(crate) name: &'static str,
    /// Leads out of a hundred or so.
    share: f64,
    /// How much likelier than the average its leads go on: below 1 for the many and cheap, above for the few and good.
    pub(crate) quality: f64,
}

/// Blank is a source too: nobody filled it in.
pub(crate) const SOURCES: [SourceSeed; 18] = [
    source("Brand Website", 24.0, 1.06),
    source("FranchiseMatch Portal", 11.0, 0.84),
    source("Franchise Gator Leads", 9.0, 0.82),
    source("BizBuyScout", 6.0, 0.88),
    source("Own-A-Franchise.com", 5.0, 0.86),
    source("Keystone Broker Network", 9.0, 1.20),
    source("Summit Franchise Advisors", 6.0, 1.20),
    source("Facebook Lead Ad", 10.0, 0.76),
    source("Instagram", 3.0, 0.74),
    source("Google Ads", 5.0, 0.94),
    source("LinkedIn", 2.0, 1.04),
    source("Referral", 5.0, 1.24),
    source("Existing Franchisee", 2.0, 1.26),
    source("Franchise Expo South", 3.0, 1.06),
    source("Multi-Unit Conference", 2.0, 1.20),
    source("Walk-in", 1.0, 1.05),
    source("Phone Call", 2.0, 1.02),
    source("", 4.0, 0.90),
];

pub(crate) fn draw(dice: &mut crate::dice::Dice) -> u8 {
    dice.weighted(SOURCES.iter().map(|source| source.share)) as u8
}

const fn source(name: &'static str, share: f64, quality: f64) -> SourceSeed {
    SourceSeed { name, share, quality }
}
