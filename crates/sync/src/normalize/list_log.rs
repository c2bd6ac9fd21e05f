//! The changes of stages and lead sources that a read of their lists shows.

use tetherboard_domain::Dataset;
use tetherboard_store::history::{self, ValueChange};
use tetherboard_store::{Result, Tx};

use super::Context;

/// Collects the changes of one list, to be saved with its entries.
pub(super) struct ListLog<'a> {
    context: &'a Context,
    list: Dataset,
    changes: Vec<ValueChange>,
}

impl<'a> ListLog<'a> {
    /// A log for stages or sources.
    pub(super) fn new(context: &'a Context, list: Dataset) -> Self {
        Self { context, list, changes: Vec::new() }
    }

    /// Records the fields, given as `(field, old, new)`, that differ. One that vanished from the CRM's responses did not change.
    pub(super) fn observe<const N: usize>(&mut self, crm_id: &str, fields: [(&str, Option<String>, Option<String>); N]) {
        let now_ms = self.context.now_ms;
        let changed = fields.into_iter().filter(|(field, old, new)| old != new && !self.context.has_vanished(field));
        self.changes.extend(changed.map(|(field, old, new)| ValueChange {
            seen_before_ms: self.context.whole_before_ms.unwrap_or(now_ms),
            ..ValueChange::seen_at(now_ms, self.list, crm_id, field, (old, new))
        }));
    }

    /// Saves the changes.
    pub(super) async fn save(self, tx: &Tx) -> Result<()> {
        history::record_values(tx, self.context.tenant, &self.changes).await
    }
}
