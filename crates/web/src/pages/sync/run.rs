//! One run: who started it, what it changed, what went wrong, and what to do.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{DatasetStatus, RunStatus, Trigger, UserId};
use tetherboard_metrics::{Freshness, freshness};
use tetherboard_store::runs::{self, DatasetReport, Run};

use super::datasets::DatasetTable;
use super::faults::{self, Fault};
use super::{brand, moment, run_name, run_named, started};
use crate::address::links;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyBrand;
use crate::live::sync_fingerprint;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::format::{counted, listed, number};
use crate::parts::freshness::dataset_name;
use crate::parts::runs::{RECENT_RUNS, run_badge};
use crate::parts::shell::Theme;
use crate::parts::{icon, time};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}/runs/{run}", get(page))
}

async fn page(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, name)): Path<(String, String)>,
    theme: Theme,
) -> HttpResult<Markup> {
    let tenant = &brand.tenant;
    let live = (links::sync_live(&tenant.slug), sync_fingerprint(&portal.store, tenant).await?);
    let run = run_named(&portal, tenant, &name).await?;
    let view = RunView::load(&portal, &brand, run).await?;
    let page = AgencyPage {
        tab: AgencyTab::Sync,
        title: format!("{} · {}", run_name(&view.run, tenant), tenant.name),
        body: view.render(),
        address: links::run(&tenant.slug, &view.run.id),
        live: view.is_open().then_some(live),
    };
    page.render(&portal, &brand.viewer, theme).await
}

/// What the page shows.
struct RunView<'a> {
    brand: &'a AgencyBrand,
    now: Timestamp,
    run: Run,
    reports: Vec<DatasetReport>,
    faults: Vec<Fault>,
    fresh: Freshness,
    /// Names of the people who can start runs.
    names: HashMap<UserId, String>,
    /// The median duration of recent runs.
    usual_ms: Option<i64>,
    /// The run whose responses a replay processes again.
    replayed: Option<Run>,
}

impl<'a> RunView<'a> {
    async fn load(portal: &Portal, brand: &'a AgencyBrand, run: Run) -> HttpResult<Self> {
        let (conn, tenant, now) = (portal.store.conn(), &brand.tenant, portal.clock.now());
        let reports = runs::reports(conn, tenant.id, &run.id).await?;
        Ok(Self {
            brand,
            now,
            fresh: freshness(conn, tenant, now).await?,
            names: brand::names(portal).await?,
            usual_ms: median_duration(&runs::newest(conn, tenant.id, RECENT_RUNS).await?),
            replayed: match &run.replay_of {
                Some(replayed) => runs::get(conn, tenant.id, replayed).await?,
                None => None,
            },
            faults: faults::of(portal, tenant, &run, &reports).await?,
            reports,
            run,
        })
    }

    fn is_open(&self) -> bool {
        matches!(self.run.status, RunStatus::Queued | RunStatus::Running)
    }

    fn sum(&self, of: fn(&DatasetReport) -> i64) -> i64 {
        self.reports.iter().map(of).sum()
    }

    fn render(&self) -> Markup {
        let (tenant, run) = (&self.brand.tenant, &self.run);
        let name = run_name(run, tenant);
        html! {
            (crumbs(tenant, &[(name.clone(), None)]))
            (title(tenant, &html! { (name) }, &run_badge(run), &self.actions()))
            (self.figures())
            @if let Some(banner) = self.status_banner() { (banner) }
            @for fault in &self.faults { (fault.card(self.brand, run, &self.reports, &self.fresh, self.now)) }
            @for report in self.reports.iter().filter(|report| report.status == DatasetStatus::Held) { (self.held(report)) }
            @if !self.reports.is_empty() { (DatasetTable::of(&tenant.slug, run, &self.reports, self.is_open()).render()) }
        }
    }

    fn actions(&self) -> Markup {
        let (slug, run) = (&self.brand.tenant.slug, &self.run);
        html! {
            @if self.is_open() {
                form method="post" action=(links::cancel_run(slug, &run.id)) {
                    button.btn disabled[run.canceled] { (icon("ban", 15)) "Cancel run" }
                }
            } @else {
                form method="post" action=(links::sync_act(slug, "replay")) {
                    input type="hidden" name="run" value=(run.replay_of.as_ref().unwrap_or(&run.id));
                    button.btn disabled[self.sum(|report| report.pages) == 0] { (icon("play", 15)) "Replay from snapshots" }
                }
                form method="post" action=(links::sync_act(slug, "start")) {
                    button.btn.primary { (icon("refresh-cw", 15)) "Sync now" }
                }
            }
        }
    }

    fn figures(&self) -> Markup {
        let added = self.sum(|report| report.added);
        let changed = self.sum(|report| report.changed);
        let removed = self.sum(|report| report.gone);
        let is_skipped = |report: &&DatasetReport| report.set_aside > 0;
        let of_dataset =
            |report: &DatasetReport| format!("{} of {}", number(report.set_aside), dataset_name(report.dataset).to_lowercase());
        let skipped: Vec<String> = self.reports.iter().filter(is_skipped).map(of_dataset).collect();
        html! {
            section.card.stats.five aria-label="Run in numbers" {
                (figure("Trigger", &html! { (self.trigger()) }, &self.started_by()))
                (figure("Duration", &html! { (self.duration()) }, &self.usual_duration()))
                (figure("Pages", &html! { (number(self.sum(|report| report.pages))) }, &self.requests()))
                (figure("Changes", &html! { (number(added + changed + removed)) }, &html! {
                    (number(added)) " added, " (number(changed)) " changed, " (number(removed)) " removed"
                }))
                (figure("Skipped", &html! { (number(self.sum(|report| report.set_aside))) }, &html! {
                    @if skipped.is_empty() { "all rows usable" } @else { (list_of(&skipped)) }
                }))
            }
        }
    }

    fn usual_duration(&self) -> Markup {
        html! {
            @if self.is_open() { "so far" }
            @else if let Some(usual) = self.usual_ms { "median " (time::duration(usual)) }
        }
    }

    fn requests(&self) -> Markup {
        // A request that failed for good returned no page.
        let failed = self.sum(|report| i64::from(report.error.as_ref().is_some_and(|error| error.request.is_some())));
        let requests = self.sum(|report| report.pages) + self.sum(|report| report.retries) + failed;
        html! {
            @if self.run.trigger == Trigger::Replay { "from snapshots, no requests" }
            @else { "in " (counted(requests, "request", "requests")) }
        }
    }

    fn trigger(&self) -> &'static str {
        match self.run.trigger {
            Trigger::Schedule => "Hourly",
            Trigger::Person => "Manual",
            Trigger::Command => "Command line",
            Trigger::Replay => "Replay",
        }
    }

    /// Who started the run, and for what.
    fn started_by(&self) -> Markup {
        let (tenant, run) = (&self.brand.tenant, &self.run);
        let by = match run.requested_by.and_then(|user| self.names.get(&user)) {
            Some(name) => format!("started by {name}"),
            None if run.trigger == Trigger::Command => "on the server".to_owned(),
            None => "started by a user".to_owned(),
        };
        let accepted: Vec<String> = run.accept_removals.iter().map(|dataset| dataset_name(*dataset).to_lowercase()).collect();
        html! {
            @match run.trigger {
                Trigger::Schedule => { "next " (time::in_sentence(self.fresh.next_at, self.now, &tenant.zone)) }
                Trigger::Person | Trigger::Command => (by),
                Trigger::Replay => { (by) ", from " (self.replay_source()) }
            }
            @if !accepted.is_empty() { "; removes held " (list_of(&accepted)) }
        }
    }

    fn replay_source(&self) -> Markup {
        let tenant = &self.brand.tenant;
        html! {
            @match &self.replayed {
                Some(replayed) => {
                    "the " a href=(links::run(&tenant.slug, &replayed.id).url()) {
                        "run of " (time::exact(started(replayed), &tenant.zone))
                    }
                }
                None if self.run.replay_of.is_some() => "a run that is no longer stored",
                None => "the latest responses",
            }
        }
    }

    fn duration(&self) -> String {
        match (self.run.started_ms, self.run.finished_ms) {
            (Some(from), until) => time::duration(until.unwrap_or_else(|| self.now.into()) - from),
            (None, _) => "—".to_owned(),
        }
    }

    /// For a run that has neither succeeded nor failed: what its status means.
    fn status_banner(&self) -> Option<Markup> {
        let (run, zone) = (&self.run, &self.brand.tenant.zone);
        let ended = run.finished_ms.map(|ms| time::in_sentence(moment(ms), self.now, zone)).unwrap_or_default();
        let (tone, icon_name, status, meaning) = match run.status {
            RunStatus::Queued => ("info", "clock", "This run is waiting for a worker.".to_owned(), QUEUED),
            RunStatus::Running if run.canceled => ("info", "refresh-cw", "This run is stopping.".to_owned(), STOPPING),
            RunStatus::Running => return None,
            _ if run.canceled && run.started_ms.is_none() => {
                ("info", "ban", format!("This run was canceled {ended}, before it started."), CANCELED_BEFORE_START)
            }
            _ if run.canceled => ("info", "ban", format!("This run was canceled {ended}."), CANCELED),
            RunStatus::Aborted => {
                ("warning", "unplug", "This run was interrupted: its program or server stopped.".to_owned(), INTERRUPTED)
            }
            RunStatus::Succeeded | RunStatus::Partial | RunStatus::Failed => return None,
        };
        Some(html! {
            div class=(format!("banner {tone}")) role="status" { (icon(icon_name, 18)) div { b { (status) } p { (meaning) } } }
        })
    }

    fn held(&self, report: &DatasetReport) -> Markup {
        let slug = &self.brand.tenant.slug;
        let is_last = self.fresh.failure.as_ref().is_some_and(|trouble| trouble.run.id == self.run.id);
        let name = dataset_name(report.dataset).to_lowercase();
        html! {
            div.banner.wait {
                (icon("hand", 18))
                div {
                    b { "Held: " (number(report.held)) " " (name) " missing from ClientTether" }
                    p {
                        "The list was complete, but these records were not in it. So many at once may be an error, so the saved "
                        "records still count."
                    }
                }
                @if is_last {
                    div.acts {
                        a.btn href=(format!("{}#held-{}", links::sync_of(slug).url(), report.dataset)) { "Review and decide" }
                    }
                }
            }
        }
    }
}

const QUEUED: &str = "A worker usually starts it within seconds, or when another run of this brand ends. If it keeps waiting, no \
    worker is running on the server.";
const STOPPING: &str = "It ends after the current request. Changes that were already applied stay.";
const CANCELED_BEFORE_START: &str = "Nothing was requested and nothing changed. Scheduled runs continue.";
const CANCELED: &str = "Datasets that were complete by then are up to date; the others show the previous data. Nothing was \
    removed. Scheduled runs continue.";
const INTERRUPTED: &str = "Datasets that were complete by then are up to date; the others show the previous data. Nothing was \
    removed, and the next run starts over. If this happens often, check the server’s log at this time.";

fn median_duration(runs: &[Run]) -> Option<i64> {
    let mut durations: Vec<i64> = runs.iter().filter_map(|run| Some(run.finished_ms? - run.started_ms?)).collect();
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied()
}

fn list_of(names: &[String]) -> String {
    listed(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn figure(label: &str, value: &Markup, below: &Markup) -> Markup {
    html! { div.stat { span.k { (label) } span.v { (value) } span.d { (below) } } }
}
