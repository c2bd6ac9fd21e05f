//! One JSON object, field by field, with what a hand wrote in place of what the world says.

use serde_json::Value;

use crate::world::table::HandWritten;

/// Writes one JSON object, minding what a hand wrote over.
pub(crate) struct Writer<'a> {
    out: Vec<u8>,
    hand: &'a HandWritten,
    written: Vec<&'static str>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(hand: &'a HandWritten) -> Self {
        let mut out = Vec::with_capacity(640);
        out.push(b'{');
        Self { out, hand, written: Vec::new() }
    }

    pub(crate) fn text(&mut self, field: &'static str, value: &str) {
        if self.is_free(field) {
            self.key(field);
            push_text(&mut self.out, value);
        }
    }

    pub(crate) fn value(&mut self, field: &'static str, value: &Value) {
        self.raw(field, value.to_string().as_bytes());
    }

    pub(crate) fn raw(&mut self, field: &'static str, json: &[u8]) {
        if self.is_free(field) {
            self.key(field);
            self.out.extend_from_slice(json);
        }
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let hand = self.hand;
        for (field, value) in hand.iter().filter(|(field, _)| !self.written.contains(&field.as_str())).collect::<Vec<_>>() {
            self.write_hand(field, value.as_ref());
        }
        self.out.push(b'}');
        self.out
    }

    /// Whether no hand wrote over the field; what it wrote stands in the field's place.
    fn is_free(&mut self, field: &'static str) -> bool {
        let hand = self.hand;
        let Some((_, value)) = hand.iter().find(|(name, _)| name == field) else { return true };
        self.written.push(field);
        self.write_hand(field, value.as_ref());
        false
    }

    fn write_hand(&mut self, field: &str, value: Option<&Value>) {
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

pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(Value::from(text).to_string().as_bytes());
    }
}
