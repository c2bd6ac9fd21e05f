//! The reads that the CRM answers, and in which of its dialects it answers each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the lists that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    Stages,
    Sources,
    Users,
    Contacts,
    Deals,
    Events,
    Notes,
}

/// How an answer is spelled. The CRM is not of one piece: what differs from request to request must be read either way.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    /// `CT_200`, or else `CT200`.
    pub(crate) underscore: bool,
    /// `TotalRecord` is a text of digits, or else a number.
    pub(crate) total_is_text: bool,
    /// What stands for no rows beside the code 515.
    pub(crate) nothing: Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nothing {
    Missing,
    Null,
    EmptyList,
    EmptyText,
}

impl Request {
    pub const ALL: [Self; 7] = [Self::Stages, Self::Sources, Self::Users, Self::Contacts, Self::Deals, Self::Events, Self::Notes];

    /// The word for it, in tests and on the control address.
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

    /// The request that a path below `/v2/api/` names, and the contact it is about.
    pub(crate) fn of_path(path: &str) -> Option<(Self, Option<&str>)> {
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

    pub(crate) fn dialect(self) -> Dialect {
        let (underscore, total_is_text, nothing) = match self {
            Self::Stages => (true, false, Nothing::Missing),
            Self::Sources => (false, true, Nothing::EmptyList),
            Self::Users => (true, false, Nothing::Null),
            Self::Contacts => (true, false, Nothing::EmptyList),
            Self::Deals => (false, true, Nothing::EmptyText),
            Self::Events => (true, true, Nothing::Missing),
            Self::Notes => (false, false, Nothing::Null),
        };
        Dialect { underscore, total_is_text, nothing }
    }

    /// A field of its rows that holds prose, for faults that put something into one.
    pub(crate) fn prose_field(self) -> &'static str {
        match self {
            Self::Contacts => "whiteboard",
            Self::Deals => "contact_action_plan",
            Self::Notes => "note",
            Self::Stages | Self::Sources | Self::Users | Self::Events => "description",
        }
    }

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
            .ok_or_else(|| format!("no request is called {text:?}; one of: {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}
