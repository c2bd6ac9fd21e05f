//! Counts an account's records directly, as the reference that synced numbers are compared with.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use jiff::civil::DateTime;
use serde::Serialize;
use serde_json::Value;

use crate::world::World;
use crate::world::calendar::ZERO_DATE;
use crate::world::records::{Contact, Deal, Stage};
use crate::world::render;
use crate::world::table::Row;

/// The name that counts contacts whose stage or source is neither text nor `null`.
const NOT_TEXT: &str = "null";

/// An account's totals.
///
/// Stage and source names are trimmed and, if they differ only by case, use the spelling of the account's list. A blank
/// stage counts as the first stage and a blank source as `""`. Any value that is not text counts as `"null"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// All contacts.
    pub contacts: usize,
    /// Contacts of type 1.
    pub prospects: usize,
    /// Explicit opportunities.
    pub deals: usize,
    /// Contacts without a readable creation date.
    pub undated: usize,
    /// Contacts of all types, by stage.
    pub by_stage: BTreeMap<String, usize>,
    /// Contacts of all types, by lead source.
    pub by_source: BTreeMap<String, usize>,
    /// Prospects whose stage the CRM does not call inactive.
    pub leads_in_pipeline: usize,
    /// The sum of the readable, positive fees of explicit deals.
    pub fees_cents: i64,
    /// The notes of all contacts.
    pub notes: usize,
    /// Calendar events.
    pub events: usize,
    /// Entries of the stage list.
    pub stages: usize,
    /// Entries of the lead source list.
    pub sources: usize,
    /// Entries of the user list.
    pub users: usize,
}

impl Truth {
    /// Counts an account.
    pub(crate) fn of(world: &World) -> Self {
        let stages = StageNames::of(world);
        let sources = Spellings::of(
            world.sources.rows().iter().map(|row| text_in(row.find_override("lead_source_name"), row.item.name.as_str().into())),
        );
        let mut truth = Self {
            contacts: world.contacts.len(),
            deals: world.deals.len(),
            fees_cents: world.deals.rows().iter().filter_map(fee).sum(),
            events: world.appointments.len(),
            stages: world.stages.len(),
            sources: world.sources.len(),
            users: world.users.len(),
            ..Self::default()
        };
        for row in world.contacts.rows() {
            truth.count(world, row, &stages, &sources);
        }
        truth
    }

    fn count(&mut self, world: &World, row: &Row<Contact>, stages: &StageNames, sources: &Spellings) {
        let contact = &row.item;
        let stage = text_in(row.find_override("clients_sales_cycle"), render::displayed_stage(&world.context, contact));
        let stage = stages.name_of(stage);
        let source = text_in(row.find_override("clients_lead_source"), render::displayed_source(contact).into());
        let source = sources.spell(source);
        if is_prospect(row) {
            self.prospects += 1;
            self.leads_in_pipeline += usize::from(!stages.inactive.contains(&fold(&stage)));
        }
        self.undated += usize::from(!is_dated(world, row));
        self.notes += contact.notes.len();
        *self.by_stage.entry(stage).or_default() += 1;
        *self.by_source.entry(source).or_default() += 1;
    }
}

/// The account's stage names.
struct StageNames {
    spellings: Spellings,
    /// The active prospect stage with the lowest readable order.
    first: String,
    /// The folded names of inactive prospect stages.
    inactive: Vec<String>,
}

impl StageNames {
    fn of(world: &World) -> Self {
        let name = |row: &Row<Stage>| {
            let name = text_in(row.find_override("sales_cycle_name"), row.item.name.clone().into());
            name.map_or_else(|| NOT_TEXT.to_owned(), |name| name.trim().to_owned())
        };
        let field = |row: &Row<Stage>, field: &str, default: i64| match row.find_override(field) {
            None => Some(default),
            Some(value) => value.as_ref().and_then(integer),
        };
        let active = |row: &Row<Stage>| field(row, "sales_cycle_active_status", row.item.active.into()) != Some(0);
        let of_prospects: Vec<&Row<Stage>> =
            world.stages.rows().iter().filter(|row| field(row, "contact_type", row.item.contact_type) == Some(1)).collect();
        let first = of_prospects
            .iter()
            .filter(|row| active(row))
            .filter_map(|row| field(row, "sales_cycle_order", row.item.order).map(|order| (order, row)))
            .min_by_key(|(order, _)| *order);
        Self {
            spellings: Spellings::of(world.stages.rows().iter().map(|row| Some(name(row).into()))),
            first: first.map_or_else(String::new, |(_, row)| name(row)),
            inactive: of_prospects.iter().filter(|row| !active(row)).map(|row| fold(&name(row))).collect(),
        }
    }

    fn name_of(&self, displayed: Option<Cow<'_, str>>) -> String {
        let name = self.spellings.spell(displayed);
        if name.is_empty() { self.first.clone() } else { name }
    }
}

/// The account's spelling of each name, by the name's folded form.
struct Spellings(HashMap<String, String>);

impl Spellings {
    fn of<'a>(names: impl Iterator<Item = Option<Cow<'a, str>>>) -> Self {
        let mut spellings = HashMap::new();
        for name in names.flatten() {
            spellings.entry(fold(&name)).or_insert_with(|| name.trim().to_owned());
        }
        Self(spellings)
    }

    fn spell(&self, displayed: Option<Cow<'_, str>>) -> String {
        let Some(displayed) = displayed else { return NOT_TEXT.into() };
        let trimmed = displayed.trim();
        match self.0.get(trimmed) {
            Some(name) => name.clone(),
            None => self.0.get(&fold(trimmed)).cloned().unwrap_or_else(|| trimmed.to_owned()),
        }
    }
}

/// Trimmed and in lowercase.
fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A field's text. A missing field and `null` are blank; any other value that is not text gives `None`.
fn text_in<'a>(edit: Option<&'a Option<Value>>, default: Cow<'a, str>) -> Option<Cow<'a, str>> {
    match edit {
        None => Some(default),
        Some(None | Some(Value::Null)) => Some("".into()),
        Some(Some(Value::String(text))) => Some(text.as_str().into()),
        Some(Some(Value::Number(number))) => Some(number.to_string().into()),
        Some(Some(_)) => None,
    }
}

fn is_prospect(row: &Row<Contact>) -> bool {
    match row.find_override("contact_type") {
        None => row.item.is_prospect(),
        Some(value) => value.as_ref().and_then(integer) == Some(1),
    }
}

fn is_dated(world: &World, row: &Row<Contact>) -> bool {
    match row.find_override("created") {
        None => row.item.has_created_date && render::displayed_created(&world.context, &row.item) != ZERO_DATE,
        Some(Some(Value::String(text))) => DateTime::strptime("%Y-%m-%d %H:%M:%S", text.trim()).is_ok(),
        Some(_) => false,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(flag) => Some((*flag).into()),
        number => number.as_i64(),
    }
}

fn fee(row: &Row<Deal>) -> Option<i64> {
    let cents = match row.find_override("deal_size") {
        None => parse_cents(&render::deal_fee(&row.item)),
        Some(Some(Value::String(text))) => parse_cents(text),
        Some(Some(number)) => number.as_f64().map(|dollars| (dollars * 100.0).round() as i64),
        Some(None) => None,
    };
    cents.filter(|cents| *cents > 0)
}

/// Parses `90000`, `90000.00`, or `$90,000.00` as cents.
fn parse_cents(text: &str) -> Option<i64> {
    let plain: String = text.trim().trim_start_matches('$').replace(',', "");
    let (dollars, cents) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if dollars.is_empty() || !digits(dollars) || !digits(cents) || cents.len() > 2 {
        return None;
    }
    Some(dollars.parse::<i64>().ok()? * 100 + format!("{cents:0<2}").parse::<i64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_parsed_in_the_formats_that_the_crm_uses() {
        for (text, cents) in [
            ("90000", Some(9_000_000)),
            ("$90,000.00", Some(9_000_000)),
            ("0.00", Some(0)),
            ("12.5", Some(1_250)),
            ("", None),
            ("-5", None),
            ("ask Bob", None),
        ] {
            assert_eq!(parse_cents(text), cents, "{text}");
        }
    }
}
