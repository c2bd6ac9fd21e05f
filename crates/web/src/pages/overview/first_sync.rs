//! The page before the first complete sync: its progress.

use maud::{Markup, html};
use tetherboard_domain::DatasetStatus;
use tetherboard_store::runs::DatasetReport;

use crate::parts::format::number;
use crate::parts::freshness::dataset_name;
use crate::parts::shell::Shell;
use crate::parts::toned_icon;

/// How far the first sync is, by dataset.
pub(super) fn first_sync(shell: &Shell<'_>) -> Markup {
    let progress = shell.fresh.progress.as_ref();
    html! {
        section.card { div.card-body.first-sync {
            div {
                h1.hero {
                    @if progress.is_some() { "First sync of " (shell.tenant().name) " is running" }
                    @else { "Waiting for the first sync of " (shell.tenant().name) }
                }
                p.lead { "Numbers appear here as they arrive. You can leave this page and come back." }
            }
            @if let Some(progress) = progress {
                ul.datasets { @for report in &progress.datasets { (dataset(report)) } }
            }
        } }
    }
}

fn dataset(report: &DatasetReport) -> Markup {
    let (tone, icon_name) = match report.status {
        DatasetStatus::Waiting => ("quiet", "clock"),
        DatasetStatus::Reading => ("info", "refresh-cw"),
        DatasetStatus::Succeeded => ("success", "circle-check"),
        _ => ("warning", "circle-alert"),
    };
    html! {
        li class=(tone) {
            (toned_icon(icon_name, 16))
            span {
                b { (dataset_name(report.dataset)) } " "
                span.muted {
                    (number(report.read))
                    @if let Some(expected) = report.expected { " of " (number(expected.max(report.read))) }
                    " received"
                }
            }
        }
    }
}
