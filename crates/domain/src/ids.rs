//! Typed IDs, so that a tenant's ID and a contact's cannot be swapped.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name shown for a contact or deal without a name in the CRM.
pub const NO_NAME: &str = "No name";

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "database", derive(sea_orm::DeriveValueType))]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "database", derive(sea_orm::DeriveValueType))]
        pub struct $name(pub String);

        impl $name {
            /// The ID as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Allows looking up a map keyed by the ID with plain text.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

number_id!(
    /// A brand in our database. CRM IDs repeat between tenants, so every other ID is used together with this one.
    TenantId
);
number_id!(
    /// A person who can sign in.
    UserId
);
text_id!(
    /// One sync run of one tenant: a time-ordered UUID.
    RunId
);
text_id!(
    /// A contact in the CRM: `client_id` as text, leading zeros included.
    ContactId
);
text_id!(
    /// A deal in the CRM: `opportunity_id`, as text.
    DealId
);

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// All brands, settings, syncs, and errors.
    AgencyAdmin,
    /// Their own brands, and those brands' viewers.
    TenantAdmin,
    /// Their own brands, read-only.
    TenantViewer,
}

impl UserRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::AgencyAdmin, Self::TenantAdmin, Self::TenantViewer];

    /// The role's name in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgencyAdmin => "agency_admin",
            Self::TenantAdmin => "tenant_admin",
            Self::TenantViewer => "tenant_viewer",
        }
    }
}

impl FromStr for UserRole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a role; use agency_admin, tenant_admin, or tenant_viewer"))
    }
}
