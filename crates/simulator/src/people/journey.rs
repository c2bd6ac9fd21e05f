//! A candidate's whole journey through the pipeline, drawn when the candidate arrives.
//!
//! What happens to a candidate depends only on its key. So an account that is read once a month and one that is read
//! every second go through the same steps.

use crate::dice::Dice;
use crate::people::meetings::Meeting;
use crate::people::note_templates::NoteKind;
use crate::world::calendar::{Calendar, DAY, MINUTE};
use crate::world::staff;
use crate::world::stages::{
    DEAL_STRUCTURE, DISCOVERY_DAY_BOOKED, FA_SENT, FA_SIGNED, FDD_REVIEW_SCHEDULED, FDD_SENT, FUTURE_INTEREST, INBOUND_CONTACT,
    INITIAL_CALL_SCHEDULED, NOT_INTERESTED, NOT_QUALIFIED, OUTBOUND_CALL, QR_RETURNED, QR_SENT, TERRITORY_TAKEN, UNRESPONSIVE,
};

/// Something that happens to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The candidate becomes a contact.
    Arrive,
    /// The contact moves to a stage, given by its position in [`STAGES`](crate::world::stages::STAGES).
    EnterStage(u8),
    /// Somebody writes a note from a template, given by its position.
    Note(NoteKind, u8),
    /// A meeting is booked, to start at an instant in milliseconds UTC.
    Book { meeting: Meeting, starts: i64 },
    /// The latest meeting gets an outcome.
    Outcome(Outcome),
    /// An explicit opportunity is added.
    OpenDeal,
    /// The fee is agreed on, in cents.
    AgreeFee(i64),
    /// The deal is expected to close in this many days.
    ExpectClose(u16),
    /// The contact is assigned to another seat.
    Reassign(u8),
    /// The contact is deleted.
    Delete,
}

/// The outcome of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Held,
    NoShow,
    Canceled,
}

/// For each pipeline stage: the share of candidates who advance, and the fewest and most days until they do.
const FUNNEL: [(f64, f64, f64); 17] = [
    (0.78, 0.02, 1.5),
    (0.48, 1.0, 9.0),
    (0.76, 0.1, 3.0),
    (0.84, 1.0, 5.0),
    (0.80, 0.1, 2.0),
    (0.52, 2.0, 11.0),
    (0.88, 1.0, 5.0),
    (0.80, 1.0, 7.0),
    (0.90, 1.0, 6.0),
    (0.92, 3.0, 8.0),
    (0.68, 3.0, 12.0),
    (0.80, 4.0, 14.0),
    (0.84, 9.0, 24.0),
    (0.70, 2.0, 9.0),
    (0.94, 2.0, 8.0),
    (0.88, 5.0, 20.0),
    (0.00, 0.0, 0.0),
];

/// Draws everything that will happen to a candidate, in order of time.
///
/// `arrives` and the times of the steps are milliseconds UTC. `quality` multiplies the chance to advance.
pub(crate) fn draw(key: u64, arrives: i64, quality: f64, calendar: &Calendar) -> Vec<(i64, Step)> {
    let mut journey = Journey { dice: Dice::of(&[key, 0x11FE]), calendar, now: arrives, steps: vec![(arrives, Step::Arrive)] };
    journey.run(quality);
    journey.steps.sort_by_key(|(at, _)| *at);
    journey.steps
}

/// A journey that is being drawn.
struct Journey<'a> {
    dice: Dice,
    calendar: &'a Calendar,
    now: i64,
    steps: Vec<(i64, Step)>,
}

impl Journey<'_> {
    fn run(&mut self, quality: f64) {
        if self.dice.chance(0.6) {
            let soon = self.now + self.dice.between(1, 40) * 1000;
            self.note(NoteKind::Arrived, soon);
        }
        if self.dice.chance(0.012) {
            self.steps.push((self.now + self.dice.between(1, 9) * DAY, Step::Delete));
        }
        let mut stage = 0;
        while self.advances(stage, quality) {
            stage = self.advance(stage);
        }
        if stage < FA_SIGNED {
            self.drop_out(stage);
        }
    }

    fn advances(&mut self, stage: u8, quality: f64) -> bool {
        self.dice.chance((FUNNEL[usize::from(stage)].0 * quality).min(0.97))
    }

    /// Moves to the next stage, with the calls and messages in between, and returns it.
    fn advance(&mut self, stage: u8) -> u8 {
        let (_, least, most) = FUNNEL[usize::from(stage)];
        if stage == OUTBOUND_CALL {
            self.attempts();
        }
        let wait = least + (most - least) * self.dice.unit().powf(1.4);
        self.follow_up(wait);
        self.now = self.calendar.working_time(self.now, wait, &mut self.dice);
        if stage > INITIAL_CALL_SCHEDULED && stage < FA_SENT && self.dice.chance(0.04) {
            self.step_back(stage);
        }
        let next = self.next_after(stage);
        self.enter(next);
        next
    }

    fn next_after(&mut self, stage: u8) -> u8 {
        match stage {
            0 => [OUTBOUND_CALL, OUTBOUND_CALL, OUTBOUND_CALL, INBOUND_CONTACT, INITIAL_CALL_SCHEDULED][self.dice.below(5)],
            OUTBOUND_CALL if self.dice.chance(0.6) => INITIAL_CALL_SCHEDULED,
            _ => stage + 1,
        }
    }

    /// Moves back one stage for a few days.
    fn step_back(&mut self, stage: u8) {
        self.steps.push((self.now, Step::EnterStage(stage - 1)));
        self.note(NoteKind::Call, self.now + 2 * MINUTE);
        self.now = self.calendar.working_time(self.now, 3.0, &mut self.dice);
        self.steps.push((self.now, Step::EnterStage(stage)));
        self.now = self.calendar.working_time(self.now, 2.0, &mut self.dice);
    }

    /// Enters a stage, with the notes, meetings, and deals that come with it.
    fn enter(&mut self, stage: u8) {
        self.steps.push((self.now, Step::EnterStage(stage)));
        if self.dice.chance(0.55) {
            let kind = if stage >= QR_RETURNED { NoteKind::Progress } else { NoteKind::Call };
            let after = self.dice.between(1, 25) * MINUTE;
            self.note(kind, self.now + after);
        }
        if matches!(stage, DEAL_STRUCTURE | DISCOVERY_DAY_BOOKED) && self.dice.chance(0.55) {
            self.agree_fee();
        }
        match stage {
            INITIAL_CALL_SCHEDULED => self.meet(Meeting::InitialCall, 1.0, 4.0),
            FDD_REVIEW_SCHEDULED => self.meet(Meeting::FddReview, 2.0, 7.0),
            DISCOVERY_DAY_BOOKED => self.meet(Meeting::DiscoveryDay, 8.0, 22.0),
            FA_SENT if self.dice.chance(0.8) => self.meet(Meeting::Signing, 5.0, 18.0),
            QR_SENT if self.dice.chance(0.62) => self.open_deal(),
            FDD_SENT | QR_RETURNED if self.dice.chance(0.3) => self.meet(Meeting::FollowUp, 1.0, 6.0),
            FDD_SENT.. if self.dice.chance(0.25) => {
                let days = self.dice.between(20, 80) as u16;
                self.steps.push((self.now + MINUTE, Step::ExpectClose(days)));
            }
            OUTBOUND_CALL if self.dice.chance(0.08) => {
                let seat = self.dice.below(usize::from(staff::TEAM_SIZE)) as u8;
                self.steps.push((self.now + 30 * MINUTE, Step::Reassign(seat)));
            }
            _ => {}
        }
    }

    fn open_deal(&mut self) {
        self.steps.push((self.now + 5 * MINUTE, Step::OpenDeal));
        if self.dice.chance(0.55) {
            let days = self.dice.between(60, 150) as u16;
            self.steps.push((self.now + 6 * MINUTE, Step::ExpectClose(days)));
        }
    }

    fn agree_fee(&mut self) {
        const FEES: [i64; 7] = [39_500, 45_000, 45_000, 49_900, 85_000, 90_000, 120_000];
        let cents = *self.dice.pick(&FEES) * 100;
        self.steps.push((self.now + 12 * MINUTE, Step::AgreeFee(cents)));
    }

    /// Books a meeting and moves on to its end.
    fn meet(&mut self, meeting: Meeting, least: f64, most: f64) {
        let days = least + (most - least) * self.dice.unit();
        let starts = self.calendar.appointment_start(self.now, days, &mut self.dice);
        self.steps.push((self.now + 3 * MINUTE, Step::Book { meeting, starts }));
        let end = starts + meeting.minutes() * MINUTE;
        let recorded = end + self.dice.between(2, 300) * MINUTE;
        match self.dice.below(100) {
            0..=74 => self.steps.push((recorded, Step::Outcome(Outcome::Held))),
            75..=81 => self.steps.push((recorded, Step::Outcome(Outcome::NoShow))),
            82..=86 => self.steps.push((starts - 45 * MINUTE, Step::Outcome(Outcome::Canceled))),
            _ => {}
        }
        self.now = end;
    }

    /// Adds up to two attempts to reach the candidate.
    fn attempts(&mut self) {
        let mut at = self.now;
        for _ in 0..self.dice.below(3) {
            at = self.calendar.working_time(at, 1.0, &mut self.dice);
            let kind = *self.dice.pick(&[NoteKind::Attempt, NoteKind::Attempt, NoteKind::Text]);
            self.note(kind, at);
        }
        self.now = at;
    }

    /// Adds calls and messages every few days, for `wait` days.
    fn follow_up(&mut self, wait: f64) {
        let mut days = 2.0 + 4.0 * self.dice.unit();
        while days < wait {
            let at = self.calendar.working_time(self.now, days, &mut self.dice);
            let kind = *self.dice.pick(&[NoteKind::Call, NoteKind::Email, NoteKind::Email, NoteKind::Text]);
            self.note(kind, at);
            days += 3.0 + 5.0 * self.dice.unit();
        }
    }

    /// Ends the journey before the last stage: many candidates are lost, some postpone, and the rest stay where they are.
    fn drop_out(&mut self, stage: u8) {
        if stage <= OUTBOUND_CALL {
            self.attempts();
        }
        let days = 4.0 + 46.0 * self.dice.unit().powf(1.5);
        let at = self.calendar.working_time(self.now, days, &mut self.dice);
        match self.dice.below(100) {
            0..=46 => {
                let lost = match stage {
                    0..=OUTBOUND_CALL => *self.dice.pick(&[UNRESPONSIVE, UNRESPONSIVE, NOT_INTERESTED]),
                    _ => *self.dice.pick(&[NOT_INTERESTED, NOT_INTERESTED, UNRESPONSIVE, NOT_QUALIFIED, TERRITORY_TAKEN]),
                };
                self.note(NoteKind::Lost, at - 2 * MINUTE);
                self.steps.push((at, Step::EnterStage(lost)));
            }
            47..=58 if stage > OUTBOUND_CALL => {
                self.steps.push((at, Step::EnterStage(FUTURE_INTEREST)));
                if self.dice.chance(0.2) {
                    self.now = self.calendar.working_time(at, 60.0 + 90.0 * self.dice.unit(), &mut self.dice);
                    self.enter(INITIAL_CALL_SCHEDULED);
                }
            }
            _ => self.follow_up(30.0),
        }
    }

    fn note(&mut self, kind: NoteKind, at: i64) {
        let template = self.dice.below(kind.templates().len()) as u8;
        self.steps.push((at, Step::Note(kind, template)));
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_journey_begins_with_the_arrival_and_moves_forward_in_time() {
        let calendar = Calendar::new(TimeZone::UTC);
        for key in 0..500 {
            let steps = draw(key, 1_700_000_000_000, 1.0, &calendar);
            assert_eq!(steps[0].1, Step::Arrive);
            assert!(steps.is_sorted_by_key(|(at, _)| *at));
        }
    }
}
