//! Addresses as types: markup spells no path.

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

    /// The letter that leads to it after `g`.
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

    pub(crate) fn url(self, slug: &str) -> String {
        format!("/t/{slug}/{}", self.path())
    }
}

/// An address with its query, built by hand from typed parts.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    path: String,
    query: String,
}

impl Link {
    pub(crate) fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), query: String::new() }
    }

    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        let mut query = form_urlencoded::Serializer::new(self.query);
        query.append_pair(key, value);
        self.query = query.finish();
        self
    }

    #[must_use]
    pub(crate) fn maybe(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// What its query says: for a form that keeps it.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn url(self) -> String {
        if self.query.is_empty() { self.path } else { format!("{}?{}", self.path, self.query) }
    }
}

pub(crate) fn leads(slug: &str) -> Link {
    Link::to(Tab::Leads.url(slug))
}

pub(crate) fn pipeline(slug: &str) -> Link {
    Link::to(Tab::Pipeline.url(slug))
}

pub(crate) fn hot_list(slug: &str) -> Link {
    Link::to(Tab::HotList.url(slug))
}

pub(crate) fn schedule(slug: &str) -> Link {
    Link::to(Tab::Schedule.url(slug))
}

/// Where a person gets the address by which a calendar program reads their appointments.
pub(crate) fn subscribe(slug: &str) -> String {
    format!("{}/subscribe", Tab::Schedule.url(slug))
}

/// What a calendar program asks for. The secret stands for a person; it is in no log.
pub(crate) fn calendar_feed(secret: &str) -> String {
    format!("{CALENDAR_FEEDS}{secret}.ics")
}

pub(crate) fn notes(slug: &str) -> Link {
    Link::to(Tab::Notes.url(slug))
}

/// One note, all of it.
pub(crate) fn note(slug: &str, crm_id: &str) -> Link {
    Link::to(format!("{}/one", Tab::Notes.url(slug))).with("id", crm_id)
}

/// Where the agency's form about what a brand's people see is sent: `note` or `type`.
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

/// ComputedFilter that fit what somebody typed.
pub(crate) fn candidates(slug: &str) -> Link {
    Link::to(format!("/t/{slug}/candidates"))
}

/// A text as one step of a path, slashes and all.
fn segment(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The stream that tells a brand's pages how fresh they are.
pub(crate) fn live(slug: &str) -> String {
    format!("/t/{slug}/live")
}

pub(crate) fn sync_now(slug: &str) -> String {
    format!("/t/{slug}/sync")
}

pub(crate) fn logo(slug: &str) -> String {
    format!("/t/{slug}/logo")
}

pub(crate) const AGENCY: &str = "/agency";
pub(crate) const AGENCY_LIVE: &str = "/agency/live";
pub(crate) const SYNC: &str = "/agency/sync";
pub(crate) const SYNC_LIVE: &str = "/agency/live/sync";
pub(crate) const SIGN_OUT: &str = "/sign-out";

/// How a brand is read: its runs, and what can be done about them.
pub(crate) fn sync_of(slug: &str) -> Link {
    Link::to(format!("{SYNC}/{slug}"))
}

/// The stream that tells a page about one brand's sync when it is out of date.
pub(crate) fn sync_live(slug: &str) -> Link {
    Link::to(format!("{SYNC_LIVE}/{slug}"))
}

/// Where a form about a brand's sync is sent: `start`, `test-key`, `replay` or `accept`.
pub(crate) fn sync_act(slug: &str, act: &str) -> String {
    format!("{SYNC}/{slug}/{act}")
}

pub(crate) fn run(slug: &str, run: &RunId) -> Link {
    Link::to(format!("{SYNC}/{slug}/runs/{run}"))
}

pub(crate) fn cancel_run(slug: &str, run: &RunId) -> String {
    format!("{SYNC}/{slug}/runs/{run}/cancel")
}

/// The answers of one data set of a run.
pub(crate) fn snapshots(slug: &str, run: &RunId, dataset: Dataset) -> Link {
    Link::to(format!("{SYNC}/{slug}/runs/{run}/{dataset}"))
}

pub(crate) fn snapshot(slug: &str, run: &RunId, dataset: Dataset, page_no: i64) -> Link {
    Link::to(format!("{SYNC}/{slug}/runs/{run}/{dataset}/{page_no}"))
}

/// The rows of a data set of a run that could not be used.
pub(crate) fn set_aside(slug: &str, run: &RunId, dataset: Dataset) -> Link {
    Link::to(format!("{SYNC}/{slug}/runs/{run}/set-aside/{dataset}"))
}

/// One raw row of a brand, as it was read last.
pub(crate) fn raw_record(slug: &str, dataset: Dataset, crm_id: &str) -> Link {
    Link::to(format!("{SYNC}/{slug}/records/{dataset}")).with("id", crm_id)
}

/// The sign-in form, and where it leads afterwards.
pub(crate) fn sign_in(back: &str) -> String {
    match back {
        "" | "/" => "/sign-in".to_owned(),
        back => Link::to("/sign-in").with("back", back).url(),
    }
}

/// Only a path of this site may be led back to.
pub(crate) fn safe_back(back: &str) -> &str {
    let own = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\') && !back.chars().any(char::is_control);
    if own && !back.starts_with("/sign-in") { back } else { "/" }
}

/// Where a brand's fields are found.
pub(crate) fn mapping(slug: &str) -> Link {
    Link::to(format!("/agency/brands/{slug}/mapping"))
}

/// ComputedFilter of one data set.
pub(crate) fn mapping_of(slug: &str, dataset: Dataset) -> Link {
    Link::to(format!("/agency/brands/{slug}/mapping/{dataset}"))
}

/// One of them.
pub(crate) fn mapped_field(slug: &str, dataset: Dataset, field: &str) -> Link {
    Link::to(format!("/agency/brands/{slug}/mapping/{dataset}/{field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_hostile_text_as_text() {
        let url = leads("a").with("stage", "a&b=\"><script>").url();
        assert_eq!(url, "/t/a/leads?stage=a%26b%3D%22%3E%3Cscript%3E");
    }

    #[test]
    fn an_id_stays_one_step_of_the_path() {
        assert_eq!(candidate("a", &ContactId::from("00/7?x#y é")).url(), "/t/a/candidates/00%2F7%3Fx%23y%20%C3%A9");
        assert_eq!(candidate("a", &ContactId::from("\"><script>")).url(), "/t/a/candidates/%22%3E%3Cscript%3E");
    }

    #[test]
    fn nobody_is_led_to_another_site_after_signing_in() {
        for bad in
            ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "/sign-in?back=x"]
        {
            assert_eq!(safe_back(bad), "/", "{bad}");
        }
        assert_eq!(safe_back("/t/a/leads?q=x"), "/t/a/leads?q=x");
    }
}
