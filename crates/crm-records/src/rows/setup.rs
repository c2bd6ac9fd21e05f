//! Account setup: stages from `read_sales_cycle_list`, sources from `read_lead_source_list`, users from `read_user_list`.

use tetherboard_domain::Dataset;

use super::{Row, SkippedRow, decode};
use crate::mapping::{FieldKind, FieldSpec, Mapping};

/// One pipeline stage, which the CRM calls a sales cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawStage {
    pub sales_cycle_id: String,
    /// `sales_cycle_name`.
    pub name: Option<String>,
    /// `sales_cycle_active_status`. True if missing: a stage hidden by mistake would hide its leads.
    pub active: bool,
    /// `sales_cycle_order`.
    pub order: Option<i64>,
    /// `likelihood_to_close`, in hundredths of a percent.
    pub odds: Option<u16>,
    pub contact_type: Option<i64>,
    pub contact_type_name: Option<String>,
    /// Bit i is set if field i of the list is present and readable.
    pub filled: u64,
}

/// One lead source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawSource {
    pub id: String,
    pub name: Option<String>,
    /// Bit i is set if field i of the list is present and readable.
    pub filled: u64,
}

/// One CRM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawUser {
    pub id: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    /// Bit i is set if field i of the list is present and readable.
    pub filled: u64,
}

const STAGE_FIELDS: [FieldSpec; 7] = [
    FieldSpec::new("sales_cycle_id", "Stage ID", FieldKind::Id, &["/sales_cycle_id"]),
    FieldSpec::new("name", "Name", FieldKind::Text, &["/sales_cycle_name"]),
    FieldSpec::new("active", "Active", FieldKind::Flag, &["/sales_cycle_active_status"]),
    FieldSpec::new("order", "Order", FieldKind::Number, &["/sales_cycle_order"]),
    FieldSpec::new("odds", "Odds", FieldKind::Odds, &["/likelihood_to_close"]),
    FieldSpec::new("contact_type", "Contact type", FieldKind::Number, &["/contact_type"]),
    FieldSpec::new("contact_type_name", "Contact type name", FieldKind::Text, &["/contact_type_name"]),
];

const SOURCE_FIELDS: [FieldSpec; 2] = [
    FieldSpec::new("id", "Source ID", FieldKind::Id, &["/lead_source_id"]),
    FieldSpec::new("name", "Name", FieldKind::Text, &["/lead_source_name"]),
];

const USER_FIELDS: [FieldSpec; 4] = [
    FieldSpec::new("id", "User ID", FieldKind::Id, &["/user_id"]),
    FieldSpec::new("first_name", "First name", FieldKind::Text, &["/user_first_name", "/firstName"]),
    FieldSpec::new("last_name", "Last name", FieldKind::Text, &["/user_last_name", "/lastName"]),
    FieldSpec::new("email", "Email", FieldKind::Text, &["/user_email", "/email"]),
];

impl RawStage {
    /// Decodes a stage from a row's JSON.
    ///
    /// # Errors
    /// When the row is not an object or has no readable ID.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        decode(row, mapping, |row| {
            let [id, name, active, order, odds, kind, kind_name] = row.each::<{ STAGE_FIELDS.len() }>();
            Some(Self {
                sales_cycle_id: id.id()?,
                name: name.text(),
                active: active.flag().unwrap_or(true),
                order: order.number(),
                odds: odds.odds(),
                contact_type: kind.number(),
                contact_type_name: kind_name.text(),
                filled: row.filled(),
            })
        })
    }
}

impl RawSource {
    /// Decodes a source from a row's JSON.
    ///
    /// # Errors
    /// When the row is not an object or has no readable ID.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        decode(row, mapping, |row| {
            let [id, name] = row.each::<{ SOURCE_FIELDS.len() }>();
            Some(Self { id: id.id()?, name: name.text(), filled: row.filled() })
        })
    }
}

impl RawUser {
    /// Decodes a user from a row's JSON.
    ///
    /// # Errors
    /// When the row is not an object or has no readable ID.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        decode(row, mapping, |row| {
            let [id, first, last, email] = row.each::<{ USER_FIELDS.len() }>();
            Some(Self {
                id: id.id()?,
                first_name: first.text(),
                last_name: last.text(),
                email: email.text(),
                filled: row.filled(),
            })
        })
    }
}

impl Row for RawStage {
    const DATASET: Dataset = Dataset::Stages;
    const FIELDS: &'static [FieldSpec] = &STAGE_FIELDS;

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        Self::decode(row, mapping)
    }
}

impl Row for RawSource {
    const DATASET: Dataset = Dataset::Sources;
    const FIELDS: &'static [FieldSpec] = &SOURCE_FIELDS;

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        Self::decode(row, mapping)
    }
}

impl Row for RawUser {
    const DATASET: Dataset = Dataset::Users;
    const FIELDS: &'static [FieldSpec] = &USER_FIELDS;

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SkippedRow> {
        Self::decode(row, mapping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_as_the_crm_sends_it() {
        let row =
            br#"{"sales_cycle_id":"31","sales_cycle_name":"FDD Sent","sales_cycle_active_status":"0","sales_cycle_order":"8",
            "likelihood_to_close":"","contact_type":"1","contact_type_name":"Prospect"}"#;
        let stage = RawStage::decode(row, &Mapping::default()).unwrap();
        let expected = RawStage {
            sales_cycle_id: "31".into(),
            name: Some("FDD Sent".into()),
            active: false,
            order: Some(8),
            odds: None,
            contact_type: Some(1),
            contact_type_name: Some("Prospect".into()),
            filled: 0b110_1111,
        };
        assert_eq!(stage, expected);
    }

    #[test]
    fn a_stage_without_an_active_flag_is_active() {
        assert!(RawStage::decode(br#"{"sales_cycle_id":31}"#, &Mapping::default()).unwrap().active);
    }

    #[test]
    fn sources_and_users_are_decoded() {
        let source = RawSource::decode(br#"{"lead_source_id":"3","lead_source_name":"Expo"}"#, &Mapping::default()).unwrap();
        assert_eq!(source, RawSource { id: "3".into(), name: Some("Expo".into()), filled: 0b11 });
        for row in [
            br#"{"user_id":17,"user_first_name":"Ada","user_last_name":"Ash","user_email":""}"#.as_slice(),
            br#"{"user_id":17,"firstName":"Ada","lastName":"Ash","email":""}"#,
        ] {
            let user = RawUser::decode(row, &Mapping::default()).unwrap();
            assert_eq!((user.id.as_str(), user.last_name.as_deref(), user.email), ("17", Some("Ash"), None));
        }
    }
}
