//! The stages: their candidates, deals, values, and odds.

use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, Money};
use tetherboard_metrics::{Board, LeadGroup, Pipeline, StageLine};

use super::PipelineView;
use super::address::{Measure, PipelineAddress};
use crate::address::label::with_label;
use crate::address::links;
use crate::parts::figure::Figure;
use crate::parts::format::{counted, number, weighted_fee};
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::stages::{role_class, stage, stage_link, stage_name, strip};
use crate::parts::table::{count_link, or_dash, role_bar};
use crate::parts::time;

/// The card of the stages: a strip, a table, and a chart.
pub(super) fn stages(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let measure = view.address.measure;
    let chart_title = match measure {
        Measure::Count => "Candidates by stage as a chart",
        Measure::Value => "Value by stage as a chart",
    };
    html! {
        section.card {
            div.card-head.mid {
                h2 { "Stages" } span.sub { "ClientTether’s names and order" }
                div.push.seg role="group" aria-label="Bars show" {
                    (measure_link(slug, view, Measure::Count, "Count")) (measure_link(slug, view, Measure::Value, "Value"))
                }
            }
            div.card-body.roomy { (strip(slug, &view.numbers.board, &view.numbers.pipeline)) }
            div.scroll tabindex="0" role="region" aria-label="Stages" { (table(slug, view)) }
            div.card-foot { p { (sentence(view)) } }
            // The table has the same bars. The chart is for a larger view.
            details.more-of-it id="by-stage-chart" {
                summary { (icon("chevron-down", 14)) (chart_title) }
                div.card-body { (chart(slug, view)) }
            }
        }
    }
}

fn measure_link(slug: &str, view: &PipelineView, measure: Measure, label: &str) -> Markup {
    let address = PipelineAddress { measure, ..view.address.clone() };
    let url = address.deals.add_filters_to(address.base(slug)).url();
    html! { a href=(url) aria-current=[(view.address.measure == measure).then_some("true")] { (label) } }
}

fn table(slug: &str, view: &PipelineView) -> Markup {
    let pipeline = &view.numbers.pipeline;
    let size = |line: &StageLine| if view.address.measure == Measure::Value { line.value.0 } else { line.contacts };
    let most = pipeline.stages.iter().map(size).max().unwrap_or(0).max(1);
    html! {
        table.table.breakdown {
            thead { tr {
                th scope="col" { "Stage" } th.num scope="col" { "Candidates" } th.no-phone scope="col" { span.sr { "Bar" } }
                th.num.no-phone scope="col" { "Odds" } th.num.no-phone scope="col" { "Deals" } th.num scope="col" { "Value" }
                th.num.no-phone scope="col" { "Fee known" } th.num scope="col" { "Weighted" }
                th.num.no-phone scope="col" { "Median time in stage" }
            } }
            tbody { @for line in listed(pipeline) { (row(slug, line, 100 * size(line) / most)) } }
            tfoot { tr {
                th scope="row" { "Open, excluding awarded" }
                td.num { (number(open_contacts(&view.numbers.board, pipeline))) }
                td.no-phone {} td.no-phone {}
                td.num.no-phone { (number(pipeline.open_deals)) } td.num { (pipeline.value) }
                td.num.no-phone { (number(pipeline.fees_known)) " of " (number(pipeline.open_deals)) }
                td.num { (pipeline.weighted) } td.no-phone {}
            } }
        }
    }
}

/// The stages that a table lists: inactive ones only if they have candidates or deals.
pub(super) fn listed(pipeline: &Pipeline) -> impl Iterator<Item = &StageLine> {
    pipeline.stages.iter().filter(|line| line.contacts > 0 || line.deals > 0 || !line.role.is_inactive())
}

/// Candidates in open stages.
pub(super) fn open_contacts(board: &Board, pipeline: &Pipeline) -> i64 {
    pipeline.stages.iter().filter(|line| board.is_in(LeadGroup::Open, &line.place)).map(|line| line.contacts).sum()
}

fn row(slug: &str, line: &StageLine, width: i64) -> Markup {
    let name = line.stage.as_deref();
    html! {
        tr {
            th scope="row" { (stage(name, line.role)) }
            td.num.w600 { (count_link(line.contacts, stage_link(slug, name))) }
            td.c-bar.no-phone { (role_bar(role_class(line.role), width)) }
            td.num.muted.no-phone { (or_dash(line.odds.map(|odds| odds.to_string()))) }
            td.num.no-phone { (count_link(line.deals, with_label(links::pipeline(slug), "stage", name))) }
            (value_cells(line, "no-phone"))
            td.num { (weighted_fees(line)) }
            td.num.muted.no-phone { @if let Some(days) = line.median_days { (time::days(days, true)) } }
        }
    }
}

/// The cells of a stage's value and how many fees are known; `class` is of the second one.
pub(super) fn value_cells(line: &StageLine, class: &str) -> Markup {
    html! {
        td.num { (or_dash((line.fees_known > 0).then_some(line.value))) }
        td class=(format!("num muted {class}")) {
            @if line.deals > 0 { (number(line.fees_known)) " of " (number(line.deals)) }
        }
    }
}

/// The weighted value of a stage's fees.
pub(super) fn weighted_fees(line: &StageLine) -> Markup {
    let is_known = line.fees_known > 0 && (line.odds.is_some() || line.weighted != Money::ZERO);
    weighted_fee((line.fees_known > 0).then_some(line.value), is_known.then_some(line.weighted))
}

fn chart(slug: &str, view: &PipelineView) -> Markup {
    let lines = view.numbers.pipeline.stages.iter();
    let lines = lines.filter(|line| !line.role.is_inactive() && (line.contacts > 0 || line.deals > 0));
    let (unit, series) = match view.address.measure {
        Measure::Count => (ChartUnit::Count, "Candidates"),
        Measure::Value => (ChartUnit::Money, "Value of known fees"),
    };
    let data = lines.map(|line| bar(slug, view.address.measure, line)).collect();
    let spec = ChartSpec::Bars { unit, series: series.to_owned(), previous: None, data };
    Figure {
        id: "by-stage",
        label: "Candidates or value by stage",
        category: "Stage",
        sentence: html! { "Stages with candidates, in ClientTether’s order." },
        spec: &spec,
        height: None,
    }
    .render()
}

fn bar(slug: &str, measure: Measure, line: &StageLine) -> Bar {
    let name = line.stage.as_deref();
    let (value, link) = match measure {
        Measure::Count => (Some(line.contacts), stage_link(slug, name)),
        Measure::Value => {
            let link = with_label(links::pipeline(slug), "stage", name).with("fee", "known");
            ((line.fees_known > 0).then_some(line.value.0), link)
        }
    };
    Bar { label: stage_name(name).to_owned(), value, role: Some(role_class(line.role)), href: Some(link.url()), ..Bar::default() }
}

/// `QR Sent has the most open candidates: 31 of 148 in the pipeline. 12 are qualified.`
fn sentence(view: &PipelineView) -> Markup {
    let (board, pipeline) = (&view.numbers.board, &view.numbers.pipeline);
    let open = pipeline.stages.iter().filter(|line| board.is_in(LeadGroup::Open, &line.place));
    match view.address.measure {
        Measure::Count => html! {
            @if let Some(first) = open.max_by_key(|line| line.contacts).filter(|line| line.contacts > 0) {
                (stage_name(first.stage.as_deref())) " has the most open candidates: " (number(first.contacts)) " of "
                (number(pipeline.leads_in_pipeline)) " in the pipeline. "
            }
            (number(pipeline.qualified)) (if pipeline.qualified == 1 { " is" } else { " are" }) " qualified."
        },
        Measure::Value => match open.max_by_key(|line| line.value).filter(|line| line.fees_known > 0) {
            Some(first) => html! {
                (stage_name(first.stage.as_deref())) " has the highest value: " (first.value.short()) " of "
                (pipeline.value.short()) ". The fee is known for " (number(pipeline.fees_known)) " of "
                (counted(pipeline.open_deals, "open deal", "open deals")) "."
            },
            None => html! { "No open deal has a known fee." },
        },
    }
}
