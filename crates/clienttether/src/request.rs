//! The requests, as values.

use jiff::civil::DateTime;
use tetherboard_crm_records::rows::{RawContact, RawDeal, RawEvent, RawNote, RawSource, RawStage, RawUser, Row};
use url::form_urlencoded::byte_serialize;

/// The CRM's largest page; a larger limit is treated as this one.
const MAX_PAGE_SIZE: usize = 100;

/// A list that is read page by page.
pub trait ListRequest: Clone + Send + Sync + 'static {
    /// The request's name in the CRM's API.
    const PATH: &'static str;
    /// What it lists, for messages: "contacts".
    const NAME: &'static str;
    /// Whether a short page that reaches the total ends the list. True for lists that are small and many, where one more call
    /// for each would double their number.
    const ENDS_AT_TOTAL: bool = false;
    /// The record that a row decodes to.
    type Row: Row;

    /// Rows per page; `None` means the client's default.
    fn page_size(&self) -> Option<usize>;

    /// Sets the rows per page, 1 to 100.
    #[must_use]
    fn limit(self, rows: usize) -> Self;

    /// Path and query of one page, relative to the base URL.
    fn path_and_query(&self, offset: usize) -> String {
        format!("{}?limit={}&offset={offset}", Self::PATH, self.page_size().unwrap_or(MAX_PAGE_SIZE))
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
            /// A request with the client's default page size.
            pub fn new() -> Self {
                Self::default()
            }

            /// Sets the rows per page, 1 to 100.
            #[must_use]
            pub fn limit(self, rows: usize) -> Self {
                Self { page_size: Some(rows.clamp(1, MAX_PAGE_SIZE)) }
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
    /// Reads the account's pipeline stages.
    ReadStages: "read_sales_cycle_list", "stages", RawStage
}
list_request! {
    /// Reads the account's lead sources.
    ReadSources: "read_lead_source_list", "sources", RawSource
}
list_request! {
    /// Reads the account's users.
    ReadUsers: "read_user_list", "users", RawUser
}
list_request! {
    /// Reads the contacts: leads, candidates, and owners.
    ReadContacts: "read_client_list", "contacts", RawContact
}
list_request! {
    /// Reads the deals. A contact can have several.
    ReadDeals: "read_opportunity_list", "deals", RawDeal
}

/// Reads the notes of one contact. The CRM has no call for the notes of all contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadNotes {
    client_id: String,
    page_size: Option<usize>,
}

impl ReadNotes {
    /// The notes of the contact with this ID.
    pub fn for_contact(client_id: &str) -> Self {
        Self { client_id: client_id.to_owned(), page_size: None }
    }
}

impl ListRequest for ReadNotes {
    const PATH: &'static str = "read_client_history_notes";
    const NAME: &'static str = "notes";
    const ENDS_AT_TOTAL: bool = true;
    type Row = RawNote;

    fn page_size(&self) -> Option<usize> {
        self.page_size
    }

    fn limit(self, rows: usize) -> Self {
        Self { page_size: Some(rows.clamp(1, MAX_PAGE_SIZE)), ..self }
    }

    fn path_and_query(&self, offset: usize) -> String {
        let (client, limit) = (path_segment(&self.client_id), self.page_size.unwrap_or(MAX_PAGE_SIZE));
        format!("{}/{client}?limit={limit}&offset={offset}", Self::PATH)
    }
}

/// Reads the appointments in the account's calendar between two times, given in the account's time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadEvents {
    from: DateTime,
    until: DateTime,
    page_size: Option<usize>,
}

impl ReadEvents {
    /// Events between two local times, both with second precision.
    pub fn between(from: DateTime, until: DateTime) -> Self {
        Self { from, until, page_size: None }
    }
}

impl ListRequest for ReadEvents {
    const PATH: &'static str = "read_all_events";
    const NAME: &'static str = "events";
    type Row = RawEvent;

    fn page_size(&self) -> Option<usize> {
        self.page_size
    }

    fn limit(self, rows: usize) -> Self {
        Self { page_size: Some(rows.clamp(1, MAX_PAGE_SIZE)), ..self }
    }

    fn path_and_query(&self, offset: usize) -> String {
        let encode = |at: DateTime| at.strftime("%F%%20%H%%3A%M%%3A%S");
        let (from, until, limit) = (encode(self.from), encode(self.until), self.page_size.unwrap_or(MAX_PAGE_SIZE));
        format!("{}?from_date={from}&end_date={until}&event_type=appt&limit={limit}&offset={offset}", Self::PATH)
    }
}

/// Encodes any text as exactly one path segment.
fn path_segment(text: &str) -> String {
    if matches!(text, "." | "..") {
        // URL parsers treat these two as relative steps even when percent-encoded, so encode them twice.
        return text.replace('.', "%252E");
    }
    // Form encoding, except for the space. A plus sign in the text is already %2B here.
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::as_requested(40, "read_client_list?limit=40&offset=80")]
    #[case::too_large(1000, "read_client_list?limit=100&offset=80")]
    #[case::zero(0, "read_client_list?limit=1&offset=80")]
    fn a_request_is_built_without_being_sent(#[case] limit: usize, #[case] path: &str) {
        assert_eq!(ReadContacts::new().limit(limit).path_and_query(80), path);
    }

    #[rstest]
    #[case::digits("1000007", "1000007")]
    #[case::empty("", "")]
    #[case::spaces_and_plus_signs("a b+c", "a%20b%2Bc")]
    #[case::another_path("../read_user_list?x=1#y", "..%2Fread_user_list%3Fx%3D1%23y")]
    #[case::parent_directory("..", "%252E%252E")]
    #[case::non_ascii("é", "%C3%A9")]
    fn notes_are_requested_by_contact(#[case] client_id: &str, #[case] segment: &str) {
        let path = ReadNotes::for_contact(client_id).limit(50).path_and_query(100);
        assert_eq!(path, format!("read_client_history_notes/{segment}?limit=50&offset=100"));
        let base: url::Url = "https://crm.example/v2/api/".parse().unwrap();
        assert_eq!(base.join(&path).unwrap().as_str(), format!("{base}{path}"));
    }

    #[test]
    fn events_are_requested_by_time() {
        let (from, until) = (jiff::civil::date(2026, 11, 1).at(0, 0, 0, 0), jiff::civil::date(2026, 12, 31).at(23, 59, 59, 0));
        assert_eq!(
            ReadEvents::between(from, until).path_and_query(100),
            "read_all_events?from_date=2026-11-01%2000%3A00%3A00&end_date=2026-12-31%2023%3A59%3A59&event_type=appt\
             &limit=100&offset=100"
        );
    }
}
