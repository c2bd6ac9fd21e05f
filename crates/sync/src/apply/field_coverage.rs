//! Notices when a field that many rows had is suddenly in none: then the CRM lost it, and the old values stay.

use std::collections::{BTreeSet, HashMap};

use tetherboard_crm_records::FieldSpec;
use tetherboard_store::Tx;
use tetherboard_store::field_rules::{self, FieldCoverage};

use super::{Apply, Input};
use crate::normalize::{Context, Normalize};
use crate::run::SyncError;

/// The fewest rows from which the loss of a field counts as a fault of the CRM.
const MIN_ROWS: i64 = 5;

/// How many rows of a read have a value for each field, in the order of the dataset's fields.
#[derive(Clone)]
pub(super) struct FieldCounts {
    rows: i64,
    filled: Vec<i64>,
}

impl FieldCounts {
    /// Counts of no rows.
    pub(super) fn new(fields: usize) -> Self {
        Self { rows: 0, filled: vec![0; fields] }
    }

    /// Adds a row; `filled` has one bit per field.
    pub(super) fn add(&mut self, filled: i64) {
        self.rows += 1;
        for (index, count) in self.filled.iter_mut().enumerate() {
            *count += (filled >> index) & 1;
        }
    }
}

/// The fields that had vanished before this read.
pub(super) fn vanished_before<N: Normalize>(coverage: &HashMap<String, FieldCoverage>) -> BTreeSet<&'static str> {
    let is_vanished = |field: &&FieldSpec| coverage.get(field.name).is_some_and(|before| before.vanished_ms.is_some());
    N::fields().iter().filter(is_vanished).map(|field| field.name).collect()
}

impl Apply<'_> {
    /// The fields that at least half of the rows had and now none has. A field that the mapping looks for nowhere does not
    /// count.
    pub(super) fn vanished_now<N: Normalize>(
        &self,
        coverage: &HashMap<String, FieldCoverage>,
        counts: &FieldCounts,
    ) -> BTreeSet<&'static str> {
        let has_vanished = |(index, field): &(usize, &FieldSpec)| {
            let was_common =
                coverage.get(field.name).is_some_and(|before| before.filled >= MIN_ROWS && before.filled * 2 >= before.rows);
            let is_mapped = self.mapping.rule(N::DATASET, field.name).is_some_and(|rule| !rule.places.is_empty());
            was_common && is_mapped && counts.rows >= MIN_ROWS && counts.filled[*index] == 0
        };
        N::fields().iter().enumerate().filter(has_vanished).map(|(_, field)| field.name).collect()
    }

    /// Stores how common each field is now, and logs those that vanished.
    pub(super) async fn save_field_coverage<N: Normalize>(
        &self,
        tx: &Tx,
        context: &Context,
        input: &Input<N::Parent>,
        counts: &FieldCounts,
    ) -> Result<(), SyncError> {
        let change = |(index, field): (usize, &FieldSpec)| {
            let before = input.field_coverage.get(field.name);
            let coverage = if context.vanished.contains(field.name) {
                // The counts from before it vanished stay, so that its return is noticed.
                let before = before.cloned().unwrap_or(FieldCoverage { rows: 0, filled: 0, vanished_ms: None });
                FieldCoverage { vanished_ms: before.vanished_ms.or(Some(context.now_ms)), ..before }
            } else if input.complete {
                FieldCoverage { rows: counts.rows, filled: counts.filled[index], vanished_ms: None }
            } else {
                FieldCoverage { vanished_ms: None, ..before.cloned()? }
            };
            (Some(&coverage) != before).then_some((field.name, coverage))
        };
        let changed: Vec<_> = N::fields().iter().enumerate().filter_map(change).collect();
        for (field, coverage) in &changed {
            let vanished_ms = input.field_coverage.get(*field).and_then(|before| before.vanished_ms);
            if vanished_ms.is_none() && coverage.vanished_ms.is_some() {
                tracing::warn!(dataset = %N::DATASET, field, "a field that many rows had is in none now; keeping its old values");
            }
        }
        Ok(field_rules::set_coverage(tx, context.tenant, N::DATASET, &changed).await?)
    }
}
