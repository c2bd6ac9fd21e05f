//! What an account holds, counted from its records: the number that every screen is measured against.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use jiff::civil::DateTime;
use serde::Serialize;
use serde_json::Value;

use crate::world::World;
use crate::world::records::{Contact, Deal, Stage};
use crate::world::render;
use crate::world::table::Row;

/// Under this name stand the contacts whose stage or source is no text at all.
const NO_TEXT: &str = "null";

/// What the account holds.
///
/// A stage or source is counted trimmed, and under the spelling of the account's list if only the case differs; a blank
/// stage is the first stage, a blank source `""`; a value that is no text is `"null"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    pub contacts: usize,
    /// Contacts of type 1.
    pub prospects: usize,
    pub deals: usize,
    /// Contacts without a readable moment of creation.
    pub undated: usize,
    /// Contacts of all types.
    pub by_stage: BTreeMap<String, usize>,
    /// Contacts of all types.
    pub by_source: BTreeMap<String, usize>,
    /// Prospects that do not stand in a stage which the CRM calls inactive.
    pub leads_in_pipeline: usize,
    /// The readable, positive deal sizes of explicit deals.
    pub fees_cents: i64,
    pub notes: usize,
    pub events: usize,
    pub stages: usize,
    pub sources: usize,
    pub users: usize,
}

impl Truth {
    pub(crate) fn of(world: &World) -> Self {
        let stages = StageList::of(world);
        let sources = Spellings::of(
            world.sources.rows().iter().map(|row| text_in(row.hand_written("lead_source_name"), row.item.name.as_str().into())),
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

    fn count(&mut self, world: &World, row: &Row<Contact>, stages: &StageList, sources: &Spellings) {
        let contact = &row.item;
        let stage = stages.name_of(text_in(row.hand_written("clients_sales_cycle"), render::stage_shown(&world.scene, contact)));
        let source = sources.spell(text_in(row.hand_written("clients_lead_source"), render::source_shown(contact).into()));
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

struct StageList {
    spellings: Spellings,
    /// The active stage of prospects with the lowest readable order.
    first: String,
    /// Folded names of the prospects' stages that are inactive.
    inactive: Vec<String>,
}

impl StageList {
    fn of(world: &World) -> Self {
        let name = |row: &Row<Stage>| {
            let name = text_in(row.hand_written("sales_cycle_name"), row.item.name.clone().into());
            name.map_or_else(|| NO_TEXT.to_owned(), |name| name.trim().to_owned())
        };
        let field = |row: &Row<Stage>, field: &str, natural: i64| match row.hand_written(field) {
            None => Some(natural),
            Some(value) => value.as_ref().and_then(whole),
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

    fn name_of(&self, shown: Option<Cow<'_, str>>) -> String {
        let name = self.spellings.spell(shown);
        if name.is_empty() { self.first.clone() } else { name }
    }
}

/// The account's own spelling of each name, by its folded form.
struct Spellings(HashMap<String, String>);

impl Spellings {
    fn of<'a>(names: impl Iterator<Item = Option<Cow<'a, str>>>) -> Self {
        let mut spellings = HashMap::new();
        for name in names.flatten() {
            spellings.entry(fold(&name)).or_insert_with(|| name.trim().to_owned());
        }
        Self(spellings)
    }

    fn spell(&self, shown: Option<Cow<'_, str>>) -> String {
        let Some(shown) = shown else { return NO_TEXT.into() };
        let trimmed = shown.trim();
        match self.0.get(trimmed) {
            Some(name) => name.clone(),
            None => self.0.get(&fold(trimmed)).cloned().unwrap_or_else(|| trimmed.to_owned()),
        }
    }
}

fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The text that a row shows in a field: absent and `null` are blank, a value of another kind is no text.
fn text_in<'a>(hand: Option<&'a Option<Value>>, natural: Cow<'a, str>) -> Option<Cow<'a, str>> {
    match hand {
        None => Some(natural),
        Some(None | Some(Value::Null)) => Some("".into()),
        Some(Some(Value::String(text))) => Some(text.as_str().into()),
        Some(Some(_)) => None,
    }
}

fn is_prospect(row: &Row<Contact>) -> bool {
    match row.hand_written("contact_type") {
        None => row.item.is_prospect(),
        Some(value) => value.as_ref().and_then(whole) == Some(1),
    }
}

fn is_dated(world: &World, row: &Row<Contact>) -> bool {
    match row.hand_written("created") {
        None => row.item.dated && render::created_shown(&world.scene, &row.item) != crate::world::calendar::ZERO_DATE,
        Some(Some(Value::String(text))) => DateTime::strptime("%Y-%m-%d %H:%M:%S", text.trim()).is_ok(),
        Some(_) => false,
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(flag) => Some((*flag).into()),
        number => number.as_i64(),
    }
}

fn fee(row: &Row<Deal>) -> Option<i64> {
    let cents = match row.hand_written("deal_size") {
        None => cents_in(&render::deal_fee(&row.item)),
        Some(Some(Value::String(text))) => cents_in(text),
        Some(Some(number)) => number.as_f64().map(|dollars| (dollars * 100.0).round() as i64),
        Some(None) => None,
    };
    cents.filter(|cents| *cents > 0)
}

/// `90000`, `90000.00`, `$90,000.00`; anything else is unreadable.
fn cents_in(text: &str) -> Option<i64> {
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
    fn fees_are_read_in_the_spellings_the_crm_is_known_for() {
        for (text, cents) in [
            ("90000", Some(9_000_000)),
            ("$90,000.00", Some(9_000_000)),
            ("0.00", Some(0)),
            ("12.5", Some(1_250)),
            ("", None),
            ("-5", None),
            ("ask Bob", None),
        ] {
            assert_eq!(cents_in(text), cents, "{text}");
        }
    }
}
