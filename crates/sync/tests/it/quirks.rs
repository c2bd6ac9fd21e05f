//! Accounts that are permanently odd: rows that are not records, repeated rows, and wrong totals, in every run.

use rstest::rstest;
use tetherboard_domain::{DataQualityKind, Dataset, DatasetStatus, RunStatus};
use tetherboard_simulator::{Config, ContactEdit, DealEdit, Edit, EventEdit, Fault, NoteEdit, Quirks, Request, TotalQuirk};
use tetherboard_store::data_quality;
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

async fn odd_world(kind: Kind, contacts: usize, quirks: Quirks) -> World {
    World::of(kind, Config::odd(11, &[contacts], &quirks)).await
}

/// The clauses of the confirmed warnings about a list.
async fn warnings(world: &World, dataset: Dataset) -> Vec<String> {
    let all = data_quality::warnings(world.db.store.conn(), world.id).await.unwrap();
    all.into_iter().filter(|warning| warning.dataset == dataset).map(|warning| warning.clause()).collect()
}

/// Runs an odd account, and checks that the second run and every later one succeed with the simulator's figures, and that
/// removals work.
async fn succeeds_and_removes(world: &World) {
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let deal = world.edit(Edit::AddDeal(DealEdit::of(&ada).worth(90_000)));
    // Stays, since an empty list would be held.
    let bea = world.edit(Edit::AddContact(ContactEdit::named("Bea Birch")));
    world.edit(Edit::AddDeal(DealEdit::of(&bea).worth(40_000)));
    world.run().await;
    assert_eq!(world.numbers().await, world.truth());
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    assert_eq!(world.as_of(Dataset::Contacts).await, Some(world.clock.now_ms()));

    world.edit(Edit::RemoveDeal(deal));
    world.edit(Edit::RemoveContact(ada.clone()));
    let first = world.good_run().await;
    assert_eq!((first.of(Dataset::Contacts).gone, world.contact(&ada).await.is_some()), (0, true));
    let second = world.good_run().await;
    assert_eq!((second.of(Dataset::Contacts).gone, second.of(Dataset::Deals).gone), (1, 1));
    assert_eq!(world.numbers().await, world.truth());
    let quiet = world.good_run().await;
    let changes = quiet.datasets.iter().map(|report| report.added + report.changed + report.gone).sum::<i64>();
    assert_eq!(changes, 0, "{:#?}", quiet.datasets);
}

#[rstest]
#[tokio::test]
async fn two_accounts_with_every_kind_of_odd_row_give_the_simulators_figures(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(3_000, 700)] contacts: usize,
) {
    let world = odd_world(kind, contacts, Quirks::every_kind(0.05)).await;
    succeeds_and_removes(&world).await;
}

#[rstest]
#[case::rows(TotalQuirk::Rows)]
#[case::higher(TotalQuirk::Higher(42))]
#[case::lower(TotalQuirk::Lower(42))]
#[case::commas(TotalQuirk::Commas)]
#[case::fraction(TotalQuirk::Fraction)]
#[case::negative(TotalQuirk::Negative)]
#[case::zero(TotalQuirk::Zero)]
#[case::missing(TotalQuirk::Missing)]
#[case::null(TotalQuirk::Null)]
#[case::words(TotalQuirk::Words)]
#[case::huge(TotalQuirk::Huge)]
#[case::another_on_every_page(TotalQuirk::ByPage)]
#[case::another_in_every_run(TotalQuirk::ByHour)]
#[tokio::test]
async fn no_wrong_total_keeps_an_account_from_succeeding(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[case] total: TotalQuirk,
    #[values(0.0, 0.08)] odd_rows: f64,
) {
    let world = odd_world(kind, 230, Quirks { total, ..Quirks::every_kind(odd_rows) }).await;
    succeeds_and_removes(&world).await;
}

#[rstest]
#[tokio::test]
async fn no_way_of_paging_keeps_an_account_from_succeeding(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(TotalQuirk::Records, TotalQuirk::Missing, TotalQuirk::Higher(42))] total: TotalQuirk,
    #[values(Some(37), None)] longest_page: Option<usize>,
    #[values(true, false)] repeats_last_page: bool,
) {
    let quirks = Quirks { total, longest_page, repeats_last_page, ..Quirks::every_kind(0.05) };
    succeeds_and_removes(&odd_world(kind, 230, quirks).await).await;
}

/// With three records in ten odd, pages consist mostly of odd rows at the end of a list.
#[rstest]
#[tokio::test]
async fn pages_full_of_odd_rows_are_accepted_when_they_stay_the_same(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(1, 2, 7, 90)] contacts: usize,
) {
    succeeds_and_removes(&odd_world(kind, contacts, Quirks::every_kind(1.0)).await).await;
}

#[rstest]
#[tokio::test]
async fn an_account_without_any_record_can_have_a_wrong_total(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = odd_world(kind, 0, Quirks { total: TotalQuirk::Higher(5), ..Quirks::default() }).await;
    for _ in 0..2 {
        world.good_run().await;
        assert_eq!(world.numbers().await, world.truth());
    }
}

#[rstest]
#[tokio::test]
async fn the_oddities_of_a_list_are_told_in_words(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let quirks = Quirks { duplicates: 0.05, not_objects: 0.05, total: TotalQuirk::Higher(42), ..Quirks::default() };
    let world = odd_world(kind, 300, quirks).await;
    world.good_run().await;
    let expected = |clauses: &[String]| {
        assert_eq!(clauses.len(), 3, "{clauses:?}");
        assert_eq!(clauses[0], "reports a total 42 higher than its list");
        assert!(clauses[1].starts_with("lists ") && clauses[1].ends_with(" records twice"), "{clauses:?}");
        assert!(clauses[2].ends_with(" rows that are not records"), "{clauses:?}");
    };
    expected(&warnings(&world, Dataset::Contacts).await);

    world.crm.clear_calls(0);
    world.good_run().await;
    let calls = world.crm.calls(0).into_iter().filter(|call| call.request == Request::Contacts);
    assert!(calls.clone().count() < 10 && calls.into_iter().all(|call| call.path_and_query.contains("limit=100")));
    expected(&warnings(&world, Dataset::Contacts).await);
}

#[rstest]
#[tokio::test]
async fn a_warning_disappears_with_its_reason(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 130).await;
    world.fault(Request::Contacts, Fault::TotalWrong(172));
    world.good_run().await;
    assert_eq!(warnings(&world, Dataset::Contacts).await, ["reports a total 42 higher than its list"]);
    let since = async || data_quality::warnings(world.db.store.conn(), world.id).await.unwrap()[0].since_ms;
    let first = since().await;
    world.fault(Request::Contacts, Fault::TotalWrong(180));
    world.good_run().await;
    assert_eq!(warnings(&world, Dataset::Contacts).await, ["reports a total 50 higher than its list"]);
    assert_eq!(since().await, first, "the oddity is as old as before");
    world.crm.heal(0);
    world.good_run().await;
    assert!(warnings(&world, Dataset::Contacts).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_list_that_moves_between_two_passes_is_not_complete(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 230).await;
    world.good_run().await;
    let as_of = world.as_of(Dataset::Contacts).await;
    world.fault(Request::Contacts, Fault::PageHole);
    let report = world.run().await;
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((report.run.status, contacts.status), (RunStatus::Partial, DatasetStatus::Partial));
    let message = &contacts.error.as_ref().unwrap().message;
    assert!(message.ends_with("gave other records when it was read again"), "{message}");
    assert_eq!(world.as_of(Dataset::Contacts).await, as_of);
    assert!(warnings(&world, Dataset::Contacts).await.is_empty());
}

/// A row without an ID appears in the read in which a contact disappears: it may be that contact.
#[rstest]
#[tokio::test]
async fn a_skipped_row_protects_what_disappeared_when_it_appeared_and_nothing_else(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::with_contacts(kind, 130).await;
    let (ada, bea) = (world.edit(Edit::AddContact(ContactEdit::named("Ada Ash"))), "88".to_owned());
    world.edit(Edit::AddContact(ContactEdit::named("Bea Birch").id(bea.clone())));
    world.edit(Edit::AddContact(ContactEdit::named("Cy Cole").id("99")));
    world.good_run().await;

    // The newest contact comes first: 99 loses its ID, and Ada is removed.
    world.fault(Request::Contacts, Fault::RowsWithoutId(1));
    world.edit(Edit::RemoveContact(ada.clone()));
    for _ in 0..3 {
        let report = world.good_run().await;
        assert_eq!((report.of(Dataset::Contacts).set_aside, report.of(Dataset::Contacts).gone), (1, 0));
    }
    assert!(world.contact(&ada).await.is_some() && world.contact("99").await.is_some());
    let kept = DataQualityKind::KeptRecords.clause(Dataset::Contacts, 2);
    assert!(warnings(&world, Dataset::Contacts).await.contains(&kept));

    // What disappears later is not the row that was there before.
    world.edit(Edit::RemoveContact(bea.clone()));
    world.good_run().await;
    assert_eq!(world.good_run().await.of(Dataset::Contacts).gone, 1);
    assert!(world.contact(&bea).await.is_none() && world.contact("99").await.is_some());

    world.crm.heal(0);
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Contacts).gone, 1, "the row is gone, and Ada is missing since several reads");
    assert_eq!(world.numbers().await, world.truth());
    assert!(warnings(&world, Dataset::Contacts).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_page_that_is_mostly_skipped_proves_no_absence(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 130).await;
    world.good_run().await;
    let as_of = world.as_of(Dataset::Contacts).await;
    world.fault(Request::Contacts, Fault::FromOffset(100, Box::new(Fault::ObjectIds)));
    for _ in 0..4 {
        let report = world.run().await;
        assert_eq!((report.of(Dataset::Contacts).status, report.of(Dataset::Contacts).gone), (DatasetStatus::Partial, 0));
        assert_eq!(world.as_of(Dataset::Contacts).await, as_of);
        assert_eq!(world.numbers().await, world.truth());
    }
    let last = world.crm.records(0, Request::Contacts)[0]["client_id"].as_str().unwrap().to_owned();
    world.crm.heal(0);
    world.edit(Edit::RemoveContact(last.clone()));
    assert_eq!(world.good_run().await.of(Dataset::Contacts).gone, 0, "only one complete read has missed it");
    assert_eq!(world.good_run().await.of(Dataset::Contacts).gone, 1);
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn notes_of_an_odd_account_are_read_and_removed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(TotalQuirk::Rows, TotalQuirk::Higher(3), TotalQuirk::Missing, TotalQuirk::Lower(1), TotalQuirk::Zero)]
    total: TotalQuirk,
) {
    let world = odd_world(kind, 20, Quirks { total, ..Quirks::every_kind(0.4) }).await.reading_notes(10_000);
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let kept = world.edit(Edit::AddNote(NoteEdit::on(&ada, "Called her.")));
    let removed = world.edit(Edit::AddNote(NoteEdit::on(&ada, "Called her again.")));
    let notes = async || world.count("notes WHERE gone_ms IS NULL").await;
    for _ in 0..2 {
        world.run().await;
    }
    world.good_run().await;
    let truth = i64::try_from(world.crm.truth(0).notes).unwrap();
    assert_eq!(notes().await, truth, "{kept}");
    world.edit(Edit::RemoveNote { client_id: ada.clone(), note_id: removed });
    for _ in 0..3 {
        world.good_run().await;
    }
    assert_eq!(notes().await, truth - 1);
}

#[rstest]
#[tokio::test]
async fn an_appointment_of_an_odd_account_is_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = odd_world(kind, 60, Quirks::every_kind(0.3)).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let event = world.edit(Edit::AddEvent(EventEdit::at(world.clock.now(), "Intro call").with_contact(&ada)));
    world.run().await;
    world.good_run().await;
    let events = async || world.count("scheduled_activities WHERE gone_ms IS NULL").await;
    let before = events().await;
    world.edit(Edit::RemoveEvent(event));
    world.good_run().await;
    world.good_run().await;
    assert_eq!(events().await, before - 1);
}
