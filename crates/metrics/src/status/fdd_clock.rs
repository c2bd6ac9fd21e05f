//! The federal waiting period between the disclosure document (FDD) and an agreement.

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tetherboard_domain::{EpochMs, Milestone, Zone};

/// The caution next to every estimate of the waiting period, shown on pages.
pub const FDD_CAUTION: &str = "The waiting period is an estimate. Confirm the date on the signed receipt. State rules and the 7 days \
    for the completed agreement are not included.";

/// When a candidate's federal waiting period began. This is an estimate: the CRM does not have the receipt itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FddClock {
    /// Day 0, at the latest: the day a read saw the move.
    Since(Date),
    /// First seen in a later stage: day 0 is this day or earlier.
    Before(Date),
}

impl FddClock {
    const DAYS: i64 = 15;

    /// The first day an agreement can be signed: 15 calendar days after day 0, or after the latest possible day 0.
    pub fn earliest_signing(self) -> Date {
        let (Self::Since(day) | Self::Before(day)) = self;
        day.saturating_add(Span::new().days(Self::DAYS))
    }

    /// Whether the waiting period is still running.
    pub fn runs(self, today: Date) -> bool {
        today < self.earliest_signing()
    }
}

/// The waiting period's clock. Day 0 is the last entry to FDD receipt, or else to FDD sent. `entries` are milestones with the
/// moment a read first saw the candidate there. `first_beyond_ms` is when a candidate who was never seen entering either one was
/// first seen there or in a later stage.
pub fn fdd_clock(entries: &[(Milestone, EpochMs)], first_beyond_ms: Option<EpochMs>, zone: &Zone) -> Option<FddClock> {
    let date = |ms: EpochMs| ms.timestamp().map(|moment| zone.date(moment));
    let last = |wanted: Milestone| entries.iter().filter(|(milestone, _)| *milestone == wanted).map(|(_, ms)| *ms).max();
    match last(Milestone::FddReceipt).or_else(|| last(Milestone::FddSent)) {
        Some(ms) => date(ms).map(FddClock::Since),
        None => first_beyond_ms.and_then(date).map(FddClock::Before),
    }
}
