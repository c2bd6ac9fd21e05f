//! How the rows of one list are read: its rules, made ready so that a row is gone through once.

use serde_json::value::RawValue;

use super::pointer::Pointer;
use super::{FieldRule, FieldSpec, Problem};
use crate::field_scan::{NotRead, pick_into};
use crate::fields::reading::Reading;
use crate::fields::{self, Form};
use crate::json_repair::repair;

/// So many keys of a row can be looked at: they are found on the stack.
pub(crate) const MOST_KEYS: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Of the row itself, in the order of the fields that look at them, each once.
    pub keys: Vec<Box<str>>,
    pub fields: Vec<Field>,
}

/// A field with the rule that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub spec: &'static FieldSpec,
    pub rule: FieldRule,
    pub places: Vec<Place>,
    pub forms: Vec<Form>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub pointer: Pointer,
    /// Among the plan's keys.
    pub key: usize,
}

impl Plan {
    pub(crate) fn new(mut fields: Vec<Field>) -> Result<Self, Problem> {
        let mut keys: Vec<Box<str>> = Vec::new();
        for place in fields.iter_mut().flat_map(|field| &mut field.places) {
            let key = &place.pointer.key;
            place.key = keys.iter().position(|known| known == key).unwrap_or_else(|| {
                keys.push(key.clone());
                keys.len() - 1
            });
        }
        if keys.len() > MOST_KEYS { Err(Problem::TooManyKeys) } else { Ok(Self { keys, fields }) }
    }

    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.spec.name == name)
    }

    /// The values of the plan's keys in a row's text.
    pub(crate) fn pick<'a>(&self, row: &'a str) -> Result<[Option<&'a RawValue>; MOST_KEYS], NotRead> {
        let mut found = [None; MOST_KEYS];
        pick_into(row, &self.keys, &mut found).map(|()| found)
    }

    /// The row's id as its decoder will find it, without reading the row to its end.
    pub(crate) fn id(&self, row: &[u8]) -> Option<String> {
        let places = &self.fields.first()?.places;
        if let Some(id) = places.first().and_then(|place| leading_id(row, &place.pointer)) {
            return Some(id.to_owned());
        }
        let find = |text: &str| places.iter().find_map(|place| place.pointer.find(text).and_then(fields::id));
        let text = String::from_utf8_lossy(row);
        let may_be_broken = text.bytes().any(|b| b.is_ascii_control());
        let mended = may_be_broken.then(|| repair(text.as_bytes())).flatten();
        find(mended.as_deref().unwrap_or(&text))
    }
}

impl Field {
    pub(crate) fn new(spec: &'static FieldSpec, rule: FieldRule) -> Result<Self, Problem> {
        let speaks_of_dates = !rule.forms.is_empty() || rule.zone.is_some();
        if speaks_of_dates && !spec.kind.is_date() {
            return Err(Problem::NoDate(spec.kind));
        }
        let place = |place: &String| match Pointer::parse(place) {
            Ok(pointer) => Ok(Place { pointer, key: 0 }),
            Err(why) => Err(Problem::Place { place: place.clone(), why }),
        };
        let form = |form: &str| Form::of(form).map_err(|why| Problem::Form { form: form.to_owned(), why });
        let forms = match rule.forms.as_slice() {
            [] => spec.forms.iter().copied().map(form).collect::<Result<_, _>>()?,
            forms => forms.iter().map(|pattern| form(pattern)).collect::<Result<_, _>>()?,
        };
        let places = rule.places.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { spec, rule, places, forms })
    }

    /// What the first place gives that can be read, with the place's number and what stands there; failing that, the first
    /// that cannot. `found` are the values of the plan's keys.
    pub(crate) fn first<'a, T>(
        &self,
        found: &[Option<&'a RawValue>],
        read: impl Fn(&'a RawValue) -> Reading<T>,
    ) -> (Option<(usize, &'a RawValue)>, Reading<T>) {
        let mut first = (None, Reading::Blank);
        for (at, place) in self.places.iter().enumerate() {
            let value = found.get(place.key).copied().flatten().and_then(|value| place.pointer.follow(value));
            let Some(value) = value else { continue };
            match read(value) {
                Reading::Blank => {}
                Reading::Read(read) => return (Some((at, value)), Reading::Read(read)),
                Reading::Unreadable => first = (first.0.or(Some((at, value))), Reading::Unreadable),
            }
        }
        first
    }
}

/// `{"client_id":"1000007",` is how nearly every row begins; what begins otherwise goes to the parser.
fn leading_id<'a>(row: &'a [u8], pointer: &Pointer) -> Option<&'a str> {
    let is_written_as_it_is = |key: &str| !key.contains(|c: char| c == '"' || c == '\\' || c.is_control());
    let key = Some(&*pointer.key).filter(|key| pointer.is_key() && is_written_as_it_is(key))?;
    let value = row.strip_prefix(b"{\"")?.strip_prefix(key.as_bytes())?.strip_prefix(b"\":\"")?;
    let digits = value.iter().take(20).position(|b| !b.is_ascii_digit()).filter(|digits| *digits > 0)?;
    let (id, rest) = value.split_at(digits);
    rest.starts_with(b"\"").then(|| std::str::from_utf8(id).ok()).flatten()
}
