//! `read_opportunity_list`: one deal, of which a contact can have several.

use jiff::civil::{Date, DateTime};

use super::{Row, SetAside, decode, some_text};
use crate::fields::{self, Fee, Moment, Person, Text};
use crate::pick::pick;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDeal {
    pub opportunity_id: String,
    /// Whose deal it is; client 0 is nobody.
    pub client_id: Option<String>,
    pub name: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub stage: Text,
    pub source: Text,
    /// 1 is a prospect's.
    pub contact_type: Option<i64>,
    pub fee: Fee,
    /// Hundredths of a percent.
    pub odds: Option<u16>,
    pub close_date: Option<Date>,
    pub owner: Person,
    /// In the account's zone.
    pub created: Option<DateTime>,
    /// Something stands there that is no moment.
    pub created_unreadable: bool,
    pub modified: Option<DateTime>,
}

const KEYS: [&str; 15] = [
    "opportunity_id",
    "client_id",
    "opportunity_name",
    "firstName",
    "lastName",
    "compName",
    "contact_sales_cycle",
    "contact_lead_source",
    "contact_type",
    "deal_size",
    "likelihood_to_close",
    "close_date",
    "assigned_user",
    "created",
    "last_modified_date",
];

impl RawDeal {
    pub fn decode(row: &[u8]) -> Result<Self, SetAside> {
        decode(row, |row| {
            let [id, client, name, first, last, company, stage, source, kind, fee, odds, close_date, owner, created, modified] =
                pick(row, KEYS)?;
            let Some(opportunity_id) = fields::id(id) else { return Ok(None) };
            let created = fields::moment(created);
            Ok(Some(Self {
                opportunity_id,
                client_id: fields::id(client).filter(|id| id != "0"),
                name: some_text(name),
                first_name: some_text(first),
                last_name: some_text(last),
                company: some_text(company),
                stage: fields::text(stage),
                source: fields::text(source),
                contact_type: fields::integer(kind),
                fee: fields::fee(fee),
                odds: fields::odds(odds),
                close_date: fields::date(close_date),
                owner: fields::person(owner),
                created: created.at(),
                created_unreadable: created == Moment::Unreadable,
                modified: fields::local_datetime(modified),
            }))
        })
    }
}

impl Row for RawDeal {
    const ID_KEY: &'static str = KEYS[0];

    fn decode(row: &[u8]) -> Result<Self, SetAside> {
        Self::decode(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deal_as_the_crm_sends_it() {
        let row =
            br#"{"opportunity_id":55,"firstName":"Ada","contact_sales_cycle":"QR Sent","contact_type":"1","deal_size":"90000",
            "client_id":"1000007","opportunity_name":"Reno North","close_date":"2027-01-31","likelihood_to_close":"4%"}"#;
        let deal = RawDeal::decode(row).unwrap();
        assert_eq!((deal.opportunity_id.as_str(), deal.client_id.as_deref()), ("55", Some("1000007")));
        assert_eq!((deal.fee, deal.odds), (Fee::Cents(9_000_000), Some(400)));
        assert_eq!(deal.close_date, Some(jiff::civil::date(2027, 1, 31)));
        assert_eq!((deal.owner, deal.source), (Person::Blank, Text::Blank));
    }

    #[test]
    fn a_deal_of_client_nought_has_no_client() {
        let deal = RawDeal::decode(br#"{"opportunity_id":"55","client_id":"0"}"#).unwrap();
        assert_eq!(deal.client_id, None);
    }
}
