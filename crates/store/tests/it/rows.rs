//! Builders for records as a sync run writes them, with defaults for what a test does not set.

use tetherboard_domain::{EpochMs, Money, TenantId, Window};
use tetherboard_store::deals::{self, DealRecord};
use tetherboard_store::leads::{self, LeadRecord, ListRef};
use tetherboard_store::notes::NoteRecord;
use tetherboard_store::records::RecordMeta;
use tetherboard_store::schedule::ActivityRecord;
use tetherboard_testkit::{Kind, TestDatabase, fresh, tenant};

/// 2026-06-01T00:00:00Z, a Monday.
pub(crate) const NOW_MS: EpochMs = EpochMs(1_780_272_000_000);

/// A database with one brand in it.
pub(crate) async fn harbor(kind: Kind) -> (TestDatabase, TenantId) {
    let db = fresh(kind).await;
    let harbor = tenant(&db.store, "harbor", "America/Chicago").await.id;
    (db, harbor)
}

pub(crate) fn meta(crm_id: &str, row_no: i64) -> RecordMeta {
    RecordMeta { crm_id: crm_id.to_owned(), row_no, mapping_version: 1, changed_ms: NOW_MS, modified_ms: None, filled: 0 }
}

/// A prospect in "New Lead" from source "Web".
pub(crate) fn lead(name: &str) -> LeadRecord {
    LeadRecord {
        name: name.to_owned(),
        company: String::new(),
        email: String::new(),
        phone: String::new(),
        market: String::new(),
        units: String::new(),
        whiteboard: String::new(),
        owner: String::new(),
        link_key: Some(name.to_lowercase()),
        contact_type: Some(1),
        source: Some("Web".to_owned()),
        source_ref: ListRef::default(),
        stage: Some("New Lead".to_owned()),
        stage_ref: ListRef::default(),
        stage_since_ms: NOW_MS,
        stage_since_exact: false,
        fee: None,
        fee_flagged: false,
        created_ms: Some(NOW_MS),
    }
}

/// A deal in "FDD Sent" worth $50,000, not linked to a contact.
pub(crate) fn deal(title: &str) -> DealRecord {
    DealRecord {
        client_id: None,
        title: title.to_owned(),
        name: String::new(),
        link_key: None,
        contact_type: None,
        stage: Some("FDD Sent".to_owned()),
        stage_ref: ListRef::default(),
        stage_since_ms: NOW_MS,
        stage_since_exact: false,
        fee: Some(Money(5_000_000)),
        fee_flagged: false,
        odds: None,
        close_date: None,
        owner: String::new(),
        created_ms: None,
    }
}

/// A note of a call.
pub(crate) fn note(client_id: &str, note_id: &str, body: &str) -> (RecordMeta, NoteRecord) {
    let note = NoteRecord {
        note_id: note_id.to_owned(),
        client_id: client_id.into(),
        kind: "Call".to_owned(),
        author: "Uma".to_owned(),
        html: format!("<p>{body}</p>"),
        body: body.to_owned(),
        created_ms: Some(NOW_MS),
    };
    (meta(&format!("{client_id}/{note_id}"), 1), note)
}

/// A one-hour appointment without a contact.
pub(crate) fn activity(title: &str) -> ActivityRecord {
    ActivityRecord {
        client_id: None,
        name: "Somebody".to_owned(),
        kind: "Call".to_owned(),
        title: title.to_owned(),
        description: String::new(),
        place: String::new(),
        owner: String::new(),
        status: String::new(),
        cancelled: false,
        all_day: false,
        starts_ms: Some(NOW_MS),
        ends_ms: Some(NOW_MS + 3_600_000),
        moved_from_ms: None,
    }
}

/// Writes contacts, each with its CRM ID.
pub(crate) async fn put_leads<const N: usize>(db: &TestDatabase, tenant: TenantId, found: [(&str, LeadRecord); N]) {
    let found = found.map(|(id, lead)| (meta(id, 1), lead));
    leads::put(db.store.conn(), tenant, &found, &[]).await.unwrap();
}

/// Writes deals, each with its CRM ID.
pub(crate) async fn put_deals<const N: usize>(db: &TestDatabase, tenant: TenantId, found: [(&str, DealRecord); N]) {
    let found = found.map(|(id, deal)| (meta(id, 1), deal));
    deals::put(db.store.conn(), tenant, &found, &[]).await.unwrap();
}

pub(crate) fn window(from_ms: EpochMs, until_ms: EpochMs) -> Window {
    Window { from: from_ms.timestamp().unwrap(), until: until_ms.timestamp().unwrap() }
}
