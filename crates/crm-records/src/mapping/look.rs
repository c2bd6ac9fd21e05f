//! What a mapping makes of one row, in words: for whoever edits it, and for `doctor`.

use std::fmt;

use jiff::Timestamp;
use serde_json::value::RawValue;
use tetherboard_domain::{Dataset, Zone, grouped};

use super::{Field, FieldKind, Mapping};
use crate::field_scan::{self, with_readable};
use crate::fields::reading::{self, Reading};
use crate::fields::{self, Moment, Person};

const LONGEST: usize = 200;

/// What a field's rule finds in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The place that gave it.
    pub place: Option<String>,
    /// The JSON that stands there, at most 200 characters of it.
    pub raw: Option<String>,
    /// As people read it, at most 200 characters: "$90,000.00", "2026-11-20 09:30:00", "Ada Ash". `None` if nobody said.
    pub value: Result<Option<String>, Unreadable>,
}

/// What stands there is not of the field's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub kind: FieldKind,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_its_forms = if self.kind.is_date() { " in the forms that were named" } else { "" };
        write!(f, "this is not {}{in_its_forms}", self.kind.as_str())
    }
}

impl std::error::Error for Unreadable {}

impl Mapping {
    /// What the field's rule finds in this row: nothing, if there is no such field or the row is no object.
    pub fn look(&self, dataset: Dataset, field: &str, row: &[u8]) -> Look {
        let nothing = Look { place: None, raw: None, value: Ok(None) };
        let plan = self.plan(dataset);
        let Some(at) = plan.field(field) else { return nothing };
        let looked = with_readable(row, |row| Ok(look_at(&plan.fields[at], &plan.pick(row)?, at == 0)));
        looked.unwrap_or(nothing)
    }

    /// The row's own keys that no field looks at, in their order. None if the row is no object.
    pub fn unmapped_keys(&self, dataset: Dataset, row: &[u8]) -> Vec<String> {
        let mapped = &self.plan(dataset).keys;
        let keys = with_readable(row, field_scan::keys).unwrap_or_default();
        keys.into_iter().filter(|key| !mapped.iter().any(|mapped| **mapped == **key)).collect()
    }
}

fn look_at(field: &Field, found: &[Option<&RawValue>], is_row_id: bool) -> Look {
    let (from, reading) = field.first(found, |raw| in_words(field, raw, is_row_id));
    let (place, raw) = from.map(|(at, raw)| (field.rule.places[at].clone(), cut(raw.get()))).unzip();
    let value = match reading {
        Reading::Blank => Ok(None),
        Reading::Read(words) => Ok(Some(cut(&words))),
        Reading::Unreadable => Err(Unreadable { kind: field.spec.kind }),
    };
    Look { place, raw, value }
}

fn in_words(field: &Field, raw: &RawValue, is_row_id: bool) -> Reading<String> {
    let zone = field.rule.zone.as_ref();
    match field.spec.kind {
        FieldKind::Id if is_row_id => reading::id(raw),
        FieldKind::Id => reading::id_of_another(raw),
        FieldKind::Text | FieldKind::Html => reading::text(raw),
        FieldKind::Label => reading::label(raw),
        FieldKind::Number => reading::number(raw).map(|number| number.to_string()),
        FieldKind::Flag => reading::flag(raw).map(|flag| if flag { "yes" } else { "no" }.to_owned()),
        FieldKind::Fee => reading::cents(raw).map(dollars),
        FieldKind::Odds => reading::odds(raw).map(|odds| format!("{}%", f64::from(odds) / 100.0)),
        FieldKind::Person => reading::person(raw).map(|person| match person {
            Person::Name(name) => name,
            Person::UserId(id) => format!("user {id}"),
            Person::Blank => String::new(),
        }),
        FieldKind::Date => fields::when(raw, &field.forms).map(|when| when.day(zone).to_string()),
        FieldKind::Moment => match fields::moment(fields::when(raw, &field.forms), zone) {
            Moment::None => Reading::Blank,
            Moment::Local(local) => Reading::Read(local.strftime("%F %T").to_string()),
            Moment::Exact(at) => Reading::Read(exactly(at, zone)),
            Moment::Unreadable => Reading::Unreadable,
        },
    }
}

fn dollars(cents: i64) -> String {
    let cents = cents.unsigned_abs();
    format!("${}.{:02}", grouped(cents / 100), cents % 100)
}

fn exactly(at: Timestamp, zone: Option<&Zone>) -> String {
    let utc = Zone::utc();
    let zone = zone.unwrap_or(&utc);
    format!("{} {}", zone.datetime(at).strftime("%F %T"), zone.name())
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
