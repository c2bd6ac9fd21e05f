//! How one brand is read: how it stands, what is held, and every run of it.

use std::collections::HashMap;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{DatasetStatus, SyncState, Trigger, UserId};
use tetherboard_metrics::{Freshness, freshness};
use tetherboard_store::runs::{self, DatasetReport, Run};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{credentials, field_rules, users};

use super::held::Held;
use super::{began, cell, key_check, overview, page_of};
use crate::address::links;
use crate::address::pairs::Pairs;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyBrand;
use crate::live::sync_fingerprint;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::format::{counted, listed};
use crate::parts::freshness::dataset_name;
use crate::parts::incident;
use crate::parts::runs::RECENT_RUNS;
use crate::parts::runs::run_badge;
use crate::parts::shell::Theme;
use crate::parts::sync_health::{SyncHealth, reason};
use crate::parts::table::{PAGE, pager};
use crate::parts::{icon, time};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}", get(brand_page))
}

async fn brand_page(brand: AgencyBrand, State(portal): State<Portal>, pairs: Pairs, theme: Theme) -> HttpResult<Markup> {
    let (conn, tenant, now) = (portal.store.conn(), &brand.tenant, portal.clock.now());
    let live = (links::sync_live(&tenant.slug), sync_fingerprint(&portal.store, tenant).await?);
    let fresh = freshness(conn, tenant, now).await?;
    let total = runs::count(conn, tenant.id).await?;
    let page = page_of(pairs.get("page")).min((total + PAGE - 1) / PAGE).max(1);
    let mut lines = Vec::new();
    for run in runs::list(conn, tenant.id, PAGE, (page - 1) * PAGE).await? {
        lines.push((runs::reports(conn, tenant.id, &run.id).await?, run));
    }
    let view = View {
        names: names(&portal).await?,
        newest: runs::newest(conn, tenant.id, RECENT_RUNS).await?,
        held: held(&portal, tenant, &fresh).await?,
        held_page: page_of(pairs.get("held")),
        vanished: field_rules::vanished(conn, tenant.id).await?,
        check: credentials::key_check(conn, tenant.id).await?,
        token: credentials::token_incident(conn).await?,
        fresh,
        lines,
        page,
        total,
    };
    let body = view.render(&brand, now);
    let address = links::sync_of(&tenant.slug).maybe("page", pairs.get("page")).maybe("held", pairs.get("held"));
    AgencyPage { tab: AgencyTab::Sync, title: format!("Sync of {}", tenant.name), body, address, live: Some(live) }
        .render(&portal, &brand.viewer, theme)
        .await
}

/// Who asked for what.
pub(super) async fn names(portal: &Portal) -> HttpResult<HashMap<UserId, String>> {
    let users = users::list(portal.store.conn()).await?;
    Ok(users.into_iter().map(|(user, _)| (user.id, user.name)).collect())
}

/// What the last read of the CRM left for the agency to decide.
async fn held(portal: &Portal, tenant: &Tenant, fresh: &Freshness) -> HttpResult<Vec<Held>> {
    let Some(trouble) = &fresh.failure else { return Ok(Vec::new()) };
    let mut held = Vec::new();
    for report in trouble.datasets.iter().filter(|report| report.status == DatasetStatus::Held) {
        held.push(Held::of(portal, tenant, &trouble.run, report).await?);
    }
    Ok(held)
}

/// Who or what wanted a run.
pub(super) fn requested_by(run: &Run, names: &HashMap<UserId, String>) -> String {
    let person = run.requested_by.and_then(|user| names.get(&user));
    match (run.trigger, person) {
        (Trigger::Schedule, _) => "Hourly".to_owned(),
        (Trigger::Person, Some(name)) => name.clone(),
        (Trigger::Person, None) => "A person".to_owned(),
        (Trigger::Command, _) => "A command".to_owned(),
        (Trigger::Replay, Some(name)) => format!("Replay, {name}"),
        (Trigger::Replay, None) => "Replay".to_owned(),
    }
}

struct View {
    fresh: Freshness,
    names: HashMap<UserId, String>,
    newest: Vec<Run>,
    held: Vec<Held>,
    held_page: i64,
    vanished: Vec<(tetherboard_domain::Dataset, String)>,
    check: Option<credentials::KeyCheck>,
    token: Option<credentials::TokenHealth>,
    lines: Vec<(Vec<DatasetReport>, Run)>,
    page: i64,
    total: i64,
}

impl View {
    fn render(&self, brand: &AgencyBrand, now: Timestamp) -> Markup {
        let tenant = &brand.tenant;
        let is_running = self.fresh.state == SyncState::Running;
        let actions = html! {
            a.btn href=(links::mapping(&tenant.slug).url()) { (icon("table", 15)) "Field mapping" }
            (key_check::button(tenant, self.check.as_ref()))
            form method="post" action=(links::sync_act(&tenant.slug, "replay")) { button.btn { (icon("play", 15)) "Replay latest" } }
            form method="post" action=(links::sync_act(&tenant.slug, "start")) { button.btn.primary disabled[is_running] { (icon("refresh-cw", 15)) "Sync now" } }
        };
        html! {
            (crumbs(tenant, &[]))
            (title(tenant, &html! { (tenant.name) }, &SyncHealth::of(&self.fresh, tenant).badge(), &actions))
            @if let Some(token) = self.token { (incident::banner(token, std::slice::from_ref(tenant), now)) }
            section.card {
                div.card-body.roomy.stack.tight {
                    @if let Some(why) = reason(&self.fresh, &self.vanished, now, tenant) { p.sync-why { (why) } }
                    @if let Some(told) = key_check::answer(tenant, self.check.as_ref(), now) { p.sync-why { (told) } }
                    div.sync-line { (overview::facts(&self.fresh, now, &tenant.zone)) (overview::run_ticks(tenant, &self.newest)) }
                }
            }
            @for held in &self.held { (held.card(tenant, self.held_page)) }
            (self.runs(tenant))
        }
    }

    fn runs(&self, tenant: &Tenant) -> Markup {
        html! {
            section.card {
                div.card-head { h2 { "Runs" } span.sub { "the newest first, replays included" } }
                div.scroll.mt2 tabindex="0" role="region" aria-label="Runs" {
                    table.table data-total=(self.total) {
                        thead { tr {
                            th scope="col" { "Began" } th scope="col" { "Asked for by" } th scope="col" { "Outcome" } th.num scope="col" { "Duration" }
                            th.num scope="col" { "Pages" } th.num scope="col" { "Added" } th.num scope="col" { "Changed" } th.num scope="col" { "Gone" } th.num scope="col" { "Set aside" }
                        } }
                        tbody { @for (reports, run) in &self.lines { (self.row(tenant, run, reports)) } }
                    }
                }
                @if self.lines.is_empty() { div.empty { h2 { "No run yet" } p { "The first one comes with the next hour, or with “Sync now”." } } }
                @else { (pager(&links::sync_of(&tenant.slug), self.page, self.total)) }
            }
        }
    }

    fn row(&self, tenant: &Tenant, run: &Run, reports: &[DatasetReport]) -> Markup {
        let sum = |of: fn(&DatasetReport) -> i64| reports.iter().map(of).sum::<i64>();
        html! {
            tr {
                th scope="row" { a.who href=(links::run(&tenant.slug, &run.id).url()) { (time::exact(began(run), &tenant.zone)) } }
                td { (requested_by(run, &self.names)) }
                td { (run_badge(run)) @if let Some(what) = faults(reports) { span.l2.why { (what) } } }
                td.num { @match run.started_ms.zip(run.finished_ms) { Some((from, until)) => (time::duration(until - from)), None => span.muted { "—" } } }
                td.num { (cell(sum(|report| report.pages))) }
                td.num { (cell(sum(|report| report.added))) }
                td.num { (cell(sum(|report| report.changed))) }
                td.num { (cell(sum(|report| report.gone))) }
                td.num { (cell(sum(|report| report.set_aside))) }
            }
        }
    }
}

/// What kept a run from success, in a line.
fn faults(reports: &[DatasetReport]) -> Option<String> {
    let held = reports.iter().find(|report| report.status == DatasetStatus::Held);
    let class = reports.iter().find_map(|report| report.error.as_ref()).map(|error| error.class);
    let names: Vec<String> = reports
        .iter()
        .filter(|report| report.error.is_some())
        .map(|report| dataset_name(report.dataset).to_lowercase())
        .collect();
    match (class, held) {
        (Some(class), _) if names.len() == reports.len() => Some(class.meaning().to_owned()),
        (Some(class), _) => {
            Some(format!("{}: {}", listed(&names.iter().map(String::as_str).collect::<Vec<_>>()), class.meaning()))
        }
        (None, Some(report)) => Some(counted(report.held, "record held", "records held")),
        (None, None) => None,
    }
}
