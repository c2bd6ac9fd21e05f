//! The rules of one list, compiled so that each row is scanned only once.

use serde_json::value::RawValue;

use super::pointer::Pointer;
use super::{FieldRule, FieldSpec, RuleProblem};
use crate::field_scan::{ScanError, scan_into};
use crate::fields::decode::FieldValue;
use crate::fields::{self, DateFormat};
use crate::json_repair::repair;

/// The most keys of a row that rules can use. Their values are collected in an array on the stack.
pub(crate) const MAX_KEYS: usize = 64;

/// How the rows of one list are decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The row's top-level keys that fields use, without duplicates.
    pub keys: Vec<Box<str>>,
    /// In the order of [`fields_of`](super::fields_of).
    pub fields: Vec<Field>,
}

/// A field with the rule in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub spec: &'static FieldSpec,
    pub rule: FieldRule,
    pub places: Vec<Place>,
    pub formats: Vec<DateFormat>,
}

/// One place of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub pointer: Pointer,
    /// Index of the pointer's first key in the plan's keys.
    pub key: usize,
}

impl Plan {
    /// Collects the keys that the fields use.
    pub(crate) fn new(mut fields: Vec<Field>) -> Result<Self, RuleProblem> {
        let mut keys: Vec<Box<str>> = Vec::new();
        for place in fields.iter_mut().flat_map(|field| &mut field.places) {
            let key = &place.pointer.key;
            place.key = keys.iter().position(|other| other == key).unwrap_or_else(|| {
                keys.push(key.clone());
                keys.len() - 1
            });
        }
        if keys.len() > MAX_KEYS { Err(RuleProblem::TooManyKeys) } else { Ok(Self { keys, fields }) }
    }

    /// The index of a field by its name.
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.spec.name == name)
    }

    /// The values of the plan's keys in a row's text.
    pub(crate) fn scan<'a>(&self, row: &'a str) -> Result<[Option<&'a RawValue>; MAX_KEYS], ScanError> {
        let mut found = [None; MAX_KEYS];
        scan_into(row, &self.keys, &mut found).map(|()| found)
    }

    /// The row's own ID, as its decoder will find it. Stops reading as soon as it is found.
    pub(crate) fn row_id(&self, row: &[u8]) -> Option<String> {
        let places = &self.fields.first()?.places;
        if let Some(id) = places.first().and_then(|place| leading_id(row, &place.pointer)) {
            return Some(id.to_owned());
        }
        let find = |text: &str| places.iter().find_map(|place| place.pointer.find(text).and_then(fields::id));
        let text = String::from_utf8_lossy(row);
        let may_need_repair = text.bytes().any(|b| b.is_ascii_control());
        let repaired = may_need_repair.then(|| repair(text.as_bytes())).flatten();
        find(repaired.as_deref().unwrap_or(&text))
    }
}

impl Field {
    /// Compiles a field's rule.
    pub(crate) fn new(spec: &'static FieldSpec, rule: FieldRule) -> Result<Self, RuleProblem> {
        let has_date_settings = !rule.formats.is_empty() || rule.zone.is_some();
        if has_date_settings && !spec.kind.is_date() {
            return Err(RuleProblem::NotADate(spec.kind));
        }
        let place = |place: &String| match Pointer::parse(place) {
            Ok(pointer) => Ok(Place { pointer, key: 0 }),
            Err(reason) => Err(RuleProblem::InvalidPlace { place: place.clone(), reason }),
        };
        let format = |pattern: &str| {
            DateFormat::parse(pattern).map_err(|reason| RuleProblem::InvalidFormat { format: pattern.to_owned(), reason })
        };
        let formats = match rule.formats.as_slice() {
            [] => spec.formats.iter().copied().map(format).collect::<Result<_, _>>()?,
            patterns => patterns.iter().map(|pattern| format(pattern)).collect::<Result<_, _>>()?,
        };
        let places = rule.places.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { spec, rule, places, formats })
    }

    /// The value of the first readable place, with the place's index and raw JSON; if none is readable, the first unreadable
    /// place. `found` holds the values of the plan's keys.
    pub(crate) fn first_readable<'a, T>(
        &self,
        found: &[Option<&'a RawValue>],
        read: impl Fn(&'a RawValue) -> FieldValue<T>,
    ) -> (Option<(usize, &'a RawValue)>, FieldValue<T>) {
        let mut first = (None, FieldValue::Blank);
        for (at, place) in self.places.iter().enumerate() {
            let value = found.get(place.key).copied().flatten().and_then(|value| place.pointer.follow(value));
            let Some(value) = value else { continue };
            match read(value) {
                FieldValue::Blank => {}
                FieldValue::Present(decoded) => return (Some((at, value)), FieldValue::Present(decoded)),
                FieldValue::Unreadable => first = (first.0.or(Some((at, value))), FieldValue::Unreadable),
            }
        }
        first
    }
}

/// Fast path: nearly every row begins like `{"client_id":"1000007",`. Any other row goes to the parser.
fn leading_id<'a>(row: &'a [u8], pointer: &Pointer) -> Option<&'a str> {
    let needs_no_escape = |key: &str| !key.contains(|c: char| c == '"' || c == '\\' || c.is_control());
    let key = Some(&*pointer.key).filter(|key| pointer.is_key() && needs_no_escape(key))?;
    let value = row.strip_prefix(b"{\"")?.strip_prefix(key.as_bytes())?.strip_prefix(b"\":\"")?;
    let digits = value.iter().take(20).position(|b| !b.is_ascii_digit()).filter(|digits| *digits > 0)?;
    let (id, rest) = value.split_at(digits);
    rest.starts_with(b"\"").then(|| std::str::from_utf8(id).ok()).flatten()
}
