//! The CRM's read requests.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A list that the CRM serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// `read_sales_cycle_list`
    Stages,
    /// `read_lead_source_list`
    Sources,
    /// `read_user_list`
    Users,
    /// `read_client_list`
    Contacts,
    /// `read_opportunity_list`
    Deals,
    /// `read_all_events`
    Events,
    /// `read_client_history_notes/{client_id}`
    Notes,
}

impl Request {
    /// Every request.
    pub const ALL: [Self; 7] = [Self::Stages, Self::Sources, Self::Users, Self::Contacts, Self::Deals, Self::Events, Self::Notes];

    /// The request's name in tests and on the control endpoints.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stages => "stages",
            Self::Sources => "sources",
            Self::Users => "users",
            Self::Contacts => "contacts",
            Self::Deals => "deals",
            Self::Events => "events",
            Self::Notes => "notes",
        }
    }

    /// The request for a path below `/v2/api/`, with the `client_id` that a notes path ends with.
    pub(crate) fn from_path(path: &str) -> Option<(Self, Option<&str>)> {
        let (name, client_id) = match path.trim_end_matches('/').split_once('/') {
            Some((name, rest)) => (name, Some(rest)),
            None => (path.trim_end_matches('/'), None),
        };
        let request = match name {
            "read_sales_cycle_list" => Self::Stages,
            "read_lead_source_list" => Self::Sources,
            "read_user_list" => Self::Users,
            "read_client_list" => Self::Contacts,
            "read_opportunity_list" => Self::Deals,
            "read_all_events" => Self::Events,
            "read_client_history_notes" => Self::Notes,
            _ => return None,
        };
        ((request == Self::Notes) == client_id.is_some()).then_some((request, client_id))
    }

    /// A free-text field of the rows, for faults that replace one.
    pub(crate) fn free_text_field(self) -> &'static str {
        match self {
            Self::Contacts => "whiteboard",
            Self::Deals => "contact_action_plan",
            Self::Notes => "note",
            Self::Stages | Self::Sources | Self::Users | Self::Events => "description",
        }
    }

    /// The field that holds a row's ID.
    pub(crate) fn id_field(self) -> &'static str {
        match self {
            Self::Stages => "sales_cycle_id",
            Self::Sources => "lead_source_id",
            Self::Users => "user_id",
            Self::Contacts => "client_id",
            Self::Deals => "opportunity_id",
            Self::Events => "event_id",
            Self::Notes => "note_id",
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Request {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|request| request.as_str() == text)
            .ok_or_else(|| format!("unknown request {text:?}; use one of: {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}
