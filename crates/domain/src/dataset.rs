//! The datasets of a sync, and the states of datasets, runs, and brands.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An enum with a fixed text per variant, used in the database, the API, and the command line.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$case_doc])* $case),+ }

        impl $name {
            /// Every variant, in order of definition.
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            /// The variant's text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$case => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$case),)+
                    other => Err(format!("`{other}` is not one of: {}", [$($text),+].join(", "))),
                }
            }
        }
    };
}

pub(crate) use text_enum;

text_enum!(
    /// A list of the CRM that is read and applied on its own.
    Dataset {
        Stages = "stages",
        Sources = "sources",
        Users = "users",
        Contacts = "contacts",
        Deals = "deals",
        Events = "events",
        Notes = "notes",
    }
);

text_enum!(
    /// The state of one dataset in a run.
    DatasetStatus {
        /// The run has not started reading it.
        Waiting = "waiting",
        Reading = "reading",
        Succeeded = "succeeded",
        /// Rows were added and changed, but the list was not read completely, so no rows were removed.
        Partial = "partial",
        /// Read, but so many rows were missing that the old rows stay until the agency approves their removal.
        Held = "held",
        /// Nothing was applied.
        Failed = "failed",
    }
);

impl DatasetStatus {
    /// Whether any of its rows were applied.
    pub fn was_applied(self) -> bool {
        matches!(self, Self::Succeeded | Self::Partial | Self::Held)
    }
}

text_enum!(
    /// The state of a run.
    RunStatus {
        /// Requested by a person, not started yet.
        Queued = "queued",
        Running = "running",
        Succeeded = "succeeded",
        Partial = "partial",
        Failed = "failed",
        /// Its process died. The next run closes it.
        Aborted = "aborted",
    }
);

text_enum!(
    /// What started a run.
    Trigger {
        Schedule = "schedule",
        Person = "person",
        Command = "command",
        /// Normalizes the saved responses again, without reading from the CRM.
        Replay = "replay",
    }
);

text_enum!(
    /// Whether a brand's data is kept up to date.
    SyncState {
        Never = "never",
        Running = "running",
        OnTime = "on_time",
        Late = "late",
        Failing = "failing",
    }
);

text_enum!(
    /// The kind of an error between us and the CRM.
    FaultClass {
        Network = "network",
        Timeout = "timeout",
        HttpStatus = "http_status",
        ResultCode = "result_code",
        Body = "body",
        Credentials = "credentials",
        Budget = "budget",
    }
);

impl FaultClass {
    /// What happened, in words for the agency.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Network => "ClientTether could not be reached",
            Self::Timeout => "ClientTether did not answer in time",
            Self::HttpStatus => "ClientTether responded with an error",
            Self::ResultCode => "ClientTether reported that the request failed",
            Self::Body => "ClientTether's response could not be read",
            Self::Credentials => "ClientTether rejected the credentials",
            Self::Budget => "ClientTether asked us to wait",
        }
    }

    /// What to do about it, in words for the agency.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Network | Self::Timeout | Self::HttpStatus => {
                "The next run tries again. If the problem continues, ask ClientTether whether their service is down."
            }
            Self::ResultCode | Self::Body => {
                "The next run tries again. If the problem continues, the account or ClientTether's API may have changed."
            }
            Self::Credentials => "Check the brand's web key and the agency's access token, and replace the one that changed.",
            Self::Budget => "We wait as long as ClientTether asked, then continue automatically.",
        }
    }

    /// Why the data is old, in words for a brand's users.
    pub fn client_message(self) -> &'static str {
        match self {
            Self::Network | Self::Timeout => "ClientTether has not answered",
            Self::Credentials => "ClientTether has refused our access",
            Self::HttpStatus | Self::ResultCode | Self::Body => "ClientTether has not returned complete data",
            Self::Budget => "ClientTether asked us to wait",
        }
    }
}
