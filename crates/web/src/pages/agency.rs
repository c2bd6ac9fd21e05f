//! The agency's home: every brand in one table, those that need attention first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Compare, Period, SyncState};
use tetherboard_metrics::{Freshness, freshness};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{credentials, field_rules};

use crate::address::links::{self, Link, Tab};
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyViewer;
use crate::live::{self, BrandRow, BrandStatus, Live, LiveQuery, follow_agency};
use crate::parts::agency::{AgencyPage, AgencyTab};
use crate::parts::format::{change, count, counted, number};
use crate::parts::incident;
use crate::parts::new_leads::new_leads_link;
use crate::parts::runs::{RECENT_RUNS, ticks};
use crate::parts::shell::{EMPTY, Theme, brand_tile};
use crate::parts::sync_health::{SyncHealth, reason};
use crate::parts::{icon, time};
use crate::read::numbers::{NewLeadsIn, Numbers, numbers};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route(links::AGENCY, get(home)).route(links::AGENCY_LIVE, get(follow))
}

/// One brand's row.
struct BrandLine {
    tenant: Tenant,
    fresh: Freshness,
    numbers: Arc<Numbers>,
    /// This week so far; `None` if the data is older than the week.
    week: Option<NewLeadsIn>,
    /// Newest first.
    runs: Vec<Run>,
    /// What is wrong, and what to do about it.
    reason: Option<Markup>,
}

impl BrandLine {
    async fn load(portal: &Portal, tenant: Tenant, fresh: Freshness, now: Timestamp) -> HttpResult<Self> {
        let conn = portal.store.conn();
        let vanished = field_rules::vanished(conn, tenant.id).await?;
        let numbers = numbers(portal, &tenant, now).await?;
        Ok(Self {
            week: numbers.new_leads(&tenant, Period::WeekToDate, Compare::Previous, now),
            numbers,
            reason: reason(&fresh, &vanished, now, &tenant),
            fresh,
            runs: runs::newest(conn, tenant.id, RECENT_RUNS).await?,
            tenant,
        })
    }

    fn health(&self) -> SyncHealth {
        SyncHealth::of(&self.fresh, &self.tenant)
    }
}

async fn home(AgencyViewer(viewer): AgencyViewer, State(portal): State<Portal>, theme: Theme) -> HttpResult<Markup> {
    let now = portal.clock.now();
    let fingerprints = live::fingerprints(&portal.store, &viewer.tenants).await?;
    let mut lines = Vec::with_capacity(viewer.tenants.len());
    for tenant in viewer.tenants.clone() {
        let fresh = freshness(portal.store.conn(), &tenant, now).await?;
        lines.push(BrandLine::load(&portal, tenant, fresh, now).await?);
    }
    lines.sort_by_key(|line| line.health().rank);
    let token = credentials::token_incident(portal.store.conn()).await?;
    let body = html! {
        (headline(&lines, token.is_some()))
        @if let Some(token) = token { (incident::banner(token, &viewer.tenants, now)) }
        @if lines.is_empty() { (no_brands()) } @else { (brands(&lines, now)) }
    };
    let version = live::fingerprint_of_all(fingerprints.iter().map(|(tenant, fingerprint)| (*tenant, fingerprint)));
    AgencyPage {
        tab: AgencyTab::Brands,
        title: "Brands".to_owned(),
        body,
        address: Link::to(links::AGENCY),
        live: Some((Link::to(links::AGENCY_LIVE), version)),
    }
    .render(&portal, &viewer, theme)
    .await
}

/// Server-sent events for an open page.
async fn follow(
    AgencyViewer(viewer): AgencyViewer,
    State(portal): State<Portal>,
    Extension(live): Extension<Live>,
    query: LiveQuery,
) -> Response {
    let row: BrandRow = |portal, brand, now| Box::pin(live_row(portal, brand, now));
    follow_agency(portal, &live, viewer, row, query.shown.0)
}

/// A brand's row, for an open page.
async fn live_row(portal: &Portal, brand: &BrandStatus, now: Timestamp) -> HttpResult<Markup> {
    let fresh = brand.freshness(&portal.store, now).await?.clone();
    Ok(row(&BrandLine::load(portal, brand.tenant.clone(), fresh, now).await?, now))
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn headline(lines: &[BrandLine], is_token_refused: bool) -> Markup {
    let new: i64 = lines.iter().filter_map(|line| line.week).map(|week| week.this.contacts).sum();
    let older = count(lines.iter().filter(|line| line.week.is_none()).count());
    let need_attention = count(lines.iter().filter(|line| line.health().needs_attention()).count());
    html! {
        h1.hero {
            (counted(count(lines.len()), "brand", "brands")) ", " (counted(new, "new lead", "new leads")) " this week"
            @if older > 0 { ", excluding " (counted(older, "brand", "brands")) " with older data" }
            ". "
            @match need_attention {
                _ if is_token_refused => "The access token needs attention.",
                0 => "All brands are up to date.",
                1 => "1 needs attention.",
                more => { (number(more)) " need attention." }
            }
        }
    }
}

fn no_brands() -> Markup {
    html! {
        section.card { div.empty {
            span.disc.quiet { (icon("users", 20)) }
            h2 { "No brands yet" }
            p { "Add one on the server:" }
            p { code {
                "tetherboard tenant add --slug harbor --name \"Harbor Bagel Co.\" --zone America/Chicago --web-key-stdin"
            } }
        } }
    }
}

fn brands(lines: &[BrandLine], now: Timestamp) -> Markup {
    html! {
        section.card {
            div.toolbar {
                h2 { "Brands" } span.sub { "attention needed first" }
                div.push.flex.wrapf { label.search.in-card {
                    (icon("search", 15)) span.sr { "Filter brands" }
                    input type="search" placeholder="Filter brands" data-filter-list="brands" autocomplete="off";
                } }
            }
            div.scroll tabindex="0" role="region" aria-label="Brands" {
                table.table id="brands" {
                    thead { tr {
                        th scope="col" { "Brand" }
                        th scope="col" { "Status" }
                        th scope="col" { "Data as of" }
                        th scope="col" { "Last 24 runs" }
                        th.num scope="col" { "New leads this week" }
                        th.num scope="col" { "In pipeline" }
                        th.num scope="col" { "Qualified" }
                        th.num scope="col" { "Weighted" }
                        th scope="col" { span.sr { "Action" } }
                    } }
                    tbody { @for line in lines { (row(line, now)) } }
                }
            }
            div.card-foot {
                span.flex { span.ticks aria-hidden="true" { i {} } "succeeded" }
                span.flex { span.ticks aria-hidden="true" { i.p {} } "partial" }
                span.flex { span.ticks aria-hidden="true" { i.f {} } "failed" }
                span { "one bar per run, latest on the right" }
            }
        }
    }
}

fn row(line: &BrandLine, now: Timestamp) -> Markup {
    let (tenant, fresh, slug) = (&line.tenant, &line.fresh, &line.tenant.slug);
    let pipeline = fresh.as_of.map(|_| &line.numbers.pipeline);
    let leads = |group: &str| links::leads(slug).with("in", group);
    html! {
        tr id=(format!("brand-{slug}")) data-now-ms=(now.as_millisecond()) {
            th scope="row" { a.who.brand href=(Tab::Overview.url(slug)) { (brand_tile(tenant)) span.t { (tenant.name) } } }
            td {
                (line.health().badge())
                @match &line.reason { Some(reason) => span.l2.why { (reason) }, None => (EMPTY) }
            }
            td.nowrap {
                @match fresh.as_of { Some(as_of) => (time::aging(as_of, now, &tenant.zone)), None => span.muted { "never" } }
            }
            td { a.plain-ticks href=(links::sync_of(slug).url()) { (ticks(&line.runs)) } }
            td.num { (week(line)) }
            td.num { (count_link(pipeline.map(|pipeline| pipeline.leads_in_pipeline), leads("pipeline"))) }
            td.num { (count_link(pipeline.map(|pipeline| pipeline.qualified), leads("qualified"))) }
            td.num { @match pipeline { Some(pipeline) => (pipeline.weighted.short()), None => span.muted { "—" } } }
            td.num { (sync_now(slug, fresh.state == SyncState::Running)) }
        }
    }
}

/// New leads this week, and the change from the week before.
fn week(line: &BrandLine) -> Markup {
    let Some(week) = line.week else { return html! { span.muted { "no data yet" } } };
    let leads = week.this.contacts;
    html! {
        a.who-plain href=(new_leads_link(&line.tenant.slug, &week).url()) data-count=(leads) { b { (number(leads)) } }
        @if let Some((_, before)) = week.before {
            " " span.muted { @if leads == before.contacts { "same" } @else { (change(leads, before.contacts)) } }
        }
    }
}

fn count_link(count: Option<i64>, link: Link) -> Markup {
    html! {
        @match count {
            Some(count) => a.who-plain href=(link.url()) data-count=(count) { (number(count)) },
            None => span.muted { "—" },
        }
    }
}

fn sync_now(slug: &str, is_running: bool) -> Markup {
    html! {
        form method="post" action=(links::sync_act(slug, "start")) {
            button.btn disabled[is_running] { (icon("refresh-cw", 14)) "Sync now" }
        }
    }
}
