//! The address of the pipeline page.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tetherboard_domain::Period;

use crate::address::as_of::AsOfQuery;
use crate::address::deals::DealQuery;
use crate::address::links::{self, Link};
use crate::address::pairs::Pairs;
use crate::address::period::PeriodQuery;
use crate::address::query::{Choice, PageNumber, Param};
use crate::http::error::HttpError;

/// The period of an address that names none.
pub(super) const DEFAULT_PERIOD: Period = Period::Last90Days;

/// What the bars of the stages measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Count,
    Value,
}

impl Choice for Measure {
    const NAMES: &'static [(&'static str, Self)] = &[("count", Self::Count), ("value", Self::Value)];
}

/// How the deals are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Table,
    Board,
}

impl Choice for Layout {
    const NAMES: &'static [(&'static str, Self)] = &[("table", Self::Table), ("board", Self::Board)];
}

/// The typed query of the page.
#[derive(Clone, Debug)]
pub(super) struct PipelineAddress {
    pub(super) deals: DealQuery,
    pub(super) page: PageNumber,
    pub(super) period: PeriodQuery,
    pub(super) measure: Measure,
    pub(super) layout: Layout,
    pub(super) as_of: AsOfQuery,
}

impl<S: Sync> FromRequestParts<S> for PipelineAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        let measure: Option<Measure> = Param::parse(&pairs, "by")?;
        let layout: Option<Layout> = Param::parse(&pairs, "view")?;
        Ok(Self {
            deals: DealQuery::parse(&pairs)?,
            page: Param::parse(&pairs, "page")?,
            period: PeriodQuery::parse(&pairs, DEFAULT_PERIOD)?,
            measure: measure.unwrap_or(Measure::Count),
            layout: layout.unwrap_or(Layout::Table),
            as_of: AsOfQuery::parse(&pairs)?,
        })
    }
}

impl PipelineAddress {
    /// The whole address.
    pub(super) fn url(&self, slug: &str) -> Link {
        self.page.add_to("page", self.deals.add_to(self.base(slug)))
    }

    /// The address without its list.
    pub(super) fn base(&self, slug: &str) -> Link {
        self.add_base_to(links::pipeline(slug))
    }

    /// Adds the period, the measure, and the layout to a link.
    pub(super) fn add_base_to(&self, link: Link) -> Link {
        let measure = Some(self.measure).filter(|measure| *measure != Measure::Count);
        let layout = Some(self.layout).filter(|layout| *layout != Layout::Table);
        measure.add_to("by", layout.add_to("view", self.period.add_to(link)))
    }
}
