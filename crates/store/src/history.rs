//! History that the CRM does not keep: every change of stage, fee, odds, and other values that a sync saw.

mod complete;

use sea_orm::QueryResult;
use tetherboard_domain::{Dataset, EpochMs, TenantId};

use crate::query::{Bulk, rows, upsert};
use crate::records::SubjectId;
use crate::{Conn, Result};

pub use complete::{HistoryContact, HistoryDeal, each_contact, each_deal, each_transition, each_value_change, start_ms};

/// A recorded change of stage. Stages are keys of their current names; `None` if the value was not text.
#[derive(Clone, Debug)]
pub struct Transition {
    /// Contacts or deals.
    pub subject: Dataset,
    pub crm_id: String,
    pub from: Option<String>,
    pub to: Option<String>,
    /// The stages' IDs in the CRM's list: `None` if the list did not have them, and blank for a blank stage.
    pub from_id: Option<String>,
    pub to_id: Option<String>,
    /// Since when the record had been in `from`, and whether that is exact; `None` in old records.
    pub since: Option<(EpochMs, bool)>,
    /// Whether only the name changed: pages showed another stage, but the record did not move.
    pub renamed: bool,
    /// The start of the last read that saw the old stage.
    pub seen_before_ms: EpochMs,
    /// When the new stage was first seen.
    pub seen_after_ms: EpochMs,
    /// The best estimate of when it happened, between the two.
    pub at_ms: EpochMs,
}

/// Records stage changes.
pub async fn record<C: Conn>(conn: &C, tenant: TenantId, transitions: &[Transition]) -> Result<()> {
    const TRANSITIONS: Bulk<'_> = Bulk {
        table: "stage_transitions",
        columns: &[
            "tenant_id",
            "subject",
            "crm_id",
            "seen_after_ms",
            "seen_before_ms",
            "at_ms",
            "from_stage",
            "to_stage",
            "from_id",
            "to_id",
            "since_ms",
            "since_exact",
            "renamed",
        ],
        key: 4,
        // The list of stages of the same run may have corrected the stage at the same moment.
        keep: &["from_stage", "from_id"],
    };
    let rows = transitions.iter().map(|transition| {
        vec![
            tenant.into(),
            transition.subject.as_str().into(),
            transition.crm_id.clone().into(),
            transition.seen_after_ms.into(),
            transition.seen_before_ms.into(),
            transition.at_ms.into(),
            transition.from.clone().into(),
            transition.to.clone().into(),
            transition.from_id.clone().into(),
            transition.to_id.clone().into(),
            transition.since.map(|(ms, _)| ms).into(),
            transition.since.map(|(_, exact)| exact).into(),
            transition.renamed.into(),
        ]
    });
    upsert(conn, &TRANSITIONS, rows.collect()).await
}

/// The moves of a contact or deal from one stage to another, oldest first.
pub async fn transitions_of<C: Conn, Id: SubjectId>(conn: &C, tenant: TenantId, id: &Id) -> Result<Vec<Transition>> {
    let text = format!(
        "SELECT {TRANSITION_COLUMNS} FROM stage_transitions \
         WHERE tenant_id = $1 AND subject = $2 AND crm_id = $3 AND NOT renamed ORDER BY seen_after_ms"
    );
    let found = rows(conn, &text, [tenant.into(), Id::SUBJECT.as_str().into(), id.clone().into()]).await?;
    found.iter().map(|row| transition(Id::SUBJECT, row)).collect()
}

/// The columns that [`transition`] reads.
const TRANSITION_COLUMNS: &str =
    "crm_id, seen_after_ms, seen_before_ms, at_ms, from_stage, to_stage, from_id, to_id, since_ms, since_exact, renamed";

fn transition(subject: Dataset, row: &QueryResult) -> Result<Transition> {
    let (since_ms, since_exact): (Option<EpochMs>, Option<bool>) = (row.try_get_by_index(8)?, row.try_get_by_index(9)?);
    Ok(Transition {
        subject,
        crm_id: row.try_get_by_index(0)?,
        seen_after_ms: row.try_get_by_index(1)?,
        seen_before_ms: row.try_get_by_index(2)?,
        at_ms: row.try_get_by_index(3)?,
        from: row.try_get_by_index(4)?,
        to: row.try_get_by_index(5)?,
        from_id: row.try_get_by_index(6)?,
        to_id: row.try_get_by_index(7)?,
        since: since_ms.zip(since_exact),
        renamed: row.try_get_by_index(10)?,
    })
}

// Values ---------------------------------------------------------------------------------------------------------------

/// A recorded change of a value other than a stage. `None` is an unknown value.
///
/// | field | of | value |
/// |---|---|---|
/// | `fee` | contacts, deals | cents |
/// | `odds` | deals, stages | hundredths of a percent |
/// | `close_date` | deals | `YYYY-MM-DD` |
/// | `whiteboard` | contacts | the first 4,000 characters of its text |
/// | `contact_type` | contacts, deals, stages | a number |
/// | `contact` | deals | the ID of the contact it is linked to |
/// | `presence` | contacts, deals, stages | [`LISTED`] or [`REMOVED`] |
/// | `name` | stages, sources | as the CRM spells it |
/// | `active`, `order` | stages | 0 or 1, a number |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueChange {
    /// Contacts, deals, stages, or sources.
    pub subject: Dataset,
    pub crm_id: String,
    pub field: String,
    pub old: Option<String>,
    pub new: Option<String>,
    pub seen_before_ms: EpochMs,
    pub seen_after_ms: EpochMs,
    pub at_ms: EpochMs,
}

impl ValueChange {
    /// A change from the old value to the new one that was seen at a moment. Nothing more is known about when it happened.
    pub fn seen_at(
        now_ms: EpochMs,
        subject: Dataset,
        crm_id: &str,
        field: &str,
        (old, new): (Option<String>, Option<String>),
    ) -> Self {
        let (crm_id, field) = (crm_id.to_owned(), field.to_owned());
        Self { subject, crm_id, field, old, new, seen_before_ms: now_ms, seen_after_ms: now_ms, at_ms: now_ms }
    }
}

/// The value of `presence` while the CRM has the record.
pub const LISTED: &str = "listed";
/// The value of `presence` once the CRM no longer has the record.
pub const REMOVED: &str = "removed";

/// Records that the CRM no longer has these records, or has them again.
pub async fn record_presence<C: Conn>(
    conn: &C,
    tenant: TenantId,
    subject: Dataset,
    ids: &[String],
    is_listed: bool,
    now_ms: EpochMs,
) -> Result<()> {
    if !matches!(subject, Dataset::Contacts | Dataset::Deals | Dataset::Stages) {
        return Ok(());
    }
    let (old, new) = if is_listed { (REMOVED, LISTED) } else { (LISTED, REMOVED) };
    let values = || (Some(old.to_owned()), Some(new.to_owned()));
    let change = |id: &String| ValueChange::seen_at(now_ms, subject, id, "presence", values());
    record_values(conn, tenant, &ids.iter().map(change).collect::<Vec<_>>()).await
}

/// Records value changes.
pub async fn record_values<C: Conn>(conn: &C, tenant: TenantId, changes: &[ValueChange]) -> Result<()> {
    const CHANGES: Bulk<'_> = Bulk {
        table: "value_changes",
        columns: &[
            "tenant_id",
            "subject",
            "crm_id",
            "seen_after_ms",
            "field",
            "seen_before_ms",
            "at_ms",
            "old_value",
            "new_value",
        ],
        key: 5,
        // What was shown before a moment does not change when a second change is seen at it.
        keep: &["old_value", "seen_before_ms"],
    };
    let rows = changes.iter().map(|change| {
        vec![
            tenant.into(),
            change.subject.as_str().into(),
            change.crm_id.clone().into(),
            change.seen_after_ms.into(),
            change.field.clone().into(),
            change.seen_before_ms.into(),
            change.at_ms.into(),
            change.old.clone().into(),
            change.new.clone().into(),
        ]
    });
    upsert(conn, &CHANGES, rows.collect()).await
}

/// The changes of every stage or source, oldest first.
pub async fn list_changes<C: Conn>(conn: &C, tenant: TenantId, list: Dataset) -> Result<Vec<ValueChange>> {
    let text = format!(
        "SELECT {VALUE_COLUMNS} FROM value_changes WHERE tenant_id = $1 AND subject = $2 ORDER BY seen_after_ms, crm_id, field"
    );
    let found = rows(conn, &text, [tenant.into(), list.as_str().into()]).await?;
    found.iter().map(|row| value_change(list, row)).collect()
}

/// The value changes of a contact or deal, oldest first.
pub async fn values_of<C: Conn, Id: SubjectId>(conn: &C, tenant: TenantId, id: &Id) -> Result<Vec<ValueChange>> {
    let text = format!(
        "SELECT {VALUE_COLUMNS} FROM value_changes \
         WHERE tenant_id = $1 AND subject = $2 AND crm_id = $3 ORDER BY seen_after_ms, field"
    );
    let found = rows(conn, &text, [tenant.into(), Id::SUBJECT.as_str().into(), id.clone().into()]).await?;
    found.iter().map(|row| value_change(Id::SUBJECT, row)).collect()
}

/// The columns that [`value_change`] reads.
const VALUE_COLUMNS: &str = "crm_id, seen_after_ms, field, seen_before_ms, at_ms, old_value, new_value";

fn value_change(subject: Dataset, row: &QueryResult) -> Result<ValueChange> {
    Ok(ValueChange {
        subject,
        crm_id: row.try_get_by_index(0)?,
        seen_after_ms: row.try_get_by_index(1)?,
        field: row.try_get_by_index(2)?,
        seen_before_ms: row.try_get_by_index(3)?,
        at_ms: row.try_get_by_index(4)?,
        old: row.try_get_by_index(5)?,
        new: row.try_get_by_index(6)?,
    })
}
