//! Every brand's sync: its state, its last runs, and what to do. Brands that need attention come first.

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

use super::{key_check, started};
use crate::address::links::{self, Link};
use crate::http::error::HttpResult;
use crate::http::viewer::{AgencyBrand, AgencyViewer};
use crate::live::{self, BrandRow, BrandStatus, Live, LiveQuery, follow_agency, follow_brand_sync};
use crate::parts::agency::{AgencyPage, AgencyTab};
use crate::parts::format::{count, counted, number};
use crate::parts::incident;
use crate::parts::runs::{RECENT_RUNS, outcome, tick_class};
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

/// Server-sent events for the open page.
async fn follow(
    AgencyViewer(viewer): AgencyViewer,
    State(portal): State<Portal>,
    Extension(live): Extension<Live>,
    query: LiveQuery,
) -> Response {
    let row: BrandRow = |portal, brand, now| Box::pin(live_row(portal, brand, now));
    follow_agency(portal, &live, viewer, row, query.shown.0)
}

/// Server-sent events for an open page about one brand's sync.
async fn follow_brand(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Extension(live): Extension<Live>,
    query: LiveQuery,
) -> Response {
    follow_brand_sync(portal, &live, brand.viewer, brand.tenant.id, query.shown.0)
}

/// One brand's row.
struct BrandLine {
    tenant: Tenant,
    fresh: Freshness,
    /// Newest first.
    runs: Vec<Run>,
    /// What is wrong, and what to do about it.
    reason: Option<Markup>,
    check: Option<KeyCheck>,
}

impl BrandLine {
    async fn load(portal: &Portal, tenant: Tenant, fresh: Freshness, now: Timestamp) -> HttpResult<Self> {
        let conn = portal.store.conn();
        let vanished = field_rules::vanished(conn, tenant.id).await?;
        Ok(Self {
            reason: reason(&fresh, &vanished, now, &tenant),
            fresh,
            runs: runs::newest(conn, tenant.id, RECENT_RUNS).await?,
            check: credentials::key_check(conn, tenant.id).await?,
            tenant,
        })
    }

    fn health(&self) -> SyncHealth {
        SyncHealth::of(&self.fresh, &self.tenant)
    }
}

async fn overview(AgencyViewer(viewer): AgencyViewer, State(portal): State<Portal>, theme: Theme) -> HttpResult<Markup> {
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

/// A brand's row, for an open page.
async fn live_row(portal: &Portal, brand: &BrandStatus, now: Timestamp) -> HttpResult<Markup> {
    let fresh = brand.freshness(&portal.store, now).await?.clone();
    Ok(row(&BrandLine::load(portal, brand.tenant.clone(), fresh, now).await?, now))
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn headline(lines: &[BrandLine], is_token_refused: bool) -> Markup {
    let need_attention = count(lines.iter().filter(|line| line.health().needs_attention()).count());
    html! {
        h1.hero {
            (counted(count(lines.len()), "brand syncs", "brands sync")) " every hour. "
            @match need_attention {
                _ if is_token_refused => "The access token needs attention.",
                0 => "All are up to date.",
                1 => "1 needs attention.",
                more => { (number(more)) " need attention." }
            }
        }
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
            @if lines.is_empty() { div.empty { h2 { "No brands yet" } } }
            ul.syncs id="brands" role="list" { @for line in lines { (row(line, now)) } }
            (legend())
        }
    }
}

/// What the bars mean.
fn legend() -> Markup {
    const OUTCOMES: [(Option<&str>, &str); 4] =
        [(None, "succeeded"), (Some("p"), "partial"), (Some("f"), "failed"), (Some("c"), "canceled")];
    html! {
        div.card-foot {
            @for (class, name) in OUTCOMES { span.flex { span.ticks aria-hidden="true" { i class=[class] {} } (name) } }
            span { "one bar per run, latest on the right; select one to open the run" }
        }
    }
}

fn row(line: &BrandLine, now: Timestamp) -> Markup {
    let (tenant, slug) = (&line.tenant, &line.tenant.slug);
    html! {
        li.sync id=(format!("sync-{slug}")) data-now-ms=(now.as_millisecond()) {
            div.sync-head {
                a.who.brand href=(links::sync_of(slug).url()) { (brand_tile(tenant)) span.t { (tenant.name) } }
                (line.health().badge())
                div.push.flex.wrapf { (actions(line)) }
            }
            @if let Some(reason) = &line.reason { p.sync-why { (reason) } }
            @if let Some(result) = key_check::result(tenant, line.check.as_ref(), now) { p.sync-why { (result) } }
            div.sync-line { (facts(&line.fresh, now, &tenant.zone)) (run_ticks(tenant, &line.runs)) }
        }
    }
}

fn actions(line: &BrandLine) -> Markup {
    const REPLAY: &str = "Processes the stored responses again, without calling ClientTether";
    let (tenant, slug) = (&line.tenant, &line.tenant.slug);
    let running = line.runs.first().filter(|_| line.fresh.state == SyncState::Running);
    html! {
        @match running {
            Some(run) => a.btn href=(links::run(slug, &run.id).url()) {
                (icon("eye", 14)) "Watch" span.sr { " the run of " (tenant.name) }
            },
            None => form method="post" action=(links::sync_act(slug, "start")) {
                button.btn { (icon("refresh-cw", 14)) "Sync now" span.sr { ": " (tenant.name) } }
            },
        }
        (key_check::button(tenant, line.check.as_ref()))
        form method="post" action=(links::sync_act(slug, "replay")) {
            button.btn title=(REPLAY) { (icon("play", 14)) "Replay" span.sr { " the latest responses of " (tenant.name) } }
        }
    }
}

/// The age of the data, the last success, and the next run.
pub(super) fn facts(fresh: &Freshness, now: Timestamp, zone: &Zone) -> Markup {
    html! {
        dl.sync-facts {
            div {
                dt { "Data as of" }
                dd { @match fresh.as_of { Some(as_of) => (time::aging(as_of, now, zone)), None => "never read" } }
            }
            div {
                dt { "Last success" }
                dd { @match fresh.last_success { Some(at) => (time::exact(at, zone)), None => "none yet" } }
            }
            div { dt { "Next run" } dd { (time::in_sentence(fresh.next_at, now, zone).trim_start_matches("at ")) } }
        }
    }
}

/// The last runs as bars, each a link wide enough for a finger.
pub(super) fn run_ticks(tenant: &Tenant, newest_first: &[Run]) -> Markup {
    if newest_first.is_empty() {
        return html! { p.sub { "No runs yet." } };
    }
    let label = format!("Last {} of {}", counted(count(newest_first.len()), "run", "runs"), tenant.name);
    html! {
        ol.run-ticks role="list" aria-label=(label) {
            @for run in newest_first.iter().rev() {
                @let name = format!("{}: {}", time::exact(started(run), &tenant.zone), outcome(run).2.to_lowercase());
                li {
                    a href=(links::run(&tenant.slug, &run.id).url()) title=(name) aria-label=(name) {
                        i class=[tick_class(run)] {}
                    }
                }
            }
        }
    }
}
