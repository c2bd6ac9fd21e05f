//! Deals, and the stage moves and value changes that they show.

use tetherboard_crm_records::{Mapping, RawDeal, SkippedRow};
use tetherboard_domain::{ContactId, Dataset, EpochMs, Odds, SourceTime};
use tetherboard_store::deals::{self, DealRecord};
use tetherboard_store::leads::PriorState;
use tetherboard_store::{Result, Tx};

use super::history_log::{HistoryLog, stored_stage};
use super::names::{self, display_name, full_name, link_key};
use super::{Context, Deals, Normalize, Record, ids, money, odds, reference};
use crate::history::TrackedValues;

/// The columns that each field fills.
const COLUMNS_BY_FIELD: [(&str, &[&str]); 13] = [
    ("client_id", &["client_id"]),
    ("name", &["title", "search"]),
    ("first_name", &["name", "link_key", "search"]),
    ("last_name", &["name", "link_key", "search"]),
    ("company", &["name", "link_key", "search"]),
    ("stage", &["stage", "stage_key", "stage_id", "stage_text", "stage_since_ms", "stage_since_exact"]),
    ("contact_type", &["contact_type"]),
    ("fee", &["fee_cents", "fee_flagged"]),
    ("odds", &["odds"]),
    ("close_date", &["close_date"]),
    ("owner", &["owner"]),
    ("created", &["created_ms"]),
    ("modified", &["modified_ms"]),
];

impl Normalize for Deals {
    const DATASET: Dataset = Dataset::Deals;
    const VERSION: i64 = names::VERSION + super::DECODER_VERSION;
    type Parent = ();
    type Raw = RawDeal;

    fn decode(row: &[u8], mapping: &Mapping) -> std::result::Result<RawDeal, SkippedRow> {
        RawDeal::decode(row, mapping)
    }

    fn id(raw: &RawDeal) -> &str {
        &raw.opportunity_id
    }

    fn filled(raw: &RawDeal) -> u64 {
        raw.filled
    }

    fn modified_ms(raw: &RawDeal, source_time: &SourceTime) -> Option<EpochMs> {
        raw.modified.ms(source_time)
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<Self>>) -> Result<()> {
        let previous = deals::prior_states(tx, context.tenant, &ids(&records)).await?;
        let mut history = HistoryLog::new(context, Dataset::Deals, previous);
        let mut written = Vec::with_capacity(records.len());
        for Record { meta, raw, previous_raw, .. } in records {
            let previous = history.previous(&meta).map(|previous| as_mapped(context, previous, previous_raw));
            let (fee, fee_flagged) = money(raw.fee);
            let close_date = raw.close_date.map(|date| date.to_string());
            let values = TrackedValues {
                contact_type: raw.contact_type,
                fee_cents: fee.map(|fee| fee.0),
                odds: odds(raw.odds).map(Odds::hundredths),
                close_date: close_date.clone(),
                whiteboard: None,
            };
            let created_ms = raw.created.ms(&context.source_time);
            let (stage, since) = history.observe(&meta, previous.as_ref(), raw.stage, created_ms, &values);
            let name = full_name(raw.first_name.as_deref(), raw.last_name.as_deref());
            let deal = DealRecord {
                link_key: link_key(name.as_deref(), raw.company.as_deref()),
                name: display_name(name, raw.company.as_deref()),
                client_id: raw.client_id.map(ContactId),
                title: raw.name.unwrap_or_default(),
                contact_type: raw.contact_type,
                stage: stage.name,
                stage_ref: stage.reference,
                stage_since_ms: since.ms,
                stage_since_exact: since.exact,
                fee,
                fee_flagged,
                odds: odds(raw.odds),
                close_date,
                owner: reference(raw.owner),
                created_ms,
            };
            written.push((meta, deal));
        }
        deals::put(tx, context.tenant, &written, &context.kept_columns(&COLUMNS_BY_FIELD)).await?;
        history.save(tx).await
    }
}

/// A deal's previous state as today's mapping would have read it.
fn as_mapped(context: &Context, previous: &PriorState, previous_raw: Option<RawDeal>) -> PriorState {
    let Some(raw) = previous_raw else { return previous.clone() };
    let close_date = raw.close_date.map(|date| date.to_string());
    let stage = context.previous_stage(raw.stage, &stored_stage(previous), raw.contact_type);
    PriorState {
        stage: stage.name,
        stage_id: stage.reference.id,
        stage_text: stage.reference.text,
        contact_type: context.previous_value("contact_type", raw.contact_type, previous.contact_type),
        fee_cents: context.previous_value("fee", money(raw.fee).0.map(|fee| fee.0), previous.fee_cents),
        odds: context.previous_value("odds", odds(raw.odds).map(Odds::hundredths), previous.odds),
        close_date: context.previous_value("close_date", close_date, previous.close_date.clone()),
        ..previous.clone()
    }
}
