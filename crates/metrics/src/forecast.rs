//! The forecast: weighted value by the month in which deals are expected to close.

use std::collections::BTreeMap;

use jiff::Span as Stretch;
use jiff::civil::Date;
use tetherboard_domain::{Money, TenantId, weighted};
use tetherboard_store::deals::{CloseCell, CloseDates, close_cells};
use tetherboard_store::{Conn, Result};

use crate::board::{Board, LeadGroup};

/// The definition of the forecast, shown on pages.
pub const FORECAST: &str = "Weighted value of open deals by the month of their close date. Overdue: the close date has \
    passed. Undated: no close date. All together they add up to the weighted value.";

/// The forecast's bucket of a deal. Close dates are calendar dates without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CloseBucket {
    /// The close date has passed.
    Overdue,
    /// A month, by its first day. The current month includes only today and later.
    Month(Date),
    /// No readable close date.
    Undated,
}

impl CloseBucket {
    /// The bucket of a close date as of `today`.
    pub fn of(date: Option<&str>, today: Date) -> Self {
        match date.and_then(|date| date.parse::<Date>().ok()) {
            None => Self::Undated,
            Some(date) if date < today => Self::Overdue,
            Some(date) => Self::Month(date.first_of_month()),
        }
    }

    /// Its name in a URL: `overdue`, `none`, or `2026-03`.
    pub fn word(self) -> String {
        match self {
            Self::Overdue => "overdue".to_owned(),
            Self::Month(month) => month.strftime("%Y-%m").to_string(),
            Self::Undated => "none".to_owned(),
        }
    }

    /// The bucket that a URL names; the reverse of [`CloseBucket::word`].
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "overdue" => Some(Self::Overdue),
            "none" => Some(Self::Undated),
            month if month.len() == 7 => format!("{month}-01").parse().ok().map(Self::Month),
            _ => None,
        }
    }

    /// The store filter for its deals.
    pub fn dates(self, today: Date) -> CloseDates {
        match self {
            Self::Undated => CloseDates::Unknown,
            Self::Overdue => CloseDates::Before(today.to_string()),
            Self::Month(month) => {
                let end = month.checked_add(Stretch::new().months(1)).unwrap_or(Date::MAX);
                CloseDates::Within(month.max(today).to_string(), end.to_string())
            }
        }
    }
}

/// One bucket of the forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastMonth {
    pub closing: CloseBucket,
    /// Open deals with a known fee.
    pub deals: i64,
    pub value: Money,
    pub weighted: Money,
}

/// The forecast: overdue, then the months in order, then undated. Buckets without deals are left out.
///
/// # Errors
/// When the database fails.
pub async fn forecast<C: Conn>(conn: &C, tenant: TenantId, board: &Board, today: Date) -> Result<Vec<ForecastMonth>> {
    Ok(by_month(board, &close_cells(conn, tenant).await?, today))
}

fn by_month(board: &Board, cells: &[CloseCell], today: Date) -> Vec<ForecastMonth> {
    let mut months: BTreeMap<CloseBucket, ForecastMonth> = BTreeMap::new();
    for cell in cells {
        let place = board.place(cell.stage.as_deref());
        if !board.is_in(LeadGroup::Open, &place) {
            continue;
        }
        let odds = board.odds_of(cell.odds, &place);
        let fee = Money(cell.fee_cents);
        let closing = CloseBucket::of(cell.close_date.as_deref(), today);
        let empty = ForecastMonth { closing, deals: 0, value: Money::ZERO, weighted: Money::ZERO };
        let month = months.entry(closing).or_insert(empty);
        month.deals += cell.deals;
        month.value = month.value + fee.times(cell.deals);
        month.weighted = month.weighted + weighted(Some(fee), odds).unwrap_or_default().times(cell.deals);
    }
    months.into_values().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::board::tests::usual;

    #[test]
    fn a_past_date_is_overdue_and_the_current_month_holds_the_rest() {
        let today: Date = "2026-03-12".parse().unwrap();
        let month = |text: &str| CloseBucket::Month(text.parse().unwrap());
        let cases = [
            (Some("2026-03-11"), CloseBucket::Overdue),
            (Some("2026-03-12"), month("2026-03-01")),
            (Some("2026-12-31"), month("2026-12-01")),
            (None, CloseBucket::Undated),
            (Some("soon"), CloseBucket::Undated),
        ];
        for (date, closing) in cases {
            assert_eq!(CloseBucket::of(date, today), closing, "{date:?}");
            assert_eq!(CloseBucket::named(&closing.word()), Some(closing));
        }
        let dates = month("2026-03-01").dates(today);
        assert_eq!(dates, CloseDates::Within("2026-03-12".to_owned(), "2026-04-01".to_owned()));
    }

    #[test]
    fn months_come_in_order_between_overdue_and_undated() {
        let board = Board::new(usual(), std::collections::HashMap::new());
        let cell = |date: Option<&str>, stage: &str| CloseCell {
            stage: Some(stage.to_owned()),
            fee_cents: 101,
            odds: Some(5_000),
            close_date: date.map(str::to_owned),
            deals: 3,
        };
        let cells = [
            cell(None, "FA Sent"),
            cell(Some("2027-01-02"), "FA Sent"),
            cell(Some("2026-12-30"), "FA Sent"),
            cell(Some("2026-12-31"), "FDD Sent"),
            cell(Some("2026-01-01"), "FA Sent"),
            cell(Some("2026-12-31"), "Not Interested"),
        ];
        let months = by_month(&board, &cells, "2026-06-01".parse().unwrap());
        let rows: Vec<(String, i64, i64)> = months.iter().map(|m| (m.closing.word(), m.deals, m.weighted.0)).collect();
        let expected = [("overdue", 3, 153), ("2026-12", 6, 306), ("2027-01", 3, 153), ("none", 3, 153)];
        assert_eq!(rows, expected.map(|(word, deals, weighted)| (word.to_owned(), deals, weighted)));
    }

    fn cells() -> impl Strategy<Value = Vec<CloseCell>> {
        let stages =
            usual().into_iter().map(|stage| Some(stage.name)).chain([None, Some(String::new()), Some("Elsewhere".to_owned())]);
        let stage = proptest::sample::select(stages.collect::<Vec<_>>());
        let date = proptest::option::of((2024..2029i16, 1..13i8, 1..29i8).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")));
        let cell = (stage, 1..1_000_000_000i64, proptest::option::of(0..=10_000i64), date, 1..40i64);
        let cell =
            cell.prop_map(|(stage, fee_cents, odds, close_date, deals)| CloseCell { stage, fee_cents, odds, close_date, deals });
        proptest::collection::vec(cell, 0..60)
    }

    proptest! {
        #[test]
        fn the_months_are_the_open_deals_weighted_one_by_one(cells in cells()) {
            let board = Board::new(usual(), std::collections::HashMap::new());
            let (mut deals, mut value, mut weighted) = (0, 0, 0);
            for cell in &cells {
                let place = board.place(cell.stage.as_deref());
                if !board.role(&place).is_open() {
                    continue;
                }
                let odds = cell.odds.or_else(|| Some(board.stage(&place)?.odds?.hundredths())).unwrap_or(0);
                for _ in 0..cell.deals {
                    deals += 1;
                    value += cell.fee_cents;
                    weighted += (cell.fee_cents * odds + 5_000).div_euclid(10_000);
                }
            }
            let months = by_month(&board, &cells, "2026-06-15".parse().unwrap());
            prop_assert_eq!(months.iter().map(|month| month.deals).sum::<i64>(), deals);
            prop_assert_eq!(months.iter().map(|month| month.value.0).sum::<i64>(), value);
            prop_assert_eq!(months.iter().map(|month| month.weighted.0).sum::<i64>(), weighted);
            prop_assert!(months.is_sorted_by(|a, b| a.closing < b.closing));
        }
    }
}
