//! What a mapping reads from one row, as text: for the mapping page and `doctor`.

use std::fmt;

use jiff::Timestamp;
use serde_json::value::RawValue;
use tetherboard_domain::{Dataset, Zone, grouped};

use super::{Field, FieldKind, Mapping};
use crate::field_scan::{self, with_repair};
use crate::fields::decode::{self, FieldValue};
use crate::fields::{self, Moment, Person};

/// In characters.
const MAX_LENGTH: usize = 200;

/// What a field's rule finds in one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPreview {
    /// The place where the value was found; `None` if every place is blank.
    pub place: Option<String>,
    /// The raw JSON at that place, cut to 200 characters.
    pub raw: Option<String>,
    /// The value as text, cut to 200 characters: "$90,000.00", "2026-11-20 09:30:00", "Ada Ash". `None` if blank.
    pub value: Result<Option<String>, UnreadableValue>,
}

/// A value that is not of its field's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableValue {
    pub kind: FieldKind,
}

impl fmt::Display for UnreadableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let formats = if self.kind.is_date() { " in the given formats" } else { "" };
        write!(f, "this is not {}{formats}", self.kind.as_str())
    }
}

impl std::error::Error for UnreadableValue {}

impl Mapping {
    /// What the field's rule finds in this row; blank if the field does not exist or the row is not an object.
    pub fn preview(&self, dataset: Dataset, field: &str, row: &[u8]) -> FieldPreview {
        let blank = FieldPreview { place: None, raw: None, value: Ok(None) };
        let plan = self.plan(dataset);
        let Some(at) = plan.field(field) else { return blank };
        let preview = with_repair(row, |row| Ok(preview_field(&plan.fields[at], &plan.scan(row)?, at == 0)));
        preview.unwrap_or(blank)
    }

    /// The row's top-level keys that no field uses, in order. Empty if the row is not an object.
    pub fn unmapped_keys(&self, dataset: Dataset, row: &[u8]) -> Vec<String> {
        let mapped = &self.plan(dataset).keys;
        let keys = with_repair(row, field_scan::object_keys).unwrap_or_default();
        keys.into_iter().filter(|key| !mapped.iter().any(|mapped| **mapped == **key)).collect()
    }
}

fn preview_field(field: &Field, found: &[Option<&RawValue>], is_row_id: bool) -> FieldPreview {
    let (source, value) = field.first_readable(found, |raw| format_value(field, raw, is_row_id));
    let (place, raw) = source.map(|(at, raw)| (field.rule.places[at].clone(), cut(raw.get()))).unzip();
    let value = match value {
        FieldValue::Blank => Ok(None),
        FieldValue::Present(text) => Ok(Some(cut(&text))),
        FieldValue::Unreadable => Err(UnreadableValue { kind: field.spec.kind }),
    };
    FieldPreview { place, raw, value }
}

fn format_value(field: &Field, raw: &RawValue, is_row_id: bool) -> FieldValue<String> {
    let zone = field.rule.zone.as_ref();
    match field.spec.kind {
        FieldKind::Id if is_row_id => decode::id(raw),
        FieldKind::Id => decode::foreign_id(raw),
        FieldKind::Text | FieldKind::Html => decode::text(raw),
        FieldKind::Label => decode::label(raw),
        FieldKind::Number => decode::number(raw).map(|number| number.to_string()),
        FieldKind::Flag => decode::flag(raw).map(|flag| if flag { "yes" } else { "no" }.to_owned()),
        FieldKind::Fee => decode::cents(raw).map(dollars),
        FieldKind::Odds => decode::odds(raw).map(|odds| format!("{}%", f64::from(odds) / 100.0)),
        FieldKind::Person => decode::person(raw).map(|person| match person {
            Person::Name(name) => name,
            Person::UserId(id) => format!("user {id}"),
            Person::Blank => String::new(),
        }),
        FieldKind::Date => fields::parse_date(raw, &field.formats).map(|date| date.date(zone).to_string()),
        FieldKind::DateTime => match fields::moment(fields::parse_date(raw, &field.formats), zone) {
            Moment::None => FieldValue::Blank,
            Moment::Local(local) => FieldValue::Present(local.strftime("%F %T").to_string()),
            Moment::Exact(at) => FieldValue::Present(exact_time(at, zone)),
            Moment::Unreadable => FieldValue::Unreadable,
        },
    }
}

fn dollars(cents: i64) -> String {
    let cents = cents.unsigned_abs();
    format!("${}.{:02}", grouped(cents / 100), cents % 100)
}

fn exact_time(at: Timestamp, zone: Option<&Zone>) -> String {
    let utc = Zone::utc();
    let zone = zone.unwrap_or(&utc);
    format!("{} {}", zone.datetime(at).strftime("%F %T"), zone.name())
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_LENGTH).collect()
}
