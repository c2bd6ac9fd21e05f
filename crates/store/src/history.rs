//! Stage history, which the CRM does not keep: every change that a sync saw.

use sea_orm::FromQueryResult;
use tetherboard_domain::{Dataset, TenantId};

use crate::query::{Bulk, all, upsert};
use crate::{Conn, Result};

/// One seen change of stage. The stages are keys; `None` was no text.
#[derive(Clone, Debug)]
pub struct Transition {
    /// Contacts or deals.
    pub subject: Dataset,
    pub crm_id: String,
    pub from: Option<String>,
    pub to: Option<String>,
    /// The start of the last read that saw the old stage.
    pub seen_before_ms: i64,
    /// When the new stage was first seen.
    pub seen_after_ms: i64,
    /// The best that is known of when it happened, between the two.
    pub at_ms: i64,
}

pub async fn record<C: Conn>(conn: &C, tenant: TenantId, transitions: &[Transition]) -> Result<()> {
    const TRANSITIONS: Bulk<'_> = Bulk {
        table: "stage_transitions",
        columns: &["tenant_id", "subject", "crm_id", "seen_after_ms", "seen_before_ms", "at_ms", "from_stage", "to_stage"],
        key: 4,
        keep: &[],
    };
    let rows = transitions.iter().map(|seen| {
        vec![
            tenant.0.into(),
            seen.subject.as_str().into(),
            seen.crm_id.clone().into(),
            seen.seen_after_ms.into(),
            seen.seen_before_ms.into(),
            seen.at_ms.into(),
            seen.from.clone().into(),
            seen.to.clone().into(),
        ]
    });
    upsert(conn, &TRANSITIONS, rows.collect()).await
}

/// The seen changes of one contact or deal, oldest first.
pub async fn of<C: Conn>(conn: &C, tenant: TenantId, subject: Dataset, crm_id: &str) -> Result<Vec<Transition>> {
    #[derive(FromQueryResult)]
    struct Row {
        crm_id: String,
        from_stage: Option<String>,
        to_stage: Option<String>,
        seen_before_ms: i64,
        seen_after_ms: i64,
        at_ms: i64,
    }
    let text = "SELECT crm_id, from_stage, to_stage, seen_before_ms, seen_after_ms, at_ms FROM stage_transitions \
                WHERE tenant_id = $1 AND subject = $2 AND crm_id = $3 ORDER BY seen_after_ms";
    let found: Vec<Row> = all(conn, text, [tenant.0.into(), subject.as_str().into(), crm_id.into()]).await?;
    Ok(found
        .into_iter()
        .map(|row| Transition {
            subject,
            crm_id: row.crm_id,
            from: row.from_stage,
            to: row.to_stage,
            seen_before_ms: row.seen_before_ms,
            seen_after_ms: row.seen_after_ms,
            at_ms: row.at_ms,
        })
        .collect())
}

// Values ---------------------------------------------------------------------------------------------------------------

/// One seen change of a fee (cents), of odds (hundredths of a percent) or of a close date (`YYYY-MM-DD`); `None` is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueChange {
    /// Contacts or deals.
    pub subject: Dataset,
    pub crm_id: String,
    /// `fee`, `odds` or `close_date`.
    pub field: String,
    pub old: Option<String>,
    pub new: Option<String>,
    pub seen_before_ms: i64,
    pub seen_after_ms: i64,
    pub at_ms: i64,
}

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
        keep: &[],
    };
    let rows = changes.iter().map(|change| {
        vec![
            tenant.0.into(),
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

/// The seen changes of one contact's or deal's values, oldest first.
pub async fn values_of<C: Conn>(conn: &C, tenant: TenantId, subject: Dataset, crm_id: &str) -> Result<Vec<ValueChange>> {
    #[derive(FromQueryResult)]
    struct Row {
        crm_id: String,
        field: String,
        old_value: Option<String>,
        new_value: Option<String>,
        seen_before_ms: i64,
        seen_after_ms: i64,
        at_ms: i64,
    }
    let text = "SELECT crm_id, field, old_value, new_value, seen_before_ms, seen_after_ms, at_ms FROM value_changes \
                WHERE tenant_id = $1 AND subject = $2 AND crm_id = $3 ORDER BY seen_after_ms, field";
    let found: Vec<Row> = all(conn, text, [tenant.0.into(), subject.as_str().into(), crm_id.into()]).await?;
    Ok(found
        .into_iter()
        .map(|row| ValueChange {
            subject,
            crm_id: row.crm_id,
            field: row.field,
            old: row.old_value,
            new: row.new_value,
            seen_before_ms: row.seen_before_ms,
            seen_after_ms: row.seen_after_ms,
            at_ms: row.at_ms,
        })
        .collect())
}
