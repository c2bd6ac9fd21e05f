//! Compares the live records with those that a read showed: marks, removes, or holds the rest.

use tetherboard_domain::{DatasetStatus, EpochMs};
use tetherboard_store::Tx;
use tetherboard_store::records::{self, Absence, Scope};
use tetherboard_store::runs::DatasetReport;

use super::{Apply, Input};
use crate::capture::count;
use crate::normalize::{Context, Normalize};
use crate::removal::{AbsenceCounts, Removal, decide};
use crate::run::SyncError;

/// A record's ID, and when a read first missed it.
type AbsentRecord = (String, Option<EpochMs>);

impl Apply<'_> {
    /// Marks records as back, missing, or gone. Returns whether the dataset's live records are exactly those that
    /// the read showed.
    pub(super) async fn update_absences<N: Normalize>(
        &self,
        tx: &Tx,
        context: &Context,
        input: &Input<N::Parent>,
        report: &mut DatasetReport,
    ) -> Result<bool, SyncError> {
        let (tenant, scope) = (context.tenant, &self.extent.scope);
        let is_shown = |id: &str| input.rows.by_id.contains_key(&self.fingerprints.of(id));
        let missing = records::missing_ids(tx, tenant, N::DATASET).await?;
        let back: Vec<String> = missing.into_iter().filter(|id| is_shown(id)).collect();
        records::set_absence(tx, tenant, N::DATASET, &back, Absence::Back).await?;
        let live = records::live_count(tx, tenant, N::DATASET, scope).await?;
        let shown = count(input.rows.by_id.len());
        let absent: Vec<AbsentRecord> = match scope {
            // As many records are live as the read showed, so none is absent and the IDs need not be compared.
            Scope::All if live == shown => Vec::new(),
            _ => {
                let live = records::live_ids(tx, tenant, N::DATASET, scope).await?;
                live.into_iter().filter(|(id, _)| !is_shown(id)).collect()
            }
        };
        let (all, complete) = match scope {
            // The scope contains only contacts whose notes were read completely and have IDs.
            Scope::Of { .. } => (records::live_count(tx, tenant, N::DATASET, &Scope::All).await?, true),
            // A row without an ID could be any of the absent records.
            _ => (live, input.complete && input.rows.without_id.is_empty()),
        };
        let before = |live: i64| usize::try_from(live - report.added).unwrap_or(0);
        let counts = AbsenceCounts {
            live: before(live),
            all: before(all),
            absent: absent.len(),
            complete,
            accepted: self.accept_removals,
        };
        let all_shown = matches!(scope, Scope::All) && absent.is_empty() && live == shown;
        apply_removal::<N>(tx, context, decide(counts), absent, report).await?;
        Ok(all_shown)
    }
}

async fn apply_removal<N: Normalize>(
    tx: &Tx,
    context: &Context,
    removal: Removal,
    absent: Vec<AbsentRecord>,
    report: &mut DatasetReport,
) -> Result<(), SyncError> {
    let set = async |ids: &[String], absence| records::set_absence(tx, context.tenant, N::DATASET, ids, absence).await;
    let ids = |records: Vec<AbsentRecord>| records.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    match removal {
        Removal::Ignore => {}
        Removal::Hold => {
            report.held = count(absent.len());
            report.status = DatasetStatus::Held;
        }
        Removal::AfterTwoReads => {
            let (again, first): (Vec<_>, Vec<_>) = absent.into_iter().partition(|(_, missing_ms)| missing_ms.is_some());
            report.gone = count(again.len());
            set(&ids(first), Absence::Missing(context.now_ms)).await?;
            set(&ids(again), Absence::Gone(context.now_ms)).await?;
        }
        Removal::Now => {
            report.gone = count(absent.len());
            set(&ids(absent), Absence::Gone(context.now_ms)).await?;
        }
    }
    Ok(())
}
