//! The address of the leads page.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::civil::Date;
use tetherboard_domain::{Bucket, Period};

use crate::address::dates::Edge;
use crate::address::leads::LeadQuery;
use crate::address::links::{self, Link};
use crate::address::pairs::Pairs;
use crate::address::period::PeriodQuery;
use crate::address::query::{Choice, PageNumber, Param, Sort};
use crate::http::error::HttpError;

/// The typed query of the page.
#[derive(Clone, Debug)]
pub(super) struct LeadsAddress {
    pub(super) list: LeadQuery,
    pub(super) page: PageNumber,
    pub(super) period: PeriodQuery,
    /// How the trend is grouped, if chosen.
    pub(super) by: Option<Bucket>,
    /// The order of the sources, if chosen.
    pub(super) sources: Sort<SourceSort>,
}

/// A column of the table of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceSort {
    Name,
    Leads,
    Qualified,
    /// Qualified per lead.
    Rate,
    Awarded,
}

impl Choice for SourceSort {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("name", Self::Name),
        ("leads", Self::Leads),
        ("qualified", Self::Qualified),
        ("rate", Self::Rate),
        ("awarded", Self::Awarded),
    ];
}

impl<S: Sync> FromRequestParts<S> for LeadsAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        let by = pairs.filled("by").map(str::parse).transpose();
        Ok(Self {
            list: LeadQuery::parse(&pairs)?,
            page: Param::parse(&pairs, "page")?,
            period: PeriodQuery::parse(&pairs, Period::Last12Weeks)?,
            by: by.map_err(|error: String| HttpError::bad_request(format!("`by`: {error}.")))?,
            sources: Param::parse(&pairs, "sources")?,
        })
    }
}

impl LeadsAddress {
    /// The whole address.
    pub(super) fn url(&self, slug: &str) -> Link {
        self.page.add_to("page", self.list.add_to(self.base(slug)))
    }

    /// The address without its list.
    pub(super) fn base(&self, slug: &str) -> Link {
        self.add_base_to(links::leads(slug))
    }

    /// Adds the period and the charts' options to a link.
    pub(super) fn add_base_to(&self, link: Link) -> Link {
        self.add_charts_to(self.period.add_to(link))
    }

    /// Adds the charts' options to a link.
    pub(super) fn add_charts_to(&self, link: Link) -> Link {
        self.sources.add_to("sources", link.maybe("by", self.by.map(Bucket::as_str)))
    }

    /// Whether the chosen period narrows the list. It does not if the list has dates of its own.
    pub(super) fn period_filters_list(&self) -> bool {
        self.period.chosen.is_some() && self.list.from.is_none() && self.list.to.is_none()
    }

    /// Whether the list is narrowed by a filter or the period.
    pub(super) fn is_filtered(&self) -> bool {
        self.list.is_filtered() || self.period_filters_list()
    }

    /// The list's query with the dates of the chosen period.
    pub(super) fn list_in_period(&self, today: Date) -> LeadQuery {
        if !self.period_filters_list() {
            return self.list.clone();
        }
        let (first, last) = self.period.period().days(today);
        LeadQuery { from: Some(Edge::Day(first)), to: Some(Edge::Day(last)), ..self.list.clone() }
    }
}
