//! How an account is set up: `read_sales_cycle_list`, `read_lead_source_list`, `read_user_list`.

use tetherboard_domain::Dataset;

use super::{Row, SetAside, decode};
use crate::mapping::{FieldKind, FieldSpec, Mapping};

/// A stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawStage {
    pub sales_cycle_id: String,
    pub name: Option<String>,
    /// True where the CRM does not say: a stage that is hidden by mistake hides its leads.
    pub active: bool,
    pub order: Option<i64>,
    /// Hundredths of a percent.
    pub odds: Option<u16>,
    pub contact_type: Option<i64>,
    pub contact_type_name: Option<String>,
    /// Bit i is set if field i of the list gave a value that is not blank.
    pub filled: u64,
}

/// Where leads come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawSource {
    pub id: String,
    pub name: Option<String>,
    /// Bit i is set if field i of the list gave a value that is not blank.
    pub filled: u64,
}

/// A person who works with the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawUser {
    pub id: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    /// Bit i is set if field i of the list gave a value that is not blank.
    pub filled: u64,
}

const STAGE_FIELDS: [FieldSpec; 7] = [
    FieldSpec::new("sales_cycle_id", "Stage's id", FieldKind::Id, &["/sales_cycle_id"]),
    FieldSpec::new("name", "Name", FieldKind::Text, &["/sales_cycle_name"]),
    FieldSpec::new("active", "Active", FieldKind::Flag, &["/sales_cycle_active_status"]),
    FieldSpec::new("order", "Order", FieldKind::Number, &["/sales_cycle_order"]),
    FieldSpec::new("odds", "Odds", FieldKind::Odds, &["/likelihood_to_close"]),
    FieldSpec::new("contact_type", "Contact type", FieldKind::Number, &["/contact_type"]),
    FieldSpec::new("contact_type_name", "Contact type's name", FieldKind::Text, &["/contact_type_name"]),
];

const SOURCE_FIELDS: [FieldSpec; 2] = [
    FieldSpec::new("id", "Source's id", FieldKind::Id, &["/lead_source_id"]),
    FieldSpec::new("name", "Name", FieldKind::Text, &["/lead_source_name"]),
];

const USER_FIELDS: [FieldSpec; 4] = [
    FieldSpec::new("id", "User's id", FieldKind::Id, &["/user_id"]),
    FieldSpec::new("first_name", "First name", FieldKind::Text, &["/firstName"]),
    FieldSpec::new("last_name", "Last name", FieldKind::Text, &["/lastName"]),
    FieldSpec::new("email", "Email", FieldKind::Text, &["/email"]),
];

impl RawStage {
    /// # Errors
    /// When it is no object, or has no readable id.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SetAside> {
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
    /// # Errors
    /// When it is no object, or has no readable id.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SetAside> {
        decode(row, mapping, |row| {
            let [id, name] = row.each::<{ SOURCE_FIELDS.len() }>();
            Some(Self { id: id.id()?, name: name.text(), filled: row.filled() })
        })
    }
}

impl RawUser {
    /// # Errors
    /// When it is no object, or has no readable id.
    pub fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SetAside> {
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

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SetAside> {
        Self::decode(row, mapping)
    }
}

impl Row for RawSource {
    const DATASET: Dataset = Dataset::Sources;
    const FIELDS: &'static [FieldSpec] = &SOURCE_FIELDS;

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SetAside> {
        Self::decode(row, mapping)
    }
}

impl Row for RawUser {
    const DATASET: Dataset = Dataset::Users;
    const FIELDS: &'static [FieldSpec] = &USER_FIELDS;

    fn decode(row: &[u8], mapping: &Mapping) -> Result<Self, SetAside> {
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
    fn a_stage_of_which_nobody_says_that_it_is_hidden_is_active() {
        assert!(RawStage::decode(br#"{"sales_cycle_id":31}"#, &Mapping::default()).unwrap().active);
    }

    #[test]
    fn sources_and_users_have_names() {
        let source = RawSource::decode(br#"{"lead_source_id":"3","lead_source_name":"Expo"}"#, &Mapping::default()).unwrap();
        assert_eq!(source, RawSource { id: "3".into(), name: Some("Expo".into()), filled: 0b11 });
        let user =
            RawUser::decode(br#"{"user_id":17,"firstName":"Ada","lastName":"Ash","email":""}"#, &Mapping::default()).unwrap();
        assert_eq!((user.id.as_str(), user.last_name.as_deref(), user.email), ("17", Some("Ash"), None));
    }
}
