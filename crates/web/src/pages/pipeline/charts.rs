//! What happened to the pipeline, and what may: a chart or a table each, with a sentence that says what it shows.

use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, EpochMs, Flow, Money, Node, Step};
use tetherboard_metrics::{
    CloseBucket, DayTotals, DurationStats, FlowLink, FlowNode, ForecastMonth, FunnelStage, Movement, MovementKind, StagePlace,
};

use super::PipelineView;
use crate::address::label::with_label;
use crate::address::links::{self, Link};
use crate::parts::figure::Figure;
use crate::parts::format::{count, counted, number, percent};
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::parts::stages::{role_class, shown};
use crate::parts::time;

/// A card around a picture.
fn card(class: &str, title: &str, sub: &Markup, more: Option<(Link, String)>, body: &Markup) -> Markup {
    html! {
        section class=(format!("card {class}")) {
            div.card-head {
                h2 { (title) } span.sub { (sub) }
                @if let Some((link, words)) = more { a.more href=(link.url()) { (words) " " (icon("arrow-right", 13)) } }
            }
            div.card-body { (body) }
        }
    }
}

/// The address of rows behind a number of the page's period.
fn rows(shell: &Shell<'_>, view: &PipelineView, show: &str) -> Link {
    view.address.period.add_to(links::pipeline_rows(&shell.tenant().slug, show))
}

// Forecast -------------------------------------------------------------------------------------------------------------

pub(super) fn forecast(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let months = &view.benchmarks.forecast;
    let bar = |month: &ForecastMonth| {
        let closing = month.closing.word();
        let link = links::pipeline(slug).with("in", "open").with("fee", "known").with("close", &closing);
        Bar {
            label: closing_name(month.closing),
            value: Some(month.weighted.0),
            href: Some(link.url()),
            title: Some(format!("{}, {}", closing_name(month.closing), counted(month.deals, "deal", "deals"))),
            ..Bar::default()
        }
    };
    let spec = ChartSpec::Columns {
        unit: ChartUnit::Money,
        series: "Weighted value".to_owned(),
        previous: None,
        data: months.iter().map(bar).collect(),
    };
    let figure = Figure {
        id: "forecast",
        label: "Weighted value by close month",
        category: "Close month",
        sentence: forecast_sentence(slug, view),
        spec: &spec,
        height: None,
    };
    card("c-6", "Forecast by close month", &html! { "weighted value" }, None, &figure.render())
}

fn closing_name(closing: CloseBucket) -> String {
    match closing {
        CloseBucket::Overdue => "Overdue".to_owned(),
        CloseBucket::Month(month) => month.strftime("%b %Y").to_string(),
        CloseBucket::Undated => "Undated".to_owned(),
    }
}

fn forecast_sentence(slug: &str, view: &PipelineView) -> Markup {
    let months = &view.benchmarks.forecast;
    let find = |closing: CloseBucket| months.iter().find(|month| month.closing == closing);
    let most = months.iter().filter(|month| matches!(month.closing, CloseBucket::Month(_))).max_by_key(|month| month.weighted);
    let deals = |month: &ForecastMonth, one: &str, many: &str| {
        let link = links::pipeline(slug).with("in", "open").with("fee", "known").with("close", &month.closing.word());
        html! { a href=(link.url()) data-count=(month.deals) { (counted(month.deals, one, many)) } }
    };
    html! {
        @if months.is_empty() { "No open deal has a known fee, so there is nothing to forecast." }
        @else {
            @match most.filter(|month| month.weighted.0 > 0) {
                Some(month) => { (month.weighted.short()) " of " (view.numbers.pipeline.weighted.short()) " may close in " (closing_name(month.closing)) ", more than in any other month." }
                None => "No open deal with a known fee has a close date to come.",
            }
            @if let Some(overdue) = find(CloseBucket::Overdue) { " The close date of " (deals(overdue, "deal with a fee", "deals with a fee")) " has passed." }
            @if let Some(undated) = find(CloseBucket::Undated) { " " (deals(undated, "deal with a fee has", "deals with a fee have")) " none." }
        }
    }
}

// Value over time ------------------------------------------------------------------------------------------------------

pub(super) fn over_time(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let days = &view.history.days;
    let today = shell.tenant().zone.date(shell.now);
    let slug = &shell.tenant().slug;
    let bar = |day: &DayTotals| Bar {
        label: time::short_day(day.day),
        value: Some(day.weighted.0),
        previous: Some(day.value.0),
        approximate: day.carried,
        href: Some(
            if day.day == today { links::pipeline(slug) } else { links::pipeline(slug).with("asof", &day.day.to_string()) }.url(),
        ),
        title: Some(time::full_day(day.day)),
        ..Bar::default()
    };
    let spec = ChartSpec::Line {
        unit: ChartUnit::Money,
        series: "Weighted value".to_owned(),
        previous: Some("Pipeline value".to_owned()),
        data: days.iter().map(bar).collect(),
    };
    let figure = Figure {
        id: "over-time",
        label: "Pipeline value and weighted value, day by day",
        category: "Day",
        sentence: over_time_sentence(days, view.benchmarks.history_start),
        spec: &spec,
        height: None,
    };
    let sub = html! { (counted(count(days.len()), "day", "days")) ", each as its last read left it" };
    card("c-6", "Value over time", &sub, None, &figure.render())
}

fn over_time_sentence(days: &[DayTotals], begins: Option<Date>) -> Markup {
    let went = |from: Money, to: Money| match to.0.cmp(&from.0) {
        std::cmp::Ordering::Equal => format!("stayed at {}", to.short()),
        std::cmp::Ordering::Greater => format!("rose from {} to {}", from.short(), to.short()),
        std::cmp::Ordering::Less => format!("fell from {} to {}", from.short(), to.short()),
    };
    let carried = i64::try_from(days.iter().filter(|day| day.carried).count()).unwrap_or(0);
    html! {
        @match (days.first(), days.last()) {
            (Some(first), Some(last)) if first.day != last.day => {
                "Since " (time::short_day(first.day)) " the pipeline value " (went(first.value, last.value)) ", and its weighted value " (went(first.weighted, last.weighted)) "."
                @if carried > 0 { " On " (counted(carried, "day", "days")) " nothing was read; the day before is shown again." }
            }
            (Some(only), _) => { "Only " (time::full_day(only.day)) " is kept in this period." }
            _ => "No day of this period is kept.",
        }
        @if let Some(begins) = begins.filter(|begins| days.first().is_none_or(|first| first.day <= *begins)) {
            " The history of this brand begins on " (time::full_day(begins)) "."
        }
    }
}

// Conversion -----------------------------------------------------------------------------------------------------------

pub(super) fn funnel(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let funnel = &view.history.funnel;
    let stages: Vec<&FunnelStage> = funnel.stages.iter().collect();
    let bar = |(at, stage): (usize, &&FunnelStage)| {
        let before = at.checked_sub(1).map(|before| stages[before].reached);
        let share = before.map(|before| percent(stage.reached, before));
        Bar {
            label: stage.stage.clone(),
            value: Some(stage.reached),
            role: Some(role_class(stage.role)),
            note: share.filter(|_| before != Some(0)),
            href: Some(rows(shell, view, "reached").with("stage", &stage.stage).url()),
            ..Bar::default()
        }
    };
    let data = if funnel.known == 0 { Vec::new() } else { stages.iter().enumerate().map(bar).collect() };
    let spec = ChartSpec::Bars { unit: ChartUnit::Count, series: "Reached or passed".to_owned(), previous: None, data };
    let figure = Figure {
        id: "conversion",
        label: "How far new prospects get, stage by stage",
        category: "Stage",
        sentence: funnel_sentence(&stages),
        spec: &spec,
        height: None,
    };
    let sub = html! {
        "created " (view.address.period.period().phrase()) "; path known for "
        a href=(rows(shell, view, "known").url()) data-count=(funnel.known) { (number(funnel.known)) } " of "
        a href=(rows(shell, view, "created").url()) data-count=(funnel.created) { (number(funnel.created)) }
    };
    card("c-6", "How far leads get", &sub, None, &figure.render())
}

fn funnel_sentence(stages: &[&FunnelStage]) -> Markup {
    let lost = |pair: &&[&FunnelStage]| pair[0].reached - pair[1].reached;
    let widest = stages.windows(2).max_by_key(lost).filter(|pair| lost(pair) > 0);
    html! {
        @match (stages.first().filter(|first| first.reached > 0), widest) {
            (None, _) => "No prospect with a known path was created in this period.",
            (Some(_), Some(pair)) => {
                "Most stop between " (shown(Some(&pair[0].stage))) " and " (shown(Some(&pair[1].stage))) ": " (number(lost(&pair))) " of the " (number(pair[0].reached)) " who came so far. A percentage is of those who reached the stage above."
            }
            (Some(first), None) => { "All " (number(first.reached)) " reached the last stage." }
        }
    }
}

// Time in stage --------------------------------------------------------------------------------------------------------

pub(super) fn time_in_stage(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let stays = &view.benchmarks.stays;
    let longest = stays.iter().filter_map(|(_, _, typical)| typical.figures).map(|(_, most)| most).max().unwrap_or(0).max(1);
    let board = &view.numbers.board;
    let slowest =
        stays.iter().filter_map(|(_, stage, typical)| Some((typical.figures?.0, stage.as_deref()))).max_by_key(|(ms, _)| *ms);
    let body = html! {
        @if stays.is_empty() {
            p.plot-none { "No stay in a stage has been seen from its beginning to its end yet." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Time in stage" {
                table.table.breakdown.lasting {
                    thead { tr { th scope="col" { "Stage" } th.no-phone scope="col" { span.sr { "Drawn" } } th.num scope="col" { "Median" } th.num scope="col" { "75%" } th.num scope="col" { "Stays" } } }
                    tbody { @for (place, stage, typical) in stays { (stay_row(slug, (place, stage.as_deref()), role_class(board.role(place)), typical, longest)) } }
                }
            }
            p.sub.mt2 {
                @if let Some((ms, stage)) = slowest { "Deals stay longest in " (shown(stage)) ": half of them more than " (time::span(ms)) ". " }
                "Bar: median. Line: three quarters of stays were over by then. Fewer than five say nothing."
            }
        }
    };
    card("c-6", "Time in stage", &html! { "stays that ended in the last 365 days" }, None, &body)
}

fn stay_row(
    slug: &str,
    (place, stage): (&StagePlace, Option<&str>),
    role: &str,
    typical: &DurationStats,
    longest: i64,
) -> Markup {
    let share = |ms: i64| 1_000 * ms / longest;
    let n = i64::try_from(typical.n).unwrap_or(i64::MAX);
    let link = match place {
        StagePlace::NotText => with_label(links::pipeline_rows(slug, "stays"), "stage", None),
        _ => with_label(links::pipeline_rows(slug, "stays"), "stage", stage),
    };
    html! {
        tr {
            th scope="row" { span.t title=(shown(stage)) { (shown(stage)) } }
            td.c-bar.no-phone {
                @if let Some((median, most)) = typical.figures {
                    span.whisker { i.r-line style=(format!("width:{}%", share(most) as f64 / 10.0)) {} i class=(format!("r-{role}")) style=(format!("width:{}%", share(median) as f64 / 10.0)) {} }
                }
            }
            @match typical.figures {
                Some((median, most)) => { td.num.w600 { (time::span(median)) } td.num.muted { (time::span(most)) } }
                None => { td.num.muted { "—" } td.num.muted { "—" } }
            }
            td.num { a.who-plain href=(link.url()) data-count=(n) { (number(n)) } }
        }
    }
}

// Movement -------------------------------------------------------------------------------------------------------------

pub(super) fn movement(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let zone = &shell.tenant().zone;
    let Some(movement) = &view.history.movement else {
        let body = html! { p.plot-none { "No movement is known in this period: " @match view.benchmarks.history_start {
            Some(begins) => { "the history of this brand begins on " (time::full_day(begins)) "." }
            None => { "the history begins with the first complete read." }
        } } };
        return card("", "What moved the value", &html! {}, None, &body);
    };
    let day = |ms: EpochMs| ms.timestamp().map_or_else(|| "now".to_owned(), |moment| time::short_day(zone.date(moment)));
    let (from, until) = (
        day(movement.span.from_ms),
        if movement.span.until_ms == EpochMs::MAX { "Now".to_owned() } else { day(movement.span.until_ms - 1) },
    );
    let total = |label: &str, value: Money, href: Option<String>| Step {
        label: label.to_owned(),
        value: Some(value.0),
        total: true,
        href,
        title: None,
    };
    let open = links::pipeline(&shell.tenant().slug).with("in", "open").with("fee", "known").url();
    let mut steps = vec![total(&from, movement.opening.value, None)];
    steps.extend(movement.steps.iter().map(|step| Step {
        label: move_name(step.kind).to_owned(),
        value: Some(step.amount.0),
        total: false,
        href: Some(rows(shell, view, step.kind.as_str()).url()),
        title: Some(format!("{}: {}", move_name(step.kind), counted(step.deals, "deal", "deals"))),
    }));
    steps.push(total(&until, movement.closing.value, (movement.span.until_ms == EpochMs::MAX).then_some(open)));
    let spec = ChartSpec::Waterfall { unit: ChartUnit::Money, series: "Pipeline value".to_owned(), data: steps };
    let figure = Figure {
        id: "movement",
        label: "What moved the pipeline value",
        category: "Step",
        sentence: movement_sentence(shell, view, movement, (&from, &until)),
        spec: &spec,
        height: None,
    };
    let all: i64 = movement.steps.iter().map(|step| step.deals).sum();
    let sub = html! { (from) " to " (if until == "Now" { "now" } else { &until }) };
    let more = (rows(shell, view, "changes"), format!("All {}", counted(all, "change", "changes")));
    card("", "What moved the value", &sub, Some(more), &figure.render())
}

pub(super) fn move_name(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::New => "New",
        MovementKind::Up => "Up",
        MovementKind::Down => "Down",
        MovementKind::Reopened => "Reopened",
        MovementKind::Lost => "Lost",
        MovementKind::Awarded => "Awarded",
        MovementKind::Parked => "Parked",
        MovementKind::Removed => "Removed",
    }
}

/// `$612K + $95K new − $60K lost = $700K`, to the cent.
fn movement_sentence(shell: &Shell<'_>, view: &PipelineView, movement: &Movement, (from, until): (&str, &str)) -> Markup {
    let step = |kind: MovementKind| movement.step(kind);
    let moved = movement.steps.iter().filter(|step| step.deals > 0);
    html! {
        @if movement.steps.iter().all(|step| step.deals == 0) {
            "Nothing moved between " (from) " and " (until.to_lowercase()) ": the value is " (movement.closing.value) "."
        } @else {
            (movement.opening.value)
            @for step in moved {
                (if step.amount.0 < 0 { " − " } else { " + " }) (Money(step.amount.0.abs())) " "
                a href=(rows(shell, view, step.kind.as_str()).url()) data-count=(step.deals) { (move_name(step.kind).to_lowercase()) " (" (number(step.deals)) ")" }
            }
            " = " (movement.closing.value) ". "
            @if movement.closing.fees_known == 0 && step(MovementKind::New).deals > 0 { "No fee is known yet. " }
            "In brackets the deals of each step, those without a known fee included."
        }
    }
}

// Flow -----------------------------------------------------------------------------------------------------------------

/// Ways that a drawing has room for.
const MOST_WAYS: usize = 18;

pub(super) fn flow(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let links = &view.history.flow;
    let shown_links = &links[..links.len().min(MOST_WAYS)];
    let mut sides: [Vec<&FlowNode>; 2] =
        [shown_links.iter().map(|link| &link.from).collect(), shown_links.iter().map(|link| &link.to).collect()];
    for side in &mut sides {
        side.sort();
        side.dedup();
    }
    let [left, right] = &sides;
    let board = &view.numbers.board;
    let node = |end: &FlowNode, href: Option<String>| Node {
        label: shown(end.stage.as_deref()).to_owned(),
        role: Some(role_class(board.role(&end.place))),
        href,
    };
    let way = |from: Option<&FlowNode>, to: Option<&FlowNode>| {
        let link = rows(shell, view, "went");
        let link = from.map_or(link.clone(), |end| with_label(link, "from-stage", end.stage.as_deref()));
        to.map_or(link.clone(), |end| with_label(link, "to-stage", end.stage.as_deref())).url()
    };
    // A node's value is the sum of the ways drawn, so it leads to its rows only where all of them are.
    let whole = links.len() <= MOST_WAYS;
    let nodes = left.iter().map(|end| node(end, whole.then(|| way(Some(end), None))));
    let nodes = nodes.chain(right.iter().map(|end| node(end, whole.then(|| way(None, Some(end))))));
    let flow = |link: &FlowLink| {
        let at = |side: &[&FlowNode], end: &FlowNode| side.iter().position(|known| *known == end);
        Some(Flow {
            from: at(left, &link.from)?,
            to: left.len() + at(right, &link.to)?,
            value: link.candidates,
            href: Some(way(Some(&link.from), Some(&link.to))),
            title: None,
        })
    };
    let spec = ChartSpec::Sankey {
        unit: ChartUnit::Count,
        series: "Candidates".to_owned(),
        nodes: nodes.collect(),
        flows: shown_links.iter().filter_map(flow).collect(),
    };
    let figure = Figure {
        id: "flow",
        label: "From which stages to which others candidates went",
        category: "Stage",
        sentence: flow_sentence(shell, view),
        spec: &spec,
        height: None,
    };
    card("", "Flow between stages", &html! { "first and last stage of the period" }, None, &figure.render())
}

fn flow_sentence(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let links = &view.history.flow;
    let all: i64 = links.iter().map(|link| link.candidates).sum();
    let rest: i64 = links.iter().skip(MOST_WAYS).map(|link| link.candidates).sum();
    html! {
        @match links.first() {
            None => "Nobody was seen to change stages in this period.",
            Some(first) => {
                a href=(rows(shell, view, "went").url()) data-count=(all) { (counted(all, "candidate stands", "candidates stand")) }
                " in another stage than before; most, " (number(first.candidates)) ", went from " (shown(first.from.stage.as_deref())) " to " (shown(first.to.stage.as_deref())) "."
                @if rest > 0 { " " (number(rest)) " went ways that are too rare to draw." }
            }
        }
    }
}
