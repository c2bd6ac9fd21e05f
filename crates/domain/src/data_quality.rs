//! What can be permanently odd about a list of the CRM, in words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dataset::text_enum;
use crate::{Dataset, grouped};

text_enum!(
    /// An oddity of a list that its reads keep showing. The list is complete nevertheless.
    DataQualityKind {
        /// Its total counts more rows than it lists.
        TotalTooHigh = "total_too_high",
        /// Its total counts fewer records than it lists.
        TotalTooLow = "total_too_low",
        /// It lists some records more than once.
        Duplicates = "duplicates",
        /// It contains rows that are not objects or have no readable ID.
        SkippedRows = "skipped_rows",
        /// Beyond its end, it repeats a page.
        RepeatedPage = "repeated_page",
        /// Records that it no longer lists are kept, because skipped rows may stand for them.
        KeptRecords = "kept_records",
    }
);

impl DataQualityKind {
    /// The oddity as a clause whose subject is the list: "lists 18 records twice".
    pub fn clause(self, dataset: Dataset, amount: i64) -> String {
        let number = grouped(amount.unsigned_abs());
        let some = |one: &str, many: &str| format!("{number} {}", if amount == 1 { one } else { many });
        match (self, dataset) {
            (Self::TotalTooHigh, Dataset::Notes) => format!("reports too high a total for {}", some("contact", "contacts")),
            (Self::TotalTooHigh, _) => format!("reports a total {number} higher than its list"),
            (Self::TotalTooLow, _) => format!("reports a total {number} lower than its list"),
            (Self::Duplicates, _) => format!("lists {} twice", some("record", "records")),
            (Self::SkippedRows, _) => {
                format!("contains {}", some("row that is not a record", "different rows that are not records"))
            }
            (Self::RepeatedPage, _) => "repeats a page instead of ending".to_owned(),
            (Self::KeptRecords, _) => format!(
                "no longer lists {}, which we keep because rows that are not records may stand for them",
                some("record", "records")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_says_what_is_odd_about_the_list() {
        let clause = |kind: DataQualityKind, amount| kind.clause(Dataset::Contacts, amount);
        assert_eq!(clause(DataQualityKind::Duplicates, 18), "lists 18 records twice");
        assert_eq!(clause(DataQualityKind::Duplicates, 1), "lists 1 record twice");
        assert_eq!(clause(DataQualityKind::TotalTooHigh, 42), "reports a total 42 higher than its list");
        assert_eq!(clause(DataQualityKind::TotalTooHigh, 1_234_567), "reports a total 1,234,567 higher than its list");
        assert_eq!(clause(DataQualityKind::SkippedRows, 1), "contains 1 row that is not a record");
        let notes = DataQualityKind::TotalTooHigh.clause(Dataset::Notes, 2);
        assert_eq!(notes, "reports too high a total for 2 contacts");
    }
}
