//! The agency's home: every brand side by side, exceptions first.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{RunStatus, SyncState};
use tetherboard_metrics::{Freshness, Step, freshness};
use tetherboard_store::runs;
use tetherboard_store::tenants::Tenant;

use crate::Portal;
use crate::error::Answer;
use crate::links::{self, Tab};
use crate::numbers::Numbers;
use crate::parts::fresh::dataset_name;
use crate::parts::shell::{Document, EMPTY, Theme, account, agency_mark, agency_name, brand_tile};
use crate::parts::words::{change, counted, number};
use crate::parts::{icon, time};
use crate::viewer::AgencyViewer;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route(links::AGENCY, get(home))
}

/// One brand's line.
struct BrandLine {
    tenant: Tenant,
    fresh: Freshness,
    numbers: Arc<Numbers>,
    /// The last runs, oldest first.
    runs: Vec<RunStatus>,
}

const RUNS: i64 = 24;

async fn home(AgencyViewer(viewer): AgencyViewer, State(portal): State<Portal>, theme: Theme) -> Answer<Markup> {
    let now = portal.clock.now();
    let mut lines = Vec::with_capacity(viewer.tenants.len());
    for tenant in viewer.tenants.clone() {
        lines.push(line(&portal, tenant, now).await?);
    }
    lines.sort_by_key(|line| standing(&line.fresh).rank);
    let agency = agency_name(&portal).await?;
    let body = html! {
        a.btn.skip href="#main" { "Skip to content" }
        header.top { div.wrap {
            div.top-row { (agency_mark(&agency, true)) div.top-end { (account(&viewer, theme)) } }
            nav.tabs aria-label="Agency" { a href=(links::AGENCY) aria-current="page" { "Brands" } }
        } }
        main id="main" class="wrap main" {
            (headline(&lines))
            @if lines.is_empty() { (no_brands()) } @else { (brands(&lines, now)) }
        }
    };
    let title = format!("Brands · {agency}");
    Ok(Document { title: &title, theme, accent: None, now: Some((now, portal.settings.clock_speed)), charts: false }
        .render(&body))
}

async fn line(portal: &Portal, tenant: Tenant, now: Timestamp) -> Answer<BrandLine> {
    let conn = portal.store.conn();
    let mut runs: Vec<RunStatus> = runs::newest(conn, tenant.id, RUNS).await?.iter().map(|run| run.status).collect();
    runs.reverse();
    Ok(BrandLine {
        fresh: freshness(conn, &tenant, now).await?,
        numbers: portal.numbers.of(&portal.store, &tenant, now).await?,
        runs,
        tenant,
    })
}

/// How a brand stands, worst first by rank.
struct Standing {
    rank: u8,
    tone: &'static str,
    picture: &'static str,
    word: &'static str,
}

fn standing(fresh: &Freshness) -> Standing {
    let failed = fresh.trouble.as_ref().is_some_and(|trouble| trouble.run.status != RunStatus::Partial);
    let (rank, tone, picture, word) = match fresh.state {
        SyncState::Running if fresh.as_of.is_none() => (2, "info", "sparkles", "First sync"),
        SyncState::Failing if failed => (0, "danger", "circle-x", "Failed"),
        SyncState::Failing => (1, "warning", "circle-dot-dashed", "Partial"),
        SyncState::Late => (1, "warning", "clock-alert", "Late"),
        SyncState::Never => (2, "quiet", "clock", "Not read yet"),
        SyncState::Running => (4, "info", "refresh-cw", "Syncing"),
        SyncState::OnTime => (4, "success", "circle-check", "Current"),
    };
    Standing { rank, tone, picture, word }
}

fn headline(lines: &[BrandLine]) -> Markup {
    let new: i64 = lines.iter().filter_map(|line| line.numbers.week).map(|week| week.this.contacts).sum();
    let unknown = lines.iter().filter(|line| line.numbers.week.is_none()).count();
    let need = lines.iter().filter(|line| standing(&line.fresh).rank < 2).count();
    let brands = counted(i64::try_from(lines.len()).unwrap_or(0), "brand", "brands");
    html! {
        h1.hero {
            (brands) ", " (counted(new, "new lead", "new leads")) " this week"
            @if unknown > 0 { ", without the " (counted(i64::try_from(unknown).unwrap_or(0), "brand", "brands")) " whose data is older" }
            ". "
            @match need {
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
    let standing = standing(fresh);
    let read = fresh.as_of.is_some();
    html! {
        tr {
            th scope="row" { a.who.brand href=(Tab::Overview.url(slug)) { (brand_tile(tenant)) span.t { (tenant.name) } } }
            td {
                span class=(format!("badge {}", standing.tone)) { (icon(standing.picture, 14)) (standing.word) }
                (reason(fresh, now, tenant))
            }
            td.nowrap { @match fresh.as_of { Some(as_of) => (time::aging(as_of, now, &tenant.zone)), None => span.muted { "never" } } }
            td { (ticks(&line.runs)) }
            td.num {
                @match line.numbers.week {
                    Some(week) => {
                        a.who-plain href=(links::leads(slug).with("from", &tenant.zone.date(week.window.from).to_string()).url()) data-count=(week.this.contacts) { b { (number(week.this.contacts)) } }
                        " " span.muted { @if week.this.contacts == week.last.contacts { "same" } @else { (change(week.this.contacts, week.last.contacts)) } }
                    }
                    None => span.muted { "no data yet" },
                }
            }
            td.num { @if read { a.who-plain href=(links::leads(slug).with("in", "pipeline").url()) data-count=(line.numbers.pipeline.leads_in_pipeline) { (number(line.numbers.pipeline.leads_in_pipeline)) } } @else { span.muted { "—" } } }
            td.num { @if read { a.who-plain href=(links::leads(slug).with("in", "qualified").url()) data-count=(line.numbers.pipeline.qualified) { (number(line.numbers.pipeline.qualified)) } } @else { span.muted { "—" } } }
            td.num { @if read { (line.numbers.pipeline.weighted.short()) } @else { span.muted { "—" } } }
            td.num { form method="post" action=(links::sync_now(slug)) { button.btn disabled[fresh.state == SyncState::Running] { (icon("refresh-cw", 14)) "Sync now" } } }
        }
    }
}

/// What is wrong and what to do, for the agency.
fn reason(fresh: &Freshness, now: Timestamp, tenant: &Tenant) -> Markup {
    let said = match (&fresh.trouble, fresh.state) {
        (_, SyncState::Running) => fresh.progress.as_ref().and_then(|progress| progress.current()).map(|report| {
            let of = report.expected.map(|expected| format!(" of {}", number(expected.max(report.read)))).unwrap_or_default();
            html! { (dataset_name(report.dataset)) " " (number(report.read)) (of) "." }
        }),
        (Some(trouble), _) => {
            let since = trouble.since.map(|since| format!(" since {}", time::told(since, now, &tenant.zone))).unwrap_or_default();
            match trouble.class() {
                Some(class) => Some(html! { (class.meaning()) (since) ". " (class.cure()) }),
                None => trouble.datasets.iter().find(|report| report.held > 0).map(|report| html! {
                    "Held: " (number(report.held)) " " (dataset_name(report.dataset).to_lowercase()) " gone? If so, agree with "
                    code { "tetherboard sync --tenant " (tenant.slug) " --accept-removals " (report.dataset.as_str()) } "."
                }),
            }
        }
        (None, SyncState::Late) => {
            Some(html! { "No update has succeeded for " (fresh.age.map(time::age).unwrap_or_default()) "." })
        }
        (None, SyncState::Never) if !tenant.has_web_key => Some(html! { "No web key is set." }),
        (None, _) if fresh.step > Step::Fresh => Some(html! { "Its data is old." }),
        (None, _) => None,
    };
    said.map_or(EMPTY, |said| html! { span.l2.why { (said) } })
}

fn ticks(runs: &[RunStatus]) -> Markup {
    if runs.is_empty() {
        return html! { span.muted { "no run yet" } };
    }
    let count = |wanted: fn(&RunStatus) -> bool| runs.iter().filter(|status| wanted(status)).count();
    let partial = count(|status| *status == RunStatus::Partial);
    let failed = count(|status| matches!(status, RunStatus::Failed | RunStatus::Aborted));
    html! {
        span.ticks role="img" aria-label=(format!("last {} runs: {partial} partial, {failed} failed", runs.len())) {
            @for status in runs {
                i class=[match status { RunStatus::Partial => Some("p"), RunStatus::Failed | RunStatus::Aborted => Some("f"), _ => None }] {}
            }
        }
    }
}
