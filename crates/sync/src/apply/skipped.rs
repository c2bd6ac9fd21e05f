//! Rows that are not records. Such a row may stand for a record that disappeared in the read in which the row first appeared, so
//! that record is not removed while the row is there.

use std::collections::{HashMap, HashSet};

use tetherboard_domain::EpochMs;
use tetherboard_store::data_quality::{self, SkippedRow, SkippedRowKey};
use tetherboard_store::records::Scope;
use tetherboard_store::{Conn, Result, Tx};

use crate::dedup::SourceRow;
use crate::normalize::{Context, Normalize};

/// The rows of a read that are not records, compared with those of the reads before.
pub(super) struct SkippedRows<P> {
    /// Those of this read.
    present: HashMap<SkippedRowKey, SkippedRow>,
    /// What each of them may stand for: a record of this parent that was first missed by the read of this time.
    stamps: HashSet<(P, EpochMs)>,
    /// Reads with a page of which more than half was skipped: they were not complete, so they prove no absence.
    unproven: HashSet<EpochMs>,
    stored: HashMap<SkippedRowKey, SkippedRow>,
    /// Stored rows that this read should have shown and did not.
    vanished: Vec<SkippedRowKey>,
}

impl<P: Clone + Ord + std::hash::Hash> SkippedRows<P> {
    /// Compares rows without an ID with the stored ones.
    pub(super) async fn load<N: Normalize<Parent = P>, C: Conn>(
        conn: &C,
        context: &Context,
        rows: &[SourceRow<P>],
        scope: &Scope,
    ) -> Result<Self> {
        let stored = data_quality::skipped_rows(conn, context.tenant, N::DATASET).await?;
        let (mut present, mut stamps) = (HashMap::new(), HashSet::new());
        for row in rows {
            let key = (N::parent_key(&row.parent), row.row_no);
            let new = SkippedRow { first_ms: context.now_ms, accepted: false };
            let skipped = stored.get(&key).copied().unwrap_or(new);
            stamps.insert((row.parent.clone(), skipped.first_ms));
            present.insert(key, skipped);
        }
        let was_read = |parent: &str| match scope {
            Scope::Of { contacts } => contacts.iter().any(|contact| contact.as_str() == parent),
            _ => true,
        };
        let vanished = stored.keys().filter(|key| !present.contains_key(*key) && was_read(&key.0)).cloned().collect();
        let unproven = stored.values().filter(|row| !row.accepted).map(|row| row.first_ms).collect();
        Ok(Self { present, stamps, unproven, stored, vanished })
    }

    /// How many different rows of this read are not records.
    pub(super) fn len(&self) -> usize {
        self.present.len()
    }

    /// Whether every one of them was there in an earlier read.
    pub(super) fn are_known(&self) -> bool {
        self.present.keys().all(|key| self.stored.contains_key(key))
    }

    /// Whether one of them may stand for this record, which this read does not show.
    pub(super) fn may_stand_for<N: Normalize<Parent = P>>(&self, id: &str, missing_ms: Option<EpochMs>, now_ms: EpochMs) -> bool {
        let missed_ms = missing_ms.unwrap_or(now_ms);
        self.stamps.iter().any(|(parent, first_ms)| *first_ms == missed_ms && N::is_record_of(parent, id))
    }

    /// Whether the read of this time, which missed a record, was complete.
    pub(super) fn is_proven(&self, missing_ms: EpochMs) -> bool {
        !self.unproven.contains(&missing_ms)
    }

    /// Stores the rows. After a complete read they are accepted, and those that vanished are forgotten.
    pub(super) async fn save<N: Normalize<Parent = P>>(&self, tx: &Tx, context: &Context, complete: bool) -> Result<()> {
        let skipped = self.present.iter().map(|(key, row)| {
            let accepted = complete || row.accepted;
            (key.clone(), SkippedRow { accepted, ..*row })
        });
        let changed: Vec<_> = skipped.filter(|(key, row)| self.stored.get(key) != Some(row)).collect();
        data_quality::put_skipped_rows(tx, context.tenant, N::DATASET, changed).await?;
        if complete {
            data_quality::delete_skipped_rows(tx, context.tenant, N::DATASET, self.vanished.clone()).await?;
        }
        Ok(())
    }
}
