//! One run: who wanted it, what it brought, what went wrong and what to do.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{DatasetStatus, RunStatus, Trigger, UserId};
use tetherboard_metrics::{Freshness, freshness};
use tetherboard_store::runs::{self, DatasetReport, Run};

use super::faults::{self, Fault};
use super::{began, brand, cell, moment, run_name, run_named};
use crate::address::links;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyBrand;
use crate::live::sync_fingerprint;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::format::{counted, listed, number};
use crate::parts::freshness::dataset_name;
use crate::parts::runs::RECENT_RUNS;
use crate::parts::runs::{dataset_badge, run_badge};
use crate::parts::shell::Theme;
use crate::parts::{icon, time};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}/runs/{run}", get(run_page))
}

async fn run_page(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, name)): Path<(String, String)>,
    theme: Theme,
) -> HttpResult<Markup> {
    let (conn, tenant, now) = (portal.store.conn(), &brand.tenant, portal.clock.now());
    let live = (links::sync_live(&tenant.slug), sync_fingerprint(&portal.store, tenant).await?);
    let run = run_named(&portal, tenant, &name).await?;
    let reports = runs::reports(conn, tenant.id, &run.id).await?;
    let view = View {
        brand: &brand,
        now,
        fresh: freshness(conn, tenant, now).await?,
        names: brand::names(&portal).await?,
        usual_ms: usual_ms(&runs::newest(conn, tenant.id, RECENT_RUNS).await?),
        replayed: match &run.replay_of {
            Some(replayed) => runs::get(conn, tenant.id, replayed).await?,
            None => None,
        },
        faults: faults::of(&portal, tenant, &run, &reports).await?,
        reports,
        run,
    };
    let page = AgencyPage {
        tab: AgencyTab::Sync,
        title: format!("{} · {}", run_name(&view.run, tenant), tenant.name),
        body: view.render(),
        address: links::run(&tenant.slug, &view.run.id),
        live: view.is_open().then_some(live),
    };
    page.render(&portal, &brand.viewer, theme).await
}

/// The median of what the last runs took.
fn usual_ms(runs: &[Run]) -> Option<i64> {
    let mut lasted: Vec<i64> = runs.iter().filter_map(|run| Some(run.finished_ms? - run.started_ms?)).collect();
    lasted.sort_unstable();
    lasted.get(lasted.len() / 2).copied()
}

struct View<'a> {
    brand: &'a AgencyBrand,
    now: Timestamp,
    run: Run,
    reports: Vec<DatasetReport>,
    faults: Vec<Fault>,
    fresh: Freshness,
    names: HashMap<UserId, String>,
    usual_ms: Option<i64>,
    /// Of a replay: the run whose answers it works in again.
    replayed: Option<Run>,
}

impl View<'_> {
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
            @if let Some(words) = self.words() { (words) }
            @for fault in &self.faults { (fault.card(self.brand, run, &self.reports, &self.fresh, self.now)) }
            @for report in self.reports.iter().filter(|report| report.status == DatasetStatus::Held) { (self.held(report)) }
            @if !self.reports.is_empty() { (self.datasets()) }
        }
    }

    fn actions(&self) -> Markup {
        let (slug, run) = (&self.brand.tenant.slug, &self.run);
        html! {
            @if self.is_open() {
                form method="post" action=(links::cancel_run(slug, &run.id)) { button.btn disabled[run.canceled] { (icon("ban", 15)) "Cancel run" } }
            } @else {
                form method="post" action=(links::sync_act(slug, "replay")) {
                    input type="hidden" name="run" value=(run.replay_of.as_ref().unwrap_or(&run.id));
                    button.btn disabled[self.sum(|report| report.pages) == 0] { (icon("play", 15)) "Replay from snapshots" }
                }
                form method="post" action=(links::sync_act(slug, "start")) { button.btn.primary { (icon("refresh-cw", 15)) "Sync now" } }
            }
        }
    }

    fn figures(&self) -> Markup {
        let run = &self.run;
        let pages = self.sum(|report| report.pages);
        // A call that failed for good brought no page.
        let unanswered = self.sum(|report| i64::from(report.error.as_ref().is_some_and(|error| error.request.is_some())));
        let (added, changed, gone) =
            (self.sum(|report| report.added), self.sum(|report| report.changed), self.sum(|report| report.gone));
        let aside: Vec<String> = self
            .reports
            .iter()
            .filter(|report| report.set_aside > 0)
            .map(|report| format!("{} of {}", number(report.set_aside), dataset_name(report.dataset).to_lowercase()))
            .collect();
        html! {
            section.card.stats.five aria-label="Run in numbers" {
                (figure("Trigger", &html! { (self.trigger()) }, &self.wanted()))
                (figure("Duration", &html! { (self.duration()) }, &html! {
                    @match self.usual_ms { Some(usual) if !self.is_open() => { "median " (time::duration(usual)) }, _ if self.is_open() => "so far", _ => "" }
                }))
                (figure("Pages", &html! { (number(pages)) }, &html! {
                    @if run.trigger == Trigger::Replay { "from snapshots, none asked" }
                    @else { "in " (counted(pages + self.sum(|report| report.retries) + unanswered, "request", "requests")) }
                }))
                (figure("Changes", &html! { (number(added + changed + gone)) }, &html! { (number(added)) " added, " (number(changed)) " changed, " (number(gone)) " gone" }))
                (figure("Set aside", &html! { (number(self.sum(|report| report.set_aside))) }, &html! {
                    @if aside.is_empty() { "no row unusable" } @else { (listed(&aside.iter().map(String::as_str).collect::<Vec<_>>())) }
                }))
            }
        }
    }

    fn trigger(&self) -> &'static str {
        match self.run.trigger {
            Trigger::Schedule => "Hourly",
            Trigger::Person => "Person",
            Trigger::Command => "Command",
            Trigger::Replay => "Replay",
        }
    }

    /// Who or what wanted it.
    fn wanted(&self) -> Markup {
        let (tenant, run) = (&self.brand.tenant, &self.run);
        let by = match run.requested_by.and_then(|user| self.names.get(&user)) {
            Some(name) => format!("asked for by {name}"),
            None if run.trigger == Trigger::Command => "given on the server".to_owned(),
            None => "asked for".to_owned(),
        };
        let agreed: Vec<String> = run.accept_removals.iter().map(|dataset| dataset_name(*dataset).to_lowercase()).collect();
        html! {
            @match run.trigger {
                Trigger::Schedule => { "next " (time::in_sentence(self.fresh.next_at, self.now, &tenant.zone)) }
                Trigger::Person | Trigger::Command => (by),
                Trigger::Replay => {
                    (by) ", of "
                    @match &self.replayed {
                        Some(replayed) => { "the " a href=(links::run(&tenant.slug, &replayed.id).url()) { "run of " (time::exact(began(replayed), &tenant.zone)) } }
                        None if run.replay_of.is_some() => "a run that is not kept",
                        None => "the latest answers",
                    }
                }
            }
            @if !agreed.is_empty() { "; held " (listed(&agreed.iter().map(String::as_str).collect::<Vec<_>>())) " may go" }
        }
    }

    fn duration(&self) -> String {
        match (self.run.started_ms, self.run.finished_ms) {
            (Some(from), until) => time::duration(until.unwrap_or_else(|| self.now.into()) - from),
            (None, _) => "—".to_owned(),
        }
    }

    /// What a run says of itself that neither failed nor succeeded.
    fn words(&self) -> Option<Markup> {
        let (run, zone, now) = (&self.run, &self.brand.tenant.zone, self.now);
        let ended = run.finished_ms.map(|ms| time::in_sentence(moment(ms), now, zone)).unwrap_or_default();
        let (tone, picture, said, more) = match run.status {
            RunStatus::Queued => (
                "info",
                "clock",
                "It waits for a worker.".to_owned(),
                "A worker takes it within seconds, unless another run of this brand is under way: then when that one ends. If it stays like this, no worker is running on the server.",
            ),
            RunStatus::Running if run.canceled => (
                "info",
                "refresh-cw",
                "It is stopping.".to_owned(),
                "It ends after the call that is under way. What was applied stays.",
            ),
            RunStatus::Running => return None,
            _ if run.canceled && run.started_ms.is_none() => (
                "info",
                "ban",
                format!("It was cancelled {ended}, before it began."),
                "Nothing was asked and nothing changed. The schedule goes on.",
            ),
            _ if run.canceled => (
                "info",
                "ban",
                format!("It was cancelled {ended}."),
                "Data sets that were whole by then are applied; the others show what was read before. Nothing was removed. The schedule goes on.",
            ),
            RunStatus::Aborted => (
                "warning",
                "unplug",
                "It broke off: the program that ran it stopped, or the server did.".to_owned(),
                "Data sets that were whole by then are applied; the others show what was read before. Nothing was removed, and the next run does the whole of it again. If it happens often, look into the server’s log at this time.",
            ),
            RunStatus::Succeeded | RunStatus::Partial | RunStatus::Failed => return None,
        };
        Some(html! {
            div class=(format!("banner {tone}")) role="status" { (icon(picture, 18)) div { b { (said) } p { (more) } } }
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
                    b { "Held: " (number(report.held)) " " (name) " gone?" }
                    p { "This run read the list whole but was not shown these. So many at once look like a fault, so the saved ones stay in every number." }
                }
                @if is_last {
                    div.acts { a.btn href=(format!("{}#held-{}", links::sync_of(slug).url(), report.dataset)) { "See them and decide" } }
                }
            }
        }
    }

    fn datasets(&self) -> Markup {
        let repeats = self.reports.iter().any(|report| repeated(report) > 0);
        let unused = self.reports.iter().any(|report| repeated(report) > 0 && report.status == DatasetStatus::Failed);
        let held = self.reports.iter().any(|report| report.held > 0);
        html! {
            section.card {
                div.card-head { h2 { "Data sets" } span.sub { "counts are records" } }
                div.scroll.mt2 tabindex="0" role="region" aria-label="Data sets" {
                    table.table id="datasets" {
                        thead { tr {
                            th scope="col" { "Data set" } th scope="col" { "Outcome" } th.num scope="col" { "Read" } th.num scope="col" { "Added" }
                            th.num scope="col" { "Changed" } th.num scope="col" { "Unchanged" } th.num scope="col" { "Set aside" }
                            @if repeats { th.num scope="col" { (if unused { "Repeated or unused" } else { "Repeated" }) } }
                            th.num scope="col" { "Gone" } @if held { th.num scope="col" { "Held" } } th.num scope="col" { "Retries" }
                            th scope="col" { span.sr { "Snapshots" } }
                        } }
                        tbody { @for report in &self.reports { (self.dataset_row(report, repeats, held)) } }
                        tfoot { tr {
                            th scope="row" { "All" } td {}
                            td.num { (number(self.sum(|report| report.read))) } td.num { (number(self.sum(|report| report.added))) }
                            td.num { (number(self.sum(|report| report.changed))) } td.num { (number(self.sum(|report| report.unchanged))) }
                            td.num { (number(self.sum(|report| report.set_aside))) }
                            @if repeats { td.num { (number(self.sum(repeated))) } }
                            td.num { (number(self.sum(|report| report.gone))) } @if held { td.num { (number(self.sum(|report| report.held))) } }
                            td.num { (number(self.sum(|report| report.retries))) } td {}
                        } }
                    }
                }
                div.card-foot {
                    span { "Read = added + changed + unchanged + set aside" @if unused { " + repeated or unused" } @else if repeats { " + repeated" } @if self.is_open() { ", once a data set is read" } }
                    @if repeats { span { "Repeated rows came more than once while the list was paged" @if unused { "; rows of a data set that failed are unused" } "." } }
                    span { "Gone ones are not read." }
                }
            }
        }
    }

    fn dataset_row(&self, report: &DatasetReport, repeats: bool, held: bool) -> Markup {
        let (slug, run, name) = (&self.brand.tenant.slug, &self.run, dataset_name(report.dataset));
        // A replay answers with the answers of the run that it replays.
        let answers_of = self.run.replay_of.as_ref().unwrap_or(&run.id);
        let has_answers = report.pages > 0 && (run.trigger != Trigger::Replay || run.replay_of.is_some());
        html! {
            tr {
                th.w600 scope="row" { (name) }
                td { (dataset_badge(report.status, run.trigger)) }
                td.num { (cell(report.read)) @if let Some(expected) = report.expected.filter(|_| report.status == DatasetStatus::Reading) { span.muted { " of " (number(expected.max(report.read))) } } }
                td.num { (cell(report.added)) } td.num { (cell(report.changed)) } td.num { (cell(report.unchanged)) }
                td.num { @if report.set_aside > 0 { a href=(links::set_aside(slug, &run.id, report.dataset).url()) { (number(report.set_aside)) } } @else { (cell(0)) } }
                @if repeats { td.num { (cell(repeated(report))) } }
                td.num { (cell(report.gone)) } @if held { td.num { (cell(report.held)) } } td.num { (cell(report.retries)) }
                td.num { @if has_answers { a.btn.plain href=(links::snapshots(slug, answers_of, report.dataset).url()) { (icon("file-json", 15)) "Snapshots" span.sr { " of " (name) } } } @else { span.muted { "none kept" } } }
            }
        }
    }
}

/// Rows that were read besides those that were added, changed, left or set aside; not known before all are read.
fn repeated(report: &DatasetReport) -> i64 {
    match report.status {
        DatasetStatus::Waiting | DatasetStatus::Reading => 0,
        _ => (report.read - report.added - report.changed - report.unchanged - report.set_aside).max(0),
    }
}

fn figure(label: &str, value: &Markup, below: &Markup) -> Markup {
    html! { div.stat { span.k { (label) } span.v { (value) } span.d { (below) } } }
}
