//! A candidate's whole life, drawn at birth.
//!
//! What will happen to a candidate depends on its own key alone. So a world that is asked once a month and one that is
//! asked every second live through the same steps, whatever else happens in between.

use crate::dice::Dice;
use crate::people::words::{Meeting, NoteKind};
use crate::world::calendar::{Calendar, DAY, MINUTE};
use crate::world::stages::{
    DEAL_STRUCTURE, DISCOVERY_DAY_BOOKED, FA_SENT, FA_SIGNED, FDD_REVIEW_SCHEDULED, FDD_SENT, FUTURE_INTEREST, INBOUND_CONTACT,
    INITIAL_CALL_SCHEDULED, NOT_INTERESTED, NOT_QUALIFIED, OUTBOUND_CALL, QR_RETURNED, QR_SENT, TERRITORY_TAKEN, UNRESPONSIVE,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Arrive,
    Enter(u8),
    Note(NoteKind, u8),
    Book {
        meeting: Meeting,
        starts: i64,
    },
    /// What became of the meeting booked last.
    Outcome(Outcome),
    OpenDeal,
    /// The fee is agreed, in cents.
    Fee(i64),
    /// The deal is expected to close so many days from now.
    Expect(u16),
    HandOver(u8),
    Vanish,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Held,
    NoShow,
    Cancelled,
}

/// Of those in a stage of the road, how many go on, and after how many days at least and at most.
const ROAD: [(f64, f64, f64); 17] = [
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

/// Everything that will happen to the candidate `key`, in the order of time.
pub(crate) fn life(key: u64, born: i64, quality: f64, calendar: &Calendar) -> Vec<(i64, Step)> {
    let mut life = Life { dice: Dice::of(&[key, 0x11FE]), calendar, now: born, steps: vec![(born, Step::Arrive)] };
    life.live(quality);
    life.steps.sort_by_key(|(at, _)| *at);
    life.steps
}

struct Life<'a> {
    dice: Dice,
    calendar: &'a Calendar,
    now: i64,
    steps: Vec<(i64, Step)>,
}

impl Life<'_> {
    fn live(&mut self, quality: f64) {
        if self.dice.chance(0.6) {
            let soon = self.now + self.dice.between(1, 40) * 1000;
            self.note(NoteKind::Arrived, soon);
        }
        if self.dice.chance(0.012) {
            self.steps.push((self.now + self.dice.between(1, 9) * DAY, Step::Vanish));
        }
        let mut stage = 0;
        while self.goes_on(stage, quality) {
            stage = self.advance(stage);
        }
        if stage < FA_SIGNED {
            self.settle(stage);
        }
    }

    fn goes_on(&mut self, stage: u8, quality: f64) -> bool {
        self.dice.chance((ROAD[usize::from(stage)].0 * quality).min(0.97))
    }

    /// One stage further, with what people do on the way.
    fn advance(&mut self, stage: u8) -> u8 {
        let (_, least, most) = ROAD[usize::from(stage)];
        if stage == OUTBOUND_CALL {
            self.attempts();
        }
        let wait = least + (most - least) * self.dice.unit().powf(1.4);
        self.touch_on_the_way(wait);
        self.now = self.calendar.working(self.now, wait, &mut self.dice);
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

    fn step_back(&mut self, stage: u8) {
        self.steps.push((self.now, Step::Enter(stage - 1)));
        self.note(NoteKind::Call, self.now + 2 * MINUTE);
        self.now = self.calendar.working(self.now, 3.0, &mut self.dice);
        self.steps.push((self.now, Step::Enter(stage)));
        self.now = self.calendar.working(self.now, 2.0, &mut self.dice);
    }

    fn enter(&mut self, stage: u8) {
        self.steps.push((self.now, Step::Enter(stage)));
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
                self.steps.push((self.now + MINUTE, Step::Expect(days)));
            }
            OUTBOUND_CALL if self.dice.chance(0.08) => {
                let seat = self.dice.below(usize::from(crate::world::staff::TEAM)) as u8;
                self.steps.push((self.now + 30 * MINUTE, Step::HandOver(seat)));
            }
            _ => {}
        }
    }

    fn open_deal(&mut self) {
        self.steps.push((self.now + 5 * MINUTE, Step::OpenDeal));
        if self.dice.chance(0.55) {
            let days = self.dice.between(60, 150) as u16;
            self.steps.push((self.now + 6 * MINUTE, Step::Expect(days)));
        }
    }

    fn agree_fee(&mut self) {
        const FEES: [i64; 7] = [39_500, 45_000, 45_000, 49_900, 85_000, 90_000, 120_000];
        let cents = *self.dice.pick(&FEES) * 100;
        self.steps.push((self.now + 12 * MINUTE, Step::Fee(cents)));
    }

    /// Books a meeting, and lets time pass until it is over.
    fn meet(&mut self, meeting: Meeting, least: f64, most: f64) {
        let days = least + (most - least) * self.dice.unit();
        let starts = self.calendar.appointment(self.now, days, &mut self.dice);
        self.steps.push((self.now + 3 * MINUTE, Step::Book { meeting, starts }));
        let end = starts + meeting.minutes() * MINUTE;
        let said = end + self.dice.between(2, 300) * MINUTE;
        match self.dice.below(100) {
            0..=74 => self.steps.push((said, Step::Outcome(Outcome::Held))),
            75..=81 => self.steps.push((said, Step::Outcome(Outcome::NoShow))),
            82..=86 => self.steps.push((starts - 45 * MINUTE, Step::Outcome(Outcome::Cancelled))),
            _ => {}
        }
        self.now = end;
    }

    fn attempts(&mut self) {
        let mut at = self.now;
        for _ in 0..self.dice.below(3) {
            at = self.calendar.working(at, 1.0, &mut self.dice);
            let kind = *self.dice.pick(&[NoteKind::Attempt, NoteKind::Attempt, NoteKind::Text]);
            self.note(kind, at);
        }
        self.now = at;
    }

    fn touch_on_the_way(&mut self, wait: f64) {
        let mut days = 2.0 + 4.0 * self.dice.unit();
        while days < wait {
            let at = self.calendar.working(self.now, days, &mut self.dice);
            let kind = *self.dice.pick(&[NoteKind::Call, NoteKind::Email, NoteKind::Email, NoteKind::Text]);
            self.note(kind, at);
            days += 3.0 + 5.0 * self.dice.unit();
        }
    }

    /// The road ends here: many are closed as lost, some say "later", and the rest are left standing where they are.
    fn settle(&mut self, stage: u8) {
        if stage <= OUTBOUND_CALL {
            self.attempts();
        }
        let days = 4.0 + 46.0 * self.dice.unit().powf(1.5);
        let at = self.calendar.working(self.now, days, &mut self.dice);
        match self.dice.below(100) {
            0..=46 => {
                let lost = match stage {
                    0..=OUTBOUND_CALL => *self.dice.pick(&[UNRESPONSIVE, UNRESPONSIVE, NOT_INTERESTED]),
                    _ => *self.dice.pick(&[NOT_INTERESTED, NOT_INTERESTED, UNRESPONSIVE, NOT_QUALIFIED, TERRITORY_TAKEN]),
                };
                self.note(NoteKind::Lost, at - 2 * MINUTE);
                self.steps.push((at, Step::Enter(lost)));
            }
            47..=58 if stage > OUTBOUND_CALL => {
                self.steps.push((at, Step::Enter(FUTURE_INTEREST)));
                if self.dice.chance(0.2) {
                    self.now = self.calendar.working(at, 60.0 + 90.0 * self.dice.unit(), &mut self.dice);
                    self.enter(INITIAL_CALL_SCHEDULED);
                }
            }
            _ => self.touch_on_the_way(30.0),
        }
    }

    fn note(&mut self, kind: NoteKind, at: i64) {
        let line = self.dice.below(kind.lines().len()) as u8;
        self.steps.push((at, Step::Note(kind, line)));
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_life_begins_with_the_arrival_and_runs_forward() {
        let calendar = Calendar::new(TimeZone::UTC);
        for key in 0..500 {
            let life = life(key, 1_700_000_000_000, 1.0, &calendar);
            assert_eq!(life[0].1, Step::Arrive);
            assert!(life.is_sorted_by_key(|(at, _)| *at));
        }
    }
}
