//! Stage history, which the CRM does not keep: every change that a sync saw.

use sea_orm::{FromQueryResult, QueryResult};
use tetherboard_domain::{ContactId, Dataset, DatasetStatus, DealId, EpochMs, TenantId};

use crate::query::{Bulk, all, rows, upsert};
use crate::records::SubjectId;
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
    pub seen_before_ms: EpochMs,
    /// When the new stage was first seen.
    pub seen_after_ms: EpochMs,
    /// The best that is known of when it happened, between the two.
    pub at_ms: EpochMs,
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
            tenant.into(),
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
pub async fn of<C: Conn, Id: SubjectId>(conn: &C, tenant: TenantId, id: &Id) -> Result<Vec<Transition>> {
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

/// One seen change of a fee (cents), of odds (hundredths of a percent), of a close date (`YYYY-MM-DD`) or of the whiteboard (the
/// first 4,000 letters of its text); `None` is unknown, or an empty whiteboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueChange {
    /// Contacts or deals.
    pub subject: Dataset,
    pub crm_id: String,
    /// `fee`, `odds`, `close_date` or `whiteboard`.
    pub field: String,
    pub old: Option<String>,
    pub new: Option<String>,
    pub seen_before_ms: EpochMs,
    pub seen_after_ms: EpochMs,
    pub at_ms: EpochMs,
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

/// The seen changes of one contact's or deal's values, oldest first.
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

/// A prospect, live or gone, as far as history needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenContact<Id = ContactId> {
    pub crm_id: Id,
    /// Trimmed; `None` is a value that was no text.
    pub stage: Option<String>,
    pub fee_cents: Option<i64>,
    pub created_ms: Option<EpochMs>,
    pub first_seen_ms: EpochMs,
    pub gone_ms: Option<EpochMs>,
}

/// A deal, live or gone, with what is known of the contact that it is joined to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenDeal {
    pub seen: SeenContact<DealId>,
    /// Hundredths of a percent.
    pub odds: Option<i64>,
    pub contact_type: Option<i64>,
    pub contact: Option<JoinedContact>,
}

/// The contact of a deal, of whatever type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinedContact {
    pub crm_id: ContactId,
    pub contact_type: Option<i64>,
    pub created_ms: Option<EpochMs>,
    pub first_seen_ms: EpochMs,
    pub gone_ms: Option<EpochMs>,
}

/// When both contacts and deals had been read whole for the first time: no earlier moment is known. `None` before that.
pub async fn begins_ms<C: Conn>(conn: &C, tenant: TenantId) -> Result<Option<EpochMs>> {
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

/// Rows that are asked for at a time, so that a long history never stands in memory as rows.
const PART: i64 = 5_000;

/// Every prospect that was ever seen, in the order of ids.
pub async fn each_contact<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(SeenContact)) -> Result<()> {
    let text = "SELECT crm_id, stage, fee_cents, created_ms, first_seen_ms, gone_ms FROM leads \
                WHERE tenant_id = $1 AND contact_type = 1 AND crm_id > $2 ORDER BY crm_id LIMIT $3";
    let mut after = ContactId::default();
    loop {
        let part = rows(conn, text, [tenant.into(), after.clone().into(), PART.into()]).await?;
        for row in &part {
            let seen = seen_contact(row)?;
            after.clone_from(&seen.crm_id);
            take(seen);
        }
        if (part.len() as i64) < PART {
            return Ok(());
        }
    }
}

/// Every deal that was ever seen, of prospects or not, in the order of ids.
pub async fn each_deal<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(SeenDeal)) -> Result<()> {
    let text = "SELECT d.crm_id, d.stage, d.fee_cents, d.created_ms, d.first_seen_ms, d.gone_ms, d.odds, d.contact_type, \
                c.crm_id, c.contact_type, c.created_ms, c.first_seen_ms, c.gone_ms FROM pipeline_items d \
                LEFT JOIN leads c ON c.tenant_id = d.tenant_id AND c.crm_id = d.contact_id \
                WHERE d.tenant_id = $1 AND d.crm_id > $2 ORDER BY d.crm_id LIMIT $3";
    let mut after = DealId::default();
    loop {
        let part = rows(conn, text, [tenant.into(), after.clone().into(), PART.into()]).await?;
        for row in &part {
            let seen = seen_contact(row)?;
            after.clone_from(&seen.crm_id);
            let contact = match row.try_get_by_index(8)? {
                Some(crm_id) => Some(JoinedContact {
                    crm_id,
                    contact_type: row.try_get_by_index(9)?,
                    created_ms: row.try_get_by_index(10)?,
                    first_seen_ms: row.try_get_by_index(11)?,
                    gone_ms: row.try_get_by_index(12)?,
                }),
                None => None,
            };
            take(SeenDeal { seen, odds: row.try_get_by_index(6)?, contact_type: row.try_get_by_index(7)?, contact });
        }
        if (part.len() as i64) < PART {
            return Ok(());
        }
    }
}

fn seen_contact<Id: SubjectId>(row: &QueryResult) -> Result<SeenContact<Id>> {
    Ok(SeenContact {
        crm_id: row.try_get_by_index(0)?,
        stage: row.try_get_by_index(1)?,
        fee_cents: row.try_get_by_index(2)?,
        created_ms: row.try_get_by_index(3)?,
        first_seen_ms: row.try_get_by_index(4)?,
        gone_ms: row.try_get_by_index(5)?,
    })
}

/// Every seen change of stage of contacts or of deals, by id and then oldest first.
pub async fn each_move<C: Conn>(conn: &C, tenant: TenantId, subject: Dataset, mut take: impl FnMut(Transition)) -> Result<()> {
    let text = "SELECT crm_id, seen_after_ms, seen_before_ms, at_ms, from_stage, to_stage FROM stage_transitions \
                WHERE tenant_id = $1 AND subject = $2 AND (crm_id, seen_after_ms) > ($3, $4) \
                ORDER BY crm_id, seen_after_ms LIMIT $5";
    let mut after = (String::new(), EpochMs::MIN);
    loop {
        let values = [tenant.into(), subject.as_str().into(), after.0.clone().into(), after.1.into(), PART.into()];
        let part = rows(conn, text, values).await?;
        for row in &part {
            let seen = Transition {
                subject,
                crm_id: row.try_get_by_index(0)?,
                seen_after_ms: row.try_get_by_index(1)?,
                seen_before_ms: row.try_get_by_index(2)?,
                at_ms: row.try_get_by_index(3)?,
                from: row.try_get_by_index(4)?,
                to: row.try_get_by_index(5)?,
            };
            after = (seen.crm_id.clone(), seen.seen_after_ms);
            take(seen);
        }
        if (part.len() as i64) < PART {
            return Ok(());
        }
    }
}

/// Every seen change of a fee or of odds of contacts or of deals, by id and then oldest first.
pub async fn each_value<C: Conn>(conn: &C, tenant: TenantId, subject: Dataset, mut take: impl FnMut(ValueChange)) -> Result<()> {
    let text = "SELECT crm_id, seen_after_ms, field, seen_before_ms, at_ms, old_value, new_value FROM value_changes \
                WHERE tenant_id = $1 AND subject = $2 AND field IN ('fee', 'odds') \
                AND (crm_id, seen_after_ms, field) > ($3, $4, $5) ORDER BY crm_id, seen_after_ms, field LIMIT $6";
    let mut after = (String::new(), EpochMs::MIN, String::new());
    loop {
        let values =
            [tenant.into(), subject.as_str().into(), after.0.clone().into(), after.1.into(), after.2.clone().into(), PART.into()];
        let part = rows(conn, text, values).await?;
        for row in &part {
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
        if (part.len() as i64) < PART {
            return Ok(());
        }
    }
}
