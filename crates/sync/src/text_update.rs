//! Sanitizes stored texts again after the sanitizer has changed, from their raw rows and without the CRM.
//!
//! Lists that every run reads to their end need no such step. But a run reads the notes of some contacts only, and the
//! appointments of some weeks.

use tetherboard_domain::{ContactId, EpochMs};
use tetherboard_store::leases::SyncLease;
use tetherboard_store::records::{self, OutdatedRecord, Scope};
use tetherboard_store::runs::{DatasetReport, Run};
use tetherboard_store::tenants::{self, Tenant};

use crate::apply::Apply;
use crate::capture::CapturedList;
use crate::crm::load_mapping;
use crate::dataset_reader::ReadExtent;
use crate::dedup::{Fingerprints, ReadRows};
use crate::normalize::{Context, Events, Normalize, Notes};
use crate::run::{SyncError, Syncer};

/// Records per transaction, so that others can write in between.
const RECORDS_PER_PART: i64 = 1_000;

impl Syncer {
    /// Sanitizes the texts of notes and appointments again that an older version sanitized.
    ///
    /// # Errors
    /// If the lease is lost.
    pub(crate) async fn update_texts(&self, tenant: &Tenant, lease: &SyncLease, run: &Run) -> Result<(), SyncError> {
        let to_contact = |record: &OutdatedRecord| record.client_id.clone();
        let notes = self.update_texts_of::<Notes>(tenant, lease, run, to_contact).await?;
        let events = self.update_texts_of::<Events>(tenant, lease, run, |_| Some(())).await?;
        if notes + events > 0 {
            tracing::info!(notes, events, "sanitized stored texts again");
            tenants::publish(self.store.conn(), tenant.id).await?;
        }
        Ok(())
    }

    /// Returns how many records there were.
    async fn update_texts_of<N: Normalize>(
        &self,
        tenant: &Tenant,
        lease: &SyncLease,
        run: &Run,
        parent: impl Fn(&OutdatedRecord) -> Option<N::Parent>,
    ) -> Result<usize, SyncError> {
        // Only the code counts here: a changed mapping applies when a record is read again.
        let version = N::decoder_version(0);
        let conn = self.store.conn();
        if records::decoded_by(conn, tenant.id, N::DATASET).await?.is_some_and(|decoded_by| decoded_by >= version) {
            return Ok(0);
        }
        let mapping = load_mapping(&self.store, tenant).await?;
        let fingerprints = Fingerprints::default();
        let (mut updated, mut after) = (0, String::new());
        loop {
            let part = records::decoded_before(conn, tenant.id, N::DATASET, version, &after, RECORDS_PER_PART).await?;
            let Some(last) = part.last() else { break };
            after.clone_from(&last.crm_id);
            updated += part.len();
            let mut rows = ReadRows::default();
            for record in &part {
                if let Some(parent) = parent(record) {
                    rows.push(record.row_no, parent, Some(fingerprints.of(&record.crm_id)));
                }
            }
            // These rows are those of the records, so nothing newer is overridden whenever they were read.
            let mut context = Context::load(conn, tenant, None, None, EpochMs::MAX).await?;
            let apply = Apply {
                store: &self.store,
                lease,
                run: &run.id,
                fingerprints: &fingerprints,
                mapping: &mapping,
                mapping_version: tenant.mapping_version,
                extent: ReadExtent { started_ms: context.now_ms, scope: Scope::All, contacts: Vec::<ContactId>::new() },
                accept_removals: false,
                replay: true,
            };
            let mut report = DatasetReport::waiting(N::DATASET);
            apply
                .apply::<N>(
                    &mut context,
                    CapturedList { rows, complete: false, has_bad_page: false, oddities: None },
                    &mut report,
                )
                .await?;
        }
        records::set_decoded_by(conn, tenant.id, N::DATASET, version).await?;
        Ok(updated)
    }
}
