//! How one brand syncs: its state, what is held, and all its runs.

use std::collections::HashMap;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, DatasetStatus, SyncState, Trigger, UserId};
use tetherboard_metrics::{Freshness, freshness};
use tetherboard_store::credentials::{self, KeyCheck, TokenHealth};
use tetherboard_store::runs::{self, DatasetReport, Run};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{field_rules, users};

use super::held::Held;
use super::{cell, key_check, overview, started};
use crate::address::links;
use crate::address::query::query;
use crate::address::verbatim::ClampedPage;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyBrand;
use crate::live::sync_fingerprint;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::format::{counted, listed};
use crate::parts::freshness::dataset_name;
use crate::parts::incident;
use crate::parts::runs::{RECENT_RUNS, run_badge};
use crate::parts::shell::Theme;
use crate::parts::sync_health::{SyncHealth, reason};
use crate::parts::table::{PAGE, pager};
use crate::parts::{icon, time};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}", get(page))
}

query! {
    /// Which pages of the lists are shown.
    struct BrandSyncQuery {
        /// The page of the runs.
        page: ClampedPage = "page",
        /// The page of the held records.
        held: ClampedPage = "held",
    }
}

async fn page(brand: AgencyBrand, State(portal): State<Portal>, query: BrandSyncQuery, theme: Theme) -> HttpResult<Markup> {
    let tenant = &brand.tenant;
    let live = (links::sync_live(&tenant.slug), sync_fingerprint(&portal.store, tenant).await?);
    let address = query.add_to(links::sync_of(&tenant.slug));
    let view = BrandSyncView::load(&portal, tenant, &query).await?;
    let body = view.render(tenant, portal.clock.now());
    AgencyPage { tab: AgencyTab::Sync, title: format!("{} sync", tenant.name), body, address, live: Some(live) }
        .render(&portal, &brand.viewer, theme)
        .await
}

/// The names of all users.
pub(super) async fn names(portal: &Portal) -> HttpResult<HashMap<UserId, String>> {
    let users = users::list(portal.store.conn()).await?;
    Ok(users.into_iter().map(|(user, _)| (user.id, user.name)).collect())
}

/// What the page shows.
struct BrandSyncView {
    fresh: Freshness,
    names: HashMap<UserId, String>,
    newest: Vec<Run>,
    held: Vec<Held>,
    held_page: i64,
    vanished: Vec<(Dataset, String)>,
    check: Option<KeyCheck>,
    token: Option<TokenHealth>,
    /// The runs of this page, newest first.
    runs: Vec<(Run, Vec<DatasetReport>)>,
    page: i64,
    total: i64,
}

impl BrandSyncView {
    async fn load(portal: &Portal, tenant: &Tenant, query: &BrandSyncQuery) -> HttpResult<Self> {
        let conn = portal.store.conn();
        let fresh = freshness(conn, tenant, portal.clock.now()).await?;
        let total = runs::count(conn, tenant.id).await?;
        let page = query.page.within(total, PAGE);
        let mut lines = Vec::new();
        for run in runs::list(conn, tenant.id, PAGE, (page - 1) * PAGE).await? {
            let reports = runs::reports(conn, tenant.id, &run.id).await?;
            lines.push((run, reports));
        }
        Ok(Self {
            names: names(portal).await?,
            newest: runs::newest(conn, tenant.id, RECENT_RUNS).await?,
            held: held(portal, tenant, &fresh).await?,
            held_page: query.held.0,
            vanished: field_rules::vanished(conn, tenant.id).await?,
            check: credentials::key_check(conn, tenant.id).await?,
            token: credentials::token_incident(conn).await?,
            fresh,
            runs: lines,
            page,
            total,
        })
    }

    fn render(&self, tenant: &Tenant, now: Timestamp) -> Markup {
        let badge = SyncHealth::of(&self.fresh, tenant).badge();
        html! {
            (crumbs(tenant, &[]))
            (title(tenant, &html! { (tenant.name) }, &badge, &self.actions(tenant)))
            @if let Some(token) = self.token { (incident::banner(token, std::slice::from_ref(tenant), now)) }
            section.card {
                div.card-body.roomy.stack.tight {
                    @if let Some(reason) = reason(&self.fresh, &self.vanished, now, tenant) { p.sync-why { (reason) } }
                    @if let Some(result) = key_check::result(tenant, self.check.as_ref(), now) { p.sync-why { (result) } }
                    div.sync-line {
                        (overview::facts(&self.fresh, now, &tenant.zone))
                        (overview::run_ticks(tenant, &self.newest))
                    }
                }
            }
            @for held in &self.held { (held.card(tenant, self.held_page)) }
            (self.runs(tenant))
        }
    }

    fn actions(&self, tenant: &Tenant) -> Markup {
        let is_running = self.fresh.state == SyncState::Running;
        html! {
            a.btn href=(links::mapping(&tenant.slug).url()) { (icon("table", 15)) "Field mapping" }
            (key_check::button(tenant, self.check.as_ref()))
            form method="post" action=(links::sync_act(&tenant.slug, "replay")) {
                button.btn { (icon("play", 15)) "Replay latest" }
            }
            form method="post" action=(links::sync_act(&tenant.slug, "start")) {
                button.btn.primary disabled[is_running] { (icon("refresh-cw", 15)) "Sync now" }
            }
        }
    }

    fn runs(&self, tenant: &Tenant) -> Markup {
        html! {
            section.card {
                div.card-head { h2 { "Runs" } span.sub { "newest first, including replays" } }
                div.scroll.mt2 tabindex="0" role="region" aria-label="Runs" {
                    table.table data-total=(self.total) {
                        thead { tr {
                            th scope="col" { "Started" }
                            th scope="col" { "Started by" }
                            th scope="col" { "Outcome" }
                            th.num scope="col" { "Duration" }
                            th.num scope="col" { "Pages" }
                            th.num scope="col" { "Added" }
                            th.num scope="col" { "Changed" }
                            th.num scope="col" { "Removed" }
                            th.num scope="col" { "Skipped" }
                        } }
                        tbody { @for (run, reports) in &self.runs { (self.row(tenant, run, reports)) } }
                    }
                }
                @if self.runs.is_empty() {
                    div.empty { h2 { "No runs yet" } p { "The first one starts within the hour, or when you press “Sync now”." } }
                } @else { (pager(&links::sync_of(&tenant.slug), self.page, self.total)) }
            }
        }
    }

    fn row(&self, tenant: &Tenant, run: &Run, reports: &[DatasetReport]) -> Markup {
        let sum = |of: fn(&DatasetReport) -> i64| reports.iter().map(of).sum::<i64>();
        let duration = run.started_ms.zip(run.finished_ms).map(|(from, until)| time::duration(until - from));
        html! {
            tr {
                th scope="row" {
                    a.who href=(links::run(&tenant.slug, &run.id).url()) { (time::exact(started(run), &tenant.zone)) }
                }
                td { (started_by(run, &self.names)) }
                td { (run_badge(run)) @if let Some(problem) = problem(reports) { span.l2.why { (problem) } } }
                td.num { @match duration { Some(duration) => (duration), None => span.muted { "—" } } }
                td.num { (cell(sum(|report| report.pages))) }
                td.num { (cell(sum(|report| report.added))) }
                td.num { (cell(sum(|report| report.changed))) }
                td.num { (cell(sum(|report| report.gone))) }
                td.num { (cell(sum(|report| report.set_aside))) }
            }
        }
    }
}

/// The removals of the last run that wait for the agency's decision.
async fn held(portal: &Portal, tenant: &Tenant, fresh: &Freshness) -> HttpResult<Vec<Held>> {
    let Some(trouble) = &fresh.failure else { return Ok(Vec::new()) };
    let mut held = Vec::new();
    for report in trouble.datasets.iter().filter(|report| report.status == DatasetStatus::Held) {
        held.push(Held::load(portal, tenant, &trouble.run, report).await?);
    }
    Ok(held)
}

fn started_by(run: &Run, names: &HashMap<UserId, String>) -> String {
    let person = run.requested_by.and_then(|user| names.get(&user));
    match (run.trigger, person) {
        (Trigger::Schedule, _) => "Hourly".to_owned(),
        (Trigger::Person, Some(name)) => name.clone(),
        (Trigger::Person, None) => "Manual".to_owned(),
        (Trigger::Command, _) => "Command line".to_owned(),
        (Trigger::Replay, Some(name)) => format!("Replay, {name}"),
        (Trigger::Replay, None) => "Replay".to_owned(),
    }
}

/// Why a run did not succeed, in one line.
fn problem(reports: &[DatasetReport]) -> Option<String> {
    let held = reports.iter().find(|report| report.status == DatasetStatus::Held);
    let failed = reports.iter().filter(|report| report.error.is_some());
    let names: Vec<String> = failed.map(|report| dataset_name(report.dataset).to_lowercase()).collect();
    let class = reports.iter().find_map(|report| report.error.as_ref()).map(|error| error.class);
    match (class, held) {
        (Some(class), _) if names.len() == reports.len() => Some(class.meaning().to_owned()),
        (Some(class), _) => {
            Some(format!("{}: {}", listed(&names.iter().map(String::as_str).collect::<Vec<_>>()), class.meaning()))
        }
        (None, Some(report)) => Some(counted(report.held, "record held", "records held")),
        (None, None) => None,
    }
}
