//! Every fault of a list. A run must end with correct data, or with the old data and its age.

use rstest::rstest;
use tetherboard_domain::FaultClass::{self, Body, Budget, HttpStatus, Network, ResultCode, Timeout};
use tetherboard_domain::{Dataset, DatasetStatus, RunStatus};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, Fault, Request};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

enum Outcome {
    /// The fault does no harm.
    Truth,
    /// Nothing could be read, so everything stays unchanged.
    Failed(FaultClass),
    /// A part could be read, and no record is lost.
    Partial(FaultClass),
    /// So few records were read that the agency must confirm.
    Held,
    /// The list is complete except for some bad rows.
    SetAside(i64),
}

use Outcome::{Failed, Held, Partial, SetAside, Truth};

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
#[case::redirect_chain(Fault::RedirectChain { hops: 3, to: "http://elsewhere.example/".into() }, Failed(HttpStatus))]
#[case::not_modified(Fault::Status(304), Failed(HttpStatus))]
#[case::no_content(Fault::Status(204), Failed(Body))]
#[case::proceed_first(Fault::Informational(100), Truth)]
#[case::hints_first(Fault::Informational(103), Truth)]
#[case::other_protocol(Fault::Informational(101), Failed(HttpStatus))]
#[case::not_http(Fault::NotHttp, Failed(Network))]
#[case::huge_header(Fault::HugeHeader(4 << 20), Failed(Network))]
#[case::too_many_requests(Fault::TooManyRequests { retry_after: None }, Failed(Budget))]
#[case::unknown_error_inside(Fault::ResultCode("500"), Failed(ResultCode))]
#[case::bad_request_inside(Fault::ResultCode("CT400"), Failed(ResultCode))]
#[case::key_missing_inside(Fault::ResultCode("501"), Failed(ResultCode))]
#[case::html(Fault::Html, Failed(Body))]
#[case::not_json(Fault::NotJson, Failed(Body))]
#[case::empty_body(Fault::EmptyBody, Failed(Body))]
#[case::leading_garbage(Fault::LeadingGarbage, Failed(Body))]
#[case::trailing_garbage(Fault::TrailingGarbage, Failed(Body))]
#[case::byte_order_mark(Fault::ByteOrderMark, Truth)]
#[case::latin_1(Fault::Latin1, Truth)]
#[case::utf_16(Fault::Utf16, Failed(Body))]
#[case::cut(Fault::CutBody, Failed(Body))]
#[case::cut_chunks(Fault::CutChunks, Failed(Body))]
#[case::length_too_small(Fault::ShortLength, Failed(Body))]
#[case::endless_body(Fault::EndlessBody, Failed(Body))]
#[case::reset(Fault::Reset, Failed(Network))]
#[case::hang(Fault::Hang, Failed(Timeout))]
#[case::drip(Fault::Drip, Failed(Timeout))]
#[case::slow(Fault::SlowMs(60), Truth)]
#[case::gzip(Fault::Gzip, Truth)]
#[case::gzip_unlabeled(Fault::GzipUnlabeled, Truth)]
#[case::gzip_mislabeled(Fault::GzipMislabeled, Truth)]
#[case::gzip_cut(Fault::GzipCut, Failed(Body))]
#[case::gzip_bomb(Fault::GzipBomb, Failed(Body))]
#[case::huge_field(Fault::HugeField(5 << 20), Failed(Body))]
#[case::huger_field(Fault::HugeField(10 << 20), Failed(Body))]
#[case::large_field(Fault::HugeField(1 << 20), Truth)]
#[case::deep_json(Fault::DeepJson(5_000), Failed(Body))]
#[case::deeper_json(Fault::DeepJson(100_000), Failed(Body))]
#[case::deep_objects(Fault::DeepObjects(100_000), Failed(Body))]
#[case::lone_surrogates(Fault::LoneSurrogates, Truth)]
#[case::nul_text(Fault::NulText, Truth)]
#[case::control_characters(Fault::ControlCharacters, Truth)]
#[case::huge_numbers(Fault::HugeNumbers, Truth)]
#[case::far_dates(Fault::FarDates, Truth)]
#[case::not_a_number(Fault::BareWord("NaN".into()), Truth)]
#[case::infinite(Fault::BareWord("-Infinity".into()), Truth)]
#[case::infinite_as_php_has_it(Fault::BareWord("INF".into()), Truth)]
#[case::invalid_utf8(Fault::InvalidUtf8, Truth)]
#[case::rows_not_objects(Fault::RowsNotObjects, Partial(Body))]
#[case::few_rows_without_id(Fault::RowsWithoutId(3), SetAside(3))]
#[case::most_rows_of_a_page_without_id(Fault::RowsWithoutId(60), Partial(Body))]
#[case::no_row_with_an_id(Fault::RowsWithoutId(100_000), Partial(Body))]
#[case::ids_as_objects(Fault::ObjectIds, Partial(Body))]
#[case::ids_as_numbers(Fault::NumberIds, Truth)]
#[case::rows_with_two_ids(Fault::DuplicateKeys, Truth)]
#[case::third_page_status_500_for_ever(always(200, Fault::Status(500)), Partial(HttpStatus))]
#[case::third_page_html_for_ever(always(200, Fault::Html), Partial(Body))]
#[case::third_page_hangs_for_ever(always(200, Fault::Hang), Partial(Timeout))]
#[case::second_page_too_deep(always(100, Fault::DeepJson(5_000)), Partial(Body))]
#[case::third_page_empty(always(200, Fault::Empty), Partial(Body))]
#[case::third_page_with_a_warning(always(200, Fault::TrailingGarbage), Partial(Body))]
#[case::third_page_longer_than_promised(always(200, Fault::ShortLength), Partial(Body))]
#[case::third_page_without_a_number(always(200, Fault::BareWord("NaN".into())), Truth)]
#[case::third_page_with_ids_as_objects(always(200, Fault::ObjectIds), Partial(Body))]
#[case::passing_status_500(times(2, Fault::Status(500)), Truth)]
#[case::passing_reset(times(1, Fault::Reset), Truth)]
#[case::passing_cut(times(2, Fault::CutBody), Truth)]
#[case::passing_cut_chunks(times(2, Fault::CutChunks), Truth)]
#[case::passing_length_too_small(times(2, Fault::ShortLength), Truth)]
#[case::passing_warning(times(2, Fault::TrailingGarbage), Truth)]
#[case::passing_empty_body(times(2, Fault::EmptyBody), Truth)]
#[case::passing_other_service(times(2, Fault::NotHttp), Truth)]
#[case::total_too_high(Fault::TotalWrong(9_999), Truth)]
#[case::total_too_low(Fault::TotalWrong(7), Truth)]
#[case::total_negative(Fault::TotalWrong(-4), Truth)]
#[case::total_of_words(Fault::TotalText("many".into()), Truth)]
#[case::total_missing(Fault::TotalMissing, Truth)]
#[case::total_grows(Fault::TotalDrifts(3), Truth)]
#[case::total_shrinks(Fault::TotalDrifts(-3), Truth)]
#[case::data_missing(Fault::DataMissing, Partial(Body))]
#[case::data_null(Fault::DataNull, Partial(Body))]
#[case::data_empty_text(Fault::DataEmptyText, Partial(Body))]
#[case::data_empty_object(Fault::DataEmptyObject, Partial(Body))]
#[case::data_keyed_object(Fault::DataKeyedObject, Truth)]
#[case::empty(Fault::Empty, Held)]
#[case::shifting_pages(Fault::ShiftingPages, Truth)]
#[case::page_hole(Fault::PageHole, Partial(Body))]
#[case::rows_inserted_before_every_page(Fault::RowsInserted, Truth)]
#[case::rows_removed_before_every_page(Fault::RowsRemoved, Partial(Body))]
#[case::repeated_pages(Fault::RepeatedPages, Partial(Body))]
#[case::short_pages(Fault::ShortPages(40), Truth)]
#[case::duplicate_ids(Fault::DuplicateIds, Truth)]
#[case::numbers_for_text(Fault::NumbersForText, Truth)]
#[tokio::test]
async fn a_fault_in_one_list_gives_correct_or_old_data_and_affects_no_other_list(
    #[case] fault: Fault,
    #[case] then: Outcome,
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
async fn rows_read_before_the_fault_are_saved(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
async fn rows_are_saved_beside_others_that_are_not_records(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 90).await;
    world.fault(Request::Contacts, Fault::RowsNotObjects);
    let report = world.run().await;
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.added, contacts.status), (60, DatasetStatus::Succeeded));
    assert_eq!(world.numbers().await.total, 60);
    assert_eq!(world.count("set_aside_rows").await, contacts.set_aside);
    assert!(contacts.set_aside > 0);
}

#[rstest]
#[tokio::test]
async fn of_several_rows_with_one_id_the_latest_modified_wins_in_every_run(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
async fn faults_in_every_list_at_once_lower_no_number(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(
        Fault::NotJson,
        Fault::DataNull,
        Fault::Empty,
        Fault::RowsNotObjects,
        Fault::RowsWithoutId(100_000),
        Fault::ObjectIds,
        Fault::EmptyBody,
        Fault::ShortLength,
        Fault::TrailingGarbage,
        Fault::NotHttp
    )]
    fault: Fault,
) {
    let world = World::with_contacts(kind, 60).await;
    world.good_run().await;
    let before = world.numbers().await;
    // Some rows that are not records make no read incomplete.
    let is_complete = matches!(fault, Fault::RowsNotObjects);
    world.crm.fault_everything(0, fault);
    for _ in 0..3 {
        assert_eq!(world.run().await.run.status == RunStatus::Succeeded, is_complete);
        assert_eq!(world.numbers().await, before);
    }
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn malformed_rows_in_every_list_at_once_change_no_number(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(
        Fault::LoneSurrogates,
        Fault::NulText,
        Fault::ControlCharacters,
        Fault::Latin1,
        Fault::NumberIds,
        Fault::DuplicateKeys,
        Fault::FarDates,
        Fault::ByteOrderMark,
        Fault::Informational(103),
        Fault::RowsInserted
    )]
    fault: Fault,
) {
    let world = World::with_contacts(kind, 60).await;
    world.crm.fault_everything(0, fault);
    world.run().await;
    assert_eq!(world.numbers().await, world.truth());
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn ids_can_have_forty_digits(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Fault::HugeIds, Fault::HugeNumberIds)] fault: Fault,
) {
    let world = World::with_contacts(kind, 130).await;
    world.fault(Request::Contacts, fault);
    world.good_run().await;
    let (numbers, truth) = (world.numbers().await, world.truth());
    assert_eq!((numbers.total, &numbers.by_stage, &numbers.by_source), (truth.total, &truth.by_stage, &truth.by_source));
    assert!(world.contacts().await.iter().all(|id| id.len() == 40 && id.starts_with('9')));
    let again = world.good_run().await;
    let contacts = again.of(Dataset::Contacts);
    assert_eq!((contacts.added, contacts.changed, contacts.unchanged, contacts.gone), (0, 0, 130, 0));
}

/// The list really changes: a record added or removed between two pages is still so in the next run.
#[rstest]
#[tokio::test]
async fn a_list_that_changes_before_every_page_loses_no_record(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(true, false)] grows: bool,
) {
    let world = World::with_contacts(kind, 420).await;
    let leaving: Vec<String> = (0..30).map(|_| world.edit(Edit::AddContact(ContactEdit::named("Leo Leaving")))).collect();
    world.good_run().await;
    let known = world.contacts().await;
    world.fault(Request::Contacts, Fault::SlowMs(20));
    world.crm.clear_calls(0);
    let (mut left, mut seen) = (leaving.clone(), 0);
    let moves = async {
        while world.calls(Request::Deals) == 0 {
            if world.calls(Request::Contacts) > seen {
                seen += 1;
                match left.pop() {
                    _ if grows => drop(world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")))),
                    Some(client_id) => drop(world.edit(Edit::RemoveContact(client_id))),
                    None => {}
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let (report, ()) = tokio::join!(world.run(), moves);
    assert!(seen >= 5, "{seen}");
    assert_eq!(report.of(Dataset::Contacts).gone, 0);
    let stayed: std::collections::BTreeSet<_> = known.into_iter().filter(|id| !leaving.contains(id)).collect();
    assert!(world.contacts().await.is_superset(&stayed));

    world.crm.heal(0);
    for _ in 0..2 {
        world.good_run().await;
    }
    assert_eq!(world.numbers().await, world.truth());
    assert!(world.contacts().await.is_superset(&stayed));
}

#[rstest]
#[tokio::test]
async fn an_endless_list_is_abandoned_and_removals_after_it_wait_for_the_agency(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut world = World::with_contacts(kind, 120).await;
    world.syncer.crm.limits.max_pages = 12;
    world.good_run().await;
    let known = world.contacts().await;
    world.fault(Request::Contacts, Fault::EndlessPages);
    let report = world.run().await;
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.status, contacts.error.as_ref().unwrap().class), (DatasetStatus::Partial, Body));
    assert_eq!(contacts.pages, 12);
    assert_eq!(report.of(Dataset::Deals).status, DatasetStatus::Succeeded);
    assert!(world.contacts().await.is_superset(&known));

    world.crm.heal(0);
    assert_eq!(world.run().await.of(Dataset::Contacts).status, DatasetStatus::Held);
    let agreed = tetherboard_sync::RunOptions { accept_removals: vec![Dataset::Contacts], ..Default::default() };
    assert_eq!(world.run_with(&agreed).await.run.status, RunStatus::Succeeded);
    assert_eq!((world.numbers().await, world.contacts().await), (world.truth(), known));
}

#[rstest]
#[tokio::test]
async fn text_longer_than_an_index_entry_does_not_fail_a_run(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(3_000, 200_000)] letters: usize,
) {
    let world = World::with_contacts(kind, 60).await;
    world.crm.fault_everything(0, Fault::LongTexts(letters));
    world.good_run().await;
    let (numbers, truth) = (world.numbers().await, world.truth());
    assert_eq!((numbers.total, numbers.prospects, numbers.deals), (truth.total, truth.prospects, truth.deals));
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_crm_that_repeats_its_first_page_removes_nobody(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(105, 120, 320)] contacts: usize,
) {
    let world = World::with_contacts(kind, contacts).await;
    world.good_run().await;
    let known = world.contacts().await;
    world.fault(Request::Contacts, Fault::FirstPageOnly);
    for _ in 0..3 {
        let report = world.run().await;
        assert_eq!((report.of(Dataset::Contacts).gone, world.contacts().await.is_superset(&known)), (0, true));
    }
    world.crm.heal(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}
