//! One account's world, and how time changes it.
//!
//! Everything that will happen waits in one queue ordered by time. Advancing plays the steps that are due and plans the
//! arrivals of each day as its midnight passes, so many small advances and one large one live the same history.

pub(crate) mod calendar;
pub(crate) mod initial_state;
pub(crate) mod json_writer;
pub(crate) mod records;
pub(crate) mod render;
pub(crate) mod sources;
pub(crate) mod staff;
pub(crate) mod stages;
pub(crate) mod table;
pub(crate) mod truth;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use jiff::civil::Date;

use crate::dice::{self, Dice};
use crate::people::candidate::{self, Step};
use crate::people::persona::Persona;
use crate::world::calendar::{Calendar, DAY, lead_second, lead_share};
use crate::world::records::{Appointment, Contact, Deal, Note, Source, Stage, User, Words};
use crate::world::render;
use crate::world::sources::SOURCES;
use crate::world::stages::{self, STAGES};
use crate::world::table::Table;

pub(crate) struct World {
    pub(crate) scene: Scene,
    pub(crate) contacts: Table<Contact>,
    pub(crate) deals: Table<Deal>,
    pub(crate) appointments: Table<Appointment>,
    pub(crate) stages: Table<Stage>,
    pub(crate) sources: Table<Source>,
    pub(crate) users: Table<User>,
    pub(crate) now: i64,
    pub(crate) next_note: u64,
    pub(crate) life: Option<LifeToCome>,
}

/// What the rows are written with.
pub(crate) struct Scene {
    pub(crate) account: usize,
    pub(crate) calendar: Calendar,
    pub(crate) odd_text: bool,
    /// The stages' names now, by their place in [`STAGES`].
    pub(crate) stage_names: Vec<String>,
    pub(crate) user_ids: Vec<Box<str>>,
}

/// What has not happened yet. A world that stands still has none.
pub(crate) struct LifeToCome {
    pub(crate) seed: u64,
    pub(crate) daily_leads: f64,
    pub(crate) next_day: Date,
    pub(crate) due: BinaryHeap<Reverse<Due>>,
    pub(crate) living: HashMap<u64, u32>,
    /// Arrivals before this moment are the founders' business.
    pub(crate) since: i64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    at: i64,
    key: u64,
    nth: usize,
    step: Step,
}

impl World {
    /// Plays what is due until `now`, and writes again the rows that changed. Time never runs backwards.
    pub(crate) fn advance(&mut self, now: i64) {
        if let Some(mut life) = self.life.take() {
            while let Some(due) = life.next(now, &self.scene.calendar) {
                self.now = self.now.max(due.at);
                self.play(due, &mut life.living);
            }
            self.life = Some(life);
        }
        self.now = self.now.max(now);
        self.rewrite();
    }

    pub(crate) fn rewrite(&mut self) {
        let Self { scene, contacts, deals, appointments, stages, sources, users, .. } = self;
        if !stages.is_written() || !sources.is_written() || !users.is_written() {
            stages.rewrite(render::stage);
            sources.rewrite(render::source);
            users.rewrite(render::user);
        }
        contacts.rewrite(|row| render::contact(scene, row));
        deals.rewrite(|row| render::deal(scene, row, row.item.contact.and_then(|serial| contacts.get(serial))));
        appointments.rewrite(|row| render::appointment(scene, row, row.item.contact.and_then(|serial| contacts.get(serial))));
    }

    pub(crate) fn play(&mut self, due: Due, living: &mut HashMap<u64, u32>) {
        let Due { at, key, step, .. } = due;
        if step == Step::Arrive {
            living.insert(key, self.contacts.add(Contact::arrive(key, at)));
            return;
        }
        let Some(&serial) = living.get(&key) else { return };
        let Some(contact) = self.contacts.get(serial).filter(|row| !row.item.by_hand) else { return };
        if !contact.item.is_prospect() && !matches!(step, Step::Note(..) | Step::Vanish) {
            return;
        }
        match step {
            Step::Arrive => {}
            Step::Enter(stage) => self.enter(serial, stage, at),
            Step::Note(kind, line) => {
                let odd = self.scene.odd_text && key % 25 == u64::from(line);
                let words = if odd { Words::Odd((key / 25 % 8) as u8) } else { Words::Line(kind, line) };
                self.add_note(serial, at, words);
            }
            Step::Book { meeting, starts } => self.book(serial, meeting, starts),
            Step::Outcome(outcome) => {
                let meeting = contact.item.last_meeting;
                if let Some(row) = meeting.and_then(|meeting| self.appointments.change(meeting)) {
                    row.item.outcome = Some(outcome);
                }
            }
            Step::OpenDeal => self.open_deal(serial, at),
            Step::Fee(cents) => {
                self.touch(serial, at, |contact| contact.fee = Some(cents));
                self.each_deal(serial, |deal| deal.fee = Some(cents));
            }
            Step::Expect(days) => {
                let closes = self.scene.calendar.date(at + i64::from(days) * DAY);
                self.each_deal(serial, |deal| (deal.closes, deal.modified) = (Some(closes), at));
            }
            Step::HandOver(seat) => self.touch(serial, at, |contact| contact.owner = seat),
            Step::Vanish => {
                living.remove(&key);
                self.remove_contact(serial);
            }
        }
    }

    fn enter(&mut self, serial: u32, stage: u8, at: i64) {
        self.touch(serial, at, |contact| contact.stage = stage);
        let odds = stages::own_odds(stage);
        self.each_deal(serial, |deal| deal.odds = odds);
    }

    pub(crate) fn open_deal(&mut self, serial: u32, at: i64) {
        let Some(row) = self.contacts.get(serial) else { return };
        let contact = &row.item;
        let deal = Deal {
            key: dice::key(&[contact.key, 0xDEA1, contact.deals.len() as u64]),
            contact: Some(serial),
            created: at,
            modified: at,
            fee: contact.fee,
            odds: stages::own_odds(contact.stage),
            closes: None,
        };
        let deal = self.deals.add(deal);
        if let Some(row) = self.contacts.change_unseen(serial) {
            row.item.deals.push(deal);
        }
    }

    fn book(&mut self, serial: u32, meeting: crate::people::words::Meeting, starts: i64) {
        let Some(row) = self.contacts.get(serial) else { return };
        let Persona { first, last, .. } = Persona::draw(row.item.key, self.scene.odd_text);
        let minutes = meeting.minutes();
        let owner = row.item.owner;
        let contact = Some(serial);
        let booked = self.appointments.add(Appointment { contact, first, last, meeting, starts, minutes, owner, outcome: None });
        if let Some(row) = self.contacts.change_unseen(serial) {
            row.item.last_meeting = Some(booked);
        }
    }

    /// A note leaves the contact's own row as it was.
    pub(crate) fn add_note(&mut self, serial: u32, at: i64, words: Words) -> u64 {
        self.next_note += 1 + dice::key(&[self.next_note]) % 3;
        let id = self.next_note;
        if let Some(row) = self.contacts.change_unseen(serial) {
            let author = row.item.owner;
            row.item.notes.push(Note { id, at, author, words, hand: Vec::new() });
        }
        id
    }

    pub(crate) fn remove_contact(&mut self, serial: u32) {
        let Some(gone) = self.contacts.remove(serial) else { return };
        for deal in gone.item.deals {
            self.deals.remove(deal);
        }
        let theirs: Vec<u32> =
            self.appointments.rows().iter().filter(|row| row.item.contact == Some(serial)).map(|row| row.serial).collect();
        for meeting in theirs {
            self.appointments.remove(meeting);
        }
    }

    /// Changes a contact at `at`; its deals show the contact's stage and source, so they are written again too.
    pub(crate) fn touch(&mut self, serial: u32, at: i64, change: impl FnOnce(&mut Contact)) {
        let Some(row) = self.contacts.change(serial) else { return };
        change(&mut row.item);
        row.item.modified = row.item.modified.max(at);
        self.each_deal(serial, |deal| deal.modified = deal.modified.max(at));
    }

    pub(crate) fn each_deal(&mut self, serial: u32, mut change: impl FnMut(&mut Deal)) {
        let Some(contact) = self.contacts.get(serial) else { return };
        for &deal in &contact.item.deals {
            if let Some(row) = self.deals.change(deal) {
                change(&mut row.item);
            }
        }
    }

    /// Stages, sources and users as an account starts with.
    pub(crate) fn furnish(&mut self) {
        for (order, seed) in STAGES.iter().enumerate() {
            self.stages.add(Stage {
                name: seed.name.into(),
                active: seed.active,
                order: order as i64 + 1,
                odds: seed.odds.map(i64::from),
                contact_type: seed.contact_type.into(),
            });
        }
        for seed in SOURCES.iter().filter(|seed| !seed.name.is_empty()) {
            self.sources.add(Source { name: seed.name.into() });
        }
        for seat in 0..crate::world::staff::TEAM {
            let person = crate::world::staff::person(self.scene.account, seat);
            self.users.add(User { first: person.first.into(), last: person.last.into() });
        }
        self.scene.user_ids = self.users.rows().iter().map(|row| row.id.clone()).collect();
    }
}

impl LifeToCome {
    /// The next step that is due by `now`.
    fn next(&mut self, now: i64, calendar: &Calendar) -> Option<Due> {
        loop {
            let first = self.due.peek().map_or(i64::MAX, |Reverse(due)| due.at);
            let midnight = calendar.midnight(self.next_day);
            if midnight <= now && midnight <= first {
                self.plan_day(self.next_day, calendar);
                self.next_day = self.next_day.tomorrow().ok()?;
            } else {
                return self.pop_due(now);
            }
        }
    }

    /// The first step of the queue, if it is due by `now`; days are not planned.
    pub(crate) fn pop_due(&mut self, now: i64) -> Option<Due> {
        let Reverse(first) = self.due.peek()?;
        if first.at > now {
            return None;
        }
        self.due.pop().map(|Reverse(due)| due)
    }

    pub(crate) fn plan_day(&mut self, date: Date, calendar: &Calendar) {
        let day = date.to_datetime(jiff::civil::Time::midnight());
        let ordinal = i64::from(day.year()) * 512 + i64::from(date.day_of_year());
        let mut dice = Dice::of(&[self.seed, 0xDA1, ordinal as u64]);
        for nth in 0..dice.poisson(self.daily_leads * lead_share(date)) {
            let born = calendar.midnight(date) + lead_second(&mut dice) * 1000;
            if born > self.since {
                self.expect(dice::key(&[self.seed, 0xDA2, ordinal as u64, nth as u64]), born, calendar, |_| true);
            }
        }
    }

    /// Queues the life of one candidate, as far as `keep` wants it.
    pub(crate) fn expect(&mut self, key: u64, born: i64, calendar: &Calendar, keep: impl Fn(&(i64, Step)) -> bool) {
        let quality = SOURCES[usize::from(Contact::arrive(key, born).source)].quality;
        let life = candidate::life(key, born, quality, calendar);
        let due = life.into_iter().filter(keep).enumerate();
        self.due.extend(due.map(|(nth, (at, step))| Reverse(Due { at, key, nth, step })));
    }
}
