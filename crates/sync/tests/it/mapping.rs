//! Accounts with other field names: the agency's mapping applies from the next run or a replay.

use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_domain::{Dataset, EpochMs};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, Fault, NoteEdit, Request};
use tetherboard_store::field_rules;
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

/// How a changed rule is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApplyMapping {
    Run,
    Replay,
}

impl World {
    pub(crate) async fn map(&self, dataset: Dataset, field: &str, rule: Value) {
        let rule = rule.to_string();
        field_rules::set(self.db.store.conn(), self.id, dataset, field, Some(&rule)).await.unwrap();
    }

    pub(crate) async fn apply_mapping(&self, method: ApplyMapping) {
        match method {
            ApplyMapping::Run => drop(self.good_run().await),
            ApplyMapping::Replay => drop(self.replay(None).await),
        }
    }

    /// One column of a contact, as text.
    pub(crate) async fn column(&self, table: &str, id: &str, column: &str) -> Option<String> {
        let text = format!("SELECT CAST({column} AS TEXT) FROM {table} WHERE crm_id = '{id}' AND gone_ms IS NULL");
        self.query(&text).await.first().and_then(|row| row.try_get_by_index(0).unwrap())
    }

    /// Ten contacts in two stages, with stage, fee, creation date, units, and market under the account's own keys.
    fn elsewhere(&self) -> Vec<String> {
        (0..10)
            .map(|nth| {
                let stage = if nth % 2 == 0 { "QR Sent" } else { "FDD Sent" };
                let custom = json!([{"name": "Units", "value": format!("{}", nth + 1)}, {"name": "Fee", "value": "$45,000.00"}]);
                let contact = ContactEdit::named("Ada Ash")
                    .id(format!("{}", 100 + nth))
                    .with("created", "")
                    .with("pipeline_stage", stage)
                    .with("custom_fields", custom)
                    .with("region", json!({"in/out": "Nevada North"}))
                    .with("date_added", "11/16/2026 09:30 AM");
                self.edit(Edit::AddContact(contact))
            })
            .collect()
    }

    async fn map_elsewhere(&self) {
        self.map(Dataset::Contacts, "stage", json!({"places": ["/clients_sales_cycle", "/pipeline_stage"]})).await;
        self.map(Dataset::Contacts, "fee", json!({"places": ["/deal_size", "/custom_fields/1/value"]})).await;
        self.map(Dataset::Contacts, "units", json!({"places": ["/custom_fields/0/value"]})).await;
        self.map(Dataset::Contacts, "market", json!({"places": ["/region/in~1out"]})).await;
        let created = json!({"places": ["/created", "/date_added"], "forms": ["%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M %p"]});
        self.map(Dataset::Contacts, "created", created).await;
    }
}

#[rstest]
#[tokio::test]
async fn fields_in_other_places_are_found_once_the_agency_maps_them(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(ApplyMapping::Run, ApplyMapping::Replay)] method: ApplyMapping,
) {
    let world = World::with_contacts(kind, 12).await.reading_notes(1_000);
    let ids = world.elsewhere();
    world.good_run().await;
    let before = world.contact(&ids[1]).await.unwrap();
    assert_eq!((before.stage.as_deref(), before.fee_cents, before.created_ms), (Some(""), None, None));
    let (coverage, undated) = (world.coverage().await, world.numbers().await.undated);

    world.map_elsewhere().await;
    world.apply_mapping(method).await;
    let after = world.contact(&ids[1]).await.unwrap();
    let created = EpochMs::from("2026-11-16T14:30:00Z".parse::<jiff::Timestamp>().unwrap());
    assert_eq!((after.stage.as_deref(), after.fee_cents, after.created_ms), (Some("FDD Sent"), Some(4_500_000), Some(created)));
    assert_eq!(after.market, "Nevada North");
    assert_eq!(world.column("leads", &ids[1], "units").await.as_deref(), Some("2"));
    let numbers = world.numbers().await;
    assert_eq!(numbers.undated, undated - 10);
    assert!(numbers.by_stage["FDD Sent"] >= 5);

    // The new mapping is not a move or a change of a fee, and no reason to read all notes again.
    assert_eq!((world.count("stage_transitions").await, world.count("value_changes").await), (0, 0));
    assert_eq!(world.coverage().await, coverage);
    assert_eq!(after.first_seen_ms, before.first_seen_ms);

    // Later changes in the CRM are moves and value changes.
    world.edit(Edit::SetContact { client_id: ids[1].clone(), field: "pipeline_stage", value: "FA Sent".into() });
    world.edit(Edit::SetContact { client_id: ids[1].clone(), field: "deal_size", value: "50000".into() });
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Contacts).changed, 1, "nothing else is normalised again");
    let moves = world.moves_of(&ids[1]).await;
    let [moved] = moves.as_slice() else { panic!("{moves:?}") };
    assert_eq!((moved.from.as_deref(), moved.to.as_deref()), (Some("fdd sent"), Some("fa sent")));
    assert_eq!(world.count("value_changes").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_contact_that_moves_in_the_same_hour_as_a_new_rule_moves_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 12).await;
    let ids = world.elsewhere();
    world.good_run().await;
    world.map_elsewhere().await;
    world.edit(Edit::SetContact { client_id: ids[0].clone(), field: "pipeline_stage", value: "FA Sent".into() });
    world.good_run().await;
    let moves = world.moves_of(&ids[0]).await;
    let [moved] = moves.as_slice() else { panic!("{moves:?}") };
    assert_eq!((moved.from.as_deref(), moved.to.as_deref()), (Some("qr sent"), Some("fa sent")));
    assert_eq!((world.count("stage_transitions").await, world.count("value_changes").await), (1, 0));
}

#[rstest]
#[tokio::test]
async fn returning_to_the_built_in_mapping_restores_the_old_values(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(ApplyMapping::Run, ApplyMapping::Replay)] method: ApplyMapping,
) {
    let world = World::with_contacts(kind, 0).await;
    for nth in 0..8 {
        let row = ContactEdit::named("Ada Ash").id(format!("{nth}")).in_stage("QR Sent").worth(40_000);
        world.edit(Edit::AddContact(row.with("other_stage", "FA Sent").with("other_fee", "7")));
    }
    world.good_run().await;
    let before = world.dumps().await;
    for (field, place) in [("stage", "/other_stage"), ("fee", "/other_fee")] {
        world.map(Dataset::Contacts, field, json!({"places": [place]})).await;
    }
    world.apply_mapping(method).await;
    let contact = world.contact("3").await.unwrap();
    assert_eq!((contact.stage.as_deref(), contact.fee_cents), (Some("FA Sent"), Some(700)));
    let conn = world.db.store.conn();
    for field in ["stage", "fee"] {
        field_rules::set(conn, world.id, Dataset::Contacts, field, None).await.unwrap();
    }
    world.apply_mapping(method).await;
    let version = |line: &String| {
        let mut cells: Vec<&str> = line.split(crate::world::BETWEEN).collect();
        cells.remove(3);
        cells.join(" ")
    };
    let after = world.dumps().await;
    crate::world::assert_same(after["leads"].iter().map(version), before["leads"].iter().map(version));
    assert_eq!((world.count("stage_transitions").await, world.count("value_changes").await), (0, 0));
}

#[rstest]
#[tokio::test]
async fn ids_can_have_another_key(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    for nth in 0..130 {
        let contact = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").with("guid", format!("A{nth}"))));
        world.edit(Edit::UnsetContact { client_id: contact, field: "client_id" });
    }
    world.map(Dataset::Contacts, "client_id", json!({"places": ["/guid"]})).await;
    let report = world.good_run().await;
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.added, contacts.set_aside, world.numbers().await.total), (130, 0, 130));
    assert!(world.contact("A129").await.is_some());
    assert_eq!(world.good_run().await.of(Dataset::Contacts).unchanged, 130);
}

#[rstest]
#[tokio::test]
async fn deals_and_notes_have_their_own_rules(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(ApplyMapping::Run, ApplyMapping::Replay)] method: ApplyMapping,
) {
    let world = World::with_contacts(kind, 0).await.reading_notes(1_000);
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let deal = DealEdit::of(&ada).id("5501").with("franchise_fee", "48000").with("closing", "31.01.2027");
    world.edit(Edit::AddDeal(deal));
    world.edit(Edit::AddNote(NoteEdit::on(&ada, "").with("comment", "<p>Hello</p>").with("kind", "Visit")));
    world.good_run().await;
    world.map(Dataset::Deals, "fee", json!({"places": ["/franchise_fee"]})).await;
    world.map(Dataset::Deals, "close_date", json!({"places": ["/closing"], "forms": ["%d.%m.%Y"]})).await;
    world.map(Dataset::Notes, "html", json!({"places": ["/comment", "/note"]})).await;
    world.map(Dataset::Notes, "note_type", json!({"places": ["/kind"]})).await;
    world.apply_mapping(method).await;
    assert_eq!(world.column("pipeline_items", "5501", "fee_cents").await.as_deref(), Some("4800000"));
    assert_eq!(world.column("pipeline_items", "5501", "close_date").await.as_deref(), Some("2027-01-31"));
    let notes = world.notes().await;
    assert_eq!((notes[0].body.as_str(), notes[0].kind.as_str()), ("Hello", "Visit"));
    assert_eq!(world.count("value_changes").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_date_can_have_another_format_and_time_zone(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    for (id, created) in [("1", json!("16/11/2026 09:30")), ("2", json!("2026-11-16T09:30:00+0200")), ("3", json!(1_794_826_200))]
    {
        world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").id(id).with("created", created)));
    }
    world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").id("4").with("created", "last Monday")));
    let forms = json!(["%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z", "%s"]);
    world.map(Dataset::Contacts, "created", json!({"places": ["/created"], "forms": forms, "zone": "America/Phoenix"})).await;
    world.good_run().await;
    let at = |text: &str| Some(EpochMs::from(text.parse::<jiff::Timestamp>().unwrap()));
    for (id, created_ms) in [
        ("1", at("2026-11-16T16:30:00Z")),
        ("2", at("2026-11-16T07:30:00Z")),
        ("3", Some(EpochMs(1_794_826_200_000))),
        ("4", None),
    ] {
        assert_eq!(world.contact(id).await.unwrap().created_ms, created_ms, "{id}");
    }
}

#[rstest]
#[case::no_json("places: /city")]
#[case::no_place(r#"{"places": ["city"]}"#)]
#[case::no_zone(r#"{"places": ["/created"], "zone": "Mars/Olympus"}"#)]
#[case::newer_than_this_version(r#"{"places": ["/created"], "regex": "x"}"#)]
#[tokio::test]
async fn an_unsupported_rule_is_ignored(#[case] rule: &str, #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 8).await;
    let conn = world.db.store.conn();
    field_rules::set(conn, world.id, Dataset::Contacts, "created", Some(rule)).await.unwrap();
    field_rules::set(conn, world.id, Dataset::Contacts, "no_such_field", Some(r#"{"places": []}"#)).await.unwrap();
    world.map(Dataset::Contacts, "units", json!({"places": ["/number_of_units"]})).await;
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    let units = world.query("SELECT crm_id FROM leads WHERE units <> ''").await;
    assert!(!units.is_empty(), "the rules beside it count");
}

#[rstest]
#[tokio::test]
async fn a_field_that_the_agency_maps_to_nothing_is_blank(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(ApplyMapping::Run, ApplyMapping::Replay)] method: ApplyMapping,
) {
    let world = World::with_contacts(kind, 20).await;
    world.good_run().await;
    world.map(Dataset::Contacts, "phone", json!({"places": []})).await;
    world.apply_mapping(method).await;
    assert_eq!(world.query("SELECT crm_id FROM leads WHERE phone <> ''").await.len(), 0);
    assert_eq!(field_rules::vanished(world.db.store.conn(), world.id).await.unwrap(), []);
}

#[rstest]
#[tokio::test]
async fn a_rule_set_while_the_crm_is_down_applies_when_it_is_back(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 12).await;
    let ids = world.elsewhere();
    world.good_run().await;
    world.map_elsewhere().await;
    world.fault(Request::Contacts, Fault::Status(404));
    world.run().await;
    assert_eq!(world.contact(&ids[0]).await.unwrap().fee_cents, None);
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.contact(&ids[0]).await.unwrap().fee_cents, Some(4_500_000));
    assert_eq!(world.count("stage_transitions").await, 0);
}
