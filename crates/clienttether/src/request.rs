//! Requests as values: each knows what to ask, in a person's words what for, and where its rows carry their id.

use crate::rows::{RawContact, RawDeal, RawSource, RawStage, RawUser, Row};

/// The CRM treats a larger page as one of this size.
const LARGEST_PAGE: usize = 100;

/// A list that is read page by page.
pub trait ListRequest: Clone + Send + Sync + 'static {
    /// The request's name in the CRM's API.
    const PATH: &'static str;
    /// What it lists, for messages.
    const NAME: &'static str;
    /// What one row decodes to; it also knows the key of the row's id.
    type Row: Row;

    /// Rows in a page; the client's page size where it was not chosen.
    fn page_size(&self) -> Option<usize>;

    /// Chooses the rows in a page, 1 to 100.
    #[must_use]
    fn limit(self, rows: usize) -> Self;

    /// Relative to the base URL, without credentials.
    fn path_and_query(&self, offset: usize) -> String {
        format!("{}?limit={}&offset={offset}", Self::PATH, self.page_size().unwrap_or(LARGEST_PAGE))
    }
}

macro_rules! list_request {
    ($(#[$doc:meta])* $request:ident: $path:literal, $name:literal, $row:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $request {
            page_size: Option<usize>,
        }

        impl $request {
            pub fn new() -> Self {
                Self::default()
            }

            /// Chooses the rows in a page, 1 to 100.
            #[must_use]
            pub fn limit(self, rows: usize) -> Self {
                Self { page_size: Some(rows.clamp(1, LARGEST_PAGE)) }
            }
        }

        impl ListRequest for $request {
            const PATH: &'static str = $path;
            const NAME: &'static str = $name;
            type Row = $row;

            fn page_size(&self) -> Option<usize> {
                self.page_size
            }

            fn limit(self, rows: usize) -> Self {
                $request::limit(self, rows)
            }
        }
    };
}

list_request! {
    /// The stages of the account's pipelines.
    ReadStages: "read_sales_cycle_list", "stages", RawStage
}
list_request! {
    /// Where leads come from.
    ReadSources: "read_lead_source_list", "sources", RawSource
}
list_request! {
    /// The people who work with the account.
    ReadUsers: "read_user_list", "users", RawUser
}
list_request! {
    /// The contacts: leads, candidates, owners.
    ReadContacts: "read_client_list", "contacts", RawContact
}
list_request! {
    /// The deals, of which a contact can have several.
    ReadDeals: "read_opportunity_list", "deals", RawDeal
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::as_asked(40, "read_client_list?limit=40&offset=80")]
    #[case::too_large(1000, "read_client_list?limit=100&offset=80")]
    #[case::none_at_all(0, "read_client_list?limit=1&offset=80")]
    fn a_request_is_built_without_being_sent(#[case] limit: usize, #[case] path: &str) {
        assert_eq!(ReadContacts::new().limit(limit).path_and_query(80), path);
    }
}
