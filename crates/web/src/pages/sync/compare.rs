//! Two responses to the same request compared: rows added, removed, and changed.

use std::collections::BTreeSet;

use maud::{Markup, html};
use serde_json::{Map, Value};
use tetherboard_domain::Dataset;
use tetherboard_store::tenants::Tenant;

use crate::address::links;
use crate::parts::format::{count, counted, number};
use crate::parts::icon;

/// A row with its id.
type Row = (String, Map<String, Value>);
/// A field, before and after.
type Change = (String, Option<Value>, Option<Value>);

#[derive(Debug, Default, PartialEq)]
struct Difference {
    added: Vec<String>,
    removed: Vec<String>,
    /// The changed fields of each record.
    changed: Vec<(String, Vec<Change>)>,
    unchanged: usize,
}

/// How many rows of each kind are listed.
const LISTED: usize = 200;

/// The comparison of two responses; `earlier` and `later` name their runs.
pub(super) fn card(tenant: &Tenant, dataset: Dataset, before: &[u8], after: &[u8], earlier: &str, later: &str) -> Markup {
    let (Some(old), Some(new)) = (rows(dataset, before), rows(dataset, after)) else {
        return html! {
            section.card { div.empty {
                span.disc.quiet { (icon("file-text", 20)) }
                h2 { "These responses cannot be compared row by row" }
                p {
                    "One of them is not a list of rows. "
                    @if before == after { "They are identical." } @else { "They are different." }
                }
            } }
        };
    };
    let found = difference(&old, &new);
    let record = |id: &str| links::raw_record(&tenant.slug, dataset, id).url();
    html! {
        section.card id="difference" {
            div.card-head { h2 { "From " (earlier) " to " (later) } }
            div.card-body.roomy {
                p {
                    (counted(count(found.added.len()), "row", "rows")) " added, "
                    (number(count(found.removed.len()))) " removed, "
                    (number(count(found.changed.len()))) " changed, " (number(count(found.unchanged))) " unchanged. "
                    "A row that moved to another page counts as added or removed."
                }
            }
            @for (title, ids) in [("Added", &found.added), ("Removed", &found.removed)] {
                @if !ids.is_empty() {
                    div.card-body {
                        h3 { (title) }
                        ul.ids role="list" { @for id in ids.iter().take(LISTED) { li { a href=(record(id)) { code { (id) } } } } }
                        (rest(ids.len()))
                    }
                }
            }
            @if !found.changed.is_empty() {
                (changes(&found.changed, record))
                div.card-body { (rest(found.changed.len())) }
            }
        }
    }
}

fn changes(changed: &[(String, Vec<Change>)], record: impl Fn(&str) -> String) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Changed rows" {
            table.table.fields {
                thead { tr {
                    th scope="col" { "Record" } th scope="col" { "Field" } th scope="col" { "Before" } th scope="col" { "After" }
                } }
                tbody {
                    @for (id, fields) in changed.iter().take(LISTED) {
                        @for (at, (field, old, new)) in fields.iter().enumerate() {
                            tr {
                                th scope="row" {
                                    @if at == 0 { a.who href=(record(id)) { code { (id) } } } @else { span.sr { (id) } }
                                }
                                td { code { (field) } }
                                td { (value(old.as_ref())) }
                                td { (value(new.as_ref())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rest(len: usize) -> Markup {
    html! {
        @if len > LISTED {
            p.sub { "and " (number(count(len - LISTED))) " more. Download the responses to see all of them." }
        }
    }
}

fn value(value: Option<&Value>) -> Markup {
    html! {
        @match value {
            None => span.muted { "missing" },
            Some(Value::String(text)) if text.is_empty() => span.muted { "blank" },
            Some(Value::String(text)) => span.value { (text.replace('\0', "\u{fffd}")) },
            Some(other) => code.value { (other) },
        }
    }
}

/// The rows of a response; `None` if it is not a list. A row without an ID is named by its position.
fn rows(dataset: Dataset, body: &[u8]) -> Option<Vec<Row>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut envelope) => match envelope.remove("data")? {
            Value::Array(list) => list,
            // The CRM may send an empty list as null or an empty text.
            Value::Null => Vec::new(),
            Value::String(text) if text.is_empty() => Vec::new(),
            _ => return None,
        },
        _ => return None,
    };
    let id = |at: usize, row: &Map<String, Value>| match row.get(id_key(dataset)) {
        Some(Value::String(id)) if !id.trim().is_empty() => id.trim().to_owned(),
        Some(Value::Number(id)) => id.to_string(),
        _ => format!("row {}", at + 1),
    };
    let row = |(at, value): (usize, Value)| match value {
        Value::Object(row) => (id(at, &row), row),
        other => (format!("row {}", at + 1), Map::from_iter([("value".to_owned(), other)])),
    };
    Some(list.into_iter().enumerate().map(row).collect())
}

fn id_key(dataset: Dataset) -> &'static str {
    match dataset {
        Dataset::Stages => "sales_cycle_id",
        Dataset::Sources => "lead_source_id",
        Dataset::Users => "user_id",
        Dataset::Contacts => "client_id",
        Dataset::Deals => "opportunity_id",
        Dataset::Events => "event_id",
        Dataset::Notes => "note_id",
    }
}

/// The difference between two lists. Of several rows with the same ID, the last one counts.
fn difference(old: &[Row], new: &[Row]) -> Difference {
    let by_id = |rows: &[Row]| rows.iter().cloned().collect::<std::collections::BTreeMap<_, _>>();
    let (old, new) = (by_id(old), by_id(new));
    let mut found = Difference {
        added: new.keys().filter(|id| !old.contains_key(*id)).cloned().collect(),
        removed: old.keys().filter(|id| !new.contains_key(*id)).cloned().collect(),
        ..Difference::default()
    };
    for (id, before) in &old {
        let Some(after) = new.get(id) else { continue };
        let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let fields = fields.into_iter().filter(|field| before.get(*field) != after.get(*field));
        let fields: Vec<_> = fields.map(|field| (field.clone(), before.get(field).cloned(), after.get(field).cloned())).collect();
        match fields.is_empty() {
            true => found.unchanged += 1,
            false => found.changed.push((id.clone(), fields)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_matched_by_id_in_any_order_and_compared_field_by_field() {
        let before = json!({"data": [{"client_id": "1", "a": "x"}, {"client_id": "2", "a": "y", "b": null}, {"client_id": 3}]});
        let after = json!({"data": [{"client_id": "4"}, {"client_id": "2", "a": "z"}, {"client_id": "1", "a": "x"}]});
        let rows = |value: &Value| rows(Dataset::Contacts, value.to_string().as_bytes()).unwrap();
        let found = difference(&rows(&before), &rows(&after));
        assert_eq!((found.added, found.removed, found.unchanged), (vec!["4".to_owned()], vec!["3".to_owned()], 1));
        let changed = [("a".to_owned(), Some(json!("y")), Some(json!("z"))), ("b".to_owned(), Some(Value::Null), None)];
        assert_eq!(found.changed, [("2".to_owned(), changed.to_vec())]);
    }

    #[test]
    fn a_response_without_rows_cannot_be_compared_and_an_empty_list_can() {
        for none in ["", "<html>", "7", r#"{"data": 7}"#, r#"{"ResultCode": "CT_500"}"#] {
            assert_eq!(rows(Dataset::Deals, none.as_bytes()), None, "{none}");
        }
        for empty in ["[]", r#"{"data": []}"#, r#"{"data": null}"#, r#"{"data": ""}"#] {
            assert_eq!(rows(Dataset::Deals, empty.as_bytes()), Some(Vec::new()), "{empty}");
        }
    }
}
