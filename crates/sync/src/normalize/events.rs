//! Appointments. One whose time changes counts as moved and keeps its previous time.

use std::collections::HashMap;

use tetherboard_crm_records::{Mapping, RawEvent, SkippedRow};
use tetherboard_domain::{ContactId, Dataset};
use tetherboard_store::schedule::{self, ActivityRecord, PriorTimes};
use tetherboard_store::{Result, Tx};

use super::names::{self, full_name};
use super::{Context, Events, Normalize, Record, ids};
use crate::rich_text;

/// The columns that each field fills.
const COLUMNS_BY_FIELD: [(&str, &[&str]); 11] = [
    ("client_id", &["client_id"]),
    ("first_name", &["name"]),
    ("last_name", &["name"]),
    ("event_type", &["kind"]),
    ("title", &["title"]),
    ("description", &["description"]),
    ("location", &["place"]),
    ("starts", &["starts_ms", "all_day", "moved_from_ms"]),
    ("ends", &["ends_ms"]),
    ("status", &["status", "cancelled"]),
    ("owner", &["owner"]),
];

impl Normalize for Events {
    const DATASET: Dataset = Dataset::Events;
    const VERSION: i64 = rich_text::VERSION + names::VERSION;
    type Parent = ();
    type Raw = RawEvent;

    fn decode(row: &[u8], mapping: &Mapping) -> std::result::Result<RawEvent, SkippedRow> {
        RawEvent::decode(row, mapping)
    }

    fn id(raw: &RawEvent) -> &str {
        &raw.event_id
    }

    fn filled(raw: &RawEvent) -> u64 {
        raw.filled
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<Self>>) -> Result<()> {
        let previous = schedule::prior_times(tx, context.tenant, &ids(&records)).await?;
        let previous: HashMap<String, PriorTimes> =
            previous.into_iter().map(|previous| (previous.crm_id.clone(), previous)).collect();
        let mut written = Vec::with_capacity(records.len());
        for Record { meta, raw, previous_raw, .. } in records {
            let starts_ms = raw.starts.ms(&context.source_time);
            let moved_from_ms = previous.get(&meta.crm_id).and_then(|previous| {
                let as_mapped =
                    |raw: RawEvent| context.previous_value("starts", raw.starts.ms(&context.source_time), previous.starts_ms);
                let old_ms = previous_raw.map_or(previous.starts_ms, as_mapped);
                old_ms.filter(|old_ms| starts_ms.is_some_and(|starts_ms| starts_ms != *old_ms)).or(previous.moved_from_ms)
            });
            let status = raw.status.unwrap_or_default();
            let activity = ActivityRecord {
                name: full_name(raw.first_name.as_deref(), raw.last_name.as_deref()).unwrap_or_default(),
                client_id: raw.client_id.map(ContactId),
                kind: raw.event_type.unwrap_or_default(),
                title: raw.title.unwrap_or_default(),
                description: raw.description.as_deref().map(rich_text::plain).unwrap_or_default(),
                place: raw.location.unwrap_or_default(),
                owner: context.owner(raw.owner),
                cancelled: is_canceled(&status),
                status,
                all_day: raw.all_day,
                starts_ms,
                ends_ms: raw.ends.ms(&context.source_time),
                moved_from_ms,
            };
            written.push((meta, activity));
        }
        schedule::put(tx, context.tenant, &written, &context.kept_columns(&COLUMNS_BY_FIELD)).await
    }
}

/// The CRM documents no list of statuses, so this recognizes both spellings and the words people use.
fn is_canceled(status: &str) -> bool {
    let status = status.to_lowercase();
    ["cancel", "called off", "deleted"].iter().any(|word| status.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appointment_is_canceled_if_its_status_says_so() {
        assert!(is_canceled("Cancelled") && is_canceled("canceled by client") && is_canceled("DELETED"));
        assert!(!is_canceled("Scheduled") && !is_canceled("") && !is_canceled("No Show"));
    }
}
