//! One account's records, and how they change as time passes.
//!
//! Everything that will happen is in one queue, ordered by time. [`World::advance`] applies the steps that are due and
//! schedules each day's new leads at its midnight. Many small advances and one large one give the same result.

pub(crate) mod calendar;
pub(crate) mod initial_state;
pub(crate) mod json_writer;
pub(crate) mod quirks;
pub(crate) mod records;
pub(crate) mod render;
pub(crate) mod render_context;
pub(crate) mod sources;
pub(crate) mod staff;
pub(crate) mod stages;
pub(crate) mod table;
pub(crate) mod timeline;
pub(crate) mod truth;

use std::collections::HashMap;
use std::sync::Arc;

use crate::dice;
use crate::people::journey::Step;
use crate::people::meetings::Meeting;
use crate::people::persona::Persona;
use crate::request::Request;
use calendar::DAY;
use quirks::Quirks;
use records::{Appointment, Contact, Deal, Note, NoteBody, Source, Stage, User};
use render_context::RenderContext;
use table::{Row, Table};
use timeline::{ScheduledStep, Timeline};

/// One account's records at a point in time.
pub(crate) struct World {
    pub(crate) context: RenderContext,
    pub(crate) contacts: Table<Contact>,
    pub(crate) deals: Table<Deal>,
    pub(crate) appointments: Table<Appointment>,
    pub(crate) stages: Table<Stage>,
    pub(crate) sources: Table<Source>,
    pub(crate) users: Table<User>,
    /// Records that an edit has hidden.
    pub(crate) hidden_contacts: Vec<Row<Contact>>,
    pub(crate) hidden_deals: Vec<Row<Deal>>,
    /// Milliseconds UTC. Never moves backward.
    pub(crate) now: i64,
    /// The ID given to the latest note.
    pub(crate) last_note_id: u64,
    /// What has not happened yet; `None` in a frozen account.
    pub(crate) timeline: Option<Timeline>,
    /// What is permanently odd about the lists.
    pub(crate) quirks: Quirks,
}

impl World {
    /// Applies every step that is due by `now` and renders the rows that changed.
    pub(crate) fn advance(&mut self, now: i64) {
        if let Some(mut timeline) = self.timeline.take() {
            while let Some(due) = timeline.next(now, &self.context.calendar) {
                self.now = self.now.max(due.at);
                self.apply_step(due, &mut timeline.contacts);
            }
            self.timeline = Some(timeline);
        }
        self.now = self.now.max(now);
        self.render();
    }

    /// Renders the rows that changed since the last call.
    pub(crate) fn render(&mut self) {
        let Self { context, contacts, deals, appointments, stages, sources, users, .. } = self;
        if stages.has_changes() || sources.has_changes() || users.has_changes() {
            stages.render_changes(render::stage);
            sources.render_changes(render::source);
            users.render_changes(render::user);
        }
        contacts.render_changes(|row| render::contact(context, row));
        deals.render_changes(|row| render::deal(context, row, row.item.contact.and_then(|serial| contacts.get(serial))));
        appointments
            .render_changes(|row| render::appointment(context, row, row.item.contact.and_then(|serial| contacts.get(serial))));
    }

    /// Every row of a list as JSON, oldest first. Notes are grouped by contact.
    pub(crate) fn records(&self, request: Request) -> Vec<Arc<[u8]>> {
        fn rows<T>(table: &Table<T>) -> Vec<Arc<[u8]>> {
            table.rows().iter().map(Row::json).collect()
        }
        match request {
            Request::Stages => rows(&self.stages),
            Request::Sources => rows(&self.sources),
            Request::Users => rows(&self.users),
            Request::Contacts => rows(&self.contacts),
            Request::Deals => rows(&self.deals),
            Request::Events => rows(&self.appointments),
            Request::Notes => {
                let notes = self.contacts.rows().iter().flat_map(|row| row.item.notes.iter().map(move |note| (note, row)));
                notes.map(|(note, row)| render::note(&self.context, note, row).into()).collect()
            }
        }
    }

    /// Applies one step of a contact's journey. `contacts` has the table serial of each contact by its key.
    pub(crate) fn apply_step(&mut self, due: ScheduledStep, contacts: &mut HashMap<u64, u32>) {
        let ScheduledStep { at, key, step, .. } = due;
        if step == Step::Arrive {
            contacts.insert(key, self.contacts.add(Contact::new_lead(key, at)));
            return;
        }
        let Some(&serial) = contacts.get(&key) else { return };
        let Some(contact) = self.contacts.get(serial).filter(|row| !row.item.edited) else { return };
        if !contact.item.is_prospect() && !matches!(step, Step::Note(..) | Step::Delete) {
            return;
        }
        match step {
            Step::Arrive => {}
            Step::EnterStage(stage) => {
                self.touch(serial, at, |contact| contact.stage = stage);
                let odds = stages::crm_odds(stage);
                self.change_deals(serial, |deal| deal.odds = odds);
            }
            Step::Note(kind, template) => {
                let hostile = self.context.hostile_text && key % 25 == u64::from(template);
                let body = if hostile { NoteBody::Hostile((key / 25 % 8) as u8) } else { NoteBody::Template(kind, template) };
                self.add_note(serial, at, body);
            }
            Step::Book { meeting, starts } => self.book(serial, meeting, starts),
            Step::Outcome(outcome) => {
                let meeting = contact.item.last_meeting;
                if let Some(row) = meeting.and_then(|meeting| self.appointments.change(meeting)) {
                    row.item.outcome = Some(outcome);
                }
            }
            Step::OpenDeal => self.open_deal(serial, at),
            Step::AgreeFee(cents) => {
                self.touch(serial, at, |contact| contact.fee = Some(cents));
                self.change_deals(serial, |deal| deal.fee = Some(cents));
            }
            Step::ExpectClose(days) => {
                let closes = self.context.calendar.date(at + i64::from(days) * DAY);
                self.change_deals(serial, |deal| (deal.closes, deal.modified) = (Some(closes), at));
            }
            Step::Reassign(seat) => self.touch(serial, at, |contact| contact.owner = seat),
            Step::Delete => {
                contacts.remove(&key);
                self.remove_contact(serial);
            }
        }
    }

    /// Adds a deal for a contact, with the contact's fee and stage odds.
    pub(crate) fn open_deal(&mut self, serial: u32, at: i64) {
        let Some(row) = self.contacts.get(serial) else { return };
        let contact = &row.item;
        let deal = Deal {
            key: dice::key(&[contact.key, 0xDEA1, contact.deals.len() as u64]),
            contact: Some(serial),
            created: at,
            modified: at,
            fee: contact.fee,
            odds: stages::crm_odds(contact.stage),
            closes: None,
        };
        let deal = self.deals.add(deal);
        if let Some(row) = self.contacts.change_hidden(serial) {
            row.item.deals.push(deal);
        }
    }

    fn book(&mut self, serial: u32, meeting: Meeting, starts: i64) {
        let Some(row) = self.contacts.get(serial) else { return };
        let Persona { first, last, .. } = Persona::draw(row.item.key, self.context.hostile_text);
        let minutes = meeting.minutes();
        let owner = row.item.owner;
        let contact = Some(serial);
        let booked = self.appointments.add(Appointment { contact, first, last, meeting, starts, minutes, owner, outcome: None });
        if let Some(row) = self.contacts.change_hidden(serial) {
            row.item.last_meeting = Some(booked);
        }
    }

    /// Adds a note to a contact and returns its ID. A note does not change the contact's own row.
    pub(crate) fn add_note(&mut self, serial: u32, at: i64, body: NoteBody) -> u64 {
        self.last_note_id += 1 + dice::key(&[self.last_note_id]) % 3;
        let id = self.last_note_id;
        if let Some(row) = self.contacts.change_hidden(serial) {
            let author = row.item.owner;
            row.item.notes.push(Note { id, at, author, body, overrides: Vec::new() });
        }
        id
    }

    /// Removes a contact with its notes, deals, and appointments.
    pub(crate) fn remove_contact(&mut self, serial: u32) {
        let Some(removed) = self.contacts.remove(serial) else { return };
        for deal in removed.item.deals {
            self.deals.remove(deal);
        }
        let appointments: Vec<u32> =
            self.appointments.rows().iter().filter(|row| row.item.contact == Some(serial)).map(|row| row.serial).collect();
        for appointment in appointments {
            self.appointments.remove(appointment);
        }
    }

    /// Changes a contact at `at` and updates its modification date. Its deals show its stage and source, so they change too.
    pub(crate) fn touch(&mut self, serial: u32, at: i64, change: impl FnOnce(&mut Contact)) {
        let Some(row) = self.contacts.change(serial) else { return };
        change(&mut row.item);
        row.item.modified = row.item.modified.max(at);
        self.change_deals(serial, |deal| deal.modified = deal.modified.max(at));
    }

    fn change_deals(&mut self, serial: u32, mut change: impl FnMut(&mut Deal)) {
        let Some(contact) = self.contacts.get(serial) else { return };
        for &deal in &contact.item.deals {
            if let Some(row) = self.deals.change(deal) {
                change(&mut row.item);
            }
        }
    }
}
