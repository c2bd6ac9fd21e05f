//! Appointments. One whose time changes is moved, and remembers from where.

use std::collections::HashMap;

use tetherboard_crm_records::{Mapping, RawEvent, SkippedRow};
use tetherboard_domain::{ContactId, Dataset};
use tetherboard_store::schedule::{self, ActivityRecord, PriorTimes};
use tetherboard_store::{Result, Tx};

use super::names::full_name;
use super::{Context, Events, Normalise, Record, ids};
use crate::html;

/// The columns that are made from a field.
const MADE_FROM: [(&str, &[&str]); 11] = [
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

impl Normalise for Events {
    const DATASET: Dataset = Dataset::Events;
    const VERSION: i64 = html::VERSION;
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

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<RawEvent>>) -> Result<()> {
        let before: HashMap<String, PriorTimes> = schedule::prior_times(tx, context.tenant, &ids(&records))
            .await?
            .into_iter()
            .map(|before| (before.crm_id.clone(), before))
            .collect();
        let mut written = Vec::with_capacity(records.len());
        for Record { book, raw, reread } in records {
            let starts_ms = raw.starts.ms(&context.source_time);
            let moved_from_ms = before.get(&book.crm_id).and_then(|before| {
                let reread_ms = |old: RawEvent| context.stood("starts", old.starts.ms(&context.source_time), before.starts_ms);
                let stood_ms = reread.map_or(before.starts_ms, reread_ms);
                stood_ms.filter(|stood_ms| starts_ms.is_some_and(|starts_ms| starts_ms != *stood_ms)).or(before.moved_from_ms)
            });
            let status = raw.status.unwrap_or_default();
            let activity = ActivityRecord {
                name: full_name(raw.first_name.as_deref(), raw.last_name.as_deref()).unwrap_or_default(),
                client_id: raw.client_id.map(ContactId),
                kind: raw.event_type.unwrap_or_default(),
                title: raw.title.unwrap_or_default(),
                description: raw.description.as_deref().map(html::plain).unwrap_or_default(),
                place: raw.location.unwrap_or_default(),
                owner: context.owner(raw.owner),
                cancelled: is_cancelled(&status),
                status,
                all_day: raw.all_day,
                starts_ms,
                ends_ms: raw.ends.ms(&context.source_time),
                moved_from_ms,
            };
            written.push((book, activity));
        }
        schedule::put(tx, context.tenant, &written, &context.kept_columns(&MADE_FROM)).await
    }
}

/// The CRM's words for it are nowhere listed; both spellings, and what people call it off with, are known.
fn is_cancelled(status: &str) -> bool {
    let status = status.to_lowercase();
    ["cancel", "called off", "deleted"].iter().any(|word| status.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_appointment_is_known_by_its_status() {
        assert!(is_cancelled("Cancelled") && is_cancelled("canceled by client") && is_cancelled("DELETED"));
        assert!(!is_cancelled("Scheduled") && !is_cancelled("") && !is_cancelled("No Show"));
    }
}
