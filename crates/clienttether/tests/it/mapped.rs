use std::sync::Arc;

use jiff::civil::date;
use tetherboard_clienttether::{Budgets, Client, ClientConfig, ReadContacts, ReadEvents, ReadNotes};
use tetherboard_crm_records::{FieldRule, Mapping};
use tetherboard_domain::{Clock, Dataset};

use crate::crm::{Call, Crm, Reply, ids, quick, read_all};

/// A page of a list of 250 rows whose ID only a mapping can find.
fn page(call: &Call) -> String {
    let rows = (call.offset..(call.offset + call.limit).min(250))
        .map(|n| n + 1)
        .map(|n| format!(r#"{{"client_id":"same","key":{{"no":{n}}}}}"#));
    format!(r#"{{"ResultCode":"CT_200","data":[{}]}}"#, rows.collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn rows_are_distinguished_by_the_id_that_the_mapping_names() {
    let crm = Crm::start(|call| Reply::Json(page(call))).await;
    let (_, outcome) = read_all(&crm.client(quick()), ReadContacts::new()).await;
    assert_eq!(outcome.distinct, 1, "by default, all rows have the same ID");

    let mut mapping = Mapping::default();
    mapping.set(Dataset::Contacts, "client_id", FieldRule::at(["/key/id", "/key/no"])).unwrap();
    let config = ClientConfig { mapping: Arc::new(mapping), ..crm.config(quick()) };
    let client = Client::new(config, &Budgets::new(4, 10_000), Clock::system()).unwrap();
    let (pages, outcome) = read_all(&client, ReadContacts::new()).await;
    assert_eq!(ids(&pages), (1..=250).collect::<Vec<_>>());
    assert_eq!((outcome.distinct, outcome.complete), (250, true));
}

#[tokio::test]
async fn notes_and_events_are_read_page_by_page() {
    let crm = Crm::start(|call| {
        let key = if call.path.contains("notes") { "note_id" } else { "event_id" };
        let rows = (call.offset..(call.offset + call.limit).min(130)).map(|n| format!(r#"{{"{key}":"{n}"}}"#));
        Reply::Json(format!(r#"{{"ResultCode":"CT_200","TotalRecord":130,"data":[{}]}}"#, rows.collect::<Vec<_>>().join(",")))
    })
    .await;
    let client = crm.client(quick());
    let (notes, outcome) = read_all(&client, ReadNotes::for_contact("10/7")).await;
    assert_eq!((ids(&notes).len(), outcome.complete), (130, true));
    assert_eq!(crm.calls()[0].path, "/v2/api/read_client_history_notes/10%2F7?limit=100&offset=0");

    let before = crm.calls().len();
    let week = ReadEvents::between(date(2026, 11, 16).at(0, 0, 0, 0), date(2026, 11, 22).at(23, 59, 59, 0));
    let (events, outcome) = read_all(&client, week).await;
    assert_eq!((ids(&events).len(), outcome.complete), (130, true));
    let path = "/v2/api/read_all_events?from_date=2026-11-16%2000%3A00%3A00&end_date=2026-11-22%2023%3A59%3A59";
    assert_eq!(crm.calls()[before].path, format!("{path}&event_type=appt&limit=100&offset=0"));
}
