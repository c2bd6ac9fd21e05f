//! Writes a row as one JSON object, field by field, with edits' overrides in place.

use serde_json::Value;

use crate::world::table::{Overrides, find_override};

/// Writes one JSON object. A field with an override gets the override's value, or is left out.
pub(crate) struct JsonWriter<'a> {
    out: Vec<u8>,
    overrides: &'a Overrides,
    /// The overridden fields that were written already.
    written: Vec<&'static str>,
}

impl<'a> JsonWriter<'a> {
    /// A writer for a row with these overrides.
    pub(crate) fn new(overrides: &'a Overrides) -> Self {
        let mut out = Vec::with_capacity(640);
        out.push(b'{');
        Self { out, overrides, written: Vec::new() }
    }

    /// Writes a field with a string value.
    pub(crate) fn text(&mut self, field: &'static str, value: &str) {
        if !self.write_override_of(field) {
            self.key(field);
            push_text(&mut self.out, value);
        }
    }

    /// Writes a field with any value.
    pub(crate) fn value(&mut self, field: &'static str, value: &Value) {
        self.raw(field, value.to_string().as_bytes());
    }

    /// Writes a field with a value that is JSON already.
    pub(crate) fn raw(&mut self, field: &'static str, json: &[u8]) {
        if !self.write_override_of(field) {
            self.key(field);
            self.out.extend_from_slice(json);
        }
    }

    /// Writes the overrides of fields that the row does not have, closes the object, and returns it.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let overrides = self.overrides;
        let added: Vec<_> = overrides.iter().filter(|(field, _)| !self.written.contains(&field.as_str())).collect();
        for (field, value) in added {
            self.write_override(field, value.as_ref());
        }
        self.out.push(b'}');
        self.out
    }

    /// Writes the field's override, and returns whether it has one.
    fn write_override_of(&mut self, field: &'static str) -> bool {
        let overrides = self.overrides;
        let Some(value) = find_override(overrides, field) else { return false };
        self.written.push(field);
        self.write_override(field, value.as_ref());
        true
    }

    fn write_override(&mut self, field: &str, value: Option<&Value>) {
        if let Some(value) = value {
            self.key(field);
            self.out.extend_from_slice(value.to_string().as_bytes());
        }
    }

    fn key(&mut self, field: &str) {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        push_text(&mut self.out, field);
        self.out.push(b':');
    }
}

/// Appends a JSON string.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(Value::from(text).to_string().as_bytes());
    }
}
