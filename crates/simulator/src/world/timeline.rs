//! The queue of everything that will happen in an account.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use jiff::civil::{Date, Time};

use crate::dice::{self, Dice};
use crate::people::journey::{self, Step};
use crate::world::calendar::{Calendar, lead_second, lead_share};
use crate::world::records::Contact;
use crate::world::sources::SOURCES;

/// The steps that have not happened yet, and how many leads each future day brings.
pub(crate) struct Timeline {
    pub(crate) seed: u64,
    /// The average number of new leads per day.
    pub(crate) daily_leads: f64,
    /// The first day whose leads are not scheduled yet.
    pub(crate) next_day: Date,
    pub(crate) queue: BinaryHeap<Reverse<ScheduledStep>>,
    /// The table serial of each contact, by its key.
    pub(crate) contacts: HashMap<u64, u32>,
    /// When the account was created, in milliseconds UTC: leads from before then are part of its initial state.
    pub(crate) since: i64,
}

/// A step of a contact's journey and its time. The order of the fields is the order in which steps are applied.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ScheduledStep {
    /// Milliseconds UTC.
    pub(crate) at: i64,
    /// The contact's key.
    pub(crate) key: u64,
    /// The step's position in the contact's journey.
    nth: usize,
    pub(crate) step: Step,
}

impl Timeline {
    /// Removes and returns the next step that is due by `now`, scheduling the leads of each day that has begun.
    pub(crate) fn next(&mut self, now: i64, calendar: &Calendar) -> Option<ScheduledStep> {
        loop {
            let first = self.queue.peek().map_or(i64::MAX, |Reverse(due)| due.at);
            let midnight = calendar.midnight(self.next_day);
            if midnight <= now && midnight <= first {
                self.schedule_day(self.next_day, calendar);
                self.next_day = self.next_day.tomorrow().ok()?;
            } else {
                return self.pop_due(now);
            }
        }
    }

    /// Removes and returns the first step of the queue if it is due by `now`. Does not schedule new leads.
    pub(crate) fn pop_due(&mut self, now: i64) -> Option<ScheduledStep> {
        let Reverse(first) = self.queue.peek()?;
        if first.at > now {
            return None;
        }
        self.queue.pop().map(|Reverse(due)| due)
    }

    /// Schedules the journeys of the leads that arrive on a day.
    pub(crate) fn schedule_day(&mut self, date: Date, calendar: &Calendar) {
        let day = date.to_datetime(Time::midnight());
        let ordinal = i64::from(day.year()) * 512 + i64::from(date.day_of_year());
        let mut dice = Dice::of(&[self.seed, 0xDA1, ordinal as u64]);
        for nth in 0..dice.poisson(self.daily_leads * lead_share(date)) {
            let arrives = calendar.midnight(date) + lead_second(&mut dice) * 1000;
            if arrives > self.since {
                let key = dice::key(&[self.seed, 0xDA2, ordinal as u64, nth as u64]);
                self.schedule_journey(key, arrives, calendar, |_| true);
            }
        }
    }

    /// Schedules the steps of one candidate's journey that `keep` accepts.
    pub(crate) fn schedule_journey(&mut self, key: u64, arrives: i64, calendar: &Calendar, keep: impl Fn(&(i64, Step)) -> bool) {
        let quality = SOURCES[usize::from(Contact::new_lead(key, arrives).source)].quality;
        let steps = journey::draw(key, arrives, quality, calendar);
        let scheduled = steps.into_iter().filter(keep).enumerate();
        self.queue.extend(scheduled.map(|(nth, (at, step))| Reverse(ScheduledStep { at, key, nth, step })));
    }
}
