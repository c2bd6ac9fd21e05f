//! How an account is set up: `read_sales_cycle_list`, `read_lead_source_list`, `read_user_list`.

use super::{Row, SetAside, decode, some_text};
use crate::fields;
use crate::pick::pick;

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
}

/// Where leads come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawSource {
    pub id: String,
    pub name: Option<String>,
}

/// A person who works with the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawUser {
    pub id: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
}

const STAGE_KEYS: [&str; 7] = [
    "sales_cycle_id",
    "sales_cycle_name",
    "sales_cycle_active_status",
    "sales_cycle_order",
    "likelihood_to_close",
    "contact_type",
    "contact_type_name",
];
const SOURCE_KEYS: [&str; 2] = ["lead_source_id", "lead_source_name"];
const USER_KEYS: [&str; 4] = ["user_id", "firstName", "lastName", "email"];

impl RawStage {
    pub fn decode(row: &[u8]) -> Result<Self, SetAside> {
        decode(row, |row| {
            let [id, name, active, order, odds, kind, kind_name] = pick(row, STAGE_KEYS)?;
            Ok(fields::id(id).map(|sales_cycle_id| Self {
                sales_cycle_id,
                name: some_text(name),
                active: fields::flag(active).unwrap_or(true),
                order: fields::integer(order),
                odds: fields::odds(odds),
                contact_type: fields::integer(kind),
                contact_type_name: some_text(kind_name),
            }))
        })
    }
}

impl RawSource {
    pub fn decode(row: &[u8]) -> Result<Self, SetAside> {
        decode(row, |row| {
            let [id, name] = pick(row, SOURCE_KEYS)?;
            Ok(fields::id(id).map(|id| Self { id, name: some_text(name) }))
        })
    }
}

impl RawUser {
    pub fn decode(row: &[u8]) -> Result<Self, SetAside> {
        decode(row, |row| {
            let [id, first, last, email] = pick(row, USER_KEYS)?;
            let user = |id| Self { id, first_name: some_text(first), last_name: some_text(last), email: some_text(email) };
            Ok(fields::id(id).map(user))
        })
    }
}

impl Row for RawStage {
    const ID_KEY: &'static str = STAGE_KEYS[0];

    fn decode(row: &[u8]) -> Result<Self, SetAside> {
        Self::decode(row)
    }
}

impl Row for RawSource {
    const ID_KEY: &'static str = SOURCE_KEYS[0];

    fn decode(row: &[u8]) -> Result<Self, SetAside> {
        Self::decode(row)
    }
}

impl Row for RawUser {
    const ID_KEY: &'static str = USER_KEYS[0];

    fn decode(row: &[u8]) -> Result<Self, SetAside> {
        Self::decode(row)
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
        let stage = RawStage::decode(row).unwrap();
        let expected = RawStage {
            sales_cycle_id: "31".into(),
            name: Some("FDD Sent".into()),
            active: false,
            order: Some(8),
            odds: None,
            contact_type: Some(1),
            contact_type_name: Some("Prospect".into()),
        };
        assert_eq!(stage, expected);
    }

    #[test]
    fn a_stage_of_which_nobody_says_that_it_is_hidden_is_active() {
        assert!(RawStage::decode(br#"{"sales_cycle_id":31}"#).unwrap().active);
    }

    #[test]
    fn sources_and_users_have_names() {
        let source = RawSource::decode(br#"{"lead_source_id":"3","lead_source_name":"Expo"}"#).unwrap();
        assert_eq!(source, RawSource { id: "3".into(), name: Some("Expo".into()) });
        let user = RawUser::decode(br#"{"user_id":17,"firstName":"Ada","lastName":"Ash","email":""}"#).unwrap();
        assert_eq!((user.id.as_str(), user.last_name.as_deref(), user.email), ("17", Some("Ash"), None));
    }
}
