//! Deals, and the moves and changes of value that they show.

use tetherboard_crm_records::{Mapping, RawDeal, SkippedRow};
use tetherboard_domain::{ContactId, Dataset, EpochMs, Odds, SourceTime};
use tetherboard_store::deals::{self, DealRecord};
use tetherboard_store::leads::PriorState;
use tetherboard_store::{Result, Tx, history};

use super::names::{full_name, link_key, shown_name};
use super::{Context, Deals, Normalise, Record, by_id, ids, label, money, odds};
use crate::history::{Values, follow};

/// The columns that are made from a field.
const MADE_FROM: [(&str, &[&str]); 13] = [
    ("client_id", &["client_id"]),
    ("name", &["title", "search"]),
    ("first_name", &["name", "link_key", "search"]),
    ("last_name", &["name", "link_key", "search"]),
    ("company", &["name", "link_key", "search"]),
    ("stage", &["stage", "stage_key", "stage_since_ms", "stage_since_exact"]),
    ("contact_type", &["contact_type"]),
    ("fee", &["fee_cents", "fee_flagged"]),
    ("odds", &["odds"]),
    ("close_date", &["close_date"]),
    ("owner", &["owner"]),
    ("created", &["created_ms"]),
    ("modified", &["modified_ms"]),
];

impl Normalise for Deals {
    const DATASET: Dataset = Dataset::Deals;
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

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<RawDeal>>) -> Result<()> {
        let before = by_id(deals::prior_states(tx, context.tenant, &ids(&records)).await?);
        let (mut moves, mut changes) = (Vec::new(), Vec::new());
        let mut written = Vec::with_capacity(records.len());
        for Record { book, raw, reread } in records {
            let before = before.get(&book.crm_id).map(|before| as_mapped(context, before, reread));
            let stage = match &before {
                Some(before) if context.has_vanished("stage") => before.stage.clone(),
                _ => label(raw.stage),
            };
            let created_ms = raw.created.ms(&context.source_time);
            let sight = context.sight(Dataset::Deals, &book, stage.as_deref(), created_ms);
            let (since, moved) = follow(&sight, before.as_ref(), context.first_stage.as_ref());
            moves.extend(moved);
            let (fee, fee_flagged) = money(raw.fee);
            let close_date = raw.close_date.map(|date| date.to_string());
            let values = Values {
                fee_cents: fee.map(|fee| fee.0),
                odds: odds(raw.odds).map(Odds::hundredths),
                close_date: close_date.clone(),
                whiteboard: None,
            };
            changes.extend(values.changes(&sight, before.as_ref(), |field| context.has_vanished(field)));
            let name = full_name(raw.first_name.as_deref(), raw.last_name.as_deref());
            let deal = DealRecord {
                link_key: link_key(name.as_deref(), raw.company.as_deref()),
                name: shown_name(name, raw.company.as_deref()),
                client_id: raw.client_id.map(ContactId),
                title: raw.name.unwrap_or_default(),
                contact_type: raw.contact_type,
                stage,
                stage_since_ms: since.ms,
                stage_since_exact: since.exact,
                fee,
                fee_flagged,
                odds: odds(raw.odds),
                close_date,
                owner: context.owner(raw.owner),
                created_ms,
            };
            written.push((book, deal));
        }
        deals::put(tx, context.tenant, &written, &context.kept_columns(&MADE_FROM)).await?;
        history::record(tx, context.tenant, &moves).await?;
        history::record_values(tx, context.tenant, &changes).await
    }
}

/// How a deal stood, as today's mapping would have read it.
fn as_mapped(context: &Context, before: &PriorState, reread: Option<RawDeal>) -> PriorState {
    let Some(old) = reread else { return before.clone() };
    let close_date = old.close_date.map(|date| date.to_string());
    PriorState {
        stage: context.stage_stood(old.stage, before),
        fee_cents: context.stood("fee", money(old.fee).0.map(|fee| fee.0), before.fee_cents),
        odds: context.stood("odds", odds(old.odds).map(Odds::hundredths), before.odds),
        close_date: context.stood("close_date", close_date, before.close_date.clone()),
        ..before.clone()
    }
}
