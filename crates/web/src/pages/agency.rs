//! The agency's home: every brand side by side, exceptions first.

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
use crate::address::pairs::Pairs;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyViewer;
use crate::live::{self, BrandRow, BrandStatus, Live, follow_agency};
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

/// One brand's line.
struct BrandLine {
    tenant: Tenant,
    fresh: Freshness,
    numbers: Arc<Numbers>,
    /// Since Monday; `None`: no data yet.
    week: Option<NewLeadsIn>,
    /// The newest first.
    runs: Vec<Run>,
    why: Option<Markup>,
}

async fn home(AgencyViewer(viewer): AgencyViewer, State(portal): State<Portal>, theme: Theme) -> HttpResult<Markup> {
    let now = portal.clock.now();
    let fingerprints = live::fingerprints(&portal.store, &viewer.tenants).await?;
    let mut lines = Vec::with_capacity(viewer.tenants.len());
    for tenant in viewer.tenants.clone() {
        let fresh = freshness(portal.store.conn(), &tenant, now).await?;
        lines.push(line(&portal, tenant, fresh, now).await?);
    }
    lines.sort_by_key(|line| SyncHealth::of(&line.fresh, &line.tenant).rank);
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

/// Changes while the page is open.
async fn follow(
    AgencyViewer(viewer): AgencyViewer,
    State(portal): State<Portal>,
    Extension(live): Extension<Live>,
    pairs: Pairs,
) -> Response {
    let row: BrandRow = |portal, brand, now| Box::pin(row(portal, brand, now));
    follow_agency(portal, &live, viewer, row, pairs.get("v").map(str::to_owned))
}

async fn line(portal: &Portal, tenant: Tenant, fresh: Freshness, now: Timestamp) -> HttpResult<BrandLine> {
    let conn = portal.store.conn();
    let vanished = field_rules::vanished(conn, tenant.id).await?;
    let numbers = numbers(portal, &tenant, now).await?;
    Ok(BrandLine {
        week: numbers.new_leads(&tenant, Period::WeekToDate, Compare::Previous, now),
        numbers,
        why: reason(&fresh, &vanished, now, &tenant),
        fresh,
        runs: runs::newest(conn, tenant.id, RECENT_RUNS).await?,
        tenant,
    })
}

/// A brand's line, for a page that is open.
pub(crate) async fn row(portal: &Portal, brand: &BrandStatus, now: Timestamp) -> HttpResult<Markup> {
    let fresh = brand.freshness(&portal.store, now).await?.clone();
    Ok(brand_row(&line(portal, brand.tenant.clone(), fresh, now).await?, now))
}

fn headline(lines: &[BrandLine], token_refused: bool) -> Markup {
    let new: i64 = lines.iter().filter_map(|line| line.week).map(|week| week.this.contacts).sum();
    let unknown = lines.iter().filter(|line| line.week.is_none()).count();
    let need = lines.iter().filter(|line| SyncHealth::of(&line.fresh, &line.tenant).needs_attention()).count();
    let brands = counted(count(lines.len()), "brand", "brands");
    html! {
        h1.hero {
            (brands) ", " (counted(new, "new lead", "new leads")) " this week"
            @if unknown > 0 { ", without the " (counted(i64::try_from(unknown).unwrap_or(0), "brand", "brands")) " whose data is older" }
            ". "
            @match need {
                _ if token_refused => "The access token needs you.",
                0 => "All are being read.",
                1 => "One needs you.",
                more => { (number(i64::try_from(more).unwrap_or(0))) " need you." }
            }
        }
    }
}

fn no_brands() -> Markup {
    html! {
        section.card { div.empty {
            span.disc.quiet { (icon("users", 20)) }
            h2 { "No brand yet" }
            p { "Add one on the server: tetherboard tenant add --slug harbor --name \"Harbor Bagel Co.\" --zone America/Chicago --web-key-stdin" }
        } }
    }
}

fn brands(lines: &[BrandLine], now: Timestamp) -> Markup {
    html! {
        section.card {
            div.toolbar {
                h2 { "Brands" } span.sub { "exceptions first" }
                div.push.flex.wrapf { label.search.in-card {
                    (icon("search", 15)) span.sr { "Filter brands" }
                    input type="search" placeholder="Filter brands" data-filter-list="brands" autocomplete="off";
                } }
            }
            div.scroll tabindex="0" role="region" aria-label="Brands" {
                table.table id="brands" {
                    thead { tr {
                        th scope="col" { "Brand" } th scope="col" { "State" } th scope="col" { "Data as of" } th scope="col" { "Last 24 runs" }
                        th.num scope="col" { "New leads, week" } th.num scope="col" { "In pipeline" } th.num scope="col" { "Qualified" }
                        th.num scope="col" { "Weighted" } th scope="col" { span.sr { "Action" } }
                    } }
                    tbody { @for line in lines { (brand_row(line, now)) } }
                }
            }
            div.card-foot {
                span.flex { span.ticks aria-hidden="true" { i {} } "succeeded" }
                span.flex { span.ticks aria-hidden="true" { i.p {} } "partial" }
                span.flex { span.ticks aria-hidden="true" { i.f {} } "failed" }
                span { "one tick a run, the latest at the right" }
            }
        }
    }
}

fn brand_row(line: &BrandLine, now: Timestamp) -> Markup {
    let (tenant, fresh, slug) = (&line.tenant, &line.fresh, &line.tenant.slug);
    let read = fresh.as_of.is_some();
    html! {
        tr id=(format!("brand-{slug}")) data-now-ms=(now.as_millisecond()) {
            th scope="row" { a.who.brand href=(Tab::Overview.url(slug)) { (brand_tile(tenant)) span.t { (tenant.name) } } }
            td {
                (SyncHealth::of(fresh, tenant).badge())
                @match &line.why { Some(why) => span.l2.why { (why) }, None => (EMPTY) }
            }
            td.nowrap { @match fresh.as_of { Some(as_of) => (time::aging(as_of, now, &tenant.zone)), None => span.muted { "never" } } }
            td { a.plain-ticks href=(links::sync_of(slug).url()) { (ticks(&line.runs)) } }
            td.num {
                @match line.week {
                    Some(week) => {
                        a.who-plain href=(new_leads_link(slug, &week).url()) data-count=(week.this.contacts) { b { (number(week.this.contacts)) } }
                        @if let Some((_, before)) = week.before {
                            " " span.muted { @if week.this.contacts == before.contacts { "same" } @else { (change(week.this.contacts, before.contacts)) } }
                        }
                    }
                    None => span.muted { "no data yet" },
                }
            }
            td.num { @if read { a.who-plain href=(links::leads(slug).with("in", "pipeline").url()) data-count=(line.numbers.pipeline.leads_in_pipeline) { (number(line.numbers.pipeline.leads_in_pipeline)) } } @else { span.muted { "—" } } }
            td.num { @if read { a.who-plain href=(links::leads(slug).with("in", "qualified").url()) data-count=(line.numbers.pipeline.qualified) { (number(line.numbers.pipeline.qualified)) } } @else { span.muted { "—" } } }
            td.num { @if read { (line.numbers.pipeline.weighted.short()) } @else { span.muted { "—" } } }
            td.num { form method="post" action=(links::sync_act(slug, "start")) { button.btn disabled[fresh.state == SyncState::Running] { (icon("refresh-cw", 14)) "Sync now" } } }
        }
    }
}
