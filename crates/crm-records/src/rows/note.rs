//! Notes, from `read_client_history_notes/{client_id}`.

use tetherboard_domain::Dataset;

use super::{Row, SkippedRow, decode};
use crate::fields::{Moment, Person};
use crate::mapping::{FieldKind, FieldSpec, Mapping};

/// One note of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawNote {
    pub note_id: String,
    /// The contact, if the row names it. Notes are read per contact, so it is known anyway.
    pub client_id: Option<String>,
    /// `note`: HTML as typed, without surrounding whitespace.
    pub html: Option<String>,
    pub note_type: Option<String>,
    /// `created_by`.
    pub author: Person,
    pub created: Moment,
    /// Bit i is set if field i of the list is present and readable.
    pub filled: u64,
}

const FIELDS: [FieldSpec; 6] = [
    FieldSpec::new("note_id", "Note ID", FieldKind::Id, &["/note_id"]),
    FieldSpec::new("client_id", "Contact ID", FieldKind::Id, &["/client_id"]),
    FieldSpec::new("html", "Text", FieldKind::Html, &["/note"]),
    FieldSpec::new("note_type", "Note type", FieldKind::Text, &["/note_type"]),
    FieldSpec::new("author", "Author", FieldKind::Person, &["/created_by"]),
    FieldSpec::new("created", "Created", FieldKind::DateTime, &["/created"]),
];

impl RawNote {
    /// Decodes a note from a row's JSON.
    ///
    /// # Errors
    /// When the row is not an object or has no readable ID.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        decode(row, mapping, |row| {
            let [id, client, html, kind, author, created] = row.each::<{ FIELDS.len() }>();
            Some(Self {
                note_id: id.id()?,
                client_id: client.foreign_id(),
                html: html.long_text(),
                note_type: kind.text(),
                author: author.person(),
                created: created.moment(),
                filled: row.filled(),
            })
        })
    }
}

impl Row for RawNote {
    const DATASET: Dataset = Dataset::Notes;
    const FIELDS: &'static [FieldSpec] = &FIELDS;

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        Self::decode(row, mapping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_as_the_crm_may_send_it() {
        let row = br#"{"note_id":901,"client_id":"1000007","note":" <p>Called  her.<\/p>\n<p>Wants <b>Reno<\/b><\/p>",
            "note_type":"call","created_by":"Bo Birch ( bo )","created":"2026-11-20 09:30:00"}"#;
        let note = RawNote::decode(row, &Mapping::default()).unwrap();
        assert_eq!((note.note_id.as_str(), note.client_id.as_deref()), ("901", Some("1000007")));
        assert_eq!(note.html.as_deref(), Some("<p>Called  her.</p>\n<p>Wants <b>Reno</b></p>"));
        assert_eq!((note.note_type.as_deref(), note.author), (Some("call"), Person::Name("Bo Birch".into())));
        assert_eq!(note.created, Moment::Local(jiff::civil::date(2026, 11, 20).at(9, 30, 0, 0)));
        assert_eq!(note.filled, 0b11_1111);
    }

    #[test]
    fn a_note_with_only_an_id_is_valid() {
        let note = RawNote::decode(br#"{"note_id":"901","note":" ","client_id":0,"created":"yesterday"}"#, &Mapping::default());
        let note = note.unwrap();
        assert_eq!((note.html, note.client_id, note.created, note.filled), (None, None, Moment::Unreadable, 1));
    }
}
