//! `read_client_list`: one contact.

use jiff::civil::DateTime;

use super::{Row, SetAside, decode, some_text};
use crate::fields::{self, Fee, Moment, Person, Text};
use crate::pick::pick;

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
    pub stage: Text,
    pub source: Text,
    /// 1 is a prospect.
    pub contact_type: Option<i64>,
    pub fee: Fee,
    pub owner: Person,
    /// In the account's zone.
    pub created: Option<DateTime>,
    /// Something stands there that is no moment.
    pub created_unreadable: bool,
    pub modified: Option<DateTime>,
}

pub(super) const KEYS: [&str; 15] = [
    "client_id",
    "firstName",
    "lastName",
    "compName",
    "email",
    "phone",
    "city",
    "state",
    "deal_size",
    "clients_lead_source",
    "clients_sales_cycle",
    "contact_type",
    "assigned_user",
    "created",
    "last_modified_date",
];

impl RawContact {
    pub fn decode(row: &[u8]) -> Result<Self, SetAside> {
        decode(row, |row| {
            let [id, first, last, company, email, phone, city, state, fee, source, stage, kind, owner, created, modified] =
                pick(row, KEYS)?;
            let Some(client_id) = fields::id(id) else { return Ok(None) };
            let created = fields::moment(created);
            Ok(Some(Self {
                client_id,
                first_name: some_text(first),
                last_name: some_text(last),
                company: some_text(company),
                email: some_text(email),
                phone: some_text(phone),
                city: some_text(city),
                state: some_text(state),
                stage: fields::text(stage),
                source: fields::text(source),
                contact_type: fields::integer(kind),
                fee: fields::fee(fee),
                owner: fields::person(owner),
                created: created.at(),
                created_unreadable: created == Moment::Unreadable,
                modified: fields::local_datetime(modified),
            }))
        })
    }
}

impl Row for RawContact {
    const ID_KEY: &'static str = KEYS[0];

    fn decode(row: &[u8]) -> Result<Self, SetAside> {
        Self::decode(row)
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
        let contact = RawContact::decode(row).unwrap();
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
                stage: Text::Blank,
                source: Text::Text("Expo".into()),
                contact_type: Some(1),
                fee: Fee::Cents(9_000_000),
                owner: Person::Name("Bo Birch".into()),
                created: Some(jiff::civil::date(2026, 11, 20).at(9, 30, 0, 0)),
                created_unreadable: false,
                modified: None,
            }
        );
    }

    #[rstest]
    #[case::no_object(b"[]", Reason::NotAnObject)]
    #[case::no_json(b"{\"client_id\":", Reason::NotJson)]
    #[case::no_id(br#"{"firstName":"Ada"}"#, Reason::NoId)]
    #[case::blank_id(br#"{"client_id":"  "}"#, Reason::NoId)]
    fn a_row_that_cannot_be_used_says_why(#[case] row: &[u8], #[case] reason: Reason) {
        assert_eq!(RawContact::decode(row), Err(SetAside { reason }));
    }

    #[test]
    fn fields_of_the_wrong_kind_leave_the_rest() {
        let row =
            br#"{"client_id":7,"firstName":[],"created":20261120,"clients_sales_cycle":{},"deal_size":"-1","city":"Ren\u0000o"}"#;
        let contact = RawContact::decode(row).unwrap();
        assert_eq!((contact.first_name, contact.created_unreadable), (None, true));
        assert_eq!((contact.stage, contact.fee), (Text::NotText, Fee::Flagged));
        assert_eq!(contact.city.as_deref(), Some("Ren\u{fffd}o"));
    }

    #[test]
    fn of_a_key_that_comes_twice_the_first_counts() {
        let contact = RawContact::decode(br#"{"client_id":"7","city":"Reno","client_id":"8","city":"Elko"}"#).unwrap();
        assert_eq!((contact.client_id.as_str(), contact.city.as_deref()), ("7", Some("Reno")));
    }
}
