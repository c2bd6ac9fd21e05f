//! The health of a brand's sync, for the agency: a badge, what is wrong, and what to do.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, DatasetStatus, RunStatus, SyncState};
use tetherboard_metrics::{CredentialRefusal, Freshness, Staleness, SyncFailure};
use tetherboard_store::tenants::Tenant;

use super::format::{listed, number};
use super::freshness::dataset_name;
use super::{icon, time};
use crate::address::links;

/// The health of a brand's sync. The lowest rank is the worst.
pub(crate) struct SyncHealth {
    pub(crate) rank: u8,
    tone: &'static str,
    icon: &'static str,
    label: &'static str,
}

impl SyncHealth {
    /// The health of a brand from its freshness.
    pub(crate) fn of(fresh: &Freshness, tenant: &Tenant) -> Self {
        let trouble = fresh.failure.as_ref();
        let failed = trouble.is_some_and(|trouble| trouble.run.status != RunStatus::Partial);
        let held = trouble.is_some_and(|trouble| trouble.class().is_none() && is_held(fresh));
        let (rank, tone, icon, label) = match fresh.state {
            SyncState::Running if fresh.as_of.is_none() => (3, "info", "sparkles", "First sync"),
            SyncState::Running => (5, "info", "refresh-cw", "Syncing"),
            _ if fresh.refused.is_some() => (0, "danger", "key-round", "Refused"),
            _ if !tenant.has_web_key => (2, "warning", "key-round", "No key"),
            SyncState::Failing if failed => (0, "danger", "circle-x", "Failed"),
            SyncState::Failing if held => (1, "wait", "hand", "Held"),
            SyncState::Failing => (1, "warning", "circle-dot-dashed", "Partial"),
            SyncState::Late => (2, "warning", "clock-alert", "Late"),
            SyncState::Never => (3, "quiet", "clock", "Not synced yet"),
            SyncState::OnTime => (5, "success", "circle-check", "Current"),
        };
        Self { rank, tone, icon, label }
    }

    /// Whether the agency should act.
    pub(crate) fn needs_attention(&self) -> bool {
        self.rank < 3
    }

    /// The badge.
    pub(crate) fn badge(&self) -> Markup {
        html! { span class=(format!("badge {}", self.tone)) { (icon(self.icon, 14)) (self.label) } }
    }
}

fn is_held(fresh: &Freshness) -> bool {
    fresh.failure.as_ref().is_some_and(|trouble| trouble.datasets.iter().any(|report| report.status == DatasetStatus::Held))
}

/// What is wrong and what to do; `None` if all is well.
pub(crate) fn reason(fresh: &Freshness, vanished: &[(Dataset, String)], now: Timestamp, tenant: &Tenant) -> Option<Markup> {
    if fresh.state == SyncState::Running {
        return progress(fresh);
    }
    match fresh.refused {
        // One banner on top of the page says so for all brands.
        Some(CredentialRefusal::Token { .. }) => return None,
        Some(CredentialRefusal::Key { since }) => return Some(refused_key(since, now, tenant)),
        None => {}
    }
    if !tenant.has_web_key {
        return Some(html! {
            "No web key is set, so this brand cannot sync. Set it with "
            code { "tetherboard tenant set --slug " (tenant.slug) " --web-key-stdin" } "."
        });
    }
    let backoff = tenant.parked_until_ms.and_then(time::moment).filter(|until| *until > now);
    if let Some(until) = backoff {
        return Some(html! {
            "ClientTether asked us to wait. Syncing resumes automatically " (time::in_sentence(until, now, &tenant.zone)) "."
        });
    }
    if let Some(trouble) = &fresh.failure {
        return Some(last_run(trouble, &tenant.slug));
    }
    match fresh.state {
        SyncState::Late => {
            let age = fresh.age.map(time::age).unwrap_or_default();
            Some(html! { "No sync has succeeded in the last " (age) ". Check that the worker is running." })
        }
        _ if !vanished.is_empty() => Some(missing_fields(vanished)),
        _ if fresh.staleness > Staleness::Fresh => Some(html! { "The data is out of date." }),
        _ => None,
    }
}

/// The dataset that a running sync reads, and how far it is.
fn progress(fresh: &Freshness) -> Option<Markup> {
    let report = fresh.progress.as_ref()?.current()?;
    let of = report.expected.map(|expected| format!(" of {}", number(expected.max(report.read)))).unwrap_or_default();
    Some(html! { (dataset_name(report.dataset)) " " (number(report.read)) (of) "." })
}

fn refused_key(since: Timestamp, now: Timestamp, tenant: &Tenant) -> Markup {
    let since = time::in_sentence(since, now, &tenant.zone);
    let since = since.strip_prefix("at ").or_else(|| since.strip_prefix("on ")).unwrap_or(&since);
    html! {
        "ClientTether has refused this brand’s web key since " (since) ". Replace the key, then test it. "
        a href=(links::sync_of(&tenant.slug).url()) { "View runs" } "."
    }
}

/// What went wrong in the last run, with a link to it.
fn last_run(trouble: &SyncFailure, slug: &str) -> Markup {
    let run = links::run(slug, &trouble.run.id).url();
    let held = trouble.datasets.iter().find(|report| report.status == DatasetStatus::Held);
    match (trouble.class(), held) {
        (Some(class), _) => {
            let names: Vec<String> = trouble.datasets.iter().map(|report| dataset_name(report.dataset).to_lowercase()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let what = match trouble.datasets.len() {
                all if all == Dataset::ALL.len() => "Nothing".to_owned(),
                _ => capitalized(&listed(&names)),
            };
            let how = if trouble.run.status == RunStatus::Partial { " not synced, or only in part: " } else { " was synced: " };
            html! { (what) (how) (class.meaning()) ". " a href=(run) { "See what to do" } "." }
        }
        (None, Some(report)) => html! {
            a href=(format!("{}#held-{}", links::sync_of(slug).url(), report.dataset)) {
                "Held: " (number(report.held)) " " (dataset_name(report.dataset).to_lowercase()) " missing"
            } ". Saved data is unchanged until you decide."
        },
        (None, None) => html! { "The last run was interrupted. " a href=(run) { "View the run" } "." },
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Fields that many rows had and that none has now.
fn missing_fields(fields: &[(Dataset, String)]) -> Markup {
    html! {
        @for (dataset, field) in fields {
            (dataset_name(*dataset)) " are missing “" (field) "” in recent syncs; saved values are unchanged. "
        }
        "If the field was renamed in ClientTether, map it to its new name."
    }
}
