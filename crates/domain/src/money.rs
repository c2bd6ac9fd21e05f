//! Whole cents and odds, and the one rounding rule that combines them.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// An amount in whole US cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Short, for cards and axes: `$90K`, `$1.25M`, `$124.5K`.
    pub fn short(self) -> String {
        let dollars = self.0 as f64 / 100.0;
        let (value, unit) = match dollars.abs() {
            size if size >= 999_950.0 => (dollars / 1_000_000.0, "M"),
            size if size >= 1_000.0 => (dollars / 1_000.0, "K"),
            _ => (dollars, ""),
        };
        let digits = match unit {
            "M" => format!("{:.2}", value.abs()),
            "K" if value.abs() < 1_000.0 => format!("{:.1}", value.abs()),
            _ => format!("{:.0}", value.abs()),
        };
        let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
        format!("{}${digits}{unit}", if self.0 < 0 { "−" } else { "" })
    }

    /// Exact, without a currency sign, for CSV: `90000` or `90000.50`.
    pub fn plain(self) -> String {
        let cents = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        match cents % 100 {
            0 => format!("{sign}{}", cents / 100),
            rest => format!("{sign}{}.{rest:02}", cents / 100),
        }
    }
    /// The amount `count` times.
    #[must_use]
    pub fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

/// Exact, for tables: `$90,000`, with cents only if there are any.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "−" } else { "" };
        let dollars = grouped(cents / 100);
        match cents % 100 {
            0 => write!(f, "{sign}${dollars}"),
            rest => write!(f, "{sign}${dollars}.{rest:02}"),
        }
    }
}

/// A number with thousands separators: `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// The probability that a deal closes, in hundredths of a percent (0 to 10,000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Odds(i64);

impl Odds {
    /// The odds of a value in hundredths of a percent; `None` outside 0–100%.
    pub fn from_hundredths(hundredths: i64) -> Option<Self> {
        (0..=10_000).contains(&hundredths).then_some(Self(hundredths))
    }

    /// In hundredths of a percent.
    pub fn hundredths(self) -> i64 {
        self.0
    }

    /// In percent.
    pub fn percent(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// Fee × odds, rounded half up to the cent.
    pub fn weigh(self, fee: Money) -> Money {
        let product = i128::from(fee.0) * i128::from(self.0);
        let cents = (product + 5_000).div_euclid(10_000);
        Money(i64::try_from(cents).unwrap_or(i64::MAX))
    }
}

/// The weighted value, fee × odds; `None` while either is unknown, so such a deal adds nothing to a sum.
pub fn weighted(fee: Option<Money>, odds: Option<Odds>) -> Option<Money> {
    fee.zip(odds).map(|(fee, odds)| odds.weigh(fee))
}

/// In percent: `95%`, `4.5%`.
impl fmt::Display for Odds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_show_short_money_and_tables_exact_money() {
        let cases = [
            (9_000_000, "$90K", "$90,000"),
            (12_450_000, "$124.5K", "$124,500"),
            (125_000_000, "$1.25M", "$1,250,000"),
            (99_999_999, "$1M", "$999,999.99"),
            (0, "$0", "$0"),
            (4_550, "$46", "$45.50"),
            (-600_000, "−$6K", "−$6,000"),
        ];
        for (cents, short, long) in cases {
            assert_eq!(Money(cents).short(), short);
            assert_eq!(Money(cents).to_string(), long);
        }
    }

    #[test]
    fn a_weighted_fee_rounds_half_up() {
        let half = Odds::from_hundredths(5_000).unwrap();
        assert_eq!(half.weigh(Money(9_000_000)), Money(4_500_000));
        assert_eq!(half.weigh(Money(1)), Money(1));
        assert_eq!(Odds::from_hundredths(450).unwrap().weigh(Money(100)), Money(5));
        assert_eq!(Odds::from_hundredths(10_000).unwrap().weigh(Money(i64::MAX)), Money(i64::MAX));
        assert_eq!(Odds::from_hundredths(10_001), None);
    }
}
