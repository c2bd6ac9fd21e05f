//! Renders records as the CRM writes them: nearly every value is a string, and each field has its own way to be absent.

use std::borrow::Cow;

use serde_json::Value;

use crate::people::hostile_text;
use crate::people::journey::Outcome;
use crate::people::note_templates::NoteKind;
use crate::people::persona::Persona;
use crate::world::calendar::{MINUTE, ZERO_DATE};
use crate::world::json_writer::JsonWriter;
use crate::world::records::{Appointment, Contact, Deal, Note, NoteBody, Source, Stage, User};
use crate::world::render_context::RenderContext;
use crate::world::sources::SOURCES;
use crate::world::staff::{self, StaffMember};
use crate::world::stages::{NEW_LEAD, contact_type_name};
use crate::world::table::{Overrides, Row, find_override};

/// A row of `read_client_list`.
pub(crate) fn contact(context: &RenderContext, row: &Row<Contact>) -> Vec<u8> {
    let contact = &row.item;
    let mut out = JsonWriter::new(&row.overrides);
    let persona = persona(context, contact);
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
    out.text("clients_lead_source", displayed_source(contact));
    out.text("clients_sales_cycle", &displayed_stage(context, contact));
    out.text("clients_action_plan", persona.action_plan);
    out.text("contact_type", &contact.contact_type.to_string());
    out.text("assigned_user", &displayed_owner(context, contact));
    out.text("created", &displayed_created(context, contact));
    out.text("last_modified_date", &context.calendar.local(contact.modified));
    if let Some(units) = persona.units
        && !contact.edited
    {
        // The number of units is a custom field, whose name differs between accounts.
        let field = if context.account.is_multiple_of(2) { "number_of_units" } else { "cf_units_desired" };
        out.text(field, &units.to_string());
    }
    out.finish()
}

/// A row of `read_opportunity_list`.
pub(crate) fn deal(context: &RenderContext, row: &Row<Deal>, contact: Option<&Row<Contact>>) -> Vec<u8> {
    let deal = &row.item;
    let mut out = JsonWriter::new(&row.overrides);
    out.text("opportunity_id", &row.id);
    match contact {
        // Some rows lack the contact's ID.
        Some(contact) if !deal.key.is_multiple_of(50) => out.text("client_id", &contact.id),
        Some(_) => {}
        None => out.text("client_id", ""),
    }
    let persona = contact.map(|row| (persona(context, &row.item), row));
    let from_contact = |field: &str, default: fn(&Persona) -> &str| match &persona {
        Some((persona, row)) => override_or(&row.overrides, field, default(persona)),
        None => Value::from(""),
    };
    out.value("opportunity_name", &deal_name(deal, persona.as_ref().map(|(persona, _)| persona)).into());
    out.value("firstName", &from_contact("firstName", |persona| &persona.first));
    out.value("lastName", &from_contact("lastName", |persona| &persona.last));
    out.value("compName", &from_contact("compName", |persona| &persona.company));
    let stage = contact
        .map_or(Value::from(""), |row| override_or(&row.overrides, "clients_sales_cycle", &displayed_stage(context, &row.item)));
    out.value("contact_sales_cycle", &stage);
    let source =
        contact.map_or(Value::from(""), |row| override_or(&row.overrides, "clients_lead_source", displayed_source(&row.item)));
    out.value("contact_lead_source", &source);
    out.value("contact_action_plan", &from_contact("clients_action_plan", |persona| persona.action_plan));
    let contact_type =
        contact.map_or(Value::from("1"), |row| override_or(&row.overrides, "contact_type", &row.item.contact_type.to_string()));
    out.value("contact_type", &contact_type);
    out.text("deal_size", &deal_fee(deal));
    let odds = if deal.key % 10 < 8 { deal.odds.to_string() } else { String::new() };
    out.text("likelihood_to_close", &odds);
    let closes = deal.closes.map_or_else(|| "0000-00-00".into(), |date| date.to_string());
    out.text("close_date", &closes);
    out.text("assigned_user", &contact.map_or(String::new(), |row| displayed_owner(context, &row.item)));
    out.text("created", &context.calendar.local(deal.created));
    out.text("last_modified_date", &context.calendar.local(deal.modified));
    out.finish()
}

/// A row of `read_all_events`.
pub(crate) fn appointment(context: &RenderContext, row: &Row<Appointment>, contact: Option<&Row<Contact>>) -> Vec<u8> {
    let item = &row.item;
    let mut out = JsonWriter::new(&row.overrides);
    out.text("event_id", &row.id);
    out.text("client_id", contact.map_or("", |contact| &contact.id));
    out.text("firstName", &item.first);
    out.text("lastName", &item.last);
    out.text("event_type", "appt");
    out.text("title", item.meeting.title());
    out.text("description", item.meeting.description());
    out.text("location", item.meeting.location());
    out.text("start_date", &context.calendar.local(item.starts));
    out.text("end_date", &context.calendar.local(item.starts + item.minutes * MINUTE));
    let status = match item.outcome {
        None => "Scheduled",
        Some(Outcome::Held) => "Completed",
        Some(Outcome::NoShow) => "No Show",
        Some(Outcome::Canceled) => "Cancelled",
    };
    out.text("status", status);
    out.text("assigned_user", &staff_member(context, item.owner).name());
    out.finish()
}

/// A row of `read_client_history_notes`.
pub(crate) fn note(context: &RenderContext, note: &Note, contact: &Row<Contact>) -> Vec<u8> {
    let owner = staff_member(context, note.author).name();
    let mut out = JsonWriter::new(&note.overrides);
    let (text, kind, author) = match &note.body {
        NoteBody::Template(kind, template) => {
            (fill_template(context, contact, *kind, *template, &owner), kind.note_type(), owner.as_str())
        }
        NoteBody::Hostile(index) => {
            (hostile_text::NOTES[usize::from(*index) % hostile_text::NOTES.len()].to_owned(), "Note", owner.as_str())
        }
        NoteBody::Edit(edit) => {
            (edit.text.clone(), edit.note_type.as_deref().unwrap_or("Note"), edit.author.as_deref().unwrap_or(&owner))
        }
    };
    out.text("note_id", &note.id.to_string());
    out.text("client_id", &contact.id);
    out.text("note", &text);
    out.text("note_type", kind);
    out.text("created_by", if kind == NoteKind::Arrived.note_type() { "System" } else { author });
    out.text("created", &context.calendar.local(note.at));
    out.finish()
}

/// A row of `read_sales_cycle_list`.
pub(crate) fn stage(row: &Row<Stage>) -> Vec<u8> {
    let stage = &row.item;
    let mut out = JsonWriter::new(&row.overrides);
    out.text("sales_cycle_id", &row.id);
    out.text("sales_cycle_name", &stage.name);
    out.text("sales_cycle_active_status", if stage.active { "1" } else { "0" });
    out.text("sales_cycle_order", &stage.order.to_string());
    out.text("likelihood_to_close", &stage.odds.map_or(String::new(), |odds| odds.to_string()));
    out.text("contact_type", &stage.contact_type.to_string());
    out.text("contact_type_name", contact_type_name(stage.contact_type));
    out.finish()
}

/// A row of `read_lead_source_list`.
pub(crate) fn source(row: &Row<Source>) -> Vec<u8> {
    let mut out = JsonWriter::new(&row.overrides);
    out.text("lead_source_id", &row.id);
    out.text("lead_source_name", &row.item.name);
    out.finish()
}

/// A row of `read_user_list`.
pub(crate) fn user(row: &Row<User>) -> Vec<u8> {
    let User { first, last } = &row.item;
    let mut out = JsonWriter::new(&row.overrides);
    // The only ID that is a number.
    out.raw("user_id", row.id.as_bytes());
    out.text("user_first_name", first);
    out.text("user_last_name", last);
    out.text("user_email", &format!("{first}.{last}@agency.example").to_lowercase());
    out.finish()
}

/// The stage in the contact's row, unless an edit overrides it.
pub(crate) fn displayed_stage<'a>(context: &'a RenderContext, contact: &Contact) -> Cow<'a, str> {
    if contact.edited || (contact.stage == NEW_LEAD && contact.key.is_multiple_of(6)) {
        return "".into();
    }
    let name = context.stage_names[usize::from(contact.stage)].as_str();
    match contact.key % 97 {
        0 if context.hostile_text => format!(" {name}  ").into(),
        1 if context.hostile_text => name.to_uppercase().into(),
        2 if context.hostile_text && contact.is_prospect() => "Imported – <b>old CRM</b>".into(),
        _ => name.into(),
    }
}

/// The lead source in the contact's row, unless an edit overrides it.
pub(crate) fn displayed_source(contact: &Contact) -> &'static str {
    if contact.edited { "" } else { SOURCES[usize::from(contact.source)].name }
}

/// The creation date in the contact's row, unless an edit overrides it.
pub(crate) fn displayed_created(context: &RenderContext, contact: &Contact) -> String {
    if contact.has_created_date { context.calendar.local(contact.created) } else { ZERO_DATE.into() }
}

/// The `deal_size` in the deal's row, unless an edit overrides it.
pub(crate) fn deal_fee(deal: &Deal) -> String {
    fee(deal.fee, deal.key)
}

fn contact_fee(contact: &Contact) -> String {
    if contact.edited { String::new() } else { fee(contact.fee, contact.key) }
}

/// Formats a fee in one of the ways in which people and imports write it.
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

fn displayed_owner(context: &RenderContext, contact: &Contact) -> String {
    if contact.edited {
        return staff_member(context, contact.owner).name();
    }
    let id = context.user_ids.get(usize::from(contact.owner)).map_or("", |id| id);
    staff_member(context, contact.owner).assigned_user(id, contact.key / 7)
}

/// The text of a template with its placeholders replaced.
fn fill_template(context: &RenderContext, contact: &Row<Contact>, kind: NoteKind, template: u8, owner: &str) -> String {
    let persona = persona(context, &contact.item);
    let first = persona.first.split(['<', '>']).next().unwrap_or_default();
    let text = kind.templates()[usize::from(template)];
    text.replace("{first}", first).replace("{city}", persona.place.city).replace("{owner}", owner)
}

fn staff_member(context: &RenderContext, seat: u8) -> &'static StaffMember {
    staff::member(context.account, seat)
}

/// The contact's persona. If an edit added the contact, its overrides replace the visible fields.
fn persona(context: &RenderContext, contact: &Contact) -> Persona {
    Persona::draw(contact.key, context.hostile_text)
}

/// The field's override, with `null` for a removed field, or else `default`.
fn override_or(overrides: &Overrides, field: &str, default: &str) -> Value {
    match find_override(overrides, field) {
        Some(value) => value.clone().unwrap_or(Value::Null),
        None => Value::from(default),
    }
}
