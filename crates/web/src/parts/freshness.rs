//! The age of the data, on every page: a chip that keeps itself current, and a banner when something is wrong.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, DatasetStatus, SyncState, Zone};
use tetherboard_metrics::{Freshness, Staleness};
use tetherboard_store::tenants::Tenant;

use super::{icon, time, toned_icon};
use crate::address::links;
use crate::parts::format::{listed, number};

/// The name of a dataset on a page.
pub(crate) fn dataset_name(dataset: Dataset) -> &'static str {
    match dataset {
        Dataset::Stages => "Stages",
        Dataset::Sources => "Lead sources",
        Dataset::Users => "People",
        Dataset::Contacts => "Contacts",
        Dataset::Deals => "Deals",
        Dataset::Events => "Appointments",
        Dataset::Notes => "Notes",
    }
}

/// The chip in the header. A live stream replaces it while the page is open.
pub(crate) fn chip(tenant: &Tenant, fresh: &Freshness, now: Timestamp, is_agency: bool) -> Markup {
    html! {
        details.menu.end id="freshness" data-now-ms=(now.as_millisecond()) {
            (summary(fresh, now))
            div.menu-panel.wide {
                p.menu-h { "Data as of" }
                p.menu-p {
                    @match fresh.as_of {
                        Some(as_of) => b { (time::exact(as_of, &tenant.zone)) },
                        None => b { "Not synced yet" },
                    }
                    ". Next sync " (time::in_sentence(fresh.next_at, now, &tenant.zone)) "."
                }
                dl.ages {
                    @for dataset in &fresh.datasets { (age_line(dataset.dataset, dataset.as_of, fresh, now, &tenant.zone)) }
                }
                @if is_agency {
                    hr;
                    form.menu-form method="post" action=(links::sync_now(&tenant.slug)) {
                        button.btn disabled[fresh.state == SyncState::Running] { (icon("refresh-cw", 14)) "Sync now" }
                    }
                }
            }
        }
    }
}

fn summary(fresh: &Freshness, now: Timestamp) -> Markup {
    let progress = fresh.progress.as_ref().and_then(|progress| progress.current());
    html! {
        @if fresh.state == SyncState::Running {
            summary.fresh.sync {
                (icon("refresh-cw", 14))
                span {
                    "Syncing"
                    @if let Some(report) = progress {
                        span.no-phone {
                            ": " (dataset_name(report.dataset).to_lowercase()) " " (number(report.read))
                            @if let Some(expected) = report.expected { " of " (number(expected.max(report.read))) }
                        }
                    }
                }
            }
        } @else if let Some(as_of) = fresh.as_of {
            @let warn = fresh.staleness > Staleness::Fresh || fresh.state == SyncState::Failing;
            summary class=(if warn { "fresh warn" } else { "fresh" }) {
                (icon(if warn { "clock-alert" } else { "circle-check" }, 14))
                span { span.no-phone { "Updated " } time data-age="fold" datetime=(as_of) { (time::ago(as_of, now)) } }
            }
        } @else {
            summary.fresh.warn { (icon("clock-alert", 14)) span { "No data yet" } }
        }
    }
}

fn age_line(dataset: Dataset, as_of: Option<Timestamp>, fresh: &Freshness, now: Timestamp, zone: &Zone) -> Markup {
    let trouble = fresh.failure.as_ref().and_then(|trouble| trouble.datasets.iter().find(|report| report.dataset == dataset));
    html! {
        div class=(if trouble.is_some() || as_of.is_none() { "warning" } else { "success" }) {
            (toned_icon(if trouble.is_some() || as_of.is_none() { "circle-alert" } else { "circle-check" }, 14))
            dt { (dataset_name(dataset)) }
            dd { @match as_of { Some(as_of) => (time::aging(as_of, now, zone)), None => "never" } }
            @if let Some(report) = trouble {
                dd.why {
                    @match report.status {
                        DatasetStatus::Held => { "Held: " (number(report.held)) " records are missing in ClientTether." }
                        _ => "The last sync did not finish.",
                    }
                    " Saved data is unchanged."
                }
            }
        }
    }
}

/// How old the data is, why it is not newer, and when the next attempt is. Never the text of an error.
pub(crate) fn banner(tenant: &Tenant, fresh: &Freshness, now: Timestamp, contact: Option<&str>) -> Markup {
    let Some(as_of) = fresh.as_of else { return first_trouble(fresh, now, &tenant.zone) };
    if !fresh.is_failing() && fresh.staleness == Staleness::Fresh {
        return html! {};
    }
    let (tone, icon_name) = match fresh.staleness {
        Staleness::Fresh | Staleness::Notice => ("info", "info"),
        Staleness::Warning => ("warning", "clock-alert"),
        Staleness::Critical => ("danger", "triangle-alert"),
    };
    let zone = &tenant.zone;
    html! {
        div class=(format!("banner {tone}")) role="status" {
            (icon(icon_name, 18))
            div {
                b { "Data last updated " (time::in_sentence(as_of, now, zone)) " (" (time::ago(as_of, now)) ")." }
                p {
                    @if fresh.is_failing() { (why(fresh, zone)) } @else { "No sync has run since then." }
                    " No data has been lost. " (next(fresh, now, zone))
                    @if let Some(contact) = contact.filter(|_| fresh.staleness == Staleness::Critical) {
                        " Questions? Contact " (contact) "."
                    }
                }
            }
        }
    }
}

/// The banner before the first complete sync.
fn first_trouble(fresh: &Freshness, now: Timestamp, zone: &Zone) -> Markup {
    if !fresh.is_failing() {
        return html! {};
    }
    html! {
        div.banner.warning role="status" {
            (icon("clock-alert", 18))
            div { b { "No data from ClientTether yet." } p { (why(fresh, zone)) " " (next(fresh, now, zone)) } }
        }
    }
}

fn next(fresh: &Freshness, now: Timestamp, zone: &Zone) -> String {
    match fresh.state {
        SyncState::Running => "A sync is running now.".to_owned(),
        _ => format!("The next attempt is {}.", time::in_sentence(fresh.next_at, now, zone)),
    }
}

fn why(fresh: &Freshness, zone: &Zone) -> Markup {
    let datasets = fresh.failure.as_ref().map(|trouble| trouble.datasets.as_slice()).unwrap_or_default();
    let held = datasets.iter().find(|report| report.status == DatasetStatus::Held);
    let names: Vec<String> = datasets.iter().map(|report| dataset_name(report.dataset).to_lowercase()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let since = fresh.failing_since().map(|since| format!(" since {}", time::exact(since, zone)));
    html! {
        @match (fresh.class(), held) {
            (Some(class), _) => {
                (class.client_message()) (since.unwrap_or_default()) ", so "
                @if names.is_empty() { "newer changes are missing." }
                @else { "newer changes to " (listed(&names)) " may be missing." }
            }
            (None, Some(report)) => {
                (number(report.held)) " " (dataset_name(report.dataset).to_lowercase())
                " are suddenly missing in ClientTether. The saved ones are shown until this is confirmed."
            }
            (None, None) => "The last sync was interrupted.",
        }
    }
}
