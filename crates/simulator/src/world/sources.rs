//! The lead sources of an account.

use crate::dice::Dice;

/// A lead source, and the amount and quality of its leads.
pub(crate) struct SourceSeed {
    /// Blank means that the contact has no source.
    pub(crate) name: &'static str,
    /// The source's share of all leads, as a weight.
    share: f64,
    /// Multiplies a candidate's chance to advance: above 1 for good leads, below 1 for cheap ones.
    pub(crate) quality: f64,
}

/// Every source.
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

/// Draws a source, as its position in [`SOURCES`].
pub(crate) fn draw(dice: &mut Dice) -> u8 {
    dice.weighted(SOURCES.iter().map(|source| source.share)) as u8
}

const fn source(name: &'static str, share: f64, quality: f64) -> SourceSeed {
    SourceSeed { name, share, quality }
}
