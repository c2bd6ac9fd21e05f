//! Rows as the CRM writes them: nearly every value a text, absent ones in whichever way that field is absent.

use std::borrow::Cow;

use serde_json::Value;

use crate::people::candidate::Outcome;
use crate::people::hostile_text;
use crate::people::persona::Persona;
use crate::people::words::NoteKind;
use crate::world::Scene;
use crate::world::calendar::ZERO_DATE;
use crate::world::json_writer::Writer;
use crate::world::records::{Appointment, Contact, Deal, Note, Source, Stage, User, Words};
use crate::world::sources::SOURCES;
use crate::world::staff::{self, Person};
use crate::world::stages::{NEW_LEAD, contact_type_name};
use crate::world::table::{HandWritten, Row};

pub(crate) fn contact(scene: &Scene, row: &Row<Contact>) -> Vec<u8> {
    let contact = &row.item;
    let mut out = Writer::new(&row.hand);
    let persona = persona(scene, contact);
    out.text("client_id", &row.id);
    match persona.external_id.as_deref() {
        Some(id) => out.text("external_id", id),
        None => out.raw("external_id", b"null"),
    }
    out.text("firstName", &persona.first);
    out.text("lastName", &persona.last);
    out.text("compName", &persona.company);
    out.text("email", &persona.email);
    out.text("phone", &persona.phone);
    out.text("address", &persona.address);
    out.text("city", persona.place.city);
    out.text("state", persona.place.state);
    if !persona.zip.is_empty() {
        out.text("zip", &persona.zip);
    }
    out.text("whiteboard", persona.whiteboard);
    out.text("deal_size", &contact_fee(contact));
    out.text("clients_lead_source", source_shown(contact));
    out.text("clients_sales_cycle", &stage_shown(scene, contact));
    out.text("clients_action_plan", persona.action_plan);
    out.text("contact_type", &contact.contact_type.to_string());
    out.text("assigned_user", &owner_shown(scene, contact));
    out.text("created", &created_shown(scene, contact));
    out.text("last_modified_date", &scene.calendar.local(contact.modified));
    if let Some(units) = persona.units
        && !contact.by_hand
    {
        // Units sit in a custom field, named otherwise in every account.
        let field = if scene.account.is_multiple_of(2) { "number_of_units" } else { "cf_units_desired" };
        out.text(field, &units.to_string());
    }
    out.finish()
}

pub(crate) fn deal(scene: &Scene, row: &Row<Deal>, of: Option<&Row<Contact>>) -> Vec<u8> {
    let deal = &row.item;
    let mut out = Writer::new(&row.hand);
    out.text("opportunity_id", &row.id);
    match of {
        // Some come without saying whose they are.
        Some(contact) if !deal.key.is_multiple_of(50) => out.text("client_id", &contact.id),
        Some(_) => {}
        None => out.text("client_id", ""),
    }
    let persona = of.map(|row| (persona(scene, &row.item), row));
    let theirs = |field: &str, natural: fn(&Persona) -> &str| match &persona {
        Some((persona, row)) => over(&row.hand, field, natural(persona)),
        None => Value::from(""),
    };
    out.value("opportunity_name", &deal_name(deal, persona.as_ref().map(|(persona, _)| persona)).into());
    out.value("firstName", &theirs("firstName", |persona| &persona.first));
    out.value("lastName", &theirs("lastName", |persona| &persona.last));
    out.value("compName", &theirs("compName", |persona| &persona.company));
    let stage = of.map_or(Value::from(""), |row| over(&row.hand, "clients_sales_cycle", &stage_shown(scene, &row.item)));
    out.value("contact_sales_cycle", &stage);
    let source = of.map_or(Value::from(""), |row| over(&row.hand, "clients_lead_source", source_shown(&row.item)));
    out.value("contact_lead_source", &source);
    out.value("contact_action_plan", &theirs("clients_action_plan", |persona| persona.action_plan));
    let contact_type = of.map_or(Value::from("1"), |row| over(&row.hand, "contact_type", &row.item.contact_type.to_string()));
    out.value("contact_type", &contact_type);
    out.text("deal_size", &deal_fee(deal));
    let odds = if deal.key % 10 < 8 { deal.odds.to_string() } else { String::new() };
    out.text("likelihood_to_close", &odds);
    let closes = deal.closes.map_or_else(|| "0000-00-00".into(), |date| date.to_string());
    out.text("close_date", &closes);
    out.text("assigned_user", &of.map_or(String::new(), |row| owner_shown(scene, &row.item)));
    out.text("created", &scene.calendar.local(deal.created));
    out.text("last_modified_date", &scene.calendar.local(deal.modified));
    out.finish()
}

pub(crate) fn appointment(scene: &Scene, row: &Row<Appointment>, of: Option<&Row<Contact>>) -> Vec<u8> {
    let item = &row.item;
    let mut out = Writer::new(&row.hand);
    out.text("event_id", &row.id);
    out.text("client_id", of.map_or("", |contact| &contact.id));
    out.text("firstName", &item.first);
    out.text("lastName", &item.last);
    out.text("event_type", "appt");
    out.text("title", item.meeting.title());
    out.text("description", item.meeting.description());
    out.text("location", item.meeting.location());
    out.text("start_date", &scene.calendar.local(item.starts));
    out.text("end_date", &scene.calendar.local(item.starts + item.minutes * crate::world::calendar::MINUTE));
    let status = match item.outcome {
        None => "Scheduled",
        Some(Outcome::Held) => "Completed",
        Some(Outcome::NoShow) => "No Show",
        Some(Outcome::Cancelled) => "Cancelled",
    };
    out.text("status", status);
    out.text("assigned_user", &person(scene, item.owner).name());
    out.finish()
}

pub(crate) fn note(scene: &Scene, note: &Note, of: &Row<Contact>) -> Vec<u8> {
    let owner = person(scene, note.author).name();
    let mut out = Writer::new(&note.hand);
    let (text, kind, author) = match &note.words {
        Words::Line(kind, line) => (fill(scene, of, *kind, *line, &owner), kind.label(), owner.as_str()),
        Words::Odd(line) => {
            (hostile_text::NOTES[usize::from(*line) % hostile_text::NOTES.len()].to_owned(), "Note", owner.as_str())
        }
        Words::Typed(edit) => {
            (edit.text.clone(), edit.note_type.as_deref().unwrap_or("Note"), edit.author.as_deref().unwrap_or(&owner))
        }
    };
    out.text("note_id", &note.id.to_string());
    out.text("client_id", &of.id);
    out.text("note", &text);
    out.text("note_type", kind);
    out.text("created_by", if kind == NoteKind::Arrived.label() { "System" } else { author });
    out.text("created", &scene.calendar.local(note.at));
    out.finish()
}

pub(crate) fn stage(row: &Row<Stage>) -> Vec<u8> {
    let stage = &row.item;
    let mut out = Writer::new(&row.hand);
    out.text("sales_cycle_id", &row.id);
    out.text("sales_cycle_name", &stage.name);
    out.text("sales_cycle_active_status", if stage.active { "1" } else { "0" });
    out.text("sales_cycle_order", &stage.order.to_string());
    out.text("likelihood_to_close", &stage.odds.map_or(String::new(), |odds| odds.to_string()));
    out.text("contact_type", &stage.contact_type.to_string());
    out.text("contact_type_name", contact_type_name(stage.contact_type));
    out.finish()
}

pub(crate) fn source(row: &Row<Source>) -> Vec<u8> {
    let mut out = Writer::new(&row.hand);
    out.text("lead_source_id", &row.id);
    out.text("lead_source_name", &row.item.name);
    out.finish()
}

pub(crate) fn user(row: &Row<User>) -> Vec<u8> {
    let User { first, last } = &row.item;
    let mut out = Writer::new(&row.hand);
    // The one id that comes as a number.
    out.raw("user_id", row.id.as_bytes());
    out.text("firstName", first);
    out.text("lastName", last);
    out.text("email", &format!("{first}.{last}@agency.example").to_lowercase());
    out.finish()
}

/// The stage as the contact's row shows it, before a hand writes over it.
pub(crate) fn stage_shown<'a>(scene: &'a Scene, contact: &Contact) -> Cow<'a, str> {
    if contact.by_hand || (contact.stage == NEW_LEAD && contact.key.is_multiple_of(6)) {
        return "".into();
    }
    let name = scene.stage_names[usize::from(contact.stage)].as_str();
    match contact.key % 97 {
        0 if scene.odd_text => format!(" {name}  ").into(),
        1 if scene.odd_text => name.to_uppercase().into(),
        2 if scene.odd_text && contact.is_prospect() => "Imported – <b>old CRM</b>".into(),
        _ => name.into(),
    }
}

/// The source as the contact's row shows it, before a hand writes over it.
pub(crate) fn source_shown(contact: &Contact) -> &'static str {
    if contact.by_hand { "" } else { SOURCES[usize::from(contact.source)].name }
}

pub(crate) fn created_shown(scene: &Scene, contact: &Contact) -> String {
    if contact.dated { scene.calendar.local(contact.born) } else { ZERO_DATE.into() }
}

pub(crate) fn deal_fee(deal: &Deal) -> String {
    fee(deal.fee, deal.key)
}

fn contact_fee(contact: &Contact) -> String {
    if contact.by_hand { String::new() } else { fee(contact.fee, contact.key) }
}

/// A fee in one of the ways people and imports have typed it.
fn fee(cents: Option<i64>, key: u64) -> String {
    let Some(cents) = cents else { return if key.is_multiple_of(3) { "0.00".into() } else { String::new() } };
    let dollars = cents / 100;
    match key % 4 {
        0 => format!("${},{:03}.00", dollars / 1000, dollars % 1000),
        1 => format!("{dollars}.00"),
        _ => dollars.to_string(),
    }
}

fn deal_name(deal: &Deal, persona: Option<&Persona>) -> String {
    match (persona, deal.key % 3) {
        (None, _) => String::new(),
        (Some(persona), 0) => format!("{} - {}", persona.last, persona.place.city),
        (Some(persona), 1) => format!("{} unit(s), {}", persona.units.unwrap_or(1), persona.place.state),
        (Some(persona), _) => format!("{} {} Franchise", persona.first, persona.last),
    }
}

fn owner_shown(scene: &Scene, contact: &Contact) -> String {
    if contact.by_hand {
        return person(scene, contact.owner).name();
    }
    let id = scene.user_ids.get(usize::from(contact.owner)).map_or("", |id| id);
    person(scene, contact.owner).assigned(id, contact.key / 7)
}

fn fill(scene: &Scene, of: &Row<Contact>, kind: NoteKind, line: u8, owner: &str) -> String {
    let persona = persona(scene, &of.item);
    let first = persona.first.split(['<', '>']).next().unwrap_or_default();
    kind.lines()[usize::from(line)].replace("{first}", first).replace("{city}", persona.place.city).replace("{owner}", owner)
}

fn person(scene: &Scene, seat: u8) -> &'static Person {
    staff::person(scene.account, seat)
}

/// A contact added by hand says itself who it is: see its hand-written fields.
fn persona(scene: &Scene, contact: &Contact) -> Persona {
    Persona::draw(contact.key, scene.odd_text)
}

fn over(hand: &HandWritten, field: &str, natural: &str) -> Value {
    match hand.iter().find(|(name, _)| name == field) {
        Some((_, value)) => value.clone().unwrap_or(Value::Null),
        None => Value::from(natural),
    }
}
