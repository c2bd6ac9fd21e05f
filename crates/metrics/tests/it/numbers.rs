//! The definition of each number of the history, in worlds small enough to count by hand.

use std::collections::HashMap;

use tetherboard_domain::{ContactId, Dataset, EpochMs, Money, Role, StageKey, StageRole};
use tetherboard_metrics::{
    Board, BoardHistory, History, MovementKind, OutcomeKind, Span, WinRate, cycle_time, flow, funnel, furthest_stages, movement,
    outcomes, pipeline_at, stage_changes, stage_stays, time_in_stage,
};
use tetherboard_store::history::{HistoryContact, Transition, ValueChange};
use tetherboard_store::lookups::{Stage, StageRow};

use crate::world::{Event, HOUR_MS, START_MS, World, board};

const NEW: usize = 0;
const QR: usize = 1;
const FDD: usize = 2;
const FA: usize = 3;
const SIGNED: usize = 4;
const PARKED: usize = 5;
const LOST: usize = 6;

const EVER: Span = Span { from_ms: EpochMs(0), until_ms: EpochMs::MAX };

fn contact(stage: usize, fee: Option<i64>) -> Event {
    Event::AddContact { stage, fee }
}

fn step(contact: usize, stage: usize) -> Event {
    Event::MoveContact { contact, stage }
}

/// The steps of the movement that are not zero, in dollars.
fn steps(before: &[Event], after: &[Event]) -> Vec<(MovementKind, i64, i64)> {
    let all = [before, after].concat();
    let span = Span { from_ms: World::of(before).now_ms, until_ms: EpochMs::MAX };
    let moved = movement(&World::of(&all).history(), span).unwrap();
    moved.steps.iter().filter(|step| step.deals > 0).map(|step| (step.kind, step.amount.0 / 100, step.deals)).collect()
}

#[test]
fn a_deal_counts_once_with_the_fee_that_entered_or_left() {
    let rich = contact(FDD, Some(10_000));
    let price = |fee| Event::PriceContact { contact: 0, fee };
    type Case<'a> = (&'a [Event], &'a [Event], &'a [(MovementKind, i64, i64)]);
    let cases: [Case<'_>; 12] = [
        (&[], &[contact(NEW, Some(10_000))], &[(MovementKind::New, 100, 1)]),
        (&[], &[contact(NEW, None)], &[(MovementKind::New, 0, 1)]),
        (&[], &[contact(NEW, None), price(Some(7_000))], &[(MovementKind::New, 70, 1)]),
        (&[contact(NEW, None)], &[price(Some(7_000))], &[(MovementKind::Up, 70, 1)]),
        (std::slice::from_ref(&rich), &[price(Some(6_000))], &[(MovementKind::Down, -40, 1)]),
        (std::slice::from_ref(&rich), &[price(Some(90_000)), price(Some(10_000))], &[]),
        (std::slice::from_ref(&rich), &[price(Some(15_000)), step(0, LOST)], &[(MovementKind::Lost, -100, 1)]),
        (std::slice::from_ref(&rich), &[step(0, SIGNED)], &[(MovementKind::Awarded, -100, 1)]),
        (std::slice::from_ref(&rich), &[step(0, PARKED)], &[(MovementKind::Parked, -100, 1)]),
        (std::slice::from_ref(&rich), &[Event::LoseContact { contact: 0 }], &[(MovementKind::Removed, -100, 1)]),
        (&[contact(LOST, Some(10_000))], &[step(0, FDD)], &[(MovementKind::Reopened, 100, 1)]),
        (&[], &[rich.clone(), step(0, LOST)], &[]),
    ];
    for (before, after, expected) in cases {
        assert_eq!(steps(before, after), expected, "{before:?} and then {after:?}");
    }
}

#[test]
fn a_deal_that_replaces_its_prospects_implicit_deal_is_not_new() {
    let listed = Event::AddDeal { contact: Some(0), stage: FDD, fee: Some(13_000), odds: None };
    assert_eq!(steps(&[contact(FDD, Some(10_000))], std::slice::from_ref(&listed)), [(MovementKind::Up, 30, 1)]);
    let second = Event::AddDeal { contact: Some(0), stage: FDD, fee: Some(5_000), odds: None };
    assert_eq!(steps(&[contact(FDD, Some(10_000)), listed], &[second]), [(MovementKind::New, 50, 1)]);
}

#[test]
fn what_left_without_a_move_is_named_by_its_reason() {
    let deal = Event::AddDeal { contact: Some(0), stage: FDD, fee: Some(9_000_000), odds: None };
    let two = [contact(FDD, Some(10_000)), contact(FDD, Some(5_000_000)), deal];
    let retype = |contact| Event::Retype { contact, prospect: false };
    let merge = [Event::Relink { deal: 0, contact: Some(1) }, Event::LoseContact { contact: 0 }];
    // The deal stays in the pipeline; the contact that got it no longer counts as a deal itself.
    assert_eq!(steps(&two, &merge), [(MovementKind::Merged, -50_000, 1)]);
    assert_eq!(steps(&two, &[retype(0)]), [(MovementKind::NoLongerProspect, -90_000, 1)]);
    assert_eq!(steps(&two, &[retype(1)]), [(MovementKind::NoLongerProspect, -50_000, 1)]);
    assert_eq!(steps(&two, &[Event::LoseDeal { deal: 0 }]), [(MovementKind::Removed, -90_000, 1)]);
    assert_eq!(steps(&two, &[Event::LoseContact { contact: 0 }]), [], "the deal is still there");
    let back = [Event::LoseDeal { deal: 0 }, Event::ReturnDeal { deal: 0 }];
    assert_eq!(steps(&two, &back), []);
    assert_eq!(steps(&[&two[..], &back[..1]].concat(), &back[1..]), [(MovementKind::Reopened, 90_000, 1)]);
    let client = [contact(FDD, Some(10_000)), retype(0)];
    assert_eq!(steps(&client, &[Event::Retype { contact: 0, prospect: true }]), [(MovementKind::Reopened, 100, 1)]);
}

#[test]
fn a_deactivated_stage_takes_its_deals_out_and_the_past_keeps_them() {
    let stage = |active| Stage { active, ..stage("9", "Site Visit") };
    let row = StageRow { stage: stage(false), first_seen_ms: hour(1), gone_ms: None };
    let change = list_change("9", "active", ("1", "0"), hour(3));
    let contact = HistoryContact {
        crm_id: ContactId::from("c"),
        stage: Some("Site Visit".to_owned()),
        stage_id: Some("9".to_owned()),
        fee_cents: Some(9_000_000),
        contact_type: Some(1),
        first_seen_ms: hour(1),
        ..HistoryContact::default()
    };
    let boards = BoardHistory::new(&Board::new(vec![stage(false)], HashMap::new()), &[row], &[change], &HashMap::new());
    let history = History::of(boards, Some(hour(1) - 1), vec![contact], Vec::new(), &[], &[]);
    let moved = movement(&history, Span { from_ms: hour(2), until_ms: EpochMs::MAX }).unwrap();
    let [left] = moved.rows.as_slice() else { panic!("{:?}", moved.rows) };
    assert_eq!((left.kind, left.amount, left.at_ms), (MovementKind::StageDeactivated, Some(Money(-9_000_000)), hour(3)));
    let value = |before_ms| pipeline_at(&history, before_ms).value;
    assert_eq!((value(hour(3)), value(hour(3) + 1)), (Money(9_000_000), Money::ZERO));
    assert!(outcomes(&history, EVER).is_empty(), "nobody was lost");
}

/// A prospect in "New Lead", which is renamed to "Inquiry", removed, and added again under another ID.
#[test]
fn the_records_of_a_stage_that_was_added_again_were_in_the_removed_one() {
    let row = |id: &str, since: i64, gone: Option<i64>| StageRow {
        stage: Stage { role: Some(Role::Qualified), ..stage(id, "Inquiry") },
        first_seen_ms: hour(since),
        gone_ms: gone.map(hour),
    };
    let renamed = list_change("old", "name", ("New Lead", "Inquiry"), hour(2));
    let removed = list_change("old", "presence", ("listed", "removed"), hour(3));
    let corrected = Transition {
        from: Some("inquiry".to_owned()),
        from_id: Some("old".to_owned()),
        renamed: true,
        seen_after_ms: hour(4),
        ..moved()
    };
    let contact = HistoryContact { stage_id: Some("new".to_owned()), first_seen_ms: hour(1), ..inquiry() };
    let (stages, none) = ([row("old", 1, Some(3)), row("new", 4, None)], HashMap::new());
    let board = Board::new(vec![stages[1].stage.clone()], HashMap::new());
    let boards = BoardHistory::new(&board, &stages, &[renamed, removed], &none);
    let history = History::of(boards, Some(hour(1) - 1), vec![contact], Vec::new(), &[corrected], &[]);
    for (before_ms, name, is_listed) in
        [(hour(2), "New Lead", true), (hour(3), "Inquiry", true), (hour(4), "Inquiry", false), (EpochMs::MAX, "Inquiry", true)]
    {
        assert_eq!(stages_of(&history, before_ms), [(name.to_owned(), is_listed)], "{before_ms:?}");
        let roles: Vec<StageRole> = pipeline_at(&history, before_ms).stages.iter().map(|line| line.role).collect();
        assert_eq!(roles, [StageRole::Confirmed(Role::Qualified)], "{before_ms:?}: removed, it keeps its role");
    }
}

/// A prospect who was in a stage that the list no longer had, and moved.
#[test]
fn a_stage_that_the_list_no_longer_has_keeps_its_spelling() {
    let old = StageRow { stage: stage("old", "QR Returned"), first_seen_ms: hour(1), gone_ms: Some(hour(2)) };
    let new = StageRow { stage: stage("new", "Inquiry"), first_seen_ms: hour(1), gone_ms: None };
    let removed = list_change("old", "presence", ("listed", "removed"), hour(2));
    let moved = Transition { from: Some("qr returned".to_owned()), ..moved() };
    let contact = HistoryContact { stage_id: Some("new".to_owned()), first_seen_ms: hour(3), ..inquiry() };
    let boards =
        BoardHistory::new(&Board::new(vec![stage("new", "Inquiry")], HashMap::new()), &[old, new], &[removed], &HashMap::new());
    let history = History::of(boards, Some(hour(1) - 1), vec![contact], Vec::new(), &[moved], &[]);
    assert_eq!(stages_of(&history, hour(4)), [("QR Returned".to_owned(), false)]);
}

/// A prospect's move into "Inquiry".
fn moved() -> Transition {
    Transition {
        subject: Dataset::Contacts,
        crm_id: "c".to_owned(),
        from: None,
        to: Some("inquiry".to_owned()),
        from_id: None,
        to_id: Some("new".to_owned()),
        since: None,
        renamed: false,
        seen_before_ms: hour(3),
        seen_after_ms: hour(4),
        at_ms: hour(4),
    }
}

fn hour(hours: i64) -> EpochMs {
    EpochMs(hours * HOUR_MS)
}

fn stage(id: &str, name: &str) -> Stage {
    Stage {
        crm_id: id.to_owned(),
        name: name.to_owned(),
        key: StageKey::of(name),
        active: true,
        order: Some(1),
        odds: None,
        contact_type: Some(1),
        role: None,
        milestone: None,
    }
}

/// A prospect in the stage "Inquiry".
fn inquiry() -> HistoryContact {
    let (crm_id, stage) = (ContactId::from("c"), Some("Inquiry".to_owned()));
    HistoryContact { crm_id, stage, contact_type: Some(1), ..HistoryContact::default() }
}

fn list_change(id: &str, field: &str, (old, new): (&str, &str), seen_ms: EpochMs) -> ValueChange {
    ValueChange {
        subject: Dataset::Stages,
        crm_id: id.to_owned(),
        field: field.to_owned(),
        old: Some(old.to_owned()),
        new: Some(new.to_owned()),
        seen_before_ms: seen_ms,
        seen_after_ms: seen_ms,
        at_ms: seen_ms,
    }
}

/// The stages that prospects were in, and whether the list had them.
fn stages_of(history: &History, before_ms: EpochMs) -> Vec<(String, bool)> {
    let lines = pipeline_at(history, before_ms).stages;
    let held = lines.into_iter().filter(|line| line.contacts > 0);
    held.map(|line| (line.stage.unwrap_or_default(), line.order.is_some())).collect()
}

#[test]
fn a_period_before_the_history_has_no_movement() {
    let history = World::of(&[contact(NEW, Some(1))]).history();
    assert!(movement(&history, Span { from_ms: EpochMs(0), until_ms: EpochMs(10) }).is_none());
    let whole = movement(&history, EVER).unwrap();
    assert_eq!((whole.span.from_ms, whole.opening.value), (START_MS, Money::ZERO));
}

#[test]
fn an_award_is_a_move_to_awarded_and_a_loss_a_move_from_open_to_inactive() {
    let events = [
        contact(FA, Some(10_000)),
        step(0, SIGNED),
        contact(SIGNED, None),
        contact(PARKED, None),
        step(2, LOST),
        contact(FDD, None),
        step(3, LOST),
        step(3, NEW),
        step(3, LOST),
    ];
    let found = outcomes(&World::of(&events).history(), EVER);
    let rows: Vec<(OutcomeKind, &str, Option<i64>)> =
        found.iter().map(|row| (row.ending, row.who.contact.as_ref().unwrap().as_str(), row.fee_cents)).collect();
    assert_eq!(
        rows,
        [(OutcomeKind::Lost, "c3", None), (OutcomeKind::Lost, "c3", None), (OutcomeKind::Awarded, "c0", Some(10_000))]
    );
    assert_eq!(WinRate::of(&found), WinRate { awards: 1, lost: 2 });
}

#[test]
fn a_win_rate_of_fewer_than_five_deals_is_not_shown() {
    assert_eq!(WinRate { awards: 2, lost: 2 }.percent(), None);
    assert_eq!(WinRate { awards: 2, lost: 3 }.percent(), Some(40));
    assert_eq!(WinRate { awards: 1, lost: 7 }.percent(), Some(13));
}

#[test]
fn the_cycle_time_runs_from_creation_to_award() {
    let mut events = Vec::new();
    for at in 0..5 {
        // Created half an hour before it is seen, and awarded half an hour before that is seen: one hour.
        events.extend([contact(FA, None), step(at, SIGNED)]);
    }
    let typical = cycle_time(&outcomes(&World::of(&events).history(), EVER));
    assert_eq!((typical.n, typical.figures), (5, Some((HOUR_MS, HOUR_MS))));
}

#[test]
fn the_furthest_stage_counts_and_parked_or_inactive_is_not_progress() {
    let events = [
        contact(NEW, None),
        step(0, FDD),
        step(0, LOST),
        contact(QR, None),
        step(1, PARKED),
        contact(PARKED, None),
        step(2, FA),
        contact(SIGNED, None),
        contact(NEW, None),
    ];
    let board = board();
    let reached = furthest_stages(&World::of(&events).history(), &board, EVER);
    let funnel = funnel(&board, &reached);
    assert_eq!((funnel.created, funnel.known), (5, 3));
    let rows: Vec<(&str, i64)> = funnel.stages.iter().map(|stage| (stage.stage.as_str(), stage.reached)).collect();
    assert_eq!(rows, [("New Lead", 3), ("QR Returned", 2), ("FDD Sent", 1), ("FA Sent", 0), ("FA Signed", 0)]);
}

#[test]
fn a_stay_without_a_known_start_is_left_out() {
    // The first contact existed when the history began.
    let events = [contact(NEW, None), contact(NEW, None), step(0, QR), step(1, QR), step(0, FDD), step(1, FDD)];
    let world = World::of(&events);
    let found = stage_stays(&world.history(), world.now_ms);
    let mut rows: Vec<(&str, &str, i64)> = found
        .iter()
        .map(|stay| (stay.who.contact.as_ref().unwrap().as_str(), stay.stage.as_deref().unwrap(), stay.took_ms() / HOUR_MS))
        .collect();
    rows.sort_unstable();
    assert_eq!(rows, [("c0", "QR Returned", 2), ("c1", "New Lead", 2), ("c1", "QR Returned", 2)]);
    let n: Vec<(String, usize)> =
        time_in_stage(&found).into_iter().map(|(_, stage, typical)| (stage.unwrap(), typical.n)).collect();
    assert_eq!(n, [("New Lead".to_owned(), 1), ("QR Returned".to_owned(), 2)]);
}

#[test]
fn the_flow_connects_the_two_ends_of_the_period() {
    let before = [contact(NEW, None), contact(NEW, None), contact(NEW, None)];
    let then = [step(0, QR), step(0, FDD), step(1, FDD), step(2, QR), step(2, NEW), contact(QR, None)];
    let history = World::of(&[&before[..], &then].concat()).history();
    let stage_changes = stage_changes(&history, Span { from_ms: World::of(&before).now_ms, until_ms: EpochMs::MAX }).unwrap();
    let links = flow(&history, &stage_changes);
    let rows: Vec<(&str, &str, i64)> = links
        .iter()
        .map(|link| (link.from.stage.as_deref().unwrap(), link.to.stage.as_deref().unwrap(), link.candidates))
        .collect();
    assert_eq!(rows, [("New Lead", "FDD Sent", 2)]);
}
