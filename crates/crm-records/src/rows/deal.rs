//! Deals, from `read_opportunity_list`. A contact can have several.

use jiff::civil::Date;
use tetherboard_domain::Dataset;

use super::{Row, SkippedRow, decode};
use crate::fields::{Fee, Moment, Person, Text};
use crate::mapping::{FieldKind, FieldSpec, Mapping};

/// One deal, which the CRM calls an opportunity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDeal {
    pub opportunity_id: String,
    /// The contact; client 0 means none.
    pub client_id: Option<String>,
    /// `opportunity_name`.
    pub name: Option<String>,
    /// `firstName`.
    pub first_name: Option<String>,
    /// `lastName`.
    pub last_name: Option<String>,
    /// `compName`.
    pub company: Option<String>,
    /// `contact_sales_cycle`.
    pub stage: Text,
    /// `contact_lead_source`.
    pub source: Text,
    /// 1 is a prospect.
    pub contact_type: Option<i64>,
    /// `deal_size`.
    pub fee: Fee,
    /// `likelihood_to_close`, in hundredths of a percent.
    pub odds: Option<u16>,
    pub close_date: Option<Date>,
    /// `assigned_user`.
    pub owner: Person,
    pub created: Moment,
    /// `last_modified_date`.
    pub modified: Moment,
    /// Bit i is set if field i of the list is present and readable.
    pub filled: u64,
}

const FIELDS: [FieldSpec; 15] = [
    FieldSpec::new("opportunity_id", "Deal ID", FieldKind::Id, &["/opportunity_id"]),
    FieldSpec::new("client_id", "Contact ID", FieldKind::Id, &["/client_id"]),
    FieldSpec::new("name", "Name", FieldKind::Text, &["/opportunity_name"]),
    FieldSpec::new("first_name", "First name", FieldKind::Text, &["/firstName"]),
    FieldSpec::new("last_name", "Last name", FieldKind::Text, &["/lastName"]),
    FieldSpec::new("company", "Company", FieldKind::Text, &["/compName"]),
    FieldSpec::new("stage", "Stage", FieldKind::Label, &["/contact_sales_cycle"]),
    FieldSpec::new("source", "Lead source", FieldKind::Label, &["/contact_lead_source"]),
    FieldSpec::new("contact_type", "Contact type", FieldKind::Number, &["/contact_type"]),
    FieldSpec::new("fee", "Franchise fee", FieldKind::Fee, &["/deal_size"]),
    FieldSpec::new("odds", "Odds", FieldKind::Odds, &["/likelihood_to_close"]),
    FieldSpec::new("close_date", "Close date", FieldKind::Date, &["/close_date"]),
    FieldSpec::new("owner", "Owner", FieldKind::Person, &["/assigned_user"]),
    FieldSpec::new("created", "Created", FieldKind::DateTime, &["/created"]),
    FieldSpec::new("modified", "Last modified", FieldKind::DateTime, &["/last_modified_date"]),
];

impl RawDeal {
    /// Decodes a deal from a row's JSON.
    ///
    /// # Errors
    /// When the row is not an object or has no readable ID.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        decode(row, mapping, |row| {
            let [id, client, name, first, last, company, stage, source, kind, fee, odds, close_date, owner, created, modified] =
                row.each::<{ FIELDS.len() }>();
            Some(Self {
                opportunity_id: id.id()?,
                client_id: client.foreign_id(),
                name: name.text(),
                first_name: first.text(),
                last_name: last.text(),
                company: company.text(),
                stage: stage.label(),
                source: source.label(),
                contact_type: kind.number(),
                fee: fee.fee(),
                odds: odds.odds(),
                close_date: close_date.date(),
                owner: owner.person(),
                created: created.moment(),
                modified: modified.moment(),
                filled: row.filled(),
            })
        })
    }
}

impl Row for RawDeal {
    const DATASET: Dataset = Dataset::Deals;
    const FIELDS: &'static [FieldSpec] = &FIELDS;

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        Self::decode(row, mapping)
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
        let deal = RawDeal::decode(row, &Mapping::default()).unwrap();
        assert_eq!((deal.opportunity_id.as_str(), deal.client_id.as_deref()), ("55", Some("1000007")));
        assert_eq!((deal.fee, deal.odds), (Fee::Cents(9_000_000), Some(400)));
        assert_eq!(deal.close_date, Some(jiff::civil::date(2027, 1, 31)));
        assert_eq!((deal.owner, deal.source), (Person::Blank, Text::Blank));
    }

    #[test]
    fn client_0_means_no_client() {
        let deal = RawDeal::decode(br#"{"opportunity_id":"55","client_id":"0"}"#, &Mapping::default()).unwrap();
        assert_eq!(deal.client_id, None);
    }
}
