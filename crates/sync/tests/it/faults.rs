//! Every fault of a list, and what a run must make of it: the truth, or the old data with its age.

use rstest::rstest;
use tetherboard_domain::FaultClass::{self, Body, Budget, HttpStatus, Network, ResultCode, Timeout};
use tetherboard_domain::{Dataset, DatasetStatus, RunStatus};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, Fault, Request};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

enum Then {
    /// The fault does no harm.
    Truth,
    /// Nothing of the list could be read: all stays as it was.
    Failed(FaultClass),
    /// Some of it could be read: nothing is missing that was there.
    Partial(FaultClass),
    /// So little came that the agency is asked.
    Held,
    /// The list is whole but for some rows that were no good.
    SetAside(i64),
}

use Then::{Failed, Held, Partial, SetAside, Truth};

fn always(from: usize, fault: Fault) -> Fault {
    Fault::FromOffset(from, Box::new(fault))
}

fn times(times: usize, fault: Fault) -> Fault {
    Fault::Times(times, Box::new(fault))
}

#[rstest]
#[case::status_500(Fault::Status(500), Failed(HttpStatus))]
#[case::status_404(Fault::Status(404), Failed(HttpStatus))]
#[case::redirect(Fault::Redirect("http://elsewhere.example/".into()), Failed(HttpStatus))]
#[case::too_many_requests(Fault::TooManyRequests { retry_after: None }, Failed(Budget))]
#[case::unknown_error_inside(Fault::ResultCode("500"), Failed(ResultCode))]
#[case::bad_request_inside(Fault::ResultCode("CT400"), Failed(ResultCode))]
#[case::key_missing_inside(Fault::ResultCode("501"), Failed(ResultCode))]
#[case::html(Fault::Html, Failed(Body))]
#[case::not_json(Fault::NotJson, Failed(Body))]
#[case::cut(Fault::CutBody, Failed(Body))]
#[case::reset(Fault::Reset, Failed(Network))]
#[case::hang(Fault::Hang, Failed(Timeout))]
#[case::drip(Fault::Drip, Failed(Timeout))]
#[case::slow(Fault::SlowMs(60), Truth)]
#[case::gzip(Fault::Gzip, Truth)]
#[case::gzip_unlabelled(Fault::GzipUnlabelled, Truth)]
#[case::gzip_bomb(Fault::GzipBomb, Failed(Body))]
#[case::huge_field(Fault::HugeField(5 << 20), Failed(Body))]
#[case::large_field(Fault::HugeField(1 << 20), Truth)]
#[case::deep_json(Fault::DeepJson(5_000), Failed(Body))]
#[case::invalid_utf8(Fault::InvalidUtf8, Truth)]
#[case::rows_not_objects(Fault::RowsNotObjects, Partial(Body))]
#[case::few_rows_without_id(Fault::RowsWithoutId(3), SetAside(3))]
#[case::most_rows_of_a_page_without_id(Fault::RowsWithoutId(60), Partial(Body))]
#[case::no_row_with_an_id(Fault::RowsWithoutId(100_000), Partial(Body))]
#[case::third_page_status_500_for_ever(always(200, Fault::Status(500)), Partial(HttpStatus))]
#[case::third_page_html_for_ever(always(200, Fault::Html), Partial(Body))]
#[case::third_page_hangs_for_ever(always(200, Fault::Hang), Partial(Timeout))]
#[case::second_page_too_deep(always(100, Fault::DeepJson(5_000)), Partial(Body))]
#[case::third_page_empty(always(200, Fault::Empty), Partial(Body))]
#[case::passing_status_500(times(2, Fault::Status(500)), Truth)]
#[case::passing_reset(times(1, Fault::Reset), Truth)]
#[case::passing_cut(times(2, Fault::CutBody), Truth)]
#[case::total_too_high(Fault::TotalWrong(9_999), Partial(Body))]
#[case::total_too_low(Fault::TotalWrong(7), Truth)]
#[case::total_negative(Fault::TotalWrong(-4), Truth)]
#[case::total_of_words(Fault::TotalText("many".into()), Truth)]
#[case::total_missing(Fault::TotalMissing, Truth)]
#[case::data_missing(Fault::DataMissing, Partial(Body))]
#[case::data_null(Fault::DataNull, Partial(Body))]
#[case::data_empty_text(Fault::DataEmptyText, Partial(Body))]
#[case::data_empty_object(Fault::DataEmptyObject, Partial(Body))]
#[case::data_keyed_object(Fault::DataKeyedObject, Truth)]
#[case::empty(Fault::Empty, Held)]
#[case::shifting_pages(Fault::ShiftingPages, Truth)]
#[case::page_hole(Fault::PageHole, Partial(Body))]
#[case::short_pages(Fault::ShortPages(40), Truth)]
#[case::duplicate_ids(Fault::DuplicateIds, Truth)]
#[case::numbers_for_text(Fault::NumbersForText, Truth)]
#[tokio::test]
async fn a_fault_of_one_list_ends_in_the_truth_or_in_the_old_data_and_harms_no_other(
    #[case] fault: Fault,
    #[case] then: Then,
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::with_contacts(kind, 320).await;
    let bea = world.edit(Edit::AddContact(ContactEdit::named("Bea Birch").in_stage("QR Sent")));
    world.good_run().await;
    let (before, known, as_of) = (world.numbers().await, world.contacts().await, world.as_of(Dataset::Contacts).await);

    world.edit(Edit::MoveStage { client_id: bea.clone(), stage: "FDD Sent".to_owned() });
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("FA Sent")));
    world.edit(Edit::AddDeal(DealEdit::of(&ada).worth(90_000)));
    world.fault(Request::Contacts, fault);
    let report = world.run().await;

    for other in report.datasets.iter().filter(|report| report.dataset != Dataset::Contacts) {
        assert_eq!((other.status, other.error.is_none()), (DatasetStatus::Succeeded, true), "{other:?}");
    }
    let (after, truth) = (world.numbers().await, world.truth());
    assert_eq!(after.deals, truth.deals);
    let contacts = report.of(Dataset::Contacts);
    let class = contacts.error.as_ref().map(|error| error.class);
    let now = Some(world.clock.now_ms());
    let (status, expected_class, expected_as_of) = match then {
        Truth => (DatasetStatus::Succeeded, None, now),
        SetAside(_) => (DatasetStatus::Succeeded, None, now),
        Failed(class) => (DatasetStatus::Failed, Some(class), as_of),
        Partial(class) => (DatasetStatus::Partial, Some(class), as_of),
        Held => (DatasetStatus::Held, None, as_of),
    };
    assert_eq!((contacts.status, class), (status, expected_class), "{contacts:?}");
    assert_eq!(world.as_of(Dataset::Contacts).await, expected_as_of);
    let run = if status == DatasetStatus::Succeeded { RunStatus::Succeeded } else { RunStatus::Partial };
    assert_eq!(report.run.status, run);
    assert_eq!(contacts.gone, 0);
    match then {
        Truth => assert_eq!(after, truth),
        Failed(_) | Held => {
            assert_eq!((after.total, after.by_stage, after.by_source), (before.total, before.by_stage, before.by_source))
        }
        Partial(_) => assert!(world.contacts().await.is_superset(&known)),
        SetAside(rows) => {
            assert_eq!(contacts.set_aside, rows);
            assert!(world.contacts().await.is_superset(&known));
        }
    }

    world.crm.heal(0);
    world.run().await;
    let report = world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    assert_eq!((report.of(Dataset::Contacts).gone, world.as_of(Dataset::Contacts).await), (0, Some(world.clock.now_ms())));
    assert_eq!(world.moves_of(&bea).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn what_came_before_the_fault_is_kept(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 320).await;
    world.good_run().await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    world.fault(Request::Contacts, always(200, Fault::Status(500)));
    let report = world.run().await;
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.pages, contacts.read, contacts.added), (2, 200, 1));
    assert!(world.contact(&ada).await.is_some());
    let request = contacts.error.as_ref().unwrap().request.as_deref();
    assert_eq!(request, Some("read_client_list?limit=100&offset=200"));
}

#[rstest]
#[tokio::test]
async fn good_rows_of_a_bad_page_are_kept(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 90).await;
    world.fault(Request::Contacts, Fault::RowsNotObjects);
    let report = world.run().await;
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.added, contacts.status), (60, DatasetStatus::Partial));
    assert_eq!(world.numbers().await.total, 60);
    assert_eq!(world.count("set_aside_rows").await, contacts.set_aside);
    assert!(contacts.set_aside > 0);
}

#[rstest]
#[tokio::test]
async fn of_rows_with_one_id_the_latest_modified_wins_in_every_run(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 150).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    world.fault(Request::Contacts, Fault::DuplicateIds);
    let report = world.good_run().await;
    assert_eq!((report.of(Dataset::Contacts).read, report.of(Dataset::Contacts).added), (154, 151));
    for _ in 0..2 {
        assert_eq!(world.contact(&ada).await.unwrap().name, "Ada Ash");
        let report = world.good_run().await;
        assert_eq!((report.of(Dataset::Contacts).changed, report.of(Dataset::Contacts).unchanged), (0, 151));
    }
}

#[rstest]
#[tokio::test]
async fn every_list_at_fault_at_once_lowers_nothing(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Fault::NotJson, Fault::DataNull, Fault::Empty, Fault::RowsNotObjects, Fault::RowsWithoutId(100_000))] fault: Fault,
) {
    let world = World::with_contacts(kind, 60).await;
    world.good_run().await;
    let before = world.numbers().await;
    world.crm.fault_everything(0, fault);
    for _ in 0..3 {
        assert_ne!(world.run().await.run.status, RunStatus::Succeeded);
        assert_eq!(world.numbers().await, before);
    }
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}
