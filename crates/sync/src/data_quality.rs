//! What a read shows to be odd about a list, as warnings for the agency.

use tetherboard_clienttether::ReadOutcome;
use tetherboard_domain::{DataQualityKind, Dataset, EpochMs, TenantId};
use tetherboard_store::data_quality::{self, CONFIRMED, QualityWarning};
use tetherboard_store::{Result, Tx};

use crate::capture::count;
use crate::completeness::shortfall;

/// What a read shows to be odd about a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oddities {
    /// Each with how many rows, records, or contacts it concerns.
    pub(crate) found: Vec<(DataQualityKind, i64)>,
    /// The list's total, if it is readable.
    total: Option<i64>,
    /// How many records the list falls short of its total.
    shortfall: Option<i64>,
    /// Whether a second pass showed the same.
    confirmed: bool,
}

impl Oddities {
    /// The oddities of a list that was read to its end.
    pub(crate) fn of(outcome: &ReadOutcome, confirmed: bool) -> Self {
        let total = outcome.total.map(|total| i64::try_from(total).unwrap_or(i64::MAX));
        let found = [
            (DataQualityKind::TotalTooHigh, total.map_or(0, |total| total - count(outcome.listed))),
            (DataQualityKind::Duplicates, count(outcome.repeated)),
            (DataQualityKind::RepeatedPage, i64::from(outcome.repeats_page)),
        ];
        Self { found: found.into(), total, shortfall: shortfall(outcome), confirmed }
    }

    /// Oddities without a total, which a second pass confirmed.
    pub(crate) fn confirmed(found: Vec<(DataQualityKind, i64)>) -> Self {
        Self { found, confirmed: true, ..Self::default() }
    }

    /// Adds one.
    pub(crate) fn add(&mut self, kind: DataQualityKind, amount: i64) {
        self.found.push((kind, amount));
    }

    /// Adds that the total is lower than the number of records.
    pub(crate) fn compare_total(&mut self, records: i64) {
        if let Some(total) = self.total {
            self.add(DataQualityKind::TotalTooLow, records - total);
        }
    }

    /// Stores the oddities of a complete read as the list's warnings, and its difference from the total as accepted.
    pub(crate) async fn save(&self, tx: &Tx, tenant: TenantId, dataset: Dataset, now_ms: EpochMs) -> Result<()> {
        let stored = data_quality::warnings_of(tx, tenant, dataset).await?;
        let warnings = self.warnings(dataset, &stored, now_ms);
        let is_same = warnings.len() == stored.len() && warnings.iter().all(|warning| stored.contains(warning));
        if !is_same {
            data_quality::set_warnings(tx, tenant, dataset, &warnings).await?;
        }
        if data_quality::accepted_shortfall(tx, tenant, dataset).await? != self.shortfall {
            data_quality::accept_shortfall(tx, tenant, dataset, self.shortfall).await?;
        }
        Ok(())
    }

    fn warnings(&self, dataset: Dataset, stored: &[QualityWarning], now_ms: EpochMs) -> Vec<QualityWarning> {
        let warning = |(kind, amount): &(DataQualityKind, i64)| {
            let before = stored.iter().find(|warning| warning.kind == *kind);
            let is_certain = matches!(kind, DataQualityKind::SkippedRows | DataQualityKind::KeptRecords) || self.confirmed;
            let sightings = before.map_or(1, |before| (before.sightings + 1).min(CONFIRMED));
            QualityWarning {
                dataset,
                kind: *kind,
                amount: *amount,
                sightings: if is_certain { CONFIRMED } else { sightings },
                since_ms: before.map_or(now_ms, |before| before.since_ms),
            }
        };
        self.found.iter().filter(|(_, amount)| *amount > 0).map(warning).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_confirmed_by_a_second_read_and_keeps_its_beginning() {
        let odd = |amount| Oddities { found: vec![(DataQualityKind::Duplicates, amount)], ..Oddities::default() };
        let first = odd(18).warnings(Dataset::Contacts, &[], EpochMs(10));
        assert_eq!((first[0].sightings, first[0].since_ms), (1, EpochMs(10)));
        let second = odd(19).warnings(Dataset::Contacts, &first, EpochMs(20));
        assert_eq!((second[0].amount, second[0].sightings, second[0].since_ms), (19, CONFIRMED, EpochMs(10)));
        assert_eq!(odd(19).warnings(Dataset::Contacts, &second, EpochMs(30)), second, "an unchanged warning is not written");
        assert!(odd(0).warnings(Dataset::Contacts, &second, EpochMs(40)).is_empty());
        let sure = Oddities { confirmed: true, ..odd(1) };
        assert_eq!(sure.warnings(Dataset::Contacts, &[], EpochMs(50))[0].sightings, CONFIRMED);
    }
}
