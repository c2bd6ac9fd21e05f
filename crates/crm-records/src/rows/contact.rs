//! Contacts, from `read_client_list`.

use tetherboard_domain::Dataset;

use super::{Row, SkippedRow, decode};
use crate::fields::{Fee, Moment, Person, Text};
use crate::mapping::{FieldKind, FieldSpec, Mapping};

/// One contact: a lead, a candidate, or an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawContact {
    pub client_id: String,
    /// `firstName`.
    pub first_name: Option<String>,
    /// `lastName`.
    pub last_name: Option<String>,
    /// `compName`.
    pub company: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    /// Only if the mapping says where it is kept; then it replaces city and state.
    pub market: Option<String>,
    /// Number of franchise units. Only if the mapping says where it is kept.
    pub units: Option<String>,
    /// HTML, as typed.
    pub whiteboard: Option<String>,
    /// `clients_sales_cycle`.
    pub stage: Text,
    /// `clients_lead_source`.
    pub source: Text,
    /// 1 is a prospect.
    pub contact_type: Option<i64>,
    /// `deal_size`.
    pub fee: Fee,
    /// `assigned_user`.
    pub owner: Person,
    pub created: Moment,
    /// `last_modified_date`.
    pub modified: Moment,
    /// Bit i is set if field i of the list is present and readable.
    pub filled: u64,
}

const FIELDS: [FieldSpec; 18] = [
    FieldSpec::new("client_id", "Contact ID", FieldKind::Id, &["/client_id"]),
    FieldSpec::new("first_name", "First name", FieldKind::Text, &["/firstName"]),
    FieldSpec::new("last_name", "Last name", FieldKind::Text, &["/lastName"]),
    FieldSpec::new("company", "Company", FieldKind::Text, &["/compName"]),
    FieldSpec::new("email", "Email", FieldKind::Text, &["/email"]),
    FieldSpec::new("phone", "Phone", FieldKind::Text, &["/phone"]),
    FieldSpec::new("city", "City", FieldKind::Text, &["/city"]),
    FieldSpec::new("state", "State", FieldKind::Text, &["/state"]),
    FieldSpec::new("market", "Market", FieldKind::Text, &[]),
    FieldSpec::new("units", "Units", FieldKind::Text, &[]),
    FieldSpec::new("whiteboard", "Whiteboard", FieldKind::Html, &["/whiteboard"]),
    FieldSpec::new("fee", "Franchise fee", FieldKind::Fee, &["/deal_size"]),
    FieldSpec::new("source", "Lead source", FieldKind::Label, &["/clients_lead_source"]),
    FieldSpec::new("stage", "Stage", FieldKind::Label, &["/clients_sales_cycle"]),
    FieldSpec::new("contact_type", "Contact type", FieldKind::Number, &["/contact_type"]),
    FieldSpec::new("owner", "Owner", FieldKind::Person, &["/assigned_user"]),
    FieldSpec::new("created", "Created", FieldKind::DateTime, &["/created"]),
    FieldSpec::new("modified", "Last modified", FieldKind::DateTime, &["/last_modified_date"]),
];

impl RawContact {
    /// Decodes a contact from a row's JSON.
    ///
    /// # Errors
    /// When the row is not an object or has no readable ID.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        decode(row, mapping, |row| {
            let [id, first, last, company, email, phone, city, state, market, units, whiteboard, rest @ ..] =
                row.each::<{ FIELDS.len() }>();
            let [fee, source, stage, kind, owner, created, modified] = rest;
            Some(Self {
                client_id: id.id()?,
                first_name: first.text(),
                last_name: last.text(),
                company: company.text(),
                email: email.text(),
                phone: phone.text(),
                city: city.text(),
                state: state.text(),
                market: market.text(),
                units: units.text(),
                whiteboard: whiteboard.long_text(),
                stage: stage.label(),
                source: source.label(),
                contact_type: kind.number(),
                fee: fee.fee(),
                owner: owner.person(),
                created: created.moment(),
                modified: modified.moment(),
                filled: row.filled(),
            })
        })
    }
}

impl Row for RawContact {
    const DATASET: Dataset = Dataset::Contacts;
    const FIELDS: &'static [FieldSpec] = &FIELDS;

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        Self::decode(row, mapping)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rows::SkipReason;

    #[test]
    fn a_contact_as_the_crm_sends_it() {
        let row = br#"{"client_id":"1000007","external_id":"","firstName":"Ada","lastName":"Ash","compName":"",
            "email":"ada@example.com",
            "phone":15550100,"city":"Reno","state":"NV","whiteboard":"<p>\ud800</p>","deal_size":"$90,000.00",
            "clients_lead_source":"Expo ","clients_sales_cycle":"","contact_type":"1","assigned_user":"Bo Birch ( bo )",
            "created":"2026-11-20 09:30:00","last_modified_date":"0000-00-00 00:00:00"}"#;
        let contact = RawContact::decode(row, &Mapping::default()).unwrap();
        assert_eq!(
            contact,
            RawContact {
                client_id: "1000007".into(),
                first_name: Some("Ada".into()),
                last_name: Some("Ash".into()),
                company: None,
                email: Some("ada@example.com".into()),
                phone: Some("15550100".into()),
                city: Some("Reno".into()),
                state: Some("NV".into()),
                market: None,
                units: None,
                whiteboard: Some("<p>\u{fffd}</p>".into()),
                stage: Text::Blank,
                source: Text::Text("Expo".into()),
                contact_type: Some(1),
                fee: Fee::Cents(9_000_000),
                owner: Person::Name("Bo Birch".into()),
                created: Moment::Local(jiff::civil::date(2026, 11, 20).at(9, 30, 0, 0)),
                modified: Moment::None,
                filled: 0b01_1101_1100_1111_0111,
            }
        );
    }

    #[rstest]
    #[case::not_an_object(b"[]", SkipReason::NotAnObject)]
    #[case::not_json(b"{\"client_id\":", SkipReason::NotJson)]
    #[case::no_id(br#"{"firstName":"Ada"}"#, SkipReason::NoId)]
    #[case::blank_id(br#"{"client_id":"  "}"#, SkipReason::NoId)]
    fn an_unusable_row_reports_why(#[case] row: &[u8], #[case] reason: SkipReason) {
        assert_eq!(RawContact::decode(row, &Mapping::default()), Err(SkippedRow { reason }));
    }

    #[test]
    fn fields_of_the_wrong_kind_do_not_affect_the_rest() {
        let row =
            br#"{"client_id":7,"firstName":[],"created":20261120,"clients_sales_cycle":{},"deal_size":"-1","city":"Ren\u0000o"}"#;
        let contact = RawContact::decode(row, &Mapping::default()).unwrap();
        assert_eq!((contact.first_name, contact.created), (None, Moment::Unreadable));
        assert_eq!((contact.stage, contact.fee), (Text::NotText, Fee::Flagged));
        assert_eq!(contact.city.as_deref(), Some("Ren\u{fffd}o"));
    }

    #[test]
    fn the_first_of_duplicate_keys_counts() {
        let contact =
            RawContact::decode(br#"{"client_id":"7","city":"Reno","client_id":"8","city":"Elko"}"#, &Mapping::default()).unwrap();
        assert_eq!((contact.client_id.as_str(), contact.city.as_deref()), ("7", Some("Reno")));
    }
}
