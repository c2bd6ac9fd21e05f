//! The address of the hot list.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::address::hot_list::HotListQuery;
use crate::address::links::{self, Link};
use crate::address::pairs::Pairs;
use crate::address::query::{Choice, PageNumber, Param};
use crate::http::error::HttpError;

/// The typed query of the page.
pub(super) struct HotListAddress {
    pub(super) query: HotListQuery,
    pub(super) page: PageNumber,
    pub(super) layout: Layout,
}

/// How the list is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Table,
    /// The weekly call: one candidate at a time. The key of the candidate, or `None` for the first.
    Call(Option<String>),
    /// All candidates as the call shows them, to print.
    CallSheets,
}

#[derive(Clone, Copy, PartialEq)]
enum LayoutName {
    Table,
    Call,
    CallSheets,
}

impl Choice for LayoutName {
    const NAMES: &'static [(&'static str, Self)] =
        &[("table", Self::Table), ("call", Self::Call), ("call-all", Self::CallSheets)];
}

impl<S: Sync> FromRequestParts<S> for HotListAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        let layout: Option<LayoutName> = Param::parse(&pairs, "view")?;
        let layout = match layout {
            Some(LayoutName::Call) => Layout::Call(pairs.filled("who").map(str::to_owned)),
            Some(LayoutName::CallSheets) => Layout::CallSheets,
            Some(LayoutName::Table) | None => Layout::Table,
        };
        Ok(Self { query: HotListQuery::parse(&pairs)?, page: Param::parse(&pairs, "page")?, layout })
    }
}

impl HotListAddress {
    /// The whole address.
    pub(super) fn url(&self, slug: &str) -> Link {
        match &self.layout {
            Layout::Table => self.page.add_to("page", self.list(slug)),
            Layout::Call(who) => self.call(slug).maybe("who", who.as_deref()),
            Layout::CallSheets => self.call_sheets(slug),
        }
    }

    /// The list as a table, at its first page.
    pub(super) fn list(&self, slug: &str) -> Link {
        self.query.add_to(links::hot_list(slug))
    }

    /// The weekly call, at its first candidate.
    pub(super) fn call(&self, slug: &str) -> Link {
        self.list(slug).with("view", LayoutName::Call.word())
    }

    /// The weekly call, to print.
    pub(super) fn call_sheets(&self, slug: &str) -> Link {
        self.list(slug).with("view", LayoutName::CallSheets.word())
    }
}
