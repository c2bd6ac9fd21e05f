//! `read_client_list`: one contact.

use tetherboard_domain::Dataset;

use super::{Row, SetAside, decode};
use crate::fields::{Fee, Moment, Person, Text};
use crate::mapping::{FieldKind, FieldSpec, Mapping};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawContact {
    pub client_id: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    /// In the CRM's own rows it is city and state; where this is given it stands for both.
    pub market: Option<String>,
    /// Only where the mapping says where they are kept.
    pub units: Option<String>,
    /// HTML, as people typed it.
    pub whiteboard: Option<String>,
    pub stage: Text,
    pub source: Text,
    /// 1 is a prospect.
    pub contact_type: Option<i64>,
    pub fee: Fee,
    pub owner: Person,
    pub created: Moment,
    pub modified: Moment,
    /// Bit i is set if field i of the list gave a value that is not blank.
    pub filled: u64,
}

const FIELDS: [FieldSpec; 18] = [
    FieldSpec::new("client_id", "Contact's id", FieldKind::Id, &["/client_id"]),
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
    FieldSpec::new("created", "Created", FieldKind::Moment, &["/created"]),
    FieldSpec::new("modified", "Last modified", FieldKind::Moment, &["/last_modified_date"]),
];

impl RawContact {
    /// # Errors
    /// When it is no object, or has no readable id.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SetAside> {
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
                whiteboard: whiteboard.text(),
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

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SetAside> {
        Self::decode(row, mapping)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rows::Reason;

    #[test]
    fn a_contact_as_the_crm_sends_it() {
        let row = br#"{"client_id":"1000007","external_id":"","firstName":"Ada","lastName":"Ash","compName":"","email":"ada@example.com",
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
    #[case::no_object(b"[]", Reason::NotAnObject)]
    #[case::no_json(b"{\"client_id\":", Reason::NotJson)]
    #[case::no_id(br#"{"firstName":"Ada"}"#, Reason::NoId)]
    #[case::blank_id(br#"{"client_id":"  "}"#, Reason::NoId)]
    fn a_row_that_cannot_be_used_says_why(#[case] row: &[u8], #[case] reason: Reason) {
        assert_eq!(RawContact::decode(row, &Mapping::default()), Err(SetAside { reason }));
    }

    #[test]
    fn fields_of_the_wrong_kind_leave_the_rest() {
        let row =
            br#"{"client_id":7,"firstName":[],"created":20261120,"clients_sales_cycle":{},"deal_size":"-1","city":"Ren\u0000o"}"#;
        let contact = RawContact::decode(row, &Mapping::default()).unwrap();
        assert_eq!((contact.first_name, contact.created), (None, Moment::Unreadable));
        assert_eq!((contact.stage, contact.fee), (Text::NotText, Fee::Flagged));
        assert_eq!(contact.city.as_deref(), Some("Ren\u{fffd}o"));
    }

    #[test]
    fn of_a_key_that_comes_twice_the_first_counts() {
        let contact =
            RawContact::decode(br#"{"client_id":"7","city":"Reno","client_id":"8","city":"Elko"}"#, &Mapping::default()).unwrap();
        assert_eq!((contact.client_id.as_str(), contact.city.as_deref()), ("7", Some("Reno")));
    }
}
