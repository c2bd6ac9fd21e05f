//! History that the CRM does not keep: every change of stage, fee, odds, and other values that a sync saw.

use sea_orm::{FromQueryResult, QueryResult};
use tetherboard_domain::{ContactId, Dataset, DatasetStatus, DealId, EpochMs, TenantId};

use crate::query::{Bulk, all, rows, upsert};
use crate::records::SubjectId;
use crate::{Conn, Result};

/// A recorded change of stage. Stages are keys; `None` if the value was not text.
#[derive(Clone, Debug)]
pub struct Transition {
    /// Contacts or deals.
    pub subject: Dataset,
    pub crm_id: String,
    pub from: Option<String>,
    pub to: Option<String>,
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
        columns: &["tenant_id", "subject", "crm_id", "seen_after_ms", "seen_before_ms", "at_ms", "from_stage", "to_stage"],
        key: 4,
        keep: &[],
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
        ]
    });
    upsert(conn, &TRANSITIONS, rows.collect()).await
}

/// The stage changes of a contact or deal, oldest first.
pub async fn transitions_of<C: Conn, Id: SubjectId>(conn: &C, tenant: TenantId, id: &Id) -> Result<Vec<Transition>> {
    #[derive(FromQueryResult)]
    struct Row {
        crm_id: String,
        from_stage: Option<String>,
        to_stage: Option<String>,
        seen_before_ms: EpochMs,
        seen_after_ms: EpochMs,
        at_ms: EpochMs,
    }
    let text = "SELECT crm_id, from_stage, to_stage, seen_before_ms, seen_after_ms, at_ms FROM stage_transitions \
                WHERE tenant_id = $1 AND subject = $2 AND crm_id = $3 ORDER BY seen_after_ms";
    let found: Vec<Row> = all(conn, text, [tenant.into(), Id::SUBJECT.as_str().into(), id.clone().into()]).await?;
    Ok(found
        .into_iter()
        .map(|row| Transition {
            subject: Id::SUBJECT,
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

/// A recorded change of a fee (cents), odds (hundredths of a percent), close date (`YYYY-MM-DD`), or whiteboard (the first
/// 4,000 characters of its text). `None` is an unknown value or an empty whiteboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueChange {
    /// Contacts or deals.
    pub subject: Dataset,
    pub crm_id: String,
    /// `fee`, `odds`, `close_date`, or `whiteboard`.
    pub field: String,
    pub old: Option<String>,
    pub new: Option<String>,
    pub seen_before_ms: EpochMs,
    pub seen_after_ms: EpochMs,
    pub at_ms: EpochMs,
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
        keep: &[],
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

/// The value changes of a contact or deal, oldest first.
pub async fn values_of<C: Conn, Id: SubjectId>(conn: &C, tenant: TenantId, id: &Id) -> Result<Vec<ValueChange>> {
    #[derive(FromQueryResult)]
    struct Row {
        crm_id: String,
        field: String,
        old_value: Option<String>,
        new_value: Option<String>,
        seen_before_ms: EpochMs,
        seen_after_ms: EpochMs,
        at_ms: EpochMs,
    }
    let text = "SELECT crm_id, field, old_value, new_value, seen_before_ms, seen_after_ms, at_ms FROM value_changes \
                WHERE tenant_id = $1 AND subject = $2 AND crm_id = $3 ORDER BY seen_after_ms, field";
    let found: Vec<Row> = all(conn, text, [tenant.into(), Id::SUBJECT.as_str().into(), id.clone().into()]).await?;
    Ok(found
        .into_iter()
        .map(|row| ValueChange {
            subject: Id::SUBJECT,
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

// Whole histories ------------------------------------------------------------------------------------------------------

/// A prospect, live or gone, with the fields that history depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryContact<Id = ContactId> {
    pub crm_id: Id,
    /// Trimmed; `None` if the value was not text.
    pub stage: Option<String>,
    pub fee_cents: Option<i64>,
    pub created_ms: Option<EpochMs>,
    pub first_seen_ms: EpochMs,
    pub gone_ms: Option<EpochMs>,
}

/// A deal, live or gone, and its contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryDeal {
    /// The deal's own fields.
    pub record: HistoryContact<DealId>,
    /// Hundredths of a percent.
    pub odds: Option<i64>,
    pub contact_type: Option<i64>,
    pub contact: Option<LinkedContact>,
}

/// The contact that a deal is linked to, live or gone, of any type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkedContact {
    pub crm_id: ContactId,
    pub contact_type: Option<i64>,
    pub created_ms: Option<EpochMs>,
    pub first_seen_ms: EpochMs,
    pub gone_ms: Option<EpochMs>,
}

/// When history starts: when both contacts and deals had been read completely for the first time. `None` before that.
pub async fn start_ms<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<EpochMs>> {
    let text = "SELECT dataset, MIN(finished_ms) FROM sync_datasets \
                WHERE tenant_id = $1 AND dataset IN ($2, $3) AND status = $4 AND finished_ms IS NOT NULL GROUP BY dataset";
    let values = [
        tenant.into(),
        Dataset::Contacts.as_str().into(),
        Dataset::Deals.as_str().into(),
        DatasetStatus::Succeeded.as_str().into(),
    ];
    let found = rows(conn, text, values).await?;
    let ends: Vec<EpochMs> = found.iter().map(|row| Ok(row.try_get_by_index(1)?)).collect::<Result<_>>()?;
    Ok(if ends.len() == 2 { ends.into_iter().max() } else { None })
}

/// Rows per query, so that the database rows of a long history are never all in memory.
const BATCH: i64 = 5_000;

/// Passes every prospect, live or gone, to `take`, by ID.
pub async fn each_contact<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(HistoryContact)) -> Result<()> {
    let text = "SELECT crm_id, stage, fee_cents, created_ms, first_seen_ms, gone_ms FROM leads \
                WHERE tenant_id = $1 AND contact_type = 1 AND crm_id > $2 ORDER BY crm_id LIMIT $3";
    let mut after = ContactId::default();
    loop {
        let batch = rows(conn, text, [tenant.into(), after.clone().into(), BATCH.into()]).await?;
        for row in &batch {
            let record = history_contact(row)?;
            after.clone_from(&record.crm_id);
            take(record);
        }
        if (batch.len() as i64) < BATCH {
            return Ok(());
        }
    }
}

/// Passes every deal, live or gone, of prospects or not, to `take`, by ID.
pub async fn each_deal<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(HistoryDeal)) -> Result<()> {
    let text = "SELECT d.crm_id, d.stage, d.fee_cents, d.created_ms, d.first_seen_ms, d.gone_ms, d.odds, d.contact_type, \
                c.crm_id, c.contact_type, c.created_ms, c.first_seen_ms, c.gone_ms FROM pipeline_items d \
                LEFT JOIN leads c ON c.tenant_id = d.tenant_id AND c.crm_id = d.contact_id \
                WHERE d.tenant_id = $1 AND d.crm_id > $2 ORDER BY d.crm_id LIMIT $3";
    let mut after = DealId::default();
    loop {
        let batch = rows(conn, text, [tenant.into(), after.clone().into(), BATCH.into()]).await?;
        for row in &batch {
            let record = history_contact(row)?;
            after.clone_from(&record.crm_id);
            let contact = match row.try_get_by_index(8)? {
                Some(crm_id) => Some(LinkedContact {
                    crm_id,
                    contact_type: row.try_get_by_index(9)?,
                    created_ms: row.try_get_by_index(10)?,
                    first_seen_ms: row.try_get_by_index(11)?,
                    gone_ms: row.try_get_by_index(12)?,
                }),
                None => None,
            };
            take(HistoryDeal { record, odds: row.try_get_by_index(6)?, contact_type: row.try_get_by_index(7)?, contact });
        }
        if (batch.len() as i64) < BATCH {
            return Ok(());
        }
    }
}

fn history_contact<Id: SubjectId>(row: &QueryResult) -> Result<HistoryContact<Id>> {
    Ok(HistoryContact {
        crm_id: row.try_get_by_index(0)?,
        stage: row.try_get_by_index(1)?,
        fee_cents: row.try_get_by_index(2)?,
        created_ms: row.try_get_by_index(3)?,
        first_seen_ms: row.try_get_by_index(4)?,
        gone_ms: row.try_get_by_index(5)?,
    })
}

/// Passes every stage change of contacts or deals to `take`, by ID, oldest first.
pub async fn each_transition<C: Conn>(
    conn: &C,
    tenant: TenantId,
    subject: Dataset,
    mut take: impl FnMut(Transition),
) -> Result<()> {
    let text = "SELECT crm_id, seen_after_ms, seen_before_ms, at_ms, from_stage, to_stage FROM stage_transitions \
                WHERE tenant_id = $1 AND subject = $2 AND (crm_id, seen_after_ms) > ($3, $4) \
                ORDER BY crm_id, seen_after_ms LIMIT $5";
    let mut after = (String::new(), EpochMs::MIN);
    loop {
        let values = [tenant.into(), subject.as_str().into(), after.0.clone().into(), after.1.into(), BATCH.into()];
        let batch = rows(conn, text, values).await?;
        for row in &batch {
            let transition = Transition {
                subject,
                crm_id: row.try_get_by_index(0)?,
                seen_after_ms: row.try_get_by_index(1)?,
                seen_before_ms: row.try_get_by_index(2)?,
                at_ms: row.try_get_by_index(3)?,
                from: row.try_get_by_index(4)?,
                to: row.try_get_by_index(5)?,
            };
            after = (transition.crm_id.clone(), transition.seen_after_ms);
            take(transition);
        }
        if (batch.len() as i64) < BATCH {
            return Ok(());
        }
    }
}

/// Passes every change of fee or odds of contacts or deals to `take`, by ID, oldest first.
pub async fn each_value_change<C: Conn>(
    conn: &C,
    tenant: TenantId,
    subject: Dataset,
    mut take: impl FnMut(ValueChange),
) -> Result<()> {
    let text = "SELECT crm_id, seen_after_ms, field, seen_before_ms, at_ms, old_value, new_value FROM value_changes \
                WHERE tenant_id = $1 AND subject = $2 AND field IN ('fee', 'odds') \
                AND (crm_id, seen_after_ms, field) > ($3, $4, $5) ORDER BY crm_id, seen_after_ms, field LIMIT $6";
    let mut after = (String::new(), EpochMs::MIN, String::new());
    loop {
        let values = [
            tenant.into(),
            subject.as_str().into(),
            after.0.clone().into(),
            after.1.into(),
            after.2.clone().into(),
            BATCH.into(),
        ];
        let batch = rows(conn, text, values).await?;
        for row in &batch {
            let change = ValueChange {
                subject,
                crm_id: row.try_get_by_index(0)?,
                seen_after_ms: row.try_get_by_index(1)?,
                field: row.try_get_by_index(2)?,
                seen_before_ms: row.try_get_by_index(3)?,
                at_ms: row.try_get_by_index(4)?,
                old: row.try_get_by_index(5)?,
                new: row.try_get_by_index(6)?,
            };
            after = (change.crm_id.clone(), change.seen_after_ms, change.field.clone());
            take(change);
        }
        if (batch.len() as i64) < BATCH {
            return Ok(());
        }
    }
}
