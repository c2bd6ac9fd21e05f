//! How a candidate stands, in one word, and why somebody should look after them.
//!
//! Each rule is a function of [`Facts`], which are told as of one moment: the data's, not the visitor's. A rule that rests on
//! what was not read says nothing: a calendar that was never read books nothing and misses nothing, and notes that were not
//! read leave nobody silent.

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tetherboard_domain::{DAY, EpochMs, Milestone, Role, StatusRules, Zone};

/// The first that fits, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Signed within the last 30 days.
    Awarded,
    OverdueAction,
    AppointmentBooked,
    WaitingPeriod,
    Stalled,
    Moving,
    Quiet,
}

impl Status {
    pub const ALL: [Self; 7] = [
        Self::Awarded,
        Self::OverdueAction,
        Self::AppointmentBooked,
        Self::WaitingPeriod,
        Self::Stalled,
        Self::Moving,
        Self::Quiet,
    ];

    /// As addresses and scripts name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Awarded => "awarded",
            Self::OverdueAction => "overdue_action",
            Self::AppointmentBooked => "appointment_booked",
            Self::WaitingPeriod => "waiting_period",
            Self::Stalled => "stalled",
            Self::Moving => "moving",
            Self::Quiet => "quiet",
        }
    }

    /// What a person is told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Awarded => "Awarded",
            Self::OverdueAction => "Overdue action",
            Self::AppointmentBooked => "Appointment booked",
            Self::WaitingPeriod => "Waiting period",
            Self::Stalled => "Stalled",
            Self::Moving => "Moving",
            Self::Quiet => "Quiet",
        }
    }
}

/// What a status is told from. Moments are milliseconds UTC.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The moment that all of it is told as of.
    pub at_ms: EpochMs,
    /// Its local date.
    pub today: Date,
    /// The stage's role, confirmed or else suggested.
    pub role: Option<Role>,
    /// The stage is that of FDD sent or one beyond it.
    pub disclosed: bool,
    pub stage_since_ms: EpochMs,
    /// Whether the move into the stage was seen; else it has been there at least since.
    pub stage_since_exact: bool,
    /// How long others stayed in the stage.
    pub stays: Stays,
    pub close_date: Option<Date>,
    /// `None`: the calendar was never read.
    pub calendar: Option<Appointments>,
    pub touches: Touches,
    pub last_move_ms: Option<EpochMs>,
    pub fdd: Option<FddClock>,
}

/// Completed stays in a stage in the last 365 days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stays {
    pub n: usize,
    /// The 75th percentile; 0 when there are too few to say.
    pub p75_ms: i64,
}

/// A candidate's appointments that are not cancelled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appointments {
    /// Those that are over and tell no outcome.
    pub without_outcome: Vec<Missed>,
    /// When the first that is not over begins.
    pub next_ms: Option<EpochMs>,
}

/// An appointment that is over, without an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    pub title: String,
    pub starts_ms: EpochMs,
    pub ended_ms: EpochMs,
}

/// What is known of when a person last wrote to or met the candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touches {
    pub last_ms: Option<EpochMs>,
    /// Up to when the candidate's notes are known; `None` when they were not read since the candidate last changed.
    pub known_until_ms: Option<EpochMs>,
    /// From when on, at the earliest, there could be any.
    pub known_since_ms: EpochMs,
}

impl Touches {
    /// Whether it is known that nobody touched them for so many days: the silence itself was read, not just supposed.
    pub fn silent_for(&self, days: i64, at_ms: EpochMs) -> bool {
        let Some(until_ms) = self.known_until_ms.map(|ms| ms.min(at_ms)) else { return false };
        let from_ms = self.last_ms.unwrap_or(self.known_since_ms);
        until_ms - from_ms >= days * DAY && at_ms - until_ms < days * DAY
    }
}

/// What a person is told about the waiting period.
pub const FDD_CAUTION: &str = "The waiting period is an estimate: confirm it on the receipt. State rules and the 7 days of the \
    completed agreement are not counted.";

/// When the federal waiting period of a candidate began. An estimate: the receipt itself is not in the CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FddClock {
    /// Day 0, the later bound of what was seen.
    Since(Date),
    /// First seen beyond it: it began on that day at the latest.
    Before(Date),
}

impl FddClock {
    const DAYS: i64 = 15;

    /// Day 0 and 15 calendar days; of a clock whose beginning was not seen, the latest that it can be.
    pub fn earliest_signing(self) -> Date {
        let (Self::Since(day) | Self::Before(day)) = self;
        day.saturating_add(Span::new().days(Self::DAYS))
    }

    /// Whether one has to wait still.
    pub fn runs(self, today: Date) -> bool {
        today < self.earliest_signing()
    }
}

/// Day 0 is the last entry to the FDD's receipt, else to FDD sent. `entries` are milestones with the moment at which a read first
/// saw the candidate there; `first_beyond_ms` is when one who was never seen entering either was first seen there or beyond.
pub fn fdd_clock(entries: &[(Milestone, EpochMs)], first_beyond_ms: Option<EpochMs>, zone: &Zone) -> Option<FddClock> {
    let date = |ms: EpochMs| ms.timestamp().map(|moment| zone.date(moment));
    let last = |wanted: Milestone| entries.iter().filter(|(milestone, _)| *milestone == wanted).map(|(_, ms)| *ms).max();
    match last(Milestone::FddReceipt).or_else(|| last(Milestone::FddSent)) {
        Some(ms) => date(ms).map(FddClock::Since),
        None => first_beyond_ms.and_then(date).map(FddClock::Before),
    }
}

/// How long one may stay in a stage before it is called stalled, in milliseconds.
pub fn stall_limit_ms(role: Option<Role>, disclosed: bool, stays: Stays, rules: &StatusRules) -> i64 {
    let enough = i64::try_from(stays.n).is_ok_and(|n| n >= rules.stalled_stays);
    if enough { stays.p75_ms.max(rules.stalled_least * DAY) } else { rules.stalled.of(role, disclosed) * DAY }
}

/// Whether an appointment without an outcome that ended then is to be looked after: by the usual rules 1 to 14 days ago.
pub(crate) fn is_due(at_ms: EpochMs, ended_ms: EpochMs, rules: &StatusRules) -> bool {
    (rules.overdue_from * DAY..=rules.overdue_until * DAY).contains(&(at_ms - ended_ms))
}

pub fn status(facts: &Facts, rules: &StatusRules) -> Status {
    match () {
        () if facts.is_awarded(rules) => Status::Awarded,
        () if facts.missed(rules).is_some() || facts.close_date_passed().is_some() => Status::OverdueAction,
        () if facts.is_booked(rules) => Status::AppointmentBooked,
        () if facts.waits().is_some() => Status::WaitingPeriod,
        () if facts.is_stalled(rules) => Status::Stalled,
        () if facts.is_moving(rules) => Status::Moving,
        () => Status::Quiet,
    }
}

/// Why a candidate needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    NoOutcome {
        missed: Missed,
        /// Whether they stand in the stage where they stood when it began; else they moved, or nobody knows.
        stage_kept: bool,
    },
    CloseDatePassed(Date),
    /// In the waiting period, and nobody touched them since then; `None`: never, as far as is known.
    Silent {
        touched: Option<Ago>,
        clock: FddClock,
    },
    /// In the stage since then, or longer when the move into it was not seen; and the last touch, if there was one.
    Stalled {
        stayed: Ago,
        at_least: bool,
        touched: Option<Ago>,
    },
}

/// A moment that is past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ago {
    /// Milliseconds UTC.
    pub at_ms: EpochMs,
    /// Whole days from then on.
    pub days: i64,
}

/// Empty for who needs none.
pub fn reasons(facts: &Facts, rules: &StatusRules) -> Vec<Reason> {
    let ago = |at_ms: EpochMs| Ago { at_ms, days: (facts.at_ms - at_ms).max(0) / DAY };
    let touched = facts.touches.last_ms.map(ago);
    match status(facts, rules) {
        Status::OverdueAction => {
            let missed = facts.missed(rules).cloned().map(|missed| {
                let stage_kept = facts.stage_since_ms <= missed.starts_ms;
                Reason::NoOutcome { missed, stage_kept }
            });
            missed.into_iter().chain(facts.close_date_passed().map(Reason::CloseDatePassed)).collect()
        }
        Status::WaitingPeriod if facts.touches.silent_for(rules.silent, facts.at_ms) => {
            facts.waits().map(|clock| Reason::Silent { touched, clock }).into_iter().collect()
        }
        Status::Stalled => {
            vec![Reason::Stalled { stayed: ago(facts.stage_since_ms), at_least: !facts.stage_since_exact, touched }]
        }
        _ => Vec::new(),
    }
}

impl Facts {
    /// A stage without a known role counts as open.
    fn is_open(&self) -> bool {
        self.role.is_none_or(Role::is_open)
    }

    fn is_within(&self, ms: EpochMs, days: i64) -> bool {
        (0..=days * DAY).contains(&(self.at_ms - ms))
    }

    /// Only one whose move into the stage was seen: nobody knows when the others signed.
    fn is_awarded(&self, rules: &StatusRules) -> bool {
        self.role == Some(Role::Awarded) && self.stage_since_exact && self.is_within(self.stage_since_ms, rules.awarded)
    }

    /// The last appointment that ended without an outcome, from a day ago to two weeks, by the usual rules.
    pub(crate) fn missed(&self, rules: &StatusRules) -> Option<&Missed> {
        let calendar = self.calendar.as_ref().filter(|_| self.is_open())?;
        let due = |missed: &&Missed| is_due(self.at_ms, missed.ended_ms, rules);
        calendar.without_outcome.iter().filter(due).max_by_key(|missed| missed.ended_ms)
    }

    pub(crate) fn close_date_passed(&self) -> Option<Date> {
        self.close_date.filter(|day| *day < self.today && self.is_open())
    }

    fn is_booked(&self, rules: &StatusRules) -> bool {
        let next_ms = self.calendar.as_ref().and_then(|calendar| calendar.next_ms);
        next_ms.is_some_and(|ms| ms - self.at_ms <= rules.booked_within * DAY)
    }

    fn waits(&self) -> Option<FddClock> {
        self.fdd.filter(|clock| self.is_open() && clock.runs(self.today))
    }

    fn is_stalled(&self, rules: &StatusRules) -> bool {
        let nothing_booked = self.calendar.as_ref().is_some_and(|calendar| calendar.next_ms.is_none());
        let too_long = self.at_ms - self.stage_since_ms > self.stall_limit_ms(rules);
        self.is_open() && too_long && nothing_booked && self.touches.silent_for(rules.stalled_untouched, self.at_ms)
    }

    fn is_moving(&self, rules: &StatusRules) -> bool {
        [self.last_move_ms, self.touches.last_ms].into_iter().flatten().any(|ms| self.is_within(ms, rules.moving_within))
    }

    pub(crate) fn stall_limit_ms(&self, rules: &StatusRules) -> i64 {
        stall_limit_ms(self.role, self.disclosed, self.stays, rules)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    fn status(facts: &Facts) -> Status {
        super::status(facts, &StatusRules::default())
    }

    fn reasons(facts: &Facts) -> Vec<Reason> {
        super::reasons(facts, &StatusRules::default())
    }

    fn stall_limit_ms(role: Option<Role>, disclosed: bool, stays: Stays) -> i64 {
        super::stall_limit_ms(role, disclosed, stays, &StatusRules::default())
    }

    /// Thursday, March 12, 2026, 10:30 in Chicago.
    const AT_MS: EpochMs = EpochMs(1_773_329_400_000);

    fn ago(days: i64) -> EpochMs {
        AT_MS - days * DAY
    }

    /// Qualified for two days, touched a day ago, nothing booked, nothing due: moving.
    fn facts() -> Facts {
        Facts {
            at_ms: AT_MS,
            today: date(2026, 3, 12),
            role: Some(Role::Qualified),
            disclosed: false,
            stage_since_ms: ago(2),
            stage_since_exact: true,
            stays: Stays::default(),
            close_date: None,
            calendar: Some(Appointments::default()),
            touches: Touches { last_ms: Some(ago(1)), known_until_ms: Some(AT_MS), known_since_ms: ago(100) },
            last_move_ms: Some(ago(2)),
            fdd: None,
        }
    }

    fn touched(days_ago: i64) -> Touches {
        Touches { last_ms: Some(ago(days_ago)), ..facts().touches }
    }

    /// In its stage for 22 days, untouched for 11, nothing booked.
    fn stalled() -> Facts {
        Facts { stage_since_ms: ago(22), last_move_ms: Some(ago(22)), touches: touched(11), ..facts() }
    }

    fn missed(ended_ms: EpochMs) -> Option<Appointments> {
        let missed = Missed { title: "Call".to_owned(), starts_ms: ended_ms - 1, ended_ms };
        Some(Appointments { without_outcome: vec![missed], next_ms: None })
    }

    fn booked(ms: EpochMs) -> Option<Appointments> {
        Some(Appointments { next_ms: Some(ms), ..Appointments::default() })
    }

    #[rstest]
    #[case::today(30, Status::Awarded)]
    #[case::longer_ago(31, Status::Quiet)]
    fn an_award_is_news_for_thirty_days(#[case] days: i64, #[case] expected: Status) {
        let signed = Facts {
            role: Some(Role::Awarded),
            stage_since_ms: ago(days),
            last_move_ms: Some(ago(days)),
            touches: touched(40),
            close_date: Some(date(2026, 1, 1)),
            ..facts()
        };
        assert_eq!(status(&signed), expected);
        assert_ne!(status(&Facts { stage_since_exact: false, ..signed }), Status::Awarded);
    }

    #[rstest]
    #[case::an_hour_short_of_a_day(AT_MS - DAY + 3_600_000, false)]
    #[case::a_day(ago(1), true)]
    #[case::fourteen_days(ago(14), true)]
    #[case::a_moment_more(ago(14) - 1, false)]
    fn an_appointment_without_outcome_is_overdue_from_one_day_to_fourteen(#[case] ended_ms: EpochMs, #[case] overdue: bool) {
        let facts = Facts { calendar: missed(ended_ms), ..facts() };
        assert_eq!(status(&facts) == Status::OverdueAction, overdue);
        assert_eq!(reasons(&facts).len(), usize::from(overdue));
        assert_ne!(status(&Facts { role: Some(Role::Parked), ..facts }), Status::OverdueAction);
    }

    #[rstest]
    #[case::yesterday(date(2026, 3, 11), Status::OverdueAction)]
    #[case::today(date(2026, 3, 12), Status::Moving)]
    fn a_close_date_has_passed_on_the_day_after(#[case] day: Date, #[case] expected: Status) {
        assert_eq!(status(&Facts { close_date: Some(day), ..facts() }), expected);
    }

    #[test]
    fn both_overdue_reasons_are_told() {
        let facts = Facts { close_date: Some(date(2026, 3, 9)), calendar: missed(ago(2)), ..facts() };
        assert!(
            matches!(reasons(&facts)[..], [Reason::NoOutcome { stage_kept: false, .. }, Reason::CloseDatePassed(day)] if day == date(2026, 3, 9))
        );
    }

    #[rstest]
    #[case::since_before_it(3, true)]
    #[case::moved_after_it(1, false)]
    fn an_appointment_without_outcome_tells_whether_the_stage_was_kept_since(#[case] days_in_stage: i64, #[case] kept: bool) {
        let facts = Facts { stage_since_ms: ago(days_in_stage), calendar: missed(ago(2)), ..facts() };
        assert!(matches!(reasons(&facts)[..], [Reason::NoOutcome { stage_kept, .. }] if stage_kept == kept));
    }

    #[rstest]
    #[case::begun_already(AT_MS - 600_000, Status::AppointmentBooked)]
    #[case::in_fourteen_days(AT_MS + 14 * DAY, Status::AppointmentBooked)]
    #[case::later(AT_MS + 14 * DAY + 1, Status::Quiet)]
    fn an_appointment_is_booked_within_fourteen_days_and_keeps_one_from_stalling(
        #[case] next: EpochMs,
        #[case] expected: Status,
    ) {
        assert_eq!(status(&Facts { calendar: booked(next), ..stalled() }), expected);
    }

    #[test]
    fn the_waiting_period_runs_fifteen_days_and_its_fourteenth_still_waits() {
        let clock = FddClock::Since(date(2026, 2, 26));
        assert_eq!(clock.earliest_signing(), date(2026, 3, 13));
        assert_eq!((clock.runs(date(2026, 3, 12)), clock.runs(date(2026, 3, 13))), (true, false));
        assert_eq!(status(&Facts { fdd: Some(clock), ..facts() }), Status::WaitingPeriod);
        let over = FddClock::Since(date(2026, 2, 25));
        assert_eq!(status(&Facts { fdd: Some(over), ..facts() }), Status::Moving);
    }

    #[test]
    fn the_waiting_period_needs_attention_after_five_silent_days() {
        let waiting = |touches| Facts { fdd: Some(FddClock::Since(date(2026, 3, 1))), touches, ..facts() };
        assert_eq!(reasons(&waiting(touched(4))), []);
        let silent = Reason::Silent { touched: Some(Ago { at_ms: ago(5), days: 5 }), clock: FddClock::Since(date(2026, 3, 1)) };
        assert_eq!(reasons(&waiting(touched(5))), [silent]);
        let unread = Touches { known_until_ms: None, ..touched(50) };
        assert_eq!(reasons(&waiting(unread)), []);
    }

    #[rstest]
    #[case::read_now(0, 10, true)]
    #[case::touched_within(0, 9, false)]
    #[case::silence_read_in_part(3, 12, false)]
    #[case::silence_read(3, 13, true)]
    #[case::read_too_long_ago(10, 40, false)]
    fn silence_counts_as_far_as_it_was_read(#[case] read: i64, #[case] last: i64, #[case] silent: bool) {
        let touches = Touches { known_until_ms: Some(ago(read)), ..touched(last) };
        assert_eq!(touches.silent_for(10, AT_MS), silent);
        // One nobody ever touched is silent since they are known.
        let never = Touches { last_ms: None, known_since_ms: ago(last), ..touches };
        assert_eq!(never.silent_for(10, AT_MS), silent);
    }

    #[rstest]
    #[case::new(Some(Role::New), false, 3)]
    #[case::working(Some(Role::Working), false, 10)]
    #[case::qualified(Some(Role::Qualified), false, 21)]
    #[case::from_fdd_sent(Some(Role::Qualified), true, 14)]
    #[case::late(Some(Role::Late), true, 10)]
    fn a_stage_is_stayed_in_too_long_by_its_role_until_eight_have_left_it(
        #[case] role: Option<Role>,
        #[case] disclosed: bool,
        #[case] days: i64,
    ) {
        assert_eq!(stall_limit_ms(role, disclosed, Stays { n: 7, p75_ms: 99 * DAY }), days * DAY);
        assert_eq!(stall_limit_ms(role, disclosed, Stays { n: 8, p75_ms: 99 * DAY }), 99 * DAY);
        assert_eq!(stall_limit_ms(role, disclosed, Stays { n: 8, p75_ms: DAY }), 7 * DAY);
    }

    #[test]
    fn a_candidate_stalls_after_the_limit_untouched_for_ten_days_with_nothing_booked() {
        assert_eq!(status(&stalled()), Status::Stalled);
        assert_eq!(
            reasons(&stalled()),
            [Reason::Stalled {
                stayed: Ago { at_ms: ago(22), days: 22 },
                at_least: false,
                touched: Some(Ago { at_ms: ago(11), days: 11 })
            }]
        );
        assert_eq!(status(&Facts { stage_since_ms: ago(21), ..stalled() }), Status::Quiet);
        assert_eq!(status(&Facts { touches: touched(9), ..stalled() }), Status::Quiet);
    }

    #[test]
    fn a_brand_moves_each_boundary_by_its_own_rules() {
        let mut rules =
            StatusRules { overdue_from: 3, overdue_until: 5, booked_within: 2, moving_within: 1, ..StatusRules::default() };
        let told = |facts: &Facts, rules: &StatusRules| super::status(facts, rules);
        let overdue = |days: i64| told(&Facts { calendar: missed(ago(days)), ..facts() }, &rules) == Status::OverdueAction;
        assert_eq!([2, 3, 5, 6].map(overdue), [false, true, true, false]);
        let next = |days: i64| told(&Facts { calendar: booked(AT_MS + days * DAY), ..stalled() }, &rules);
        assert_eq!((next(2), next(3)), (Status::AppointmentBooked, Status::Quiet));
        let still = Facts { touches: touched(2), last_move_ms: Some(ago(2)), ..facts() };
        assert_eq!(told(&still, &rules), Status::Quiet);
        rules.stalled.qualified = 30;
        assert_eq!(told(&stalled(), &rules), Status::Quiet);
        rules.stalled.qualified = 5;
        rules.stalled_untouched = 12;
        assert_eq!(told(&stalled(), &rules), Status::Quiet);
        rules.stalled_untouched = 11;
        assert_eq!(told(&stalled(), &rules), Status::Stalled);
        let signed = Facts { role: Some(Role::Awarded), stage_since_ms: ago(40), ..facts() };
        assert_eq!(told(&signed, &StatusRules { awarded: 40, ..rules }), Status::Awarded);
    }

    #[test]
    fn what_was_not_read_stalls_nobody() {
        let unread = Touches { known_until_ms: None, last_ms: None, ..touched(0) };
        assert_eq!(status(&Facts { touches: unread, ..stalled() }), Status::Quiet);
        assert_eq!(status(&Facts { calendar: None, ..stalled() }), Status::Quiet);
    }

    #[test]
    fn a_move_or_a_touch_within_seven_days_is_movement() {
        let still = Facts { touches: touched(8), last_move_ms: Some(ago(8)), ..facts() };
        assert_eq!(status(&still), Status::Quiet);
        assert_eq!(status(&Facts { touches: touched(7), ..still.clone() }), Status::Moving);
        assert_eq!(status(&Facts { last_move_ms: Some(ago(7)), ..still }), Status::Moving);
    }

    #[test]
    fn the_fdd_clock_starts_at_the_receipt_else_at_sent_on_the_brands_date() {
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
}
