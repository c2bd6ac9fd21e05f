//! Requests as values: each knows what to ask, in a person's words what for, and what its rows hold.

use jiff::civil::DateTime;
use tetherboard_crm_records::rows::{RawContact, RawDeal, RawEvent, RawNote, RawSource, RawStage, RawUser, Row};
use url::form_urlencoded::byte_serialize;

/// The CRM treats a larger page as one of this size.
const LARGEST_PAGE: usize = 100;

/// A list that is read page by page.
pub trait ListRequest: Clone + Send + Sync + 'static {
    /// The request's name in the CRM's API.
    const PATH: &'static str;
    /// What it lists, for messages.
    const NAME: &'static str;
    /// Whether a short page that brings the list to its total is believed to be the last: for small lists that are asked
    /// by the hundred, where one call more for each would double them.
    const ENDS_AT_TOTAL: bool = false;
    /// What one row decodes to; it also knows the fields it is read for.
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

/// The notes of one contact; there is no call for those of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadNotes {
    client_id: String,
    page_size: Option<usize>,
}

impl ReadNotes {
    pub fn of(client_id: &str) -> Self {
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
        Self { page_size: Some(rows.clamp(1, LARGEST_PAGE)), ..self }
    }

    fn path_and_query(&self, offset: usize) -> String {
        let (client, limit) = (path_segment(&self.client_id), self.page_size.unwrap_or(LARGEST_PAGE));
        format!("{}/{client}?limit={limit}&offset={offset}", Self::PATH)
    }
}

/// The appointments in the account's calendar between two times of the account's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadEvents {
    from: DateTime,
    until: DateTime,
    page_size: Option<usize>,
}

impl ReadEvents {
    /// To the second.
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
        Self { page_size: Some(rows.clamp(1, LARGEST_PAGE)), ..self }
    }

    fn path_and_query(&self, offset: usize) -> String {
        let moment = |at: DateTime| at.strftime("%F%%20%H%%3A%M%%3A%S");
        let (from, until, limit) = (moment(self.from), moment(self.until), self.page_size.unwrap_or(LARGEST_PAGE));
        format!("{}?from_date={from}&end_date={until}&event_type=appt&limit={limit}&offset={offset}", Self::PATH)
    }
}

/// One step of a path, whatever the text: a slash in it is none, and dots lead nowhere.
fn path_segment(text: &str) -> String {
    if matches!(text, "." | "..") {
        // Whoever joins addresses takes these two for steps, percent-encoded too.
        return text.replace('.', "%252E");
    }
    // A form's encoding but for the space; a plus sign of the text itself has become %2B.
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
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

    #[rstest]
    #[case::digits("1000007", "1000007")]
    #[case::nothing("", "")]
    #[case::spaces_and_signs("a b+c", "a%20b%2Bc")]
    #[case::another_path("../read_user_list?x=1#y", "..%2Fread_user_list%3Fx%3D1%23y")]
    #[case::a_step_up("..", "%252E%252E")]
    #[case::wide_letters("é", "%C3%A9")]
    fn notes_are_asked_by_their_contact(#[case] client_id: &str, #[case] segment: &str) {
        let path = ReadNotes::of(client_id).limit(50).path_and_query(100);
        assert_eq!(path, format!("read_client_history_notes/{segment}?limit=50&offset=100"));
        let base: url::Url = "https://crm.example/v2/api/".parse().unwrap();
        assert_eq!(base.join(&path).unwrap().as_str(), format!("{base}{path}"));
    }

    #[test]
    fn events_are_asked_by_their_time() {
        let (from, until) = (jiff::civil::date(2026, 11, 1).at(0, 0, 0, 0), jiff::civil::date(2026, 12, 31).at(23, 59, 59, 0));
        assert_eq!(
            ReadEvents::between(from, until).path_and_query(100),
            "read_all_events?from_date=2026-11-01%2000%3A00%3A00&end_date=2026-12-31%2023%3A59%3A59&event_type=appt\
             &limit=100&offset=100"
        );
    }
}
