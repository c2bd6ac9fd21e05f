//! The stage moves and value changes that a batch of contacts or deals shows.

use std::collections::HashMap;

use tetherboard_crm_records::fields::Text;
use tetherboard_domain::{Dataset, EpochMs};
use tetherboard_store::history::{self, Transition, ValueChange};
use tetherboard_store::leads::PriorState;
use tetherboard_store::records::RecordMeta;
use tetherboard_store::{Result, Tx};

use super::{Context, label};
use crate::history::{Observation, StageSince, TrackedValues, track_stage};
use crate::list_names::ListValue;

/// Collects the history of one batch, to be saved with its records.
pub(super) struct HistoryLog<'a> {
    context: &'a Context,
    subject: Dataset,
    previous: HashMap<String, PriorState>,
    moves: Vec<Transition>,
    changes: Vec<ValueChange>,
}

impl<'a> HistoryLog<'a> {
    /// A log for contacts or deals; `previous` is what the tables say of those that exist.
    pub(super) fn new(context: &'a Context, subject: Dataset, previous: Vec<PriorState>) -> Self {
        let previous = previous.into_iter().map(|state| (state.crm_id.clone(), state)).collect();
        Self { context, subject, previous, moves: Vec::new(), changes: Vec::new() }
    }

    /// What the tables say of a record; `None` if it is new.
    pub(super) fn previous(&self, meta: &RecordMeta) -> Option<&PriorState> {
        self.previous.get(&meta.crm_id)
    }

    /// Compares a record with its previous state. Returns the stage to write and since when the record has been in it.
    pub(super) fn observe(
        &mut self,
        meta: &RecordMeta,
        previous: Option<&PriorState>,
        stage: Text,
        created_ms: Option<EpochMs>,
        values: &TrackedValues,
    ) -> (ListValue, StageSince) {
        let context = self.context;
        let known = previous.map(stored_stage);
        let stage = match known {
            Some(known) if context.has_vanished("stage") => known,
            known => {
                let has_same_type = previous.is_some_and(|previous| previous.contact_type == values.contact_type);
                context.stages.value(label(stage), values.contact_type, known.filter(|_| has_same_type).as_ref())
            }
        };
        let observation = Observation {
            subject: self.subject,
            crm_id: &meta.crm_id,
            stage: &stage,
            created_ms,
            modified_ms: meta.modified_ms,
            read_before_ms: context.read_before_ms,
            whole_before_ms: context.whole_before_ms,
            now_ms: context.now_ms,
        };
        let (since, transition) = track_stage(&observation, previous, context.first_stage.as_ref());
        self.moves.extend(transition);
        self.changes.extend(values.changes(&observation, previous, |field| context.has_vanished(field)));
        (stage, since)
    }

    /// Saves the moves and changes.
    pub(super) async fn save(self, tx: &Tx) -> Result<()> {
        history::record(tx, self.context.tenant, &self.moves).await?;
        history::record_values(tx, self.context.tenant, &self.changes).await
    }
}

/// The stage of a record as the tables have it.
pub(super) fn stored_stage(state: &PriorState) -> ListValue {
    ListValue::stored(&state.stage, &state.stage_id, &state.stage_text)
}
