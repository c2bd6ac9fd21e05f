//! The complete history of a brand, in batches: every record that numbers of the past depend on, and every change.

use sea_orm::QueryResult;
use tetherboard_domain::{ContactId, Dataset, DatasetStatus, DealId, EpochMs, TenantId};

use super::{TRANSITION_COLUMNS, Transition, VALUE_COLUMNS, ValueChange, transition, value_change};
use crate::query::rows;
use crate::records::SubjectId;
use crate::{Conn, Result};

/// A contact, live or gone, with the fields that history depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryContact<Id = ContactId> {
    pub crm_id: Id,
    /// Trimmed; `None` if the value was not text.
    pub stage: Option<String>,
    /// The stage's ID in the CRM's list, if it has one.
    pub stage_id: Option<String>,
    pub fee_cents: Option<i64>,
    pub contact_type: Option<i64>,
    pub created_ms: Option<EpochMs>,
    pub first_seen_ms: EpochMs,
    pub gone_ms: Option<EpochMs>,
    /// When a deal first named the contact: it no longer counts as a deal itself. `None` for a deal.
    pub had_deal_ms: Option<EpochMs>,
}

/// A deal, live or gone, and its contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryDeal {
    /// The deal's own fields.
    pub record: HistoryContact<DealId>,
    /// Hundredths of a percent.
    pub odds: Option<i64>,
    /// The contact that it is linked to now, which may be one that the CRM never listed.
    pub contact: Option<ContactId>,
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

/// Passes every contact, live or gone, that is or was a prospect or had a deal to `take`, by ID.
pub async fn each_contact<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(HistoryContact)) -> Result<()> {
    let text = "SELECT crm_id, stage, fee_cents, created_ms, first_seen_ms, gone_ms, stage_id, contact_type, had_deal_ms FROM leads \
                WHERE tenant_id = $1 AND crm_id > $2 AND (contact_type = 1 OR had_deal_ms IS NOT NULL OR crm_id IN (\
                SELECT crm_id FROM value_changes WHERE tenant_id = $1 AND subject = 'contacts' AND field = 'contact_type' \
                AND old_value = '1')) ORDER BY crm_id LIMIT $3";
    let mut after = ContactId::default();
    loop {
        let batch = rows(conn, text, [tenant.into(), after.clone().into(), BATCH.into()]).await?;
        for row in &batch {
            let record = HistoryContact { had_deal_ms: row.try_get_by_index(8)?, ..history_contact(row)? };
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
    let text = "SELECT crm_id, stage, fee_cents, created_ms, first_seen_ms, gone_ms, stage_id, contact_type, odds, contact_id \
                FROM pipeline_items WHERE tenant_id = $1 AND crm_id > $2 ORDER BY crm_id LIMIT $3";
    let mut after = DealId::default();
    loop {
        let batch = rows(conn, text, [tenant.into(), after.clone().into(), BATCH.into()]).await?;
        for row in &batch {
            let record = history_contact(row)?;
            after.clone_from(&record.crm_id);
            take(HistoryDeal { record, odds: row.try_get_by_index(8)?, contact: row.try_get_by_index(9)? });
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
        stage_id: row.try_get_by_index(6)?,
        contact_type: row.try_get_by_index(7)?,
        had_deal_ms: None,
    })
}

/// Passes every stage change of contacts or deals to `take`, by ID, oldest first.
pub async fn each_transition<C: Conn>(
    conn: &C,
    tenant: TenantId,
    subject: Dataset,
    mut take: impl FnMut(Transition),
) -> Result<()> {
    let text = format!(
        "SELECT {TRANSITION_COLUMNS} FROM stage_transitions WHERE tenant_id = $1 AND subject = $2 \
         AND (crm_id, seen_after_ms) > ($3, $4) ORDER BY crm_id, seen_after_ms LIMIT $5"
    );
    let mut after = (String::new(), EpochMs::MIN);
    loop {
        let values = [tenant.into(), subject.as_str().into(), after.0.clone().into(), after.1.into(), BATCH.into()];
        let batch = rows(conn, &text, values).await?;
        for row in &batch {
            let transition = transition(subject, row)?;
            after = (transition.crm_id.clone(), transition.seen_after_ms);
            take(transition);
        }
        if (batch.len() as i64) < BATCH {
            return Ok(());
        }
    }
}

/// Passes every change that a number of the pipeline depends on, of contacts or deals, to `take`, by ID, oldest first.
pub async fn each_value_change<C: Conn>(
    conn: &C,
    tenant: TenantId,
    subject: Dataset,
    mut take: impl FnMut(ValueChange),
) -> Result<()> {
    let text = format!(
        "SELECT {VALUE_COLUMNS} FROM value_changes WHERE tenant_id = $1 AND subject = $2 \
         AND field IN ('fee', 'odds', 'contact_type', 'presence', 'contact') \
         AND (crm_id, seen_after_ms, field) > ($3, $4, $5) ORDER BY crm_id, seen_after_ms, field LIMIT $6"
    );
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
        let batch = rows(conn, &text, values).await?;
        for row in &batch {
            let change = value_change(subject, row)?;
            after = (change.crm_id.clone(), change.seen_after_ms, change.field.clone());
            take(change);
        }
        if (batch.len() as i64) < BATCH {
            return Ok(());
        }
    }
}
