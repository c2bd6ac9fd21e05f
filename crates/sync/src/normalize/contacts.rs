//! Contacts, and the stage moves and value changes that they show.

use tetherboard_crm_records::{Mapping, RawContact, SkippedRow, fields};
use tetherboard_domain::{Dataset, EpochMs, SourceTime};
use tetherboard_store::leads::{LeadRecord, PriorState};
use tetherboard_store::{Result, Tx, deal_links, leads};

use super::history_log::{HistoryLog, stored_stage};
use super::names::{self, display_name, full_name, link_key};
use super::{Contacts, Context, Normalize, Record, ids, label, money, reference};
use crate::history::TrackedValues;
use crate::list_names::ListValue;
use crate::rich_text::{self, RichText};

/// The columns that each field fills.
const COLUMNS_BY_FIELD: [(&str, &[&str]); 17] = [
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
    ("source", &["source", "source_key", "source_id", "source_text"]),
    ("stage", &["stage", "stage_key", "stage_id", "stage_text", "stage_since_ms", "stage_since_exact"]),
    ("contact_type", &["contact_type"]),
    ("owner", &["owner"]),
    ("created", &["created_ms"]),
    ("modified", &["modified_ms"]),
];

impl Normalize for Contacts {
    const DATASET: Dataset = Dataset::Contacts;
    const VERSION: i64 = rich_text::VERSION + names::VERSION + super::DECODER_VERSION;
    const HAS_RICH_TEXT: bool = true;
    const COMPARES_RICH_TEXT: bool = true;
    type Parent = ();
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

    fn typed_text(raw: &RawContact) -> Option<&str> {
        raw.whiteboard.as_deref()
    }

    fn modified_ms(raw: &RawContact, source_time: &SourceTime) -> Option<EpochMs> {
        raw.modified.ms(source_time)
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<Self>>) -> Result<()> {
        let previous = leads::prior_states(tx, context.tenant, &ids(&records)).await?;
        let mut history = HistoryLog::new(context, Dataset::Contacts, previous);
        let mut written = Vec::with_capacity(records.len());
        let mut new = Vec::new();
        for Record { meta, raw, rich_text, previous_raw, previous_rich_text, .. } in records {
            if history.previous(&meta).is_none() {
                new.push(meta.crm_id.clone());
            }
            let previous = history.previous(&meta);
            let previous = previous.map(|previous| as_mapped(context, previous, previous_raw, &previous_rich_text));
            let (fee, fee_flagged) = money(raw.fee);
            let (old_text, new_text) = changed_text(previous.as_ref(), &previous_rich_text, &rich_text);
            let previous = previous.map(|previous| PriorState { whiteboard: old_text, ..previous });
            let values = TrackedValues {
                contact_type: raw.contact_type,
                fee_cents: fee.map(|fee| fee.0),
                whiteboard: new_text,
                ..TrackedValues::default()
            };
            let old_source = previous.as_ref().map(|old| ListValue::stored(&old.source, &old.source_id, &old.source_text));
            let source = context.sources.value(label(raw.source), None, old_source.as_ref());
            let created_ms = raw.created.ms(&context.source_time);
            let (stage, since) = history.observe(&meta, previous.as_ref(), raw.stage, created_ms, &values);
            let name = full_name(raw.first_name.as_deref(), raw.last_name.as_deref());
            let lead = LeadRecord {
                link_key: link_key(name.as_deref(), raw.company.as_deref()),
                name: display_name(name, raw.company.as_deref()),
                company: raw.company.unwrap_or_default(),
                email: raw.email.unwrap_or_default(),
                phone: raw.phone.unwrap_or_default(),
                market: raw.market.unwrap_or_else(|| market(raw.city.as_deref(), raw.state.as_deref())),
                units: raw.units.unwrap_or_default(),
                whiteboard: rich_text.html,
                owner: reference(raw.owner),
                contact_type: raw.contact_type,
                source: source.name,
                source_ref: source.reference,
                stage: stage.name,
                stage_ref: stage.reference,
                stage_since_ms: since.ms,
                stage_since_exact: since.exact,
                fee,
                fee_flagged,
                created_ms,
            };
            written.push((meta, lead));
        }
        leads::put(tx, context.tenant, &written, &context.kept_columns(&COLUMNS_BY_FIELD)).await?;
        deal_links::mark_new_contacts(tx, context.tenant, &new, context.now_ms).await?;
        history.save(tx).await
    }
}

/// A contact's previous state as today's mapping would have read it.
fn as_mapped(context: &Context, previous: &PriorState, raw: Option<RawContact>, rich_text: &RichText) -> PriorState {
    let Some(raw) = raw else { return previous.clone() };
    let whiteboard = raw.whiteboard.map(|_| rich_text.html.clone());
    let stage = context.previous_stage(raw.stage, &stored_stage(previous), raw.contact_type);
    PriorState {
        stage: stage.name,
        stage_id: stage.reference.id,
        stage_text: stage.reference.text,
        contact_type: context.previous_value("contact_type", raw.contact_type, previous.contact_type),
        fee_cents: context.previous_value("fee", money(raw.fee).0.map(|fee| fee.0), previous.fee_cents),
        whiteboard: context.previous_value("whiteboard", whiteboard, previous.whiteboard.clone()),
        ..previous.clone()
    }
}

/// The plain text of the previous and the new whiteboard, cut to 4,000 characters; `None` if the two are the same.
fn changed_text(previous: Option<&PriorState>, old_text: &RichText, whiteboard: &RichText) -> (Option<String>, Option<String>) {
    const MAX_CHARS: usize = 4_000;
    let Some(old) = previous.map(|previous| previous.whiteboard.as_deref().unwrap_or_default()) else { return (None, None) };
    if old == whiteboard.html {
        return (None, None);
    }
    let cut = |text: &str| text.chars().take(MAX_CHARS).collect::<String>();
    // A whiteboard that was kept while the CRM had lost the field comes from an earlier row.
    let old = if old == old_text.html { cut(&old_text.text) } else { cut(&rich_text::plain(old)) };
    (Some(old), Some(cut(&whiteboard.text)))
}

/// `City, State`; either may be missing.
fn market(city: Option<&str>, state: Option<&str>) -> String {
    let parts = [city, state].into_iter().flatten().map(str::trim).filter(|part| !part.is_empty());
    fields::shortened(parts.collect::<Vec<_>>().join(", "))
}
