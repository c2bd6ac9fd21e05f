//! How long candidates usually stay in a stage.

use maud::{Markup, html};
use tetherboard_metrics::{DurationStats, StagePlace};

use super::{PipelineView, card};
use crate::address::label::with_label;
use crate::address::links;
use crate::parts::format::count;
use crate::parts::shell::Shell;
use crate::parts::stages::{role_class, stage_name};
use crate::parts::table::count_link;
use crate::parts::time;

/// The card of the time in stage.
pub(super) fn time_in_stage(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let subtitle = html! { "completed time in stage, last 365 days" };
    let body = match view.benchmarks.stays.is_empty() {
        true => html! { p.plot-none { "Nothing completed yet." } },
        false => html! { (table(shell, view)) p.sub.mt2 { (sentence(view)) } },
    };
    card("c-6", "Time in stage", &subtitle, None, &body)
}

fn table(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let (slug, board, stays) = (&shell.tenant().slug, &view.numbers.board, &view.benchmarks.stays);
    let longest = stays.iter().filter_map(|(_, _, typical)| typical.figures).map(|(_, third)| third).max().unwrap_or(0).max(1);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Time in stage" {
            table.table.breakdown.lasting {
                thead { tr {
                    th scope="col" { "Stage" } th.no-phone scope="col" { span.sr { "Bar" } }
                    th.num scope="col" { "Median" } th.num scope="col" { "75th pct." } th.num scope="col" { "Stays" }
                } }
                tbody {
                    @for (place, stage, typical) in stays {
                        (row(slug, (place, stage.as_deref()), role_class(board.role(place)), typical, longest))
                    }
                }
            }
        }
    }
}

fn row(slug: &str, (place, stage): (&StagePlace, Option<&str>), role: &str, typical: &DurationStats, longest: i64) -> Markup {
    let width = |ms: i64| format!("width:{}%", (1_000 * ms / longest) as f64 / 10.0);
    let label = if *place == StagePlace::NotText { None } else { stage };
    let link = with_label(links::pipeline_rows(slug, "stays"), "stage", label);
    html! {
        tr {
            th scope="row" { span.t title=(stage_name(stage)) { (stage_name(stage)) } }
            td.c-bar.no-phone {
                @if let Some((median, third)) = typical.figures {
                    span.whisker {
                        i.r-line style=(width(third)) {}
                        i class=(format!("r-{role}")) style=(width(median)) {}
                    }
                }
            }
            @match typical.figures {
                Some((median, third)) => { td.num.w600 { (time::span(median)) } td.num.muted { (time::span(third)) } }
                None => { td.num.muted { "—" } td.num.muted { "—" } }
            }
            td.num { (count_link(count(typical.n), link)) }
        }
    }
}

/// `Longest: FDD Sent, median 12 days.`
fn sentence(view: &PipelineView) -> Markup {
    let medians = view.benchmarks.stays.iter();
    let medians = medians.filter_map(|(_, stage, typical)| Some((typical.figures?.0, stage.as_deref())));
    html! {
        @if let Some((median, stage)) = medians.max_by_key(|(median, _)| *median) {
            "Longest: " (stage_name(stage)) ", median " (time::span(median)) ". "
        }
        "Bar: median. Line: 75th percentile. Hidden below five stays."
    }
}
