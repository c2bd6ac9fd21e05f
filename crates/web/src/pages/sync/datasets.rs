//! The datasets of a run as a table: what was read, and what it changed.

use maud::{Markup, html};
use tetherboard_domain::{DatasetStatus, Trigger};
use tetherboard_store::runs::{DatasetReport, Run};

use super::cell;
use crate::address::links;
use crate::parts::format::number;
use crate::parts::freshness::dataset_name;
use crate::parts::icon;
use crate::parts::runs::dataset_badge;

/// The datasets of one run, and which optional columns they need.
pub(super) struct DatasetTable<'a> {
    slug: &'a str,
    run: &'a Run,
    reports: &'a [DatasetReport],
    is_open: bool,
    has_repeats: bool,
    /// Whether a dataset failed after rows of it were read.
    has_unused: bool,
    has_held: bool,
}

impl<'a> DatasetTable<'a> {
    pub(super) fn of(slug: &'a str, run: &'a Run, reports: &'a [DatasetReport], is_open: bool) -> Self {
        let is_unused = |report: &DatasetReport| repeated(report) > 0 && report.status == DatasetStatus::Failed;
        Self {
            slug,
            run,
            reports,
            is_open,
            has_repeats: reports.iter().any(|report| repeated(report) > 0),
            has_unused: reports.iter().any(is_unused),
            has_held: reports.iter().any(|report| report.held > 0),
        }
    }

    pub(super) fn render(&self) -> Markup {
        html! {
            section.card {
                div.card-head { h2 { "Datasets" } span.sub { "in records" } }
                div.scroll.mt2 tabindex="0" role="region" aria-label="Datasets" {
                    table.table id="datasets" {
                        (self.header())
                        tbody { @for report in self.reports { (self.row(report)) } }
                        (self.footer())
                    }
                }
                (self.notices())
                (self.explanation())
            }
        }
    }

    /// What the run noticed apart from records, such as a renamed stage.
    fn notices(&self) -> Markup {
        let notices: Vec<&String> = self.reports.iter().flat_map(|report| &report.notices).collect();
        html! {
            @if !notices.is_empty() {
                ul.card-foot id="notices" { @for notice in notices { li dir="auto" { (notice) } } }
            }
        }
    }

    fn header(&self) -> Markup {
        html! {
            thead { tr {
                th scope="col" { "Dataset" }
                th scope="col" { "Outcome" }
                th.num scope="col" { "Read" }
                th.num scope="col" { "Added" }
                th.num scope="col" { "Changed" }
                th.num scope="col" { "Unchanged" }
                th.num scope="col" { "Skipped" }
                @if self.has_repeats { th.num scope="col" { (if self.has_unused { "Repeated or unused" } else { "Repeated" }) } }
                th.num scope="col" { "Removed" }
                @if self.has_held { th.num scope="col" { "Held" } }
                th.num scope="col" { "Retries" }
                th scope="col" { span.sr { "Snapshots" } }
            } }
        }
    }

    fn row(&self, report: &DatasetReport) -> Markup {
        html! {
            tr {
                th.w600 scope="row" { (dataset_name(report.dataset)) }
                td { (dataset_badge(report.status, self.run.trigger)) }
                td.num { (cell(report.read)) (expected(report)) }
                td.num { (cell(report.added)) }
                td.num { (cell(report.changed)) }
                td.num { (cell(report.unchanged)) }
                td.num { (self.skipped(report)) }
                @if self.has_repeats { td.num { (cell(repeated(report))) } }
                td.num { (cell(report.gone)) }
                @if self.has_held { td.num { (cell(report.held)) } }
                td.num { (cell(report.retries)) }
                td.num { (self.snapshots(report)) }
            }
        }
    }

    fn skipped(&self, report: &DatasetReport) -> Markup {
        let link = links::set_aside(self.slug, &self.run.id, report.dataset);
        html! {
            @if report.set_aside > 0 { a href=(link.url()) { (number(report.set_aside)) } } @else { (cell(0)) }
        }
    }

    fn snapshots(&self, report: &DatasetReport) -> Markup {
        // A replay has the responses of the run that it replays.
        let run = self.run.replay_of.as_ref().unwrap_or(&self.run.id);
        let is_stored = report.pages > 0 && (self.run.trigger != Trigger::Replay || self.run.replay_of.is_some());
        html! {
            @if is_stored {
                a.btn.plain href=(links::snapshots(self.slug, run, report.dataset).url()) {
                    (icon("file-json", 15)) "Snapshots" span.sr { " of " (dataset_name(report.dataset)) }
                }
            } @else { span.muted { "none stored" } }
        }
    }

    fn footer(&self) -> Markup {
        let sum = |of: fn(&DatasetReport) -> i64| number(self.reports.iter().map(of).sum());
        html! {
            tfoot { tr {
                th scope="row" { "All" } td {}
                td.num { (sum(|report| report.read)) }
                td.num { (sum(|report| report.added)) }
                td.num { (sum(|report| report.changed)) }
                td.num { (sum(|report| report.unchanged)) }
                td.num { (sum(|report| report.set_aside)) }
                @if self.has_repeats { td.num { (sum(repeated)) } }
                td.num { (sum(|report| report.gone)) }
                @if self.has_held { td.num { (sum(|report| report.held)) } }
                td.num { (sum(|report| report.retries)) }
                td {}
            } }
        }
    }

    /// How the columns add up.
    fn explanation(&self) -> Markup {
        html! {
            div.card-foot {
                span {
                    "Read = added + changed + unchanged + skipped"
                    @if self.has_unused { " + repeated or unused" } @else if self.has_repeats { " + repeated" }
                    @if self.is_open { ", once a dataset is complete" }
                }
                @if self.has_repeats {
                    span {
                        "Repeated rows were returned more than once while the list was paged"
                        @if self.has_unused { "; rows of a failed dataset are unused" } "."
                    }
                }
                span { "Removed records are not part of Read." }
            }
        }
    }
}

/// ` of 448` while a dataset is being read.
fn expected(report: &DatasetReport) -> Markup {
    let expected = report.expected.filter(|_| report.status == DatasetStatus::Reading);
    html! { @if let Some(expected) = expected { span.muted { " of " (number(expected.max(report.read))) } } }
}

/// Rows read beyond those added, changed, unchanged, or skipped; zero until all are read.
fn repeated(report: &DatasetReport) -> i64 {
    match report.status {
        DatasetStatus::Waiting | DatasetStatus::Reading => 0,
        _ => (report.read - report.added - report.changed - report.unchanged - report.set_aside).max(0),
    }
}
