//! Every brand's sync at a glance: how it stands, its last runs, what to do. Exceptions first.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{SyncState, Zone};
use tetherboard_metrics::{Freshness, freshness};
use tetherboard_store::credentials::{self, KeyCheck};
use tetherboard_store::field_rules;
use tetherboard_store::runs::{self, Run};
use tetherboard_store::tenants::Tenant;

use super::{began, key_check};
use crate::address::links::{self, Link};
use crate::address::pairs::Pairs;
use crate::http::error::HttpResult;
use crate::http::viewer::{AgencyBrand, AgencyViewer};
use crate::live::{self, BrandRow, BrandStatus, Live, follow_agency, follow_brand_sync};
use crate::parts::agency::{AgencyPage, AgencyTab};
use crate::parts::format::{count, counted, number};
use crate::parts::incident;
use crate::parts::runs::RECENT_RUNS;
use crate::parts::runs::{outcome, tick_class};
use crate::parts::shell::{Theme, brand_tile};
use crate::parts::sync_health::{SyncHealth, reason};
use crate::parts::{icon, time};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route(links::SYNC, get(overview))
        .route(links::SYNC_LIVE, get(follow))
        .route("/agency/live/sync/{brand}", get(follow_brand))
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

/// Changes while a page about one brand's sync is open.
async fn follow_brand(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Extension(live): Extension<Live>,
    pairs: Pairs,
) -> Response {
    follow_brand_sync(portal, &live, brand.viewer, brand.tenant.id, pairs.get("v").map(str::to_owned))
}

struct Line {
    tenant: Tenant,
    fresh: Freshness,
    /// The newest first.
    runs: Vec<Run>,
    why: Option<Markup>,
    check: Option<KeyCheck>,
}

async fn overview(AgencyViewer(viewer): AgencyViewer, State(portal): State<Portal>, theme: Theme) -> HttpResult<Markup> {
    let now = portal.clock.now();
    let fingerprints = live::fingerprints(&portal.store, &viewer.tenants).await?;
    let mut lines = Vec::with_capacity(viewer.tenants.len());
    for tenant in viewer.tenants.clone() {
        let fresh = freshness(portal.store.conn(), &tenant, now).await?;
        lines.push(line(&portal, tenant, fresh, now).await?);
    }
    lines.sort_by_key(|line| SyncHealth::of(&line.fresh, &line.tenant).rank);
    let token = credentials::token_incident(portal.store.conn()).await?;
    let need = lines.iter().filter(|line| SyncHealth::of(&line.fresh, &line.tenant).needs_attention()).count();
    let body = html! {
        h1.hero {
            (counted(count(lines.len()), "brand", "brands")) " read every hour. "
            @match need { _ if token.is_some() => "The access token needs you.", 0 => "All are up to date.", 1 => "One needs you.", more => { (number(i64::try_from(more).unwrap_or(0))) " need you." } }
        }
        @if let Some(token) = token { (incident::banner(token, &viewer.tenants, now)) }
        (brands(&lines, now))
    };
    let version = live::fingerprint_of_all(fingerprints.iter().map(|(tenant, fingerprint)| (*tenant, fingerprint)));
    AgencyPage {
        tab: AgencyTab::Sync,
        title: "Sync".to_owned(),
        body,
        address: Link::to(links::SYNC),
        live: Some((Link::to(links::SYNC_LIVE), version)),
    }
    .render(&portal, &viewer, theme)
    .await
}

async fn line(portal: &Portal, tenant: Tenant, fresh: Freshness, now: Timestamp) -> HttpResult<Line> {
    let conn = portal.store.conn();
    let vanished = field_rules::vanished(conn, tenant.id).await?;
    Ok(Line {
        why: reason(&fresh, &vanished, now, &tenant),
        fresh,
        runs: runs::newest(conn, tenant.id, RECENT_RUNS).await?,
        check: credentials::key_check(conn, tenant.id).await?,
        tenant,
    })
}

/// A brand's part of the page, for a page that is open.
pub(crate) async fn row(portal: &Portal, brand: &BrandStatus, now: Timestamp) -> HttpResult<Markup> {
    let fresh = brand.freshness(&portal.store, now).await?.clone();
    Ok(brand_row(&line(portal, brand.tenant.clone(), fresh, now).await?, now))
}

fn brands(lines: &[Line], now: Timestamp) -> Markup {
    html! {
        section.card {
            div.toolbar {
                h2 { "Brands" } span.sub { "exceptions first" }
                div.push.flex.wrapf { label.search.in-card {
                    (icon("search", 15)) span.sr { "Filter brands" }
                    input type="search" placeholder="Filter brands" data-filter-list="brands" autocomplete="off";
                } }
            }
            @if lines.is_empty() { div.empty { h2 { "No brand yet" } } }
            ul.syncs id="brands" role="list" { @for line in lines { (brand_row(line, now)) } }
            (key())
        }
    }
}

/// What the ticks mean.
pub(crate) fn key() -> Markup {
    html! {
        div.card-foot {
            @for (class, word) in [(None, "succeeded"), (Some("p"), "partial"), (Some("f"), "failed"), (Some("c"), "cancelled")] {
                span.flex { span.ticks aria-hidden="true" { i class=[class] {} } (word) }
            }
            span { "one tick a run, the latest at the right; each opens its run" }
        }
    }
}

fn brand_row(line: &Line, now: Timestamp) -> Markup {
    let (tenant, fresh, slug, zone) = (&line.tenant, &line.fresh, &line.tenant.slug, &line.tenant.zone);
    let running = line.runs.first().filter(|_| fresh.state == SyncState::Running);
    html! {
        li.sync id=(format!("sync-{slug}")) data-now-ms=(now.as_millisecond()) {
            div.sync-head {
                a.who.brand href=(links::sync_of(slug).url()) { (brand_tile(tenant)) span.t { (tenant.name) } }
                (SyncHealth::of(fresh, tenant).badge())
                div.push.flex.wrapf {
                    @match running {
                        Some(run) => a.btn href=(links::run(slug, &run.id).url()) { (icon("eye", 14)) "Watch" span.sr { " the run of " (tenant.name) } },
                        None => form method="post" action=(links::sync_act(slug, "start")) { button.btn { (icon("refresh-cw", 14)) "Sync now" span.sr { ": " (tenant.name) } } },
                    }
                    (key_check::button(tenant, line.check.as_ref()))
                    form method="post" action=(links::sync_act(slug, "replay")) {
                        button.btn title="Works the kept answers in again, without asking ClientTether" { (icon("play", 14)) "Replay" span.sr { " the latest answers of " (tenant.name) } }
                    }
                }
            }
            @if let Some(why) = &line.why { p.sync-why { (why) } }
            @if let Some(told) = key_check::answer(tenant, line.check.as_ref(), now) { p.sync-why { (told) } }
            div.sync-line { (facts(fresh, now, zone)) (run_ticks(tenant, &line.runs)) }
        }
    }
}

/// How old, how reliable, how long until.
pub(crate) fn facts(fresh: &Freshness, now: Timestamp, zone: &Zone) -> Markup {
    html! {
        dl.sync-facts {
            div { dt { "Data as of" } dd { @match fresh.as_of { Some(as_of) => (time::aging(as_of, now, zone)), None => "never read" } } }
            div { dt { "Last success" } dd { @match fresh.last_success { Some(at) => (time::exact(at, zone)), None => "none yet" } } }
            div { dt { "Next run" } dd { (time::in_sentence(fresh.next_at, now, zone).trim_start_matches("at ")) } }
        }
    }
}

/// The last runs, each a link wide enough for a finger.
pub(crate) fn run_ticks(tenant: &Tenant, newest_first: &[Run]) -> Markup {
    html! {
        @if newest_first.is_empty() { p.sub { "No run yet." } }
        @else {
            ol.run-ticks role="list" aria-label=(format!("Last {} of {}", counted(count(newest_first.len()), "run", "runs"), tenant.name)) {
                @for run in newest_first.iter().rev() {
                    @let said = format!("{}: {}", time::exact(began(run), &tenant.zone), outcome(run).2.to_lowercase());
                    li { a href=(links::run(&tenant.slug, &run.id).url()) title=(said) aria-label=(said) { i class=[tick_class(run)] {} } }
                }
            }
        }
    }
}
