//! How a brand stands with its CRM, in words for the agency: a badge, and what is wrong and what to do.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, DatasetStatus, RunStatus, SyncState};
use tetherboard_metrics::{CredentialRefusal, Freshness, Staleness};
use tetherboard_store::tenants::Tenant;

use super::format::{listed, number};
use super::freshness::dataset_name;
use super::{icon, time};
use crate::address::links;

/// Worst first by rank.
pub(crate) struct SyncHealth {
    pub(crate) rank: u8,
    tone: &'static str,
    picture: &'static str,
    word: &'static str,
}

impl SyncHealth {
    pub(crate) fn of(fresh: &Freshness, tenant: &Tenant) -> Self {
        let trouble = fresh.failure.as_ref();
        let failed = trouble.is_some_and(|trouble| trouble.run.status != RunStatus::Partial);
        let held = trouble.is_some_and(|trouble| trouble.class().is_none() && is_held(fresh));
        let (rank, tone, picture, word) = match fresh.state {
            SyncState::Running if fresh.as_of.is_none() => (3, "info", "sparkles", "First sync"),
            SyncState::Running => (5, "info", "refresh-cw", "Syncing"),
            _ if fresh.refused.is_some() => (0, "danger", "key-round", "Refused"),
            _ if !tenant.has_web_key => (2, "warning", "key-round", "No key"),
            SyncState::Failing if failed => (0, "danger", "circle-x", "Failed"),
            SyncState::Failing if held => (1, "wait", "hand", "Held"),
            SyncState::Failing => (1, "warning", "circle-dot-dashed", "Partial"),
            SyncState::Late => (2, "warning", "clock-alert", "Late"),
            SyncState::Never => (3, "quiet", "clock", "Not read yet"),
            SyncState::OnTime => (5, "success", "circle-check", "Current"),
        };
        Self { rank, tone, picture, word }
    }

    /// Somebody of the agency should look.
    pub(crate) fn needs_you(&self) -> bool {
        self.rank < 3
    }

    pub(crate) fn badge(&self) -> Markup {
        html! { span class=(format!("badge {}", self.tone)) { (icon(self.picture, 14)) (self.word) } }
    }
}

fn is_held(fresh: &Freshness) -> bool {
    fresh.failure.as_ref().is_some_and(|trouble| trouble.datasets.iter().any(|report| report.status == DatasetStatus::Held))
}

/// What is wrong and what to do; nothing where all is well.
pub(crate) fn reason(fresh: &Freshness, vanished: &[(Dataset, String)], now: Timestamp, tenant: &Tenant) -> Option<Markup> {
    let (slug, zone) = (&tenant.slug, &tenant.zone);
    let told = |moment: Timestamp| time::told(moment, now, zone);
    let runs = html! { a href=(links::sync_of(slug).url()) { "See its runs" } };
    if fresh.state == SyncState::Running {
        let report = fresh.progress.as_ref()?.current()?;
        let of = report.expected.map(|expected| format!(" of {}", number(expected.max(report.read)))).unwrap_or_default();
        return Some(html! { (dataset_name(report.dataset)) " " (number(report.read)) (of) "." });
    }
    match fresh.refused {
        // Said once for all brands, on top of the page.
        Some(CredentialRefusal::Token { .. }) => return None,
        Some(CredentialRefusal::Key { since }) => {
            return Some(html! {
                "ClientTether refuses this brand’s web key " (told_since(since, now, tenant)) ". Replace the key, then test it. " (runs) "."
            });
        }
        None => {}
    }
    if !tenant.has_web_key {
        return Some(
            html! { "No web key is set, so it cannot be read. Set one: " code { "tetherboard tenant set --slug " (slug) " --web-key-stdin" } },
        );
    }
    let waits = tenant.parked_until_ms.and_then(time::moment).filter(|until| *until > now);
    if let Some(until) = waits {
        return Some(html! { "ClientTether asked us to leave it alone; we go on " (told(until)) " by ourselves." });
    }
    if let Some(trouble) = &fresh.failure {
        let run = links::run(slug, &trouble.run.id).url();
        let held = trouble.datasets.iter().find(|report| report.status == DatasetStatus::Held);
        return Some(match (trouble.class(), held) {
            (Some(class), _) => {
                let names: Vec<String> =
                    trouble.datasets.iter().map(|report| dataset_name(report.dataset).to_lowercase()).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let what = match trouble.datasets.len() {
                    all if all == Dataset::ALL.len() => "Nothing".to_owned(),
                    _ => capitalised(&listed(&names)),
                };
                let how = if trouble.run.status == RunStatus::Partial { " not read, or not whole: " } else { " was read: " };
                html! { (what) (how) (class.meaning()) ". " a href=(run) { "See what to do" } "." }
            }
            (None, Some(report)) => html! {
                a href=(format!("{}#held-{}", links::sync_of(slug).url(), report.dataset)) {
                    "Held: " (number(report.held)) " " (dataset_name(report.dataset).to_lowercase()) " gone?"
                } " The saved ones stay until you decide."
            },
            (None, None) => html! { "The last run was cut short. " a href=(run) { "See the run" } "." },
        });
    }
    match fresh.state {
        SyncState::Late => {
            let age = fresh.age.map(time::age).unwrap_or_default();
            Some(html! { "No update has succeeded for " (age) ". Is the worker running?" })
        }
        _ if !vanished.is_empty() => Some(self::vanished(vanished)),
        _ if fresh.staleness > Staleness::Fresh => Some(html! { "Its data is old." }),
        _ => None,
    }
}

/// `since yesterday at …`; a time of today needs no day.
fn told_since(since: Timestamp, now: Timestamp, tenant: &Tenant) -> String {
    let told = time::told(since, now, &tenant.zone);
    format!("since {}", told.strip_prefix("at ").or_else(|| told.strip_prefix("on ")).unwrap_or(&told))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Fields that many rows had and now none has.
fn vanished(fields: &[(Dataset, String)]) -> Markup {
    html! {
        @for (dataset, field) in fields {
            (dataset_name(*dataset)) " come without “" (field) "” since lately; the saved values stay. "
        }
        "If the field was renamed in ClientTether, map it to its new name."
    }
}
