//! Contacts, and the moves and changes of value that they show.

use tetherboard_crm_records::{Mapping, RawContact, SkippedRow};
use tetherboard_domain::{Dataset, EpochMs, SourceTime};
use tetherboard_store::leads::{LeadRecord, PriorState};
use tetherboard_store::{Result, Tx, history, leads};

use super::names::{full_name, link_key, shown_name};
use super::{Contacts, Context, Normalise, Record, by_id, ids, label, money};
use crate::history::{Values, follow};
use crate::html;

/// The columns that are made from a field.
const MADE_FROM: [(&str, &[&str]); 17] = [
    ("first_name", &["name", "link_key", "search"]),
    ("last_name", &["name", "link_key", "search"]),
    ("company", &["company", "name", "link_key", "search"]),
    ("email", &["email", "search"]),
    ("phone", &["phone", "search"]),
    ("city", &["market", "search"]),
    ("state", &["market", "search"]),
    ("market", &["market", "search"]),
    ("units", &["units"]),
    ("whiteboard", &["whiteboard"]),
    ("fee", &["fee_cents", "fee_flagged"]),
    ("source", &["source", "source_key"]),
    ("stage", &["stage", "stage_key", "stage_since_ms", "stage_since_exact"]),
    ("contact_type", &["contact_type"]),
    ("owner", &["owner"]),
    ("created", &["created_ms"]),
    ("modified", &["modified_ms"]),
];

impl Normalise for Contacts {
    const DATASET: Dataset = Dataset::Contacts;
    const VERSION: i64 = html::VERSION;
    type Raw = RawContact;

    fn decode(row: &[u8], mapping: &Mapping) -> std::result::Result<RawContact, SkippedRow> {
        RawContact::decode(row, mapping)
    }

    fn id(raw: &RawContact) -> &str {
        &raw.client_id
    }

    fn filled(raw: &RawContact) -> u64 {
        raw.filled
    }

    fn modified_ms(raw: &RawContact, source_time: &SourceTime) -> Option<EpochMs> {
        raw.modified.ms(source_time)
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<RawContact>>) -> Result<()> {
        let before = by_id(leads::prior_states(tx, context.tenant, &ids(&records)).await?);
        let (mut moves, mut changes) = (Vec::new(), Vec::new());
        let mut written = Vec::with_capacity(records.len());
        for Record { book, raw, reread } in records {
            let before = before.get(&book.crm_id).map(|before| as_mapped(context, before, reread));
            let stage = match &before {
                Some(before) if context.has_vanished("stage") => before.stage.clone(),
                _ => label(raw.stage),
            };
            let created_ms = raw.created.ms(&context.source_time);
            let sight = context.sight(Dataset::Contacts, &book, stage.as_deref(), created_ms);
            let (since, moved) = follow(&sight, before.as_ref(), context.first_stage.as_ref());
            moves.extend(moved);
            let (fee, fee_flagged) = money(raw.fee);
            let whiteboard = raw.whiteboard.as_deref().map(html::safe).unwrap_or_default();
            let (stood, stands) = told_apart(before.as_ref(), &whiteboard);
            let before = before.map(|before| PriorState { whiteboard: stood, ..before });
            let values = Values { fee_cents: fee.map(|fee| fee.0), whiteboard: stands, ..Values::default() };
            changes.extend(values.changes(&sight, before.as_ref(), |field| context.has_vanished(field)));
            let name = full_name(raw.first_name.as_deref(), raw.last_name.as_deref());
            let lead = LeadRecord {
                link_key: link_key(name.as_deref(), raw.company.as_deref()),
                name: shown_name(name, raw.company.as_deref()),
                company: raw.company.unwrap_or_default(),
                email: raw.email.unwrap_or_default(),
                phone: raw.phone.unwrap_or_default(),
                market: raw.market.unwrap_or_else(|| market(raw.city.as_deref(), raw.state.as_deref())),
                units: raw.units.unwrap_or_default(),
                whiteboard,
                owner: context.owner(raw.owner),
                contact_type: raw.contact_type,
                source: label(raw.source),
                stage,
                stage_since_ms: since.ms,
                stage_since_exact: since.exact,
                fee,
                fee_flagged,
                created_ms,
            };
            written.push((book, lead));
        }
        leads::put(tx, context.tenant, &written, &context.kept_columns(&MADE_FROM)).await?;
        history::record(tx, context.tenant, &moves).await?;
        history::record_values(tx, context.tenant, &changes).await
    }
}

/// How a contact stood, as today's mapping would have read it.
fn as_mapped(context: &Context, before: &PriorState, reread: Option<RawContact>) -> PriorState {
    let Some(old) = reread else { return before.clone() };
    PriorState {
        stage: context.stage_stood(old.stage, before),
        fee_cents: context.stood("fee", money(old.fee).0.map(|fee| fee.0), before.fee_cents),
        whiteboard: context.stood("whiteboard", old.whiteboard.as_deref().map(html::safe), before.whiteboard.clone()),
        ..before.clone()
    }
}

/// The text of a whiteboard as it stood and as it stands, where the two are not the same; of a long one its beginning.
fn told_apart(before: Option<&PriorState>, whiteboard: &str) -> (Option<String>, Option<String>) {
    const LONGEST: usize = 4_000;
    let Some(stood) = before.map(|before| before.whiteboard.as_deref().unwrap_or_default()) else { return (None, None) };
    if stood == whiteboard {
        return (None, None);
    }
    let text = |html: &str| html::plain(html).chars().take(LONGEST).collect::<String>();
    (Some(text(stood)), Some(text(whiteboard)))
}

fn market(city: Option<&str>, state: Option<&str>) -> String {
    let parts = [city, state].into_iter().flatten().map(str::trim).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}
