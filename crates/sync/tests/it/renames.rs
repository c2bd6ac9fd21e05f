//! Stages and sources keep their identity when their names change in the CRM.

use rstest::rstest;
use tetherboard_domain::{Dataset, EpochMs, Milestone, Role, RunStatus, StageKey};
use tetherboard_metrics::{Board, History, pipeline_at};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, Fault, Request};
use tetherboard_store::{lookups, stage_roles};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

impl World {
    /// The ID of a stage in the CRM's list.
    async fn stage_id(&self, name: &str) -> String {
        let stages = lookups::stages(self.db.store.conn(), self.id).await.unwrap();
        stages.into_iter().find(|stage| stage.name == name).unwrap_or_else(|| panic!("{name}")).crm_id
    }

    /// Adds contacts in a stage.
    fn add_in(&self, stage: &str, contacts: usize) -> Vec<String> {
        (0..contacts).map(|_| self.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage(stage).worth(10_000)))).collect()
    }

    /// Renames a stage in the list only: contacts keep its old name.
    async fn rename_in_list(&self, id: &str, name: &str) {
        self.edit(Edit::SetStage { sales_cycle_id: id.to_owned(), field: "sales_cycle_name", value: name.into() });
    }

    async fn board(&self) -> Board {
        Board::load(self.db.store.conn(), self.id).await.unwrap()
    }

    /// The confirmed role of the stage with a name.
    async fn role(&self, name: &str) -> Option<Role> {
        let board = self.board().await;
        board.role(&board.place_named(name)).confirmed()
    }

    async fn confirm(&self, name: &str, role: Role) {
        stage_roles::confirm(self.db.store.conn(), self.id, &StageKey::of(name), role, EpochMs(1)).await.unwrap();
    }

    /// The name and start of the stage of a contact.
    async fn stage_of(&self, contact: &str) -> (String, EpochMs) {
        let contact = self.contact(contact).await.unwrap();
        (contact.stage.unwrap(), contact.stage_since_ms)
    }

    /// How many moves from one stage to another are recorded.
    async fn moves(&self) -> i64 {
        self.count("stage_transitions WHERE NOT renamed").await
    }

    /// How many contacts are in the stage with a name.
    async fn count_in(&self, name: &str) -> i64 {
        self.numbers().await.by_stage.get(name).copied().unwrap_or(0)
    }
}

#[rstest]
#[tokio::test]
async fn a_renamed_stage_keeps_its_people_role_and_milestone(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 30).await;
    let people = world.add_in("FDD Signed", 30);
    world.edit(Edit::AddDeal(DealEdit::of(&people[0]).worth(90_000)));
    world.good_run().await;
    world.confirm("FDD Signed", Role::Qualified).await;
    let milestone = Some(Milestone::FddReceipt);
    stage_roles::confirm_milestone(world.db.store.conn(), world.id, &StageKey::of("FDD Signed"), milestone, EpochMs(1))
        .await
        .unwrap();
    let (before, count) = (world.stage_of(&people[0]).await, world.count_in("FDD Signed").await);

    world.edit(Edit::RenameStage { from: "FDD Signed".to_owned(), to: "FDD Receipt Signed".to_owned() });
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Stages).notices, ["The stage “FDD Signed” is now called “FDD Receipt Signed”."]);
    assert_eq!(world.moves().await, 0);
    assert_eq!(world.stage_of(&people[0]).await, ("FDD Receipt Signed".to_owned(), before.1));
    assert_eq!((world.count_in("FDD Signed").await, world.count_in("FDD Receipt Signed").await), (0, count));
    for name in ["FDD Receipt Signed", "FDD Signed"] {
        assert_eq!(world.role(name).await, Some(Role::Qualified), "{name}");
    }
    let board = world.board().await;
    assert_eq!(board.stage(&board.place_named("FDD Receipt Signed")).unwrap().milestone.likely(), milestone);
    assert_eq!(world.numbers().await, world.truth());
    assert!(world.good_run().await.datasets.iter().all(|report| report.notices.is_empty()));
}

#[rstest]
#[tokio::test]
async fn contacts_that_still_carry_earlier_names_are_in_the_stage(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let people = world.add_in("FDD Signed", 3);
    world.good_run().await;
    let id = world.stage_id("FDD Signed").await;
    for (name, carried) in [("FDD Receipt", None), ("FDD Receipt Signed", Some("FDD Receipt")), ("  fdd RECEIPT signed ", None)] {
        world.rename_in_list(&id, name).await;
        if let Some(stage) = carried {
            world.edit(Edit::MoveStage { client_id: people[0].clone(), stage: stage.to_owned() });
        }
        let later = world.add_in("FDD Signed", 1);
        world.good_run().await;
        assert_eq!(world.stage_of(&later[0]).await.0, name.trim(), "a new contact with the first name");
    }
    assert_eq!(world.count_in("fdd RECEIPT signed").await, 6);
    assert_eq!(world.moves().await, 0);
    assert_eq!(world.board().await.label(&world.board().await.place_named("FDD Receipt")), Some("fdd RECEIPT signed"));
}

#[rstest]
#[tokio::test]
async fn a_new_name_that_comes_before_the_list_is_not_a_move(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let people = world.add_in("QR Sent", 3);
    world.good_run().await;
    world.edit(Edit::MoveStage { client_id: people[0].clone(), stage: "FDD Signed".to_owned() });
    world.good_run().await;
    world.edit(Edit::RenameStage { from: "FDD Signed".to_owned(), to: "FDD Receipt".to_owned() });
    world.edit(Edit::RenameStage { from: "QR Sent".to_owned(), to: "Questionnaire".to_owned() });
    let before = [world.stage_of(&people[0]).await.1, world.stage_of(&people[1]).await.1];

    world.fault(Request::Stages, Fault::Status(500));
    assert_eq!(world.run().await.run.status, RunStatus::Partial);
    assert_eq!(world.stage_of(&people[0]).await.0, "FDD Receipt", "unlisted until the list comes");
    world.crm.heal(0);
    world.good_run().await;

    let moves = world.moves_of(&people[0]).await;
    let [moved] = moves.as_slice() else { panic!("{moves:?}") };
    assert_eq!((moved.from.as_deref(), moved.to.as_deref()), (Some("questionnaire"), Some("fdd receipt")));
    assert_eq!(world.moves().await, 1);
    assert_eq!([world.stage_of(&people[0]).await.1, world.stage_of(&people[1]).await.1], before);
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[case::at_once(true, false)]
#[case::in_the_list_only(false, false)]
#[case::before_the_list_was_read(true, true)]
#[tokio::test]
async fn two_stages_that_swap_names_keep_their_people(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[case] carried: bool,
    #[case] late: bool,
) {
    let world = World::with_contacts(kind, 0).await;
    let (first, second) = (world.add_in("QR Sent", 3), world.add_in("FDD Signed", 2));
    world.good_run().await;
    world.confirm("QR Sent", Role::Working).await;
    world.confirm("FDD Signed", Role::Qualified).await;
    let ids = [world.stage_id("QR Sent").await, world.stage_id("FDD Signed").await];
    let before = world.stage_of(&first[0]).await;
    if carried {
        world.edit(Edit::SwapStages { first: "QR Sent".to_owned(), second: "FDD Signed".to_owned() });
    } else {
        world.rename_in_list(&ids[0], "FDD Signed").await;
        world.rename_in_list(&ids[1], "QR Sent").await;
    }
    if late {
        world.fault(Request::Stages, Fault::Status(500));
        world.run().await;
        world.crm.heal(0);
    }
    assert_eq!(world.good_run().await.of(Dataset::Stages).notices.len(), 2);
    assert_eq!(world.moves().await, 0);
    assert_eq!(world.stage_of(&first[0]).await, ("FDD Signed".to_owned(), before.1));
    assert_eq!(world.stage_of(&second[0]).await.0, "QR Sent");
    assert_eq!((world.count_in("FDD Signed").await, world.count_in("QR Sent").await), (3, 2));
    assert_eq!((world.role("FDD Signed").await, world.role("QR Sent").await), (Some(Role::Working), Some(Role::Qualified)));
    // Another change of a row that still has the old name moves nobody.
    world.edit(Edit::SetContact { client_id: first[0].clone(), field: "city", value: "Reno".into() });
    world.good_run().await;
    assert_eq!((world.stage_of(&first[0]).await.0.as_str(), world.moves().await), ("FDD Signed", 0));
}

#[rstest]
#[tokio::test]
async fn names_that_are_swapped_step_by_step_keep_their_people(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let (first, second) = (world.add_in("QR Sent", 3), world.add_in("FDD Signed", 2));
    world.good_run().await;
    let ids = [world.stage_id("QR Sent").await, world.stage_id("FDD Signed").await];
    // For one run, both stages have one name.
    for (id, name) in [(&ids[0], "FDD Signed"), (&ids[1], "QR Sent")] {
        world.rename_in_list(id, name).await;
        world.good_run().await;
    }
    assert_eq!(world.stage_of(&first[0]).await.0, "FDD Signed");
    assert_eq!(world.stage_of(&second[0]).await.0, "QR Sent");
    assert_eq!((world.count_in("FDD Signed").await, world.moves().await), (3, 0));
}

#[rstest]
#[tokio::test]
async fn a_freed_name_that_another_stage_takes_over_brings_nobody_along(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let people = world.add_in("FDD Signed", 3);
    world.good_run().await;
    world.confirm("FDD Signed", Role::Qualified).await;
    let id = world.stage_id("FDD Signed").await;
    world.rename_in_list(&id, "FDD Receipt").await;
    world.edit(Edit::AddStage { name: "FDD Signed".to_owned(), active: true, order: 40, odds: None, contact_type: 1 });
    let newcomer = world.add_in("FDD Signed", 1);
    world.good_run().await;
    assert_eq!(world.stage_of(&people[0]).await.0, "FDD Receipt");
    assert_eq!(world.stage_of(&newcomer[0]).await.0, "FDD Signed");
    assert_eq!((world.count_in("FDD Receipt").await, world.count_in("FDD Signed").await), (3, 1));
    assert_eq!((world.role("FDD Receipt").await, world.role("FDD Signed").await), (Some(Role::Qualified), None));
    assert_eq!(world.moves().await, 0);
}

#[rstest]
#[tokio::test]
async fn a_stage_that_is_deleted_and_added_again_is_the_same_by_its_name(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let people = world.add_in("FDD Signed", 3);
    world.good_run().await;
    world.edit(Edit::MoveStage { client_id: people[1].clone(), stage: "QR Sent".to_owned() });
    world.good_run().await;
    world.confirm("FDD Signed", Role::Qualified).await;
    let before = world.stage_of(&people[0]).await;
    world.edit(Edit::RemoveStage(world.stage_id("FDD Signed").await));
    for _ in 0..2 {
        world.good_run().await;
    }
    assert_eq!(world.count_in("FDD Signed").await, 2, "unlisted, but there");
    let id = world.edit(Edit::AddStage { name: "FDD Signed".to_owned(), active: true, order: 8, odds: None, contact_type: 1 });
    world.good_run().await;
    assert_eq!(world.stage_of(&people[0]).await, before);
    assert_eq!(world.role("FDD Signed").await, Some(Role::Qualified));
    world.rename_in_list(&id, "FDD Receipt").await;
    world.good_run().await;
    assert_eq!(world.stage_of(&people[0]).await, ("FDD Receipt".to_owned(), before.1));
    let (board, from) = (world.board().await, world.moves_of(&people[1]).await.remove(0).from);
    assert_eq!(board.label(&board.place(from.as_deref())), Some("FDD Receipt"));
    assert_eq!((world.role("FDD Receipt").await, world.moves().await), (Some(Role::Qualified), 1));
}

/// "FDD Signed" becomes "FDD Receipt", a new stage takes the freed name, and is removed.
#[rstest]
#[tokio::test]
async fn people_in_a_removed_stage_stay_in_it_although_another_one_had_its_name(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::with_contacts(kind, 0).await;
    world.good_run().await;
    world.rename_in_list(&world.stage_id("FDD Signed").await, "FDD Receipt").await;
    world.good_run().await;
    let id = world.edit(Edit::AddStage { name: "FDD Signed".to_owned(), active: true, order: 8, odds: None, contact_type: 1 });
    world.good_run().await;
    world.add_in("FDD Signed", 2);
    world.good_run().await;
    world.confirm("FDD Receipt", Role::Inactive).await;
    world.confirm("FDD Signed", Role::Working).await;
    let then_ms = world.clock.now_ms() + 1;
    world.edit(Edit::RemoveStage(id));
    for _ in 0..2 {
        world.good_run().await;
    }
    world.add_in("FDD Signed", 1);
    world.good_run().await;
    assert_eq!((world.count_in("FDD Receipt").await, world.count_in("FDD Signed").await, world.moves().await), (0, 3, 0));
    assert_eq!(world.role("FDD Signed").await, Some(Role::Working), "it keeps its role");
    let (conn, board) = (world.db.store.conn(), world.board().await);
    let history = History::load(conn, world.id, &board).await.unwrap();
    let in_stage = |before_ms: EpochMs, name: &str| {
        let lines = pipeline_at(&history, before_ms).stages;
        lines.iter().filter(|line| line.stage.as_deref() == Some(name)).map(|line| line.contacts).sum::<i64>()
    };
    assert_eq!((in_stage(then_ms, "FDD Signed"), in_stage(then_ms, "FDD Receipt")), (2, 0));
    assert_eq!((in_stage(EpochMs::MAX, "FDD Signed"), in_stage(EpochMs::MAX, "FDD Receipt")), (3, 0));
}

#[rstest]
#[tokio::test]
async fn a_name_that_two_contact_types_use_is_renamed_for_one_of_them(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let add = |contact_type: i64| {
        world.edit(Edit::AddStage { name: "Onboarding Call".to_owned(), active: true, order: 50, odds: None, contact_type })
    };
    let (of_prospects, _of_clients) = (add(1), add(2));
    let prospect = world.add_in("Onboarding Call", 1);
    let client = ContactEdit::named("Cy Client").in_stage("Onboarding Call").with("contact_type", "2");
    let client = world.edit(Edit::AddContact(client));
    world.good_run().await;
    world.confirm("Onboarding Call", Role::Working).await;
    assert_eq!(world.count_in("Onboarding Call").await, 2);
    world.rename_in_list(&of_prospects, "Kickoff").await;
    let late = world.add_in("Onboarding Call", 1);
    world.good_run().await;
    assert_eq!(world.stage_of(&prospect[0]).await.0, "Kickoff");
    assert_eq!(world.stage_of(&late[0]).await.0, "Kickoff", "a prospect with the earlier name of a prospects' stage");
    assert_eq!(world.stage_of(&client).await.0, "Onboarding Call");
    assert_eq!(world.role("Kickoff").await, Some(Role::Working));
    assert_eq!(world.moves().await, 0);
}

#[rstest]
#[tokio::test]
async fn a_blank_stage_follows_the_first_stages_new_name(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let people = world.add_in("", 2);
    world.good_run().await;
    world.edit(Edit::RenameStage { from: "New Lead".to_owned(), to: "Inquiry".to_owned() });
    world.edit(Edit::MoveStage { client_id: people[0].clone(), stage: "Inquiry".to_owned() });
    world.good_run().await;
    assert_eq!((world.count_in("Inquiry").await, world.moves().await), (2, 0));
}

#[rstest]
#[tokio::test]
async fn a_renamed_source_keeps_its_leads(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let add = |source: &str| world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").from_source(source)));
    let id = world.edit(Edit::AddSource("Podcast".to_owned()));
    let (one, other) = (add("podcast"), add("Radio"));
    world.good_run().await;
    world.edit(Edit::SetSource { lead_source_id: id.clone(), field: "lead_source_name", value: "Franchise Podcast".into() });
    let (late, radio) = (add("Podcast"), world.edit(Edit::AddSource("Radio".to_owned())));
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Sources).notices, ["The source “Podcast” is now called “Franchise Podcast”."]);
    for contact in [&one, &late] {
        assert_eq!(world.contact(contact).await.unwrap().source.as_deref(), Some("Franchise Podcast"));
    }
    // The name is free, and another source takes it over.
    world.edit(Edit::SetSource { lead_source_id: radio, field: "lead_source_name", value: "Podcast".into() });
    world.edit(Edit::SetContact { client_id: one.clone(), field: "city", value: "Reno".into() });
    world.good_run().await;
    assert_eq!(world.contact(&one).await.unwrap().source.as_deref(), Some("Franchise Podcast"));
    assert_eq!(world.contact(&other).await.unwrap().source.as_deref(), Some("Podcast"));
    let counts = world.numbers().await.by_source;
    assert_eq!((counts.get("Franchise Podcast"), counts.get("Podcast")), (Some(&2), Some(&1)));
}
