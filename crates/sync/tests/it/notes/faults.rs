//! Notes while the CRM misbehaves.

use super::*;

#[rstest]
#[case::status(Fault::Status(500), FaultClass::HttpStatus)]
#[case::hang(Fault::Hang, FaultClass::Timeout)]
#[case::html(Fault::Html, FaultClass::Body)]
#[case::result_code(Fault::ResultCode("501"), FaultClass::ResultCode)]
#[tokio::test]
async fn notes_that_cannot_be_read_stay_unchanged_and_affect_no_list(
    #[case] fault: Fault,
    #[case] class: FaultClass,
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut world = World::with_contacts(kind, 20).await.reading_notes(100);
    world.good_run().await;
    let soon = Duration::from_millis(200);
    world.syncer.crm.limits = Limits { attempts: 1, connect: soon, idle: soon, ..quick() };
    let (before, as_of) = (world.shown_notes().await, world.as_of(Dataset::Notes).await);
    let contacts: Vec<String> = world.contacts().await.into_iter().collect();
    contacts[..4].iter().for_each(|contact| world.touch(contact));
    world.fault(Request::Notes, fault);
    world.crm.clear_calls(0);
    let report = world.run().await;
    let notes = report.of(Dataset::Notes);
    assert_eq!((report.run.status, notes.status), (RunStatus::Partial, DatasetStatus::Failed));
    assert_eq!(notes.error.as_ref().unwrap().class, class);
    assert_eq!(report.statuses(), [DatasetStatus::Succeeded; 6]);
    let requested: BTreeSet<String> = world.contacts_requested().into_iter().collect();
    assert!(requested.len() < 10, "the rest is left for the next run: {requested:?}");
    assert_eq!(world.shown_notes().await, before);
    assert_eq!((world.coverage().await, world.as_of(Dataset::Notes).await), ((16, 20), as_of));

    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.coverage().await, (20, 20));
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn notes_read_before_a_refusal_are_saved(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Fault::rotate_token_after as fn(usize) -> Fault, Fault::revoke_key_after as fn(usize) -> Fault)] after: fn(
        usize,
    )
        -> Fault,
) {
    let mut world = World::with_contacts(kind, 20).await.reading_notes(100).one_call_at_a_time();
    world.fault(Request::Notes, after(8));
    let report = world.run().await;
    let notes = report.of(Dataset::Notes);
    assert_eq!((report.run.status, notes.status), (RunStatus::Partial, DatasetStatus::Partial));
    assert_eq!(notes.error.as_ref().unwrap().class, FaultClass::Credentials);
    assert_eq!(report.statuses(), [DatasetStatus::Succeeded; 6]);
    assert_eq!(world.coverage().await, (8, 20));
    let refused = world.crm.calls(0).iter().filter(|call| call.status == 401).count();
    assert_eq!(refused, 1, "the request is not repeated");
    let truth = world.true_notes().await;
    assert!(world.shown_notes().await.is_subset(&truth) && !world.notes().await.is_empty());

    world.crm.heal(0);
    world.crm.restore_web_key(0);
    world.syncer.crm.access_token = Some(world.crm.access_token().into());
    world.good_run().await;
    assert_eq!((world.coverage().await, world.shown_notes().await), ((20, 20), truth));
}

#[rstest]
#[tokio::test]
async fn a_long_wait_requested_between_two_contacts_is_obeyed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 12).await.reading_notes(100).one_call_at_a_time();
    let wait = Fault::TooManyRequests { retry_after: Some("7200".to_owned()) };
    world.fault(Request::Notes, Fault::After(3, Box::new(wait)));
    let report = world.run().await;
    let notes = report.of(Dataset::Notes);
    assert_eq!((notes.status, notes.error.as_ref().unwrap().class), (DatasetStatus::Partial, FaultClass::Budget));
    assert_eq!((world.calls(Request::Notes), world.coverage().await), (4, (3, 12)));
    assert_eq!(world.tenant().await.parked_until_ms, Some(world.clock.now_ms() + 7_200_000));
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!((world.coverage().await, world.tenant().await.parked_until_ms), ((12, 12), None));
}

#[rstest]
#[tokio::test]
async fn a_contact_whose_notes_always_fail_blocks_no_other(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(4);
    let ids: Vec<String> = (1..=9).map(|id| world.add(&id.to_string(), "QR Sent")).collect();
    ids.iter().for_each(|id| drop(world.note(id, "Hello")));
    world.fault(Request::Notes, Fault::ForContacts(vec!["3".to_owned()], Box::new(Fault::Status(404))));
    for _ in 0..4 {
        let report = world.run().await;
        assert_eq!(report.statuses(), [DatasetStatus::Succeeded; 6]);
    }
    assert_eq!((world.coverage().await, world.notes().await.len()), ((8, 9), 8));
    assert_eq!(world.bodies_of("3").await.len(), 0);
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.coverage().await, (9, 9));
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn many_contacts_whose_notes_always_fail_do_not_block_the_others(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(100);
    let ids: Vec<String> = (10..40).map(|id| world.add(&id.to_string(), "QR Sent")).collect();
    world.fault(Request::Notes, Fault::ForContacts(ids[..7].to_vec(), Box::new(Fault::Status(404))));
    for _ in 0..3 {
        assert_eq!(world.run().await.of(Dataset::Notes).status, DatasetStatus::Partial);
    }
    assert_eq!(world.coverage().await, (23, 30));
}

#[rstest]
#[tokio::test]
async fn a_contact_whose_second_page_fails_shows_the_first_and_loses_no_note(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(10);
    let ada = world.add("1", "QR Sent");
    for nth in 0..150 {
        world.note(&ada, &format!("Note {nth}"));
    }
    world.good_run().await;
    world.note(&ada, "Fresh");
    world.fault(Request::Notes, Fault::FromOffset(100, Box::new(Fault::Status(500))));
    for _ in 0..2 {
        let report = world.run().await;
        assert_eq!(report.of(Dataset::Notes).status, DatasetStatus::Partial);
        assert_eq!(world.bodies_of(&ada).await.len(), 151);
    }
    world.crm.heal(0);
    world.good_run().await;
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn notes_are_read_although_two_lists_failed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 10).await.reading_notes(100);
    let ada = world.add("1", "QR Sent");
    world.edit(Edit::AddDeal(DealEdit::of(&ada)));
    world.good_run().await;
    world.note(&ada, "Hello");
    world.fault(Request::Deals, Fault::Status(404));
    world.fault(Request::Events, Fault::Status(404));
    let report = world.run().await;
    assert_eq!((report.run.status, report.of(Dataset::Notes).status), (RunStatus::Partial, DatasetStatus::Succeeded));
    assert_eq!(world.bodies_of(&ada).await, ["Hello"]);
}

#[rstest]
#[tokio::test]
async fn every_run_reads_the_notes_of_the_hot_list_and_around_appointments(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await.reading_notes(6);
    for id in ["1", "2", "3"] {
        let contact = world.add(id, "FA Sent");
        world.edit(Edit::AddDeal(DealEdit::of(&contact).worth(40_000)));
    }
    for id in 10..30 {
        world.add(&id.to_string(), "QR Sent");
    }
    for (contact, hours) in [("27", 30), ("28", -30), ("29", 80)] {
        let starts = world.clock.now() + SignedDuration::from_hours(hours);
        world.edit(Edit::AddEvent(EventEdit::at(starts, "Call").with_contact(contact)));
    }
    for _ in 0..6 {
        world.good_run().await;
    }
    for number in 0..3 {
        world.note("2", &format!("Note {number}"));
        world.note("27", &format!("Note {number}"));
        world.crm.clear_calls(0);
        world.good_run().await;
        let requested: BTreeSet<String> = world.contacts_requested().into_iter().collect();
        assert_eq!(requested.len(), 6);
        assert!(["1", "2", "3", "27", "28"].iter().all(|urgent| requested.contains(*urgent)), "{requested:?}");
        assert_eq!((world.bodies_of("2").await.len(), world.bodies_of("27").await.len()), (number + 1, number + 1));
    }
}
