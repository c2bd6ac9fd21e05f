//! The agency's home: every brand side by side, exceptions first.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Compare, Period, SyncState};
use tetherboard_metrics::{Freshness, freshness};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{credentials, field_rules};

use crate::Portal;
use crate::error::{Answer, Refusal, Wants};
use crate::links::{self, Link, Tab};
use crate::live::{self, Agencys, BrandNow, follow_agency};
use crate::numbers::{NewLeadsIn, Numbers};
use crate::pages::overview::new_leads_link;
use crate::pages::sync::incident;
use crate::parts::agency::{AgencyPage, AgencyTab};
use crate::parts::shell::{EMPTY, Theme, brand_tile};
use crate::parts::standing::{Standing, reason};
use crate::parts::words::{change, count, counted, number};
use crate::parts::{icon, runs::ticks, time};
use crate::query::Pairs;
use crate::viewer::AgencyViewer;

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

pub(crate) const RUNS: i64 = 24;

async fn home(AgencyViewer(viewer): AgencyViewer, State(portal): State<Portal>, theme: Theme) -> Answer<Markup> {
    let now = portal.clock.now();
    let signs = live::signs_of(&portal.store, &viewer.tenants).await?;
    let mut lines = Vec::with_capacity(viewer.tenants.len());
    for tenant in viewer.tenants.clone() {
        let fresh = freshness(portal.store.conn(), &tenant, now).await?;
        lines.push(line(&portal, tenant, fresh, now).await?);
    }
    lines.sort_by_key(|line| Standing::of(&line.fresh, &line.tenant).rank);
    let token = credentials::token_incident(portal.store.conn()).await?;
    let body = html! {
        (headline(&lines, token.is_some()))
        @if let Some(token) = token { (incident::banner(token, &viewer.tenants, now)) }
        @if lines.is_empty() { (no_brands()) } @else { (brands(&lines, now)) }
    };
    let version = live::version_of_all(signs.iter().map(|(tenant, signs)| (*tenant, signs)));
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

/// What happens while a page of the agency's is open: its home, its Sync page, or one about a brand's sync.
async fn follow(AgencyViewer(viewer): AgencyViewer, State(portal): State<Portal>, pairs: Pairs) -> Answer<Response> {
    let page = match (pairs.get("page"), pairs.get("brand")) {
        (None, None) => Agencys::Home,
        (Some("sync"), None) => Agencys::Sync,
        (None, Some(slug)) => match viewer.tenants.iter().find(|tenant| tenant.slug == slug) {
            Some(tenant) => Agencys::SyncOf(tenant.id),
            None => return Err(Refusal::missing(Wants::Page, "There is no such brand.")),
        },
        _ => return Err(Refusal::bad_request(Wants::Page, "There is no such page to follow.")),
    };
    let shown = pairs.get("v").map(str::to_owned);
    Ok(follow_agency(portal, viewer, page, shown))
}

async fn line(portal: &Portal, tenant: Tenant, fresh: Freshness, now: Timestamp) -> Answer<BrandLine> {
    let conn = portal.store.conn();
    let vanished = field_rules::vanished(conn, tenant.id).await?;
    let numbers = portal.numbers.of(&portal.store, &tenant, now).await?;
    Ok(BrandLine {
        week: numbers.new_leads(&tenant, Period::WeekToDate, Compare::Previous, now),
        numbers,
        why: reason(&fresh, &vanished, now, &tenant),
        fresh,
        runs: runs::newest(conn, tenant.id, RUNS).await?,
        tenant,
    })
}

/// A brand's line, for a page that is open.
pub(crate) async fn row(portal: &Portal, brand: &BrandNow, now: Timestamp) -> Answer<Markup> {
    let fresh = brand.fresh(&portal.store, now).await?.clone();
    Ok(brand_row(&line(portal, brand.tenant.clone(), fresh, now).await?, now))
}

fn headline(lines: &[BrandLine], token_refused: bool) -> Markup {
    let new: i64 = lines.iter().filter_map(|line| line.week).map(|week| week.this.contacts).sum();
    let unknown = lines.iter().filter(|line| line.week.is_none()).count();
    let need = lines.iter().filter(|line| Standing::of(&line.fresh, &line.tenant).needs_you()).count();
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
                (Standing::of(fresh, tenant).badge())
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
