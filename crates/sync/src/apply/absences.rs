//! Compares the live records with those that a read showed: marks, removes, or holds the rest.

use tetherboard_domain::{DatasetStatus, EpochMs};
use tetherboard_store::records::{self, Absence, Scope};
use tetherboard_store::runs::DatasetReport;
use tetherboard_store::{Tx, history};

use super::{Apply, Input};
use crate::capture::count;
use crate::normalize::{Context, Normalize};
use crate::removal::{AbsenceCounts, Removal, decide};
use crate::run::SyncError;

/// A record's ID, and when a read first missed it.
type AbsentRecord = (String, Option<EpochMs>);

/// The live records in the scope of a read.
struct LiveRecords {
    /// How many there are.
    live: i64,
    /// IDs of records that were missing and that the read showed.
    back: Vec<String>,
    /// Records that the read did not show.
    absent: Vec<AbsentRecord>,
}

impl Apply<'_> {
    /// Marks records as back, missing, or gone. Returns whether the dataset's live records are exactly those that
    /// the read showed, and how many absent ones are kept because skipped rows may stand for them.
    pub(super) async fn update_absences<N: Normalize>(
        &self,
        tx: &Tx,
        context: &Context,
        input: &Input<N::Parent>,
        report: &mut DatasetReport,
    ) -> Result<(bool, i64), SyncError> {
        let (tenant, scope) = (context.tenant, &self.extent.scope);
        let LiveRecords { live, back, absent } = self.live_records::<N>(tx, context, input).await?;
        records::set_absence(tx, tenant, N::DATASET, &back, Absence::Back).await?;
        let (all, complete) = match scope {
            // The scope contains only contacts whose notes were read completely and have IDs.
            Scope::Of { .. } => (records::live_count(tx, tenant, N::DATASET, &Scope::All).await?, true),
            _ => (live, input.complete),
        };
        let all_shown = matches!(scope, Scope::All) && absent.is_empty() && live == count(input.rows.by_id.len());
        let may_be_there = |(id, missing_ms): &AbsentRecord| input.skipped.may_stand_for::<N>(id, *missing_ms, context.now_ms);
        // After a page that was mostly skipped, every absent record may be on it.
        let (kept, absent): (Vec<_>, Vec<_>) =
            absent.into_iter().partition(|record| input.has_bad_page || (complete && may_be_there(record)));
        let first_missed =
            kept.iter().filter(|(_, missing_ms)| missing_ms.is_none()).map(|(id, _)| id.clone()).collect::<Vec<_>>();
        records::set_absence(tx, tenant, N::DATASET, &first_missed, Absence::Missing(context.now_ms)).await?;
        let before = |live: i64| usize::try_from(live - report.added).unwrap_or(0);
        let counts = AbsenceCounts {
            live: before(live),
            all: before(all),
            absent: absent.len(),
            complete,
            accepted: self.accept_removals,
        };
        apply_removal::<N>(tx, context, input, decide(counts), absent, report).await?;
        Ok((all_shown, count(kept.len())))
    }

    /// Compares the live records in the scope with those that the read showed.
    async fn live_records<N: Normalize>(
        &self,
        tx: &Tx,
        context: &Context,
        input: &Input<N::Parent>,
    ) -> Result<LiveRecords, SyncError> {
        let (tenant, scope) = (context.tenant, &self.extent.scope);
        let is_shown = |id: &str| input.rows.by_id.contains_key(&self.fingerprints.of(id));
        if let Scope::Of { .. } = scope {
            // Looking for missing notes of other contacts would read the whole table.
            let live = records::live_ids(tx, tenant, N::DATASET, scope).await?;
            let live_count = count(live.len());
            let (shown, absent): (Vec<_>, Vec<_>) = live.into_iter().partition(|(id, _)| is_shown(id));
            let back = shown.into_iter().filter(|(_, missing_ms)| missing_ms.is_some()).map(|(id, _)| id).collect();
            return Ok(LiveRecords { live: live_count, back, absent });
        }
        let missing = records::missing_ids(tx, tenant, N::DATASET).await?;
        let back = missing.into_iter().filter(|id| is_shown(id)).collect();
        let live = records::live_count(tx, tenant, N::DATASET, scope).await?;
        // As many records are live as the read showed, so none is absent and the IDs need not be compared.
        let absent = if matches!(scope, Scope::All) && live == count(input.rows.by_id.len()) {
            Vec::new()
        } else {
            let live = records::live_ids(tx, tenant, N::DATASET, scope).await?;
            live.into_iter().filter(|(id, _)| !is_shown(id)).collect()
        };
        Ok(LiveRecords { live, back, absent })
    }
}

async fn apply_removal<N: Normalize>(
    tx: &Tx,
    context: &Context,
    input: &Input<N::Parent>,
    removal: Removal,
    absent: Vec<AbsentRecord>,
    report: &mut DatasetReport,
) -> Result<(), SyncError> {
    let set = async |ids: &[String], absence| records::set_absence(tx, context.tenant, N::DATASET, ids, absence).await;
    let ids = |records: Vec<AbsentRecord>| records.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    let remove = async |ids: &[String]| {
        set(ids, Absence::Gone(context.now_ms)).await?;
        history::record_presence(tx, context.tenant, N::DATASET, ids, false, context.now_ms).await
    };
    match removal {
        Removal::Ignore => {}
        Removal::Hold => {
            report.held = count(absent.len());
            report.status = DatasetStatus::Held;
        }
        Removal::AfterTwoReads => {
            let is_proven = |(_, missing_ms): &AbsentRecord| missing_ms.is_some_and(|ms| input.skipped.is_proven(ms));
            let (again, first): (Vec<_>, Vec<_>) = absent.into_iter().partition(is_proven);
            report.gone = count(again.len());
            set(&ids(first), Absence::Missing(context.now_ms)).await?;
            remove(&ids(again)).await?;
        }
        Removal::Now => {
            report.gone = count(absent.len());
            remove(&ids(absent)).await?;
        }
    }
    Ok(())
}
