//! Tests of the statuses and reasons at each rule's boundaries.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use rstest::rstest;
use tetherboard_domain::{DAY, EpochMs, Milestone, Role, Zone};

use super::*;

fn status(facts: &StatusFacts) -> Status {
    super::status(facts, &StatusRules::default())
}

fn reasons(facts: &StatusFacts) -> Vec<Reason> {
    super::reasons(facts, &StatusRules::default())
}

fn stall_limit_ms(role: Option<Role>, disclosed: bool, stays: StayStats) -> i64 {
    super::stall_limit_ms(role, disclosed, stays, &StatusRules::default())
}

/// Thursday, March 12, 2026, 10:30 in Chicago.
const AT_MS: EpochMs = EpochMs(1_773_329_400_000);

fn ago(days: i64) -> EpochMs {
    AT_MS - days * DAY
}

/// Qualified for two days, contacted a day ago, nothing booked, nothing overdue: moving.
fn facts() -> StatusFacts {
    StatusFacts {
        at_ms: AT_MS,
        today: date(2026, 3, 12),
        role: Some(Role::Qualified),
        disclosed: false,
        stage_since_ms: ago(2),
        stage_since_exact: true,
        stays: StayStats::default(),
        close_date: None,
        calendar: Some(Appointments::default()),
        last_touch: LastTouch { last_ms: Some(ago(1)), known_until_ms: Some(AT_MS), known_since_ms: ago(100) },
        last_move_ms: Some(ago(2)),
        fdd: None,
    }
}

fn touched(days_ago: i64) -> LastTouch {
    LastTouch { last_ms: Some(ago(days_ago)), ..facts().last_touch }
}

/// In the stage for 22 days, not contacted for 11, nothing booked.
fn stalled() -> StatusFacts {
    StatusFacts { stage_since_ms: ago(22), last_move_ms: Some(ago(22)), last_touch: touched(11), ..facts() }
}

fn missed(ended_ms: EpochMs) -> Option<Appointments> {
    let missed = UnresolvedAppointment { title: "Call".to_owned(), starts_ms: ended_ms - 1, ended_ms };
    Some(Appointments { without_outcome: vec![missed], next_ms: None })
}

fn booked(ms: EpochMs) -> Option<Appointments> {
    Some(Appointments { next_ms: Some(ms), ..Appointments::default() })
}

#[rstest]
#[case::today(30, Status::Awarded)]
#[case::longer_ago(31, Status::Quiet)]
fn an_award_counts_for_thirty_days(#[case] days: i64, #[case] expected: Status) {
    let signed = StatusFacts {
        role: Some(Role::Awarded),
        stage_since_ms: ago(days),
        last_move_ms: Some(ago(days)),
        last_touch: touched(40),
        close_date: Some(date(2026, 1, 1)),
        ..facts()
    };
    assert_eq!(status(&signed), expected);
    assert_ne!(status(&StatusFacts { stage_since_exact: false, ..signed }), Status::Awarded);
}

#[rstest]
#[case::an_hour_short_of_a_day(AT_MS - DAY + 3_600_000, false)]
#[case::a_day(ago(1), true)]
#[case::fourteen_days(ago(14), true)]
#[case::a_moment_more(ago(14) - 1, false)]
fn an_appointment_without_outcome_is_overdue_from_one_day_to_fourteen(#[case] ended_ms: EpochMs, #[case] overdue: bool) {
    let facts = StatusFacts { calendar: missed(ended_ms), ..facts() };
    assert_eq!(status(&facts) == Status::OverdueAction, overdue);
    assert_eq!(reasons(&facts).len(), usize::from(overdue));
    assert_ne!(status(&StatusFacts { role: Some(Role::Parked), ..facts }), Status::OverdueAction);
}

#[rstest]
#[case::yesterday(date(2026, 3, 11), Status::OverdueAction)]
#[case::today(date(2026, 3, 12), Status::Moving)]
fn a_close_date_has_passed_on_the_day_after(#[case] day: Date, #[case] expected: Status) {
    assert_eq!(status(&StatusFacts { close_date: Some(day), ..facts() }), expected);
}

#[test]
fn both_reasons_for_an_overdue_action_are_listed() {
    let facts = StatusFacts { close_date: Some(date(2026, 3, 9)), calendar: missed(ago(2)), ..facts() };
    let passed = Reason::CloseDatePassed(date(2026, 3, 9));
    assert!(matches!(&reasons(&facts)[..], [Reason::NoOutcome { stage_kept: false, .. }, second] if *second == passed));
}

#[rstest]
#[case::since_before_it(3, true)]
#[case::moved_after_it(1, false)]
fn a_missing_outcome_says_whether_the_candidate_is_still_in_the_same_stage(#[case] days_in_stage: i64, #[case] kept: bool) {
    let facts = StatusFacts { stage_since_ms: ago(days_in_stage), calendar: missed(ago(2)), ..facts() };
    assert!(matches!(reasons(&facts)[..], [Reason::NoOutcome { stage_kept, .. }] if stage_kept == kept));
}

#[rstest]
#[case::begun_already(AT_MS - 600_000, Status::AppointmentBooked)]
#[case::in_fourteen_days(AT_MS + 14 * DAY, Status::AppointmentBooked)]
#[case::later(AT_MS + 14 * DAY + 1, Status::Quiet)]
fn an_appointment_within_fourteen_days_counts_as_booked_and_prevents_stalling(#[case] next: EpochMs, #[case] expected: Status) {
    assert_eq!(status(&StatusFacts { calendar: booked(next), ..stalled() }), expected);
}

#[test]
fn the_waiting_period_ends_on_the_fifteenth_day() {
    let clock = FddClock::Since(date(2026, 2, 26));
    assert_eq!(clock.earliest_signing(), date(2026, 3, 13));
    assert_eq!((clock.runs(date(2026, 3, 12)), clock.runs(date(2026, 3, 13))), (true, false));
    assert_eq!(status(&StatusFacts { fdd: Some(clock), ..facts() }), Status::WaitingPeriod);
    let over = FddClock::Since(date(2026, 2, 25));
    assert_eq!(status(&StatusFacts { fdd: Some(over), ..facts() }), Status::Moving);
}

#[test]
fn the_waiting_period_needs_attention_after_five_silent_days() {
    let waiting = |last_touch| StatusFacts { fdd: Some(FddClock::Since(date(2026, 3, 1))), last_touch, ..facts() };
    assert_eq!(reasons(&waiting(touched(4))), []);
    let silent = Reason::Silent { touched: Some(Elapsed { at_ms: ago(5), days: 5 }), clock: FddClock::Since(date(2026, 3, 1)) };
    assert_eq!(reasons(&waiting(touched(5))), [silent]);
    let unread = LastTouch { known_until_ms: None, ..touched(50) };
    assert_eq!(reasons(&waiting(unread)), []);
}

#[rstest]
#[case::read_now(0, 10, true)]
#[case::touched_within(0, 9, false)]
#[case::silence_read_in_part(3, 12, false)]
#[case::silence_read(3, 13, true)]
#[case::read_too_long_ago(10, 40, false)]
fn silence_counts_only_as_far_as_the_notes_were_read(#[case] read: i64, #[case] last: i64, #[case] silent: bool) {
    let last_touch = LastTouch { known_until_ms: Some(ago(read)), ..touched(last) };
    assert_eq!(last_touch.silent_for(10, AT_MS), silent);
    // A candidate who was never contacted is silent since they are known.
    let never = LastTouch { last_ms: None, known_since_ms: ago(last), ..last_touch };
    assert_eq!(never.silent_for(10, AT_MS), silent);
}

#[rstest]
#[case::new(Some(Role::New), false, 3)]
#[case::working(Some(Role::Working), false, 10)]
#[case::qualified(Some(Role::Qualified), false, 21)]
#[case::from_fdd_sent(Some(Role::Qualified), true, 14)]
#[case::late(Some(Role::Late), true, 10)]
fn the_limit_depends_on_the_role_until_eight_candidates_have_left_the_stage(
    #[case] role: Option<Role>,
    #[case] disclosed: bool,
    #[case] days: i64,
) {
    assert_eq!(stall_limit_ms(role, disclosed, StayStats { n: 7, p75_ms: 99 * DAY }), days * DAY);
    assert_eq!(stall_limit_ms(role, disclosed, StayStats { n: 8, p75_ms: 99 * DAY }), 99 * DAY);
    assert_eq!(stall_limit_ms(role, disclosed, StayStats { n: 8, p75_ms: DAY }), 7 * DAY);
}

#[test]
fn a_candidate_stalls_after_the_limit_without_contact_for_ten_days_and_with_nothing_booked() {
    assert_eq!(status(&stalled()), Status::Stalled);
    assert_eq!(
        reasons(&stalled()),
        [Reason::Stalled {
            stayed: Elapsed { at_ms: ago(22), days: 22 },
            at_least: false,
            touched: Some(Elapsed { at_ms: ago(11), days: 11 })
        }]
    );
    assert_eq!(status(&StatusFacts { stage_since_ms: ago(21), ..stalled() }), Status::Quiet);
    assert_eq!(status(&StatusFacts { last_touch: touched(9), ..stalled() }), Status::Quiet);
}

#[test]
fn a_brands_own_rules_move_each_boundary() {
    let mut rules =
        StatusRules { overdue_from: 3, overdue_until: 5, booked_within: 2, moving_within: 1, ..StatusRules::default() };
    let by = |facts: &StatusFacts, rules: &StatusRules| super::status(facts, rules);
    let overdue = |days: i64| by(&StatusFacts { calendar: missed(ago(days)), ..facts() }, &rules) == Status::OverdueAction;
    assert_eq!([2, 3, 5, 6].map(overdue), [false, true, true, false]);
    let next = |days: i64| by(&StatusFacts { calendar: booked(AT_MS + days * DAY), ..stalled() }, &rules);
    assert_eq!((next(2), next(3)), (Status::AppointmentBooked, Status::Quiet));
    let still = StatusFacts { last_touch: touched(2), last_move_ms: Some(ago(2)), ..facts() };
    assert_eq!(by(&still, &rules), Status::Quiet);
    rules.stalled.qualified = 30;
    assert_eq!(by(&stalled(), &rules), Status::Quiet);
    rules.stalled.qualified = 5;
    rules.stalled_untouched = 12;
    assert_eq!(by(&stalled(), &rules), Status::Quiet);
    rules.stalled_untouched = 11;
    assert_eq!(by(&stalled(), &rules), Status::Stalled);
    let signed = StatusFacts { role: Some(Role::Awarded), stage_since_ms: ago(40), ..facts() };
    assert_eq!(by(&signed, &StatusRules { awarded: 40, ..rules }), Status::Awarded);
}

#[test]
fn unread_notes_or_an_unread_calendar_stall_nobody() {
    let unread = LastTouch { known_until_ms: None, last_ms: None, ..touched(0) };
    assert_eq!(status(&StatusFacts { last_touch: unread, ..stalled() }), Status::Unknown);
    assert_eq!(status(&StatusFacts { calendar: None, ..stalled() }), Status::Quiet);
}

#[test]
fn only_notes_read_within_a_day_show_that_a_candidate_is_stalled_or_quiet() {
    let read = |ms| LastTouch { known_until_ms: Some(ms), ..touched(11) };
    let quiet = |ms| StatusFacts { last_touch: read(ms), stage_since_ms: ago(21), last_move_ms: Some(ago(21)), ..facts() };
    assert_eq!(status(&StatusFacts { last_touch: read(ago(1)), ..stalled() }), Status::Stalled);
    assert_eq!(status(&StatusFacts { last_touch: read(ago(1) - 1), ..stalled() }), Status::Unknown);
    assert_eq!((status(&quiet(ago(1))), status(&quiet(ago(1) - 1))), (Status::Quiet, Status::Unknown));
    let rules = StatusRules { notes_read_within: 3, ..StatusRules::default() };
    assert_eq!(super::status(&quiet(ago(3)), &rules), Status::Quiet);
    let moved = StatusFacts { last_move_ms: Some(ago(1)), ..quiet(ago(3)) };
    assert_eq!(status(&moved), Status::Moving);
}

#[test]
fn a_move_or_a_contact_within_seven_days_counts_as_moving() {
    let still = StatusFacts { last_touch: touched(8), last_move_ms: Some(ago(8)), ..facts() };
    assert_eq!(status(&still), Status::Quiet);
    assert_eq!(status(&StatusFacts { last_touch: touched(7), ..still.clone() }), Status::Moving);
    assert_eq!(status(&StatusFacts { last_move_ms: Some(ago(7)), ..still }), Status::Moving);
}

#[test]
fn the_fdd_clock_starts_at_the_receipt_or_else_at_sent_on_the_brands_local_date() {
    let zone = Zone::named("America/Chicago").unwrap();
    let ms = |text: &str| EpochMs::from(text.parse::<Timestamp>().unwrap());
    // In Chicago it is still the 4th.
    let (sent, signed) = (ms("2026-03-02T15:00:00Z"), ms("2026-03-05T05:30:00Z"));
    let entries = [(Milestone::FddReceipt, signed), (Milestone::FddSent, sent), (Milestone::AgreementSent, AT_MS)];
    assert_eq!(fdd_clock(&entries, None, &zone), Some(FddClock::Since(date(2026, 3, 4))));
    assert_eq!(fdd_clock(&entries[1..], Some(AT_MS), &zone), Some(FddClock::Since(date(2026, 3, 2))));
    assert_eq!(fdd_clock(&entries[2..], Some(sent), &zone), Some(FddClock::Before(date(2026, 3, 2))));
    assert_eq!(fdd_clock(&[], None, &zone), None);
}
