//! Writes 100,000 notes for the synced contacts. They go through the same code as a run, but not through the CRM, which would
//! take one call per contact.

use std::time::Instant;

use tetherboard_domain::{Clock, ContactId, EpochMs};
use tetherboard_store::Store;
use tetherboard_store::notes::{self, NoteRecord};
use tetherboard_store::records::RecordMeta;
use tetherboard_store::tenants::{self, Tenant};

const NOTES: usize = 100_000;

const WORDS: [&str; 24] = [
    "called",
    "about",
    "the",
    "territory",
    "lender",
    "asked",
    "for",
    "item",
    "partner",
    "lease",
    "visit",
    "opening",
    "second",
    "unit",
    "budget",
    "franchise",
    "family",
    "weekend",
    "market",
    "review",
    "signed",
    "plan",
    "store",
    "owner",
];

/// Writes the notes and prints how long it took.
pub(crate) async fn write(store: &Store, tenant: &Tenant) -> anyhow::Result<()> {
    let mut contacts = Vec::new();
    notes::each_contact(store.conn(), tenant.id, |crm_id, _| contacts.push(crm_id)).await?;
    anyhow::ensure!(!contacts.is_empty(), "there is no contact to write notes for");
    let (started, now_ms) = (Instant::now(), Clock::system().now_ms());
    let tx = store.begin().await?;
    for part in (0..NOTES).collect::<Vec<_>>().chunks(5_000) {
        let records: Vec<_> = part.iter().map(|no| note(*no, &contacts[no * 7 % contacts.len()], now_ms)).collect();
        notes::put(&tx, tenant.id, &records, &[]).await?;
    }
    tenants::publish(&tx, tenant.id).await?;
    Store::commit(tx).await?;
    println!("{NOTES} notes written and indexed in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn note(no: usize, client_id: &ContactId, now_ms: EpochMs) -> (RecordMeta, NoteRecord) {
    let mut words: Vec<&str> = (0..40).map(|at| WORDS[(no * 31 + at * 17 + no / 24 * at) % WORDS.len()]).collect();
    words.push("the fee of");
    if no.is_multiple_of(1_000) {
        words.push("financing");
    }
    let body = words.join(" ");
    let id = no as i64;
    let note = NoteRecord {
        note_id: no.to_string(),
        client_id: client_id.clone(),
        kind: ["Call", "Email", "Note", "Meeting", "Text"][no % 5].to_owned(),
        author: ["Dana", "Owen", "Ruth", "Sam"][no / 5 % 4].to_owned(),
        html: format!("<p>{body}</p>"),
        body,
        created_ms: Some(now_ms - id * 300_000),
    };
    let crm_id = format!("{client_id}/{no}");
    (RecordMeta { crm_id, row_no: 1 << 40 | id, mapping_version: 1, changed_ms: now_ms, modified_ms: None, filled: 0 }, note)
}
