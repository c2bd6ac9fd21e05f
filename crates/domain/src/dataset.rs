//! What a sync run reads, and how a read, a run and a tenant can stand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$case_doc])* $case),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$case => $word),+ }
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
                    $($word => Ok(Self::$case),)+
                    other => Err(format!("`{other}` is none of: {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}

words!(
    /// One list of the CRM, read and applied on its own.
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

words!(
    /// How one dataset came out of a run.
    DatasetStatus {
        /// Asked for, its turn has not come.
        Waiting = "waiting",
        Reading = "reading",
        Succeeded = "succeeded",
        /// Rows were added and changed, but the list was not read whole, so none was removed.
        Partial = "partial",
        /// Read, but so much was missing that the old rows stay until the agency agrees.
        Held = "held",
        /// Nothing of it was applied.
        Failed = "failed",
    }
);

impl DatasetStatus {
    /// Whether something of it went into the tables.
    pub fn was_applied(self) -> bool {
        matches!(self, Self::Succeeded | Self::Partial | Self::Held)
    }
}

words!(
    /// How a run stands.
    RunStatus {
        /// Asked for by a person, not claimed yet.
        Queued = "queued",
        Running = "running",
        Succeeded = "succeeded",
        Partial = "partial",
        Failed = "failed",
        /// Its process died; closed at the next claim.
        Aborted = "aborted",
    }
);

words!(
    /// Who wanted a run.
    Trigger {
        Schedule = "schedule",
        Person = "person",
        Command = "command",
        /// Normalises kept answers again; the CRM is not asked.
        Replay = "replay",
    }
);

words!(
    /// Whether a tenant's data is kept up to date.
    SyncState {
        Never = "never",
        Running = "running",
        OnTime = "on_time",
        Late = "late",
        Failing = "failing",
    }
);

words!(
    /// What went wrong between us and the CRM.
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
    /// What it means, in words for the agency.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Network => "ClientTether could not be reached",
            Self::Timeout => "ClientTether did not answer in time",
            Self::HttpStatus => "ClientTether answered with an error",
            Self::ResultCode => "ClientTether answered that the request failed",
            Self::Body => "ClientTether's answer could not be read",
            Self::Credentials => "credentials refused",
            Self::Budget => "ClientTether asked us to wait",
        }
    }

    /// What to do about it, in words for the agency.
    pub fn cure(self) -> &'static str {
        match self {
            Self::Network | Self::Timeout | Self::HttpStatus => {
                "The next run tries again; if it lasts, ask ClientTether whether their service is down."
            }
            Self::ResultCode | Self::Body => {
                "The next run tries again; if it lasts, the account or ClientTether's API may have changed."
            }
            Self::Credentials => "Check the brand's web key and the agency's access token, and replace the one that changed.",
            Self::Budget => "We wait as long as ClientTether asks, then go on by ourselves.",
        }
    }

    /// Why the data is old, in a brand's words.
    pub fn for_clients(self) -> &'static str {
        match self {
            Self::Network | Self::Timeout => "ClientTether has not answered",
            Self::Credentials => "ClientTether refuses our access",
            Self::HttpStatus | Self::ResultCode | Self::Body => "ClientTether has not given complete answers",
            Self::Budget => "ClientTether asked us to wait",
        }
    }
}
