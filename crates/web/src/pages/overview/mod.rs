//! Overview: the brand in one sentence, four metrics, and the most important lists.

mod appointments;
mod attention;
mod cards;
mod changes;
mod first_sync;
mod headline;
mod hot_list;
mod weekly_leads;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, Period};
use tetherboard_metrics::{Attention, Changes};
use tetherboard_store::candidate_facts::CandidateEvent;
use tetherboard_store::tenants::Tenant;

use self::changes::Since;
use self::headline::NearestToSigning;
use crate::address::links::{self, Link, Tab};
use crate::address::pairs::Pairs;
use crate::address::period::PeriodQuery;
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::actions::{copy_link_button, print_button};
use crate::parts::format::counted;
use crate::parts::icon;
use crate::parts::period::picker;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::stages::{strip, unconfirmed_notice};
use crate::read::attention::{changes_since, needs_attention};
use crate::read::hot_list::{HotListData, hot_list};
use crate::read::numbers::{NewLeadsIn, Numbers, numbers};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/overview", get(page))
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    OverviewAddress(period): OverviewAddress,
) -> HttpResult<Markup> {
    let view = OverviewView::load(&portal, &brand.tenant, period, portal.clock.now()).await?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let query = period.add_to(Link::to("")).url();
    Ok(shell.render(&Page {
        tab: Tab::Overview,
        bar: bar(&shell, &view),
        body: if view.numbers.summary.as_of.is_none() { first_sync::first_sync(&shell) } else { body(&shell, &view) },
        address: period.add_to(Link::to(Tab::Overview.url(&brand.tenant.slug))),
        filters: query.clone(),
        period: query,
    }))
}

/// The typed query of the page.
struct OverviewAddress(PeriodQuery);

impl<S: Sync> FromRequestParts<S> for OverviewAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        Ok(Self(PeriodQuery::parse(&pairs, Period::WeekToDate)?))
    }
}

/// What the page shows.
struct OverviewView {
    numbers: Arc<Numbers>,
    query: PeriodQuery,
    /// `None` if there is no data in the period yet.
    new: Option<NewLeadsIn>,
    attention: Arc<Attention>,
    /// Display names of the candidates who need attention and have no name.
    display_names: Arc<HashMap<ContactId, String>>,
    hot_list: Arc<HotListData>,
    /// Today's appointments, and the first ones after today.
    events: Arc<Vec<CandidateEvent>>,
    changes: Arc<Changes>,
    since: Since,
    /// The first candidate who is one step from signing.
    nearest: Arc<Option<NearestToSigning>>,
}

impl OverviewView {
    async fn load(portal: &Portal, tenant: &Tenant, query: PeriodQuery, now: Timestamp) -> HttpResult<Self> {
        let numbers = numbers(portal, tenant, now).await?;
        let board = &numbers.board;
        let hot_list = hot_list(portal, tenant, now).await?;
        let attention = needs_attention(portal, tenant, board, now).await?;
        let since = Since::of(query.period(), tenant.zone.date(now));
        Ok(Self {
            new: numbers.new_leads(tenant, query.period(), query.compare, now),
            display_names: attention::display_names(portal, tenant, &attention, now).await?,
            attention,
            events: appointments::load(portal, tenant, now).await?,
            changes: changes_since(portal, tenant, board, since.day, now).await?,
            since,
            nearest: headline::nearest_to_signing(portal, tenant, board, &hot_list, now).await?,
            hot_list,
            query,
            numbers,
        })
    }
}

fn bar(shell: &Shell<'_>, view: &OverviewView) -> Markup {
    let tenant = shell.tenant();
    let (zone, base) = (&tenant.zone, Link::to(Tab::Overview.url(&tenant.slug)));
    html! {
        (picker(view.query, view.new.map(|new| new.period).as_ref(), zone.date(shell.now), zone, &base))
        div.push.flex { (copy_link_button()) (print_button("btn plain")) }
    }
}

fn body(shell: &Shell<'_>, view: &OverviewView) -> Markup {
    let numbers = &*view.numbers;
    let slug = &shell.tenant().slug;
    let is_agency = shell.brand.viewer.is_agency();
    html! {
        (headline::headline(shell, view))
        @if let Some(notice) = unconfirmed_notice(&numbers.board, &numbers.pipeline, is_agency) { (notice) }
        (cards::cards(shell, view))
        div.cols.even {
            (weekly_leads::card(slug, &numbers.summary.new_by_week))
            (attention::card(shell, &view.attention, &view.display_names))
        }
        (pipeline(slug, numbers))
        div.cols.even {
            (hot_list::card(shell, &view.hot_list))
            (appointments::card(shell, &view.events, numbers.pipeline.as_of))
        }
        (changes::card(shell, &view.changes, view.since, &numbers.pipeline))
    }
}

fn pipeline(slug: &str, numbers: &Numbers) -> Markup {
    html! {
        section.card {
            div.card-head {
                h2 { "Pipeline by stage" }
                span.sub { (counted(numbers.pipeline.leads_in_pipeline, "lead", "leads")) " in ClientTether’s stage order" }
                a.more href=(links::pipeline(slug).url()) { "Pipeline " (icon("arrow-right", 13)) }
            }
            div.card-body.roomy { (strip(slug, &numbers.board, &numbers.pipeline)) }
        }
    }
}
