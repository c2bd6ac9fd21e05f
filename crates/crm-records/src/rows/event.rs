//! Calendar events, from `read_all_events`.

use tetherboard_domain::Dataset;

use super::{Row, SkippedRow, decode};
use crate::fields::decode::FieldValue;
use crate::fields::{Moment, ParsedDate, Person};
use crate::mapping::{FieldKind, FieldSpec, Mapping};

/// One event in the account's calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    pub event_id: String,
    /// The contact; client 0 means none.
    pub client_id: Option<String>,
    /// `firstName`.
    pub first_name: Option<String>,
    /// `lastName`.
    pub last_name: Option<String>,
    pub event_type: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub location: Option<String>,
    /// `start_date`.
    pub starts: Moment,
    /// `end_date`.
    pub ends: Moment,
    /// Whether it starts on a date without a time; `starts` is then that day's midnight.
    pub all_day: bool,
    pub status: Option<String>,
    /// `assigned_user`.
    pub owner: Person,
    /// Bit i is set if field i of the list is present and readable.
    pub filled: u64,
}

const FIELDS: [FieldSpec; 12] = [
    FieldSpec::new("event_id", "Event ID", FieldKind::Id, &["/event_id"]),
    FieldSpec::new("client_id", "Contact ID", FieldKind::Id, &["/client_id"]),
    FieldSpec::new("first_name", "First name", FieldKind::Text, &["/firstName"]),
    FieldSpec::new("last_name", "Last name", FieldKind::Text, &["/lastName"]),
    FieldSpec::new("event_type", "Event type", FieldKind::Text, &["/event_type"]),
    FieldSpec::new("title", "Title", FieldKind::Text, &["/title"]),
    FieldSpec::new("description", "Description", FieldKind::Text, &["/description"]),
    FieldSpec::new("location", "Location", FieldKind::Text, &["/location"]),
    FieldSpec::new("starts", "Starts", FieldKind::DateTime, &["/start_date"]).or_date(),
    FieldSpec::new("ends", "Ends", FieldKind::DateTime, &["/end_date"]).or_date(),
    FieldSpec::new("status", "Status", FieldKind::Text, &["/status"]),
    FieldSpec::new("owner", "Owner", FieldKind::Person, &["/assigned_user"]),
];

impl RawEvent {
    /// Decodes an event from a row's JSON.
    ///
    /// # Errors
    /// When the row is not an object or has no readable ID.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        decode(row, mapping, |row| {
            let [id, client, first, last, kind, title, description, location, starts, ends, status, owner] =
                row.each::<{ FIELDS.len() }>();
            Some(Self {
                event_id: id.id()?,
                client_id: client.foreign_id(),
                first_name: first.text(),
                last_name: last.text(),
                event_type: kind.text(),
                title: title.text(),
                description: description.long_text(),
                location: location.text(),
                starts: starts.moment(),
                ends: ends.moment(),
                all_day: matches!(starts.parsed_date(), FieldValue::Present(ParsedDate::Date(_))),
                status: status.text(),
                owner: owner.person(),
                filled: row.filled(),
            })
        })
    }
}

impl Row for RawEvent {
    const DATASET: Dataset = Dataset::Events;
    const FIELDS: &'static [FieldSpec] = &FIELDS;

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        Self::decode(row, mapping)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rstest::rstest;

    use super::*;

    #[test]
    fn an_event_as_the_crm_may_send_it() {
        let row = br#"{"event_id":"77","client_id":"1000007","firstName":"Ada","lastName":"Ash","event_type":"appt",
            "title":"FDD review","description":"","location":"Reno","start_date":"2026-11-20 09:30:00",
            "end_date":"2026-11-20 10:00:00","status":"1","assigned_user":17}"#;
        let event = RawEvent::decode(row, &Mapping::default()).unwrap();
        let expected = RawEvent {
            event_id: "77".into(),
            client_id: Some("1000007".into()),
            first_name: Some("Ada".into()),
            last_name: Some("Ash".into()),
            event_type: Some("appt".into()),
            title: Some("FDD review".into()),
            description: None,
            location: Some("Reno".into()),
            starts: Moment::Local(date(2026, 11, 20).at(9, 30, 0, 0)),
            ends: Moment::Local(date(2026, 11, 20).at(10, 0, 0, 0)),
            all_day: false,
            status: Some("1".into()),
            owner: Person::UserId("17".into()),
            filled: 0b1111_1011_1111,
        };
        assert_eq!(event, expected);
    }

    #[rstest]
    #[case::date_only("2026-11-20", Moment::Local(date(2026, 11, 20).at(0, 0, 0, 0)), true)]
    #[case::midnight("2026-11-20 00:00:00", Moment::Local(date(2026, 11, 20).at(0, 0, 0, 0)), false)]
    #[case::unreadable("Friday", Moment::Unreadable, false)]
    #[case::none("0000-00-00", Moment::None, false)]
    fn an_event_that_starts_on_a_date_only_lasts_all_day(#[case] start: &str, #[case] starts: Moment, #[case] all_day: bool) {
        let row = format!(r#"{{"event_id":77,"client_id":"0","start_date":"{start}"}}"#);
        let event = RawEvent::decode(row.as_bytes(), &Mapping::default()).unwrap();
        assert_eq!((event.starts, event.all_day, event.client_id), (starts, all_day, None));
    }
}
