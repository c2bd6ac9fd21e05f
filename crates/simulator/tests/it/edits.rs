//! Edits.

use serde_json::{Value, json};
use tetherboard_simulator::{Config, ContactEdit, DealEdit, Edit, EventEdit, NoteEdit, Request};

use crate::truth::count;
use crate::{Harness, at};

#[tokio::test]
async fn a_client_reads_what_edits_add() {
    let harness = Harness::with(Config::plain(1, &[3])).await;
    let simulator = &harness.simulator;
    let ada = ContactEdit::named("Ada Lovelace")
        .id("0007")
        .in_stage("FDD Sent")
        .from_source("Referral")
        .worth(90_000)
        .created(at("2026-11-16T06:30:00Z"))
        .with("city", "Denver");
    assert_eq!(simulator.edit(0, Edit::AddContact(ada)), "0007");
    let deal = simulator.edit(0, Edit::AddDeal(DealEdit::of("0007").worth(45_000).odds(95).closing("2026-12-01")));
    simulator.edit(0, Edit::AddNote(NoteEdit::on("0007", "<p>Called</p>").by("Dana Whitlock").of_type("Call Log")));
    simulator.edit(0, Edit::AddEvent(EventEdit::at(at("2026-11-20T16:00:00Z"), "Call").with_contact("0007").lasting(45)));

    let contact = &harness.get("read_client_list?limit=1").await.rows()[0];
    assert_eq!(
        fields(contact, ["client_id", "firstName", "clients_sales_cycle", "deal_size", "created", "city"]),
        ["0007", "Ada", "FDD Sent", "90000", "2026-11-16 01:30:00", "Denver"]
    );
    let row = &harness.get("read_opportunity_list?limit=1").await.rows()[0];
    assert_eq!(
        fields(row, ["opportunity_id", "client_id", "lastName", "contact_sales_cycle", "likelihood_to_close", "close_date"]),
        [&deal, "0007", "Lovelace", "FDD Sent", "95", "2026-12-01"]
    );
    let note = &harness.get("read_client_history_notes/0007").await.rows()[0];
    assert_eq!(
        fields(note, ["client_id", "note", "created_by", "note_type", "created"]),
        ["0007", "<p>Called</p>", "Dana Whitlock", "Call Log", "2026-11-19 11:30:00"]
    );
    let event = harness.client(0).read_all("read_all_events").await.pop().unwrap();
    assert_eq!(
        fields(&event, ["client_id", "title", "firstName", "start_date", "end_date"]),
        ["0007", "Call", "Ada", "2026-11-20 11:00:00", "2026-11-20 11:45:00"]
    );
}

#[tokio::test]
async fn a_note_can_be_edited_and_can_share_its_id_with_another_contacts_note() {
    let harness = Harness::with(Config::plain(1, &[3])).await;
    for name in ["Ada Ash", "Bo Birch"] {
        let contact = harness.simulator.edit(0, Edit::AddContact(ContactEdit::named(name)));
        let note = NoteEdit::on(&contact, "First").id("5").by("Dana Whitlock").with("client_id", "");
        assert_eq!(harness.simulator.edit(0, Edit::AddNote(note)), "5");
    }
    let records = harness.simulator.records(0, Request::Notes);
    let [.., one, other] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((one, &one["note"]), (other, &json!("First")));

    let contact = harness.get("read_client_list?limit=1").await.ids()[0].clone();
    let of = |note_id: &str| (contact.clone(), note_id.to_owned());
    let (client_id, note_id) = of("5");
    harness.simulator.edit(0, Edit::SetNote { client_id, note_id, field: "note", value: "Second".into() });
    let (client_id, note_id) = of("5");
    harness.simulator.edit(0, Edit::UnsetNote { client_id, note_id, field: "created_by" });
    let note = &harness.get(&format!("read_client_history_notes/{contact}")).await.rows()[0];
    assert_eq!((&note["note"], note.get("created_by")), (&json!("Second"), None));
    let (client_id, note_id) = of("5");
    harness.simulator.edit(0, Edit::RemoveNote { client_id, note_id });
    assert_eq!(harness.simulator.records(0, Request::Notes), records[..records.len() - 1]);
}

#[tokio::test]
async fn a_candidate_moved_by_an_edit_stays_in_that_stage() {
    let harness = Harness::with(Config::demo()).await;
    let client_id = harness.get("read_client_list?limit=1").await.ids()[0].clone();
    harness.clock.set(at("2026-11-20T15:00:00Z"));
    harness.simulator.edit(0, Edit::MoveStage { client_id: client_id.clone(), stage: "FA Sent".into() });
    harness.clock.set(at("2027-03-01T15:00:00Z"));
    let rows = harness.client(0).read_all("read_client_list").await;
    let moved = rows.iter().find(|row| row["client_id"] == client_id.as_str()).unwrap();
    assert_eq!(fields(moved, ["clients_sales_cycle", "last_modified_date"]), ["FA Sent", "2026-11-20 09:00:00"]);
}

#[tokio::test]
async fn truth_includes_edits() {
    let harness = Harness::with(Config::plain(9, &[60])).await;
    let simulator = &harness.simulator;
    let ids = harness.get("read_client_list").await.ids();
    let set = |id: usize, field: &'static str, value: Value| {
        simulator.edit(0, Edit::SetContact { client_id: ids[id].clone(), field, value });
    };
    set(0, "clients_sales_cycle", json!("  fdd SENT "));
    set(1, "clients_sales_cycle", json!("Nowhere Land"));
    set(2, "created", json!("0000-00-00 00:00:00"));
    set(3, "contact_type", json!("2"));
    set(4, "clients_lead_source", Value::Null);
    simulator.edit(0, Edit::RemoveContact(ids[5].clone()));
    simulator.edit(0, Edit::RenameStage { from: "QR Sent".into(), to: "Questionnaire Sent".into() });
    simulator.edit(0, Edit::AddSource("Radio".into()));
    simulator.edit(0, Edit::AddDeal(DealEdit::unlinked("Lost and found").worth(1_000)));
    let stages = harness.get("read_sales_cycle_list").await.rows();
    let outbound = stages.iter().find(|stage| stage["sales_cycle_name"] == "Outbound Call").unwrap();
    let sales_cycle_id = outbound["sales_cycle_id"].as_str().unwrap().to_owned();
    simulator.edit(0, Edit::SetStage { sales_cycle_id, field: "sales_cycle_active_status", value: json!("0") });

    let truth = simulator.truth(0);
    assert_eq!(truth, count(&harness, 0).await);
    assert_eq!((truth.contacts, truth.sources, truth.by_stage["Nowhere Land"]), (59, 18, 1));
    assert!(truth.by_stage.contains_key("Questionnaire Sent") && !truth.by_stage.contains_key("QR Sent"));
}

#[tokio::test]
async fn a_field_can_be_removed_or_hold_any_type() {
    let harness = Harness::with(Config::plain(9, &[2])).await;
    let client_id = harness.get("read_client_list").await.ids()[0].clone();
    harness.simulator.edit(0, Edit::UnsetContact { client_id: client_id.clone(), field: "email" });
    let value = json!({"nested": [1, 2]});
    harness.simulator.edit(0, Edit::SetContact { client_id, field: "clients_sales_cycle", value: value.clone() });
    let row = &harness.get("read_client_list").await.rows()[0];
    assert!(row.get("email").is_none());
    assert_eq!(row["clients_sales_cycle"], value);
    assert_eq!(harness.simulator.truth(0).by_stage["null"], 1);
}

fn fields<'a, const N: usize>(row: &'a Value, names: [&str; N]) -> [&'a str; N] {
    names.map(|name| row[name].as_str().unwrap_or("absent"))
}
