//! After a first sync, an unchanged hour, and an hour of work in the CRM, the tables match the account exactly.

use std::collections::{BTreeMap, BTreeSet};

use rstest::rstest;
use serde_json::Value;
use tetherboard_domain::{Dataset, RunStatus};
use tetherboard_simulator::{Config, ContactEdit, Edit, EventEdit, NoteEdit, Request};
use tetherboard_sync::RunReport;
use tetherboard_testkit::Kind;

use crate::world::{BETWEEN, Reports, World, assert_same};

pub(crate) const TABLES: [&str; 7] =
    ["leads", "pipeline_items", "stages", "lead_sources", "crm_users", "scheduled_activities", "notes"];

impl World {
    /// Compares the tables with the account, record by record and number by number.
    async fn assert_matches_account(&self) {
        let truth = self.crm.truth(0);
        assert_eq!(self.numbers().await, self.truth());
        let ids = |request: Request, field: &str| -> BTreeSet<String> {
            let id = |row: &Value| match &row[field] {
                Value::String(id) => id.clone(),
                other => other.to_string(),
            };
            self.crm.records(0, request).iter().map(id).collect()
        };
        assert_same(self.contacts().await, ids(Request::Contacts, "client_id"));
        for (table, request, field) in [
            ("pipeline_items", Request::Deals, "opportunity_id"),
            ("stages", Request::Stages, "sales_cycle_id"),
            ("lead_sources", Request::Sources, "lead_source_id"),
            ("crm_users", Request::Users, "user_id"),
        ] {
            assert_same(self.live_ids(table).await, ids(request, field));
        }
        let fees =
            self.query("SELECT CAST(COALESCE(SUM(fee_cents), 0) AS BIGINT) FROM pipeline_items WHERE gone_ms IS NULL").await;
        assert_eq!(fees[0].try_get_by_index::<i64>(0).unwrap(), truth.fees_cents);
        assert_same(self.shown_events().await, self.true_events().await);
        assert_same(self.shown_notes().await, self.true_notes().await);
        assert_eq!(self.notes().await.len(), truth.notes);
    }

    async fn live_ids(&self, table: &str) -> BTreeSet<String> {
        let rows = self.query(&format!("SELECT crm_id FROM {table} WHERE gone_ms IS NULL")).await;
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    pub(crate) async fn dumps(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mut dumps = BTreeMap::new();
        for table in TABLES {
            dumps.insert(table, self.dump(table).await);
        }
        dumps
    }
}

fn counts(report: &RunReport, dataset: Dataset) -> (i64, i64, i64) {
    let report = report.of(dataset);
    (report.added, report.changed, report.gone)
}

#[rstest]
#[tokio::test]
async fn the_tables_match_the_account_after_every_kind_of_hour(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(false, true)] hostile_text: bool,
) {
    let world = World::of(kind, Config { hostile_text, ..Config::plain(17, &[150]) }).await.reading_notes(1_000);
    let notes_are_plain = !hostile_text;
    // A first sync.
    world.good_run().await;
    if notes_are_plain {
        world.assert_matches_account().await;
    }
    assert_eq!((world.numbers().await, world.notes().await.len()), (world.truth(), world.crm.truth(0).notes));
    assert_eq!(world.count("stage_transitions").await, 0);

    // An hour in which nothing happened.
    let before = world.dumps().await;
    let report = world.good_run().await;
    for dataset in Dataset::ALL {
        assert_eq!(counts(&report, *dataset), (0, 0, 0), "{dataset}");
        assert_eq!(report.of(*dataset).unchanged, report.of(*dataset).read, "{dataset}");
    }
    let after = world.dumps().await;
    for table in TABLES.into_iter().filter(|table| *table != "leads") {
        assert_same(after[table].clone(), before[table].clone());
    }
    assert_same(without_reading(&after["leads"]), without_reading(&before["leads"]));
    assert_eq!(world.count("stage_transitions").await, 0);

    // An hour of work.
    world.later(15);
    let prospects: Vec<String> = world
        .crm
        .records(0, Request::Contacts)
        .iter()
        .filter(|row| row["contact_type"] == "1" && !row["clients_sales_cycle"].as_str().unwrap().contains("FA Sent"))
        .map(|row| row["client_id"].as_str().unwrap().to_owned())
        .collect();
    let moved: BTreeSet<String> = prospects.iter().step_by(6).take(20).cloned().collect();
    for contact in &moved {
        world.edit(Edit::MoveStage { client_id: contact.clone(), stage: "FA Sent".to_owned() });
    }
    let new: Vec<String> = (0..7)
        .map(|nth| world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Sent").worth(40_000 + nth))))
        .collect();
    let removed: Vec<String> = prospects.iter().filter(|id| !moved.contains(*id)).take(5).cloned().collect();
    removed.iter().for_each(|id| drop(world.edit(Edit::RemoveContact(id.clone()))));
    for nth in 0..9 {
        let on = prospects.iter().rev().nth(nth).filter(|id| !removed.contains(id)).unwrap_or(&new[0]);
        world.edit(Edit::AddNote(NoteEdit::on(on, "<p>Wants to hear more.</p>")));
    }
    world.edit(Edit::AddEvent(EventEdit::at(world.clock.now(), "Call").with_contact(&new[1])));

    let first = world.good_run().await;
    let second = world.good_run().await;
    assert_eq!(first.run.status, RunStatus::Succeeded);
    assert_eq!((counts(&first, Dataset::Contacts), counts(&second, Dataset::Contacts)), ((7, 20, 0), (0, 0, 5)));
    assert!(first.of(Dataset::Notes).added >= 9);
    if notes_are_plain {
        world.assert_matches_account().await;
    }
    assert_eq!((world.numbers().await, world.notes().await.len()), (world.truth(), world.crm.truth(0).notes));
    let moves = world.query("SELECT crm_id FROM stage_transitions WHERE subject = 'contacts'").await;
    assert_same(moves.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()), moved.clone());
    assert_eq!(moves.len(), 20);
    let of_deals = "SELECT d.contact_id FROM stage_transitions t JOIN pipeline_items d ON d.tenant_id = t.tenant_id \
                    AND d.crm_id = t.crm_id WHERE t.subject = 'deals'";
    for row in world.query(of_deals).await {
        let contact: Option<String> = row.try_get_by_index(0).unwrap();
        assert!(contact.as_ref().is_some_and(|contact| moved.contains(contact)), "a deal moves with its contact: {contact:?}");
    }
}

/// Leaves out when a contact's notes were last read, the only thing that an unchanged hour writes.
fn without_reading(leads: &[String]) -> Vec<String> {
    let at = leads[0].split(BETWEEN).position(|column| column == "notes_read_ms").unwrap();
    let cut = |line: &String| {
        line.split(BETWEEN)
            .enumerate()
            .filter(|(place, _)| *place != at)
            .map(|(_, cell)| cell.to_owned())
            .collect::<Vec<_>>()
            .join(BETWEEN)
    };
    leads.iter().map(cut).collect()
}
