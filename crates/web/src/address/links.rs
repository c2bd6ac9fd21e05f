//! Links to every page: markup does not spell out paths.

use tetherboard_domain::{ContactId, Dataset, RunId};
use url::form_urlencoded;

use crate::http::CALENDAR_FEEDS;

/// A view of one brand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    Leads,
    Pipeline,
    HotList,
    Notes,
    Schedule,
}

impl Tab {
    pub(crate) const ALL: [Self; 6] = [Self::Overview, Self::Leads, Self::Pipeline, Self::HotList, Self::Notes, Self::Schedule];

    /// Its name on the page.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Leads => "Leads",
            Self::Pipeline => "Pipeline",
            Self::HotList => "Hot List",
            Self::Notes => "Notes",
            Self::Schedule => "Schedule",
        }
    }

    /// The key that opens it after `g`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Overview => "o",
            Self::Leads => "l",
            Self::Pipeline => "p",
            Self::HotList => "h",
            Self::Notes => "n",
            Self::Schedule => "s",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Leads => "leads",
            Self::Pipeline => "pipeline",
            Self::HotList => "hot-list",
            Self::Notes => "notes",
            Self::Schedule => "schedule",
        }
    }

    /// Its address for a brand.
    pub(crate) fn url(self, slug: &str) -> String {
        format!("/t/{slug}/{}", self.path())
    }
}

/// A path with a query.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    path: String,
    query: String,
}

impl Link {
    /// A path without a query.
    pub(crate) fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), query: String::new() }
    }

    /// Adds a value to the query.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        let mut query = form_urlencoded::Serializer::new(self.query);
        query.append_pair(key, value);
        self.query = query.finish();
        self
    }

    /// Adds a value to the query, if there is one.
    #[must_use]
    pub(crate) fn maybe(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The keys and values of the query.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
    }

    /// The path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Path and query as text.
    pub(crate) fn url(self) -> String {
        if self.query.is_empty() { self.path } else { format!("{}?{}", self.path, self.query) }
    }
}

/// The leads page.
pub(crate) fn leads(slug: &str) -> Link {
    Link::to(Tab::Leads.url(slug))
}

/// The pipeline page.
pub(crate) fn pipeline(slug: &str) -> Link {
    Link::to(Tab::Pipeline.url(slug))
}

/// The hot list.
pub(crate) fn hot_list(slug: &str) -> Link {
    Link::to(Tab::HotList.url(slug))
}

/// The schedule.
pub(crate) fn schedule(slug: &str) -> Link {
    Link::to(Tab::Schedule.url(slug))
}

/// The page where a person gets the address of their calendar feed.
pub(crate) fn subscribe(slug: &str) -> String {
    format!("{}/subscribe", Tab::Schedule.url(slug))
}

/// A calendar feed. The secret identifies a person and is never logged.
pub(crate) fn calendar_feed(secret: &str) -> String {
    format!("{CALENDAR_FEEDS}{secret}.ics")
}

/// The notes page.
pub(crate) fn notes(slug: &str) -> Link {
    Link::to(Tab::Notes.url(slug))
}

/// The full text of a note.
pub(crate) fn note(slug: &str, crm_id: &str) -> Link {
    Link::to(format!("{}/one", Tab::Notes.url(slug))).with("id", crm_id)
}

/// The form that hides a `note` or a `type` of notes from a brand's users.
pub(crate) fn hide(slug: &str, what: &str) -> String {
    format!("/agency/brands/{slug}/notes/{what}")
}

/// The rows behind a number of the pipeline's history, such as `lost`.
pub(crate) fn pipeline_rows(slug: &str, show: &str) -> Link {
    Link::to(format!("{}/rows", Tab::Pipeline.url(slug))).with("show", show)
}

/// One candidate of a brand.
pub(crate) fn candidate(slug: &str, contact: &ContactId) -> Link {
    Link::to(format!("/t/{slug}/candidates/{}", segment(contact.as_str())))
}

/// The candidates that match a search.
pub(crate) fn candidates(slug: &str) -> Link {
    Link::to(format!("/t/{slug}/candidates"))
}

/// A text as one segment of a path, with slashes escaped.
fn segment(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The live stream of a brand's freshness.
pub(crate) fn live(slug: &str) -> String {
    format!("/t/{slug}/live")
}

/// The form that starts a sync.
pub(crate) fn sync_now(slug: &str) -> String {
    format!("/t/{slug}/sync")
}

/// A brand's logo.
pub(crate) fn logo(slug: &str) -> String {
    format!("/t/{slug}/logo")
}

/// The agency's dashboard.
pub(crate) const AGENCY: &str = "/agency";
pub(crate) const AGENCY_LIVE: &str = "/agency/live";
pub(crate) const SYNC: &str = "/agency/sync";
pub(crate) const SYNC_LIVE: &str = "/agency/live/sync";
pub(crate) const QUALITY: &str = "/agency/quality";
pub(crate) const SIGN_OUT: &str = "/sign-out";

/// The sync page of a brand: its runs and actions.
pub(crate) fn sync_of(slug: &str) -> Link {
    Link::to(format!("{SYNC}/{slug}"))
}

/// The live stream of a brand's sync page.
pub(crate) fn sync_live(slug: &str) -> Link {
    Link::to(format!("{SYNC_LIVE}/{slug}"))
}

/// A form of a brand's sync page: `start`, `test-key`, `replay`, or `accept`.
pub(crate) fn sync_act(slug: &str, act: &str) -> String {
    format!("{SYNC}/{slug}/{act}")
}

/// A sync run.
pub(crate) fn run(slug: &str, run: &RunId) -> Link {
    Link::to(format!("{SYNC}/{slug}/runs/{run}"))
}

/// The form that cancels a run.
pub(crate) fn cancel_run(slug: &str, run: &RunId) -> String {
    format!("{SYNC}/{slug}/runs/{run}/cancel")
}

/// The responses of one dataset in a run.
pub(crate) fn snapshots(slug: &str, run: &RunId, dataset: Dataset) -> Link {
    Link::to(format!("{SYNC}/{slug}/runs/{run}/{dataset}"))
}

/// One response of a dataset in a run.
pub(crate) fn snapshot(slug: &str, run: &RunId, dataset: Dataset, page_no: i64) -> Link {
    Link::to(format!("{SYNC}/{slug}/runs/{run}/{dataset}/{page_no}"))
}

/// The skipped rows of a dataset in a run.
pub(crate) fn set_aside(slug: &str, run: &RunId, dataset: Dataset) -> Link {
    Link::to(format!("{SYNC}/{slug}/runs/{run}/set-aside/{dataset}"))
}

/// A raw row of a brand, as last received.
pub(crate) fn raw_record(slug: &str, dataset: Dataset, crm_id: &str) -> Link {
    Link::to(format!("{SYNC}/{slug}/records/{dataset}")).with("id", crm_id)
}

/// The sign-in form, and the page to return to.
pub(crate) fn sign_in(back: &str) -> String {
    match back {
        "" | "/" => "/sign-in".to_owned(),
        back => Link::to("/sign-in").with("back", back).url(),
    }
}

/// A brand's field mapping.
pub(crate) fn mapping(slug: &str) -> Link {
    Link::to(format!("/agency/brands/{slug}/mapping"))
}

/// The mapping of one dataset.
pub(crate) fn mapping_of(slug: &str, dataset: Dataset) -> Link {
    Link::to(format!("/agency/brands/{slug}/mapping/{dataset}"))
}

/// The mapping of one field.
pub(crate) fn mapped_field(slug: &str, dataset: Dataset, field: &str) -> Link {
    Link::to(format!("/agency/brands/{slug}/mapping/{dataset}/{field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_in_a_link_is_escaped() {
        let url = leads("a").with("stage", "a&b=\"><script>").url();
        assert_eq!(url, "/t/a/leads?stage=a%26b%3D%22%3E%3Cscript%3E");
    }

    #[test]
    fn an_id_stays_one_segment_of_the_path() {
        assert_eq!(candidate("a", &ContactId::from("00/7?x#y é")).url(), "/t/a/candidates/00%2F7%3Fx%23y%20%C3%A9");
        assert_eq!(candidate("a", &ContactId::from("\"><script>")).url(), "/t/a/candidates/%22%3E%3Cscript%3E");
    }
}
