//! Applies edits to an account's records.
//!
//! An edit that names a record that does not exist panics: it is a mistake in the test.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::dice;
use crate::edits::edit::{ContactEdit, DealEdit, Edit, EventEdit, NoteEdit};
use crate::people::meetings::Meeting;
use crate::world::World;
use crate::world::records::{Appointment, Contact, Deal, NoteBody, Source, Stage, User};
use crate::world::render;
use crate::world::table::{Overrides, Table, set_override};

impl World {
    /// Applies an edit now, and returns the ID of the record that it added or changed.
    pub(crate) fn apply_edit(&mut self, edit: Edit) -> String {
        let id = self.apply(edit);
        self.render();
        id
    }

    fn apply(&mut self, edit: Edit) -> String {
        match edit {
            Edit::AddContact(edit) => self.add_contact(edit),
            Edit::SetContact { client_id, field, value } => self.set_contact(client_id, field, Some(value)),
            Edit::UnsetContact { client_id, field } => self.set_contact(client_id, field, None),
            Edit::RemoveContact(client_id) => {
                self.remove_contact(serial(&self.contacts, "contact", &client_id));
                client_id
            }
            Edit::MergeContact { client_id, into } => self.merge_contact(&client_id, into),
            Edit::HideContact(client_id) => self.hide_contact(client_id),
            Edit::ShowContact(client_id) => self.show_contact(client_id),
            Edit::MoveStage { client_id, stage } => self.set_contact(client_id, "clients_sales_cycle", Some(stage.into())),
            Edit::AddDeal(edit) => self.add_deal(edit),
            Edit::SetDeal { opportunity_id, field, value } => self.set_deal(opportunity_id, field, Some(value)),
            Edit::UnsetDeal { opportunity_id, field } => self.set_deal(opportunity_id, field, None),
            Edit::RemoveDeal(id) => remove(&mut self.deals, "deal", id),
            Edit::AddStage { name, active, order, odds, contact_type } => {
                let serial = self.stages.add(Stage { name, active, order, odds, contact_type });
                id_of(&self.stages, serial)
            }
            Edit::SetStage { sales_cycle_id, field: "sales_cycle_name", value: Value::String(name) } => {
                // Not an override, so that a later edit finds the stage by its name.
                let serial = serial(&self.stages, "stage", &sales_cycle_id);
                if let Some(row) = self.stages.change(serial) {
                    row.item.name = name;
                }
                sales_cycle_id
            }
            Edit::SetStage { sales_cycle_id, field, value } => set(&mut self.stages, "stage", sales_cycle_id, field, value),
            Edit::RenameStage { from, to } => self.rename_stage(&from, &to),
            Edit::SwapStages { first, second } => {
                let between = format!("{first} to be {second}");
                self.rename_stage(&first, &between);
                self.rename_stage(&second, &first);
                self.rename_stage(&between, &second)
            }
            Edit::RemoveStage(id) => remove(&mut self.stages, "stage", id),
            Edit::AddSource(name) => {
                let serial = self.sources.add(Source { name });
                id_of(&self.sources, serial)
            }
            Edit::SetSource { lead_source_id, field, value } => set(&mut self.sources, "source", lead_source_id, field, value),
            Edit::RemoveSource(id) => remove(&mut self.sources, "source", id),
            Edit::AddUser { first_name, last_name } => {
                let serial = self.users.add(User { first: first_name, last: last_name });
                id_of(&self.users, serial)
            }
            Edit::SetUser { user_id, field, value } => set(&mut self.users, "user", user_id, field, value),
            Edit::RemoveUser(id) => remove(&mut self.users, "user", id),
            Edit::AddNote(edit) => self.add_edited_note(edit),
            Edit::SetNote { client_id, note_id, field, value } => self.set_note(&client_id, note_id, field, Some(value)),
            Edit::UnsetNote { client_id, note_id, field } => self.set_note(&client_id, note_id, field, None),
            Edit::RemoveNote { client_id, note_id } => self.remove_note(&client_id, note_id),
            Edit::AddEvent(edit) => self.add_event(edit),
            Edit::SetEvent { event_id, field, value } => set(&mut self.appointments, "event", event_id, field, value),
            Edit::RemoveEvent(id) => remove(&mut self.appointments, "event", id),
        }
    }

    fn add_contact(&mut self, edit: ContactEdit) -> String {
        let created = edit.created.map_or(self.now, Timestamp::as_millisecond);
        let key = dice::key(&[self.context.account as u64, 0xAD, self.last_note_id, self.contacts.len() as u64]);
        let mut overrides: Overrides = vec![("external_id".into(), Some(Value::Null))];
        let mut add = |field: &str, value: String| overrides.push((field.into(), Some(value.into())));
        let mailbox = format!("{}.{}", edit.first_name, edit.last_name).to_lowercase().replace(' ', "-");
        add("firstName", edit.first_name);
        add("lastName", edit.last_name);
        add("compName", edit.company);
        add("email", format!("{mailbox}@mail.example"));
        add("whiteboard", String::new());
        add("clients_action_plan", String::new());
        add("deal_size", edit.deal_size);
        add("clients_lead_source", edit.source);
        add("clients_sales_cycle", edit.stage);
        let contact = Contact::added_by_edit(key, created);
        let serial = match edit.client_id {
            Some(id) => {
                assert!(self.contacts.serial_of(&id).is_none(), "contact {id} already exists");
                self.contacts.insert(id.into(), contact, overrides)
            }
            None => {
                let serial = self.contacts.add(contact);
                if let Some(row) = self.contacts.change(serial) {
                    row.overrides = overrides;
                }
                serial
            }
        };
        if let Some(row) = self.contacts.change(serial) {
            for (field, value) in edit.fields {
                row.set_override(field, Some(value));
            }
        }
        id_of(&self.contacts, serial)
    }

    fn set_contact(&mut self, client_id: String, field: &str, value: Option<Value>) -> String {
        let serial = serial(&self.contacts, "contact", &client_id);
        self.end_journey(serial);
        let now = self.now;
        if let Some(row) = self.contacts.change(serial) {
            row.set_override(field, value);
        }
        if field != "last_modified_date" {
            self.touch(serial, now, |_| {});
        }
        client_id
    }

    /// Ends a contact's journey, and keeps its row as it is by making every field an override.
    fn end_journey(&mut self, serial: u32) {
        let rendered: Option<Map<String, Value>> = self
            .contacts
            .get(serial)
            .filter(|row| !row.item.edited)
            .and_then(|row| serde_json::from_slice(&render::contact(&self.context, row)).ok());
        let Some(rendered) = rendered else { return };
        if let Some(row) = self.contacts.change(serial) {
            row.item.edited = true;
            let fields = rendered.into_iter().filter(|(field, _)| field != "last_modified_date");
            row.overrides = fields.map(|(field, value)| (field, Some(value))).collect();
        }
    }

    fn merge_contact(&mut self, client_id: &str, into: String) -> String {
        let (merged, kept) = (serial(&self.contacts, "contact", client_id), serial(&self.contacts, "contact", &into));
        let now = self.now;
        let deals = self.contacts.change_hidden(merged).map(|row| std::mem::take(&mut row.item.deals)).unwrap_or_default();
        for deal in &deals {
            if let Some(row) = self.deals.change(*deal) {
                row.item.contact = Some(kept);
                row.item.modified = now;
                row.set_override("client_id", Some(into.clone().into()));
            }
        }
        if let Some(row) = self.contacts.change_hidden(kept) {
            row.item.deals.extend(deals);
        }
        self.remove_contact(merged);
        into
    }

    fn hide_contact(&mut self, client_id: String) -> String {
        let hidden = self.contacts.remove(serial(&self.contacts, "contact", &client_id));
        for deal in hidden.iter().flat_map(|row| &row.item.deals) {
            self.hidden_deals.extend(self.deals.remove(*deal));
        }
        self.hidden_contacts.extend(hidden);
        client_id
    }

    fn show_contact(&mut self, client_id: String) -> String {
        let position = self.hidden_contacts.iter().position(|row| *row.id == *client_id);
        let position = position.unwrap_or_else(|| panic!("contact {client_id} is not hidden"));
        let row = self.hidden_contacts.remove(position);
        for deal in &row.item.deals {
            if let Some(position) = self.hidden_deals.iter().position(|hidden| hidden.serial == *deal) {
                self.deals.restore(self.hidden_deals.remove(position));
            }
        }
        self.contacts.restore(row);
        client_id
    }

    fn add_deal(&mut self, edit: DealEdit) -> String {
        let contact = edit.client_id.as_deref().map(|id| serial(&self.contacts, "contact", id));
        let created = edit.created.map_or(self.now, Timestamp::as_millisecond);
        let key = dice::key(&[self.context.account as u64, 0xADD, self.deals.len() as u64]);
        let deal = Deal { key, contact, created, modified: created, fee: None, odds: 0, closes: None };
        let odds = edit.odds.map_or(String::new(), |odds| odds.to_string());
        let mut overrides: Overrides = [
            ("client_id", edit.client_id.unwrap_or_default()),
            ("opportunity_name", edit.name),
            ("deal_size", edit.deal_size),
            ("likelihood_to_close", odds),
            ("close_date", edit.close_date.unwrap_or_else(|| "0000-00-00".into())),
        ]
        .into_iter()
        .map(|(field, value)| (field.to_owned(), Some(value.into())))
        .collect();
        overrides.extend(edit.fields.into_iter().map(|(field, value)| (field.to_owned(), Some(value))));
        let serial = match edit.opportunity_id {
            Some(id) => {
                assert!(self.deals.serial_of(&id).is_none(), "deal {id} already exists");
                self.deals.insert(id.into(), deal, Vec::new())
            }
            None => self.deals.add(deal),
        };
        if let Some(row) = self.deals.change(serial) {
            overrides.into_iter().for_each(|(field, value)| row.set_override(&field, value));
        }
        if let Some(row) = contact.and_then(|contact| self.contacts.change_hidden(contact)) {
            row.item.deals.push(serial);
        }
        id_of(&self.deals, serial)
    }

    fn set_deal(&mut self, opportunity_id: String, field: &str, value: Option<Value>) -> String {
        let serial = serial(&self.deals, "deal", &opportunity_id);
        let now = self.now;
        if let Some(row) = self.deals.change(serial) {
            row.set_override(field, value);
            row.item.modified = now;
        }
        opportunity_id
    }

    fn rename_stage(&mut self, from: &str, to: &str) -> String {
        let renamed: Vec<u32> = self.stages.rows().iter().filter(|row| row.item.name == from).map(|row| row.serial).collect();
        assert!(!renamed.is_empty(), "stage {from} does not exist");
        let mut id = String::new();
        for serial in renamed {
            if let Some(row) = self.stages.change(serial) {
                row.item.name = to.to_owned();
                id = row.id.to_string();
            }
        }
        for name in self.context.stage_names.iter_mut().filter(|name| *name == from) {
            *name = to.to_owned();
        }
        self.contacts.change_all();
        self.deals.change_all();
        let edited: Vec<u32> = self.contacts.rows().iter().filter(|row| row.item.edited).map(|row| row.serial).collect();
        for serial in edited {
            if let Some(row) = self.contacts.change(serial)
                && row.find_override("clients_sales_cycle") == Some(&Some(Value::from(from)))
            {
                row.set_override("clients_sales_cycle", Some(Value::from(to)));
            }
        }
        id
    }

    fn add_edited_note(&mut self, edit: NoteEdit) -> String {
        let serial = serial(&self.contacts, "contact", &edit.client_id);
        let at = edit.created.map_or(self.now, Timestamp::as_millisecond);
        let fields = edit.fields.clone();
        self.add_note(serial, at, NoteBody::Edit(Box::new(edit)));
        let note = self.contacts.change_hidden(serial).and_then(|row| row.item.notes.last_mut());
        note.map_or_else(String::new, |note| {
            note.overrides = fields.into_iter().map(|(field, value)| (field.to_owned(), Some(value))).collect();
            note.displayed_id().into_owned()
        })
    }

    fn set_note(&mut self, client_id: &str, note_id: String, field: &str, value: Option<Value>) -> String {
        let serial = serial(&self.contacts, "contact", client_id);
        let notes = self.contacts.change_hidden(serial).map(|row| &mut row.item.notes);
        let note = notes.and_then(|notes| notes.iter_mut().find(|note| note.displayed_id() == note_id));
        let note = note.unwrap_or_else(|| panic!("contact {client_id} has no note {note_id}"));
        set_override(&mut note.overrides, field, value);
        note_id
    }

    fn remove_note(&mut self, client_id: &str, note_id: String) -> String {
        let serial = serial(&self.contacts, "contact", client_id);
        if let Some(row) = self.contacts.change_hidden(serial) {
            row.item.notes.retain(|note| note.displayed_id() != note_id);
        }
        note_id
    }

    fn add_event(&mut self, edit: EventEdit) -> String {
        let contact = edit.client_id.as_deref().map(|id| serial(&self.contacts, "contact", id));
        let item = Appointment {
            contact,
            first: String::new(),
            last: String::new(),
            meeting: Meeting::FollowUp,
            starts: edit.starts.as_millisecond(),
            minutes: edit.minutes,
            owner: 0,
            outcome: None,
        };
        let serial = self.appointments.add(item);
        let names: Vec<_> = contact
            .and_then(|contact| self.contacts.get(contact))
            .map(|row| ["firstName", "lastName"].map(|field| (field, row.find_override(field).cloned().flatten())))
            .into_iter()
            .flatten()
            .collect();
        if let Some(row) = self.appointments.change(serial) {
            row.set_override("title", Some(edit.title.into()));
            names.into_iter().filter(|(_, value)| value.is_some()).for_each(|(field, value)| row.set_override(field, value));
            edit.fields.into_iter().for_each(|(field, value)| row.set_override(field, Some(value)));
        }
        id_of(&self.appointments, serial)
    }
}

fn serial<T>(table: &Table<T>, kind: &str, id: &str) -> u32 {
    table.serial_of(id).unwrap_or_else(|| panic!("{kind} {id} does not exist"))
}

fn id_of<T>(table: &Table<T>, serial: u32) -> String {
    table.get(serial).map_or_else(String::new, |row| row.id.to_string())
}

fn set<T>(table: &mut Table<T>, kind: &str, id: String, field: &str, value: Value) -> String {
    let serial = serial(table, kind, &id);
    if let Some(row) = table.change(serial) {
        row.set_override(field, Some(value));
    }
    id
}

fn remove<T>(table: &mut Table<T>, kind: &str, id: String) -> String {
    let serial = serial(table, kind, &id);
    table.remove(serial);
    id
}
