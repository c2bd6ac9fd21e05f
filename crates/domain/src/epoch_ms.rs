//! Moments as stored in the database.

use std::fmt;
use std::ops::{Add, Sub};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The length of a day of 24 hours, in milliseconds.
pub const DAY: i64 = 86_400_000;

/// A moment: milliseconds since 1970-01-01 UTC. The difference of two moments is a plain number of milliseconds.
/// Arithmetic saturates, because the CRM can return any value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "database", derive(sea_orm::DeriveValueType))]
pub struct EpochMs(pub i64);

impl EpochMs {
    /// Before every other moment.
    pub const MIN: Self = Self(i64::MIN);
    /// After every other moment.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment as a [`Timestamp`]; `None` outside the years -9999 to 9999, which it does not support.
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.0).ok()
    }
}

impl From<Timestamp> for EpochMs {
    fn from(moment: Timestamp) -> Self {
        Self(moment.as_millisecond())
    }
}

impl Sub for EpochMs {
    type Output = i64;

    fn sub(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Sub<i64> for EpochMs {
    type Output = Self;

    fn sub(self, ms: i64) -> Self {
        Self(self.0.saturating_sub(ms))
    }
}

impl Add<i64> for EpochMs {
    type Output = Self;

    fn add(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl fmt::Display for EpochMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
