//! The cards of the pipeline page.

use maud::{Markup, html};
use tetherboard_domain::Money;
use tetherboard_metrics::{AWARDS, CYCLE_TIME, DayTotals, LOST, WIN_RATE};

use super::{PipelineView, rows_link};
use crate::address::links;
use crate::parts::card::{self, Card, delta};
use crate::parts::format::{compared, count, counted, number};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::sparkline::sparkline;
use crate::parts::time;

/// Pipeline value, weighted value, average fee, and open deals.
pub(super) fn cards(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let cards = [value(slug, view), weighted(slug, view), average(slug, view), open_deals(slug, view)];
    card::cards("Pipeline metrics", &cards, as_of(shell, view).as_deref())
}

fn as_of(shell: &Shell<'_>, view: &PipelineView) -> Option<String> {
    view.numbers.pipeline.as_of.map(|as_of| time::exact(as_of, &shell.tenant().zone))
}

/// The list of open deals with a known fee, and how many there are.
fn known_fees(slug: &str, view: &PipelineView) -> (String, i64) {
    (links::pipeline(slug).with("in", "open").with("fee", "known").url(), view.numbers.pipeline.fees_known)
}

fn history(view: &PipelineView, value: fn(&DayTotals) -> i64, label: &str) -> Markup {
    let values: Vec<i64> = view.numbers.days.iter().map(value).collect();
    sparkline(&values, label, false)
}

fn value(slug: &str, view: &PipelineView) -> Card {
    let pipeline = &view.numbers.pipeline;
    let open = counted(pipeline.open_deals, "open deal", "open deals");
    let coverage = format!("fee known for {} of {open}", number(pipeline.fees_known));
    Card {
        id: "value",
        name: "Pipeline value",
        value: if pipeline.fees_known == 0 { "—".to_owned() } else { pipeline.value.short() },
        link: Some(known_fees(slug, view)),
        meaning: "The total fees of open deals, excluding awarded deals. A blank or zero fee is unknown and adds nothing.",
        counted: coverage.clone(),
        spark: history(view, |day| day.value.0, "Pipeline value, last 10 weeks"),
        below: html! { (coverage) },
    }
}

fn weighted(slug: &str, view: &PipelineView) -> Card {
    let pipeline = &view.numbers.pipeline;
    let deals = counted(pipeline.fees_known, "deal", "deals");
    Card {
        id: "weighted",
        name: "Weighted value",
        value: if pipeline.fees_known == 0 { "—".to_owned() } else { pipeline.weighted.short() },
        link: Some(known_fees(slug, view)),
        meaning: "The sum of each open deal’s fee times its odds. A deal’s own odds take precedence over its stage’s.",
        counted: format!("the same {deals}"),
        spark: history(view, |day| day.weighted.0, "Weighted value, last 10 weeks"),
        below: html! { "fee × odds, same " (deals) },
    }
}

fn average(slug: &str, view: &PipelineView) -> Card {
    let pipeline = &view.numbers.pipeline;
    let deals = counted(pipeline.fees_known, "deal", "deals");
    Card {
        id: "average",
        name: "Average fee",
        value: pipeline.value.0.checked_div(pipeline.fees_known).map_or("—".to_owned(), |cents| Money(cents).short()),
        link: Some(known_fees(slug, view)),
        meaning: "The pipeline value divided by the number of open deals with a known fee.",
        counted: deals.clone(),
        spark: EMPTY,
        below: html! { (deals) " with a known fee" },
    }
}

fn open_deals(slug: &str, view: &PipelineView) -> Card {
    let pipeline = &view.numbers.pipeline;
    let open = counted(pipeline.open_deals, "open deal", "open deals");
    Card {
        id: "open",
        name: "Open deals",
        value: number(pipeline.open_deals),
        link: Some((links::pipeline(slug).with("in", "open").url(), pipeline.open_deals)),
        meaning: "Deals of prospects that are not yet awarded, parked, or inactive. A prospect who never had a deal record counts as \
            one deal with the prospect’s own stage and fee.",
        counted: format!("{open}; {} have deal records in ClientTether", number(pipeline.crm_deals)),
        spark: EMPTY,
        below: html! { (counted(pipeline.leads_in_pipeline, "lead", "leads")) " in pipeline" },
    }
}

/// Awards and lost deals of the period, the win rate, and the time from creation to award.
pub(super) fn outcomes(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let cards = [awards(shell, view), lost(shell, view), win_rate(shell, view), cycle_time(shell, view)];
    card::cards("Awarded and lost", &cards, as_of(shell, view).as_deref())
}

const PREVIOUS: &str = "in the previous period";

fn awards(shell: &Shell<'_>, view: &PipelineView) -> Card {
    let awards = view.history.rate.awards;
    let period = view.address.period.period().phrase();
    Card {
        id: "awards",
        name: "Awards",
        value: number(awards),
        link: Some((rows_link(shell, view, "awards").url(), awards)),
        meaning: AWARDS,
        counted: format!("{} {period}", counted(awards, "deal", "deals")),
        spark: EMPTY,
        below: match view.history.before {
            Some(before) => delta(awards, before.awards, PREVIOUS),
            None => html! { (period) },
        },
    }
}

fn lost(shell: &Shell<'_>, view: &PipelineView) -> Card {
    let lost = view.history.rate.lost;
    let period = view.address.period.period().phrase();
    Card {
        id: "lost",
        name: "Lost",
        value: number(lost),
        link: Some((rows_link(shell, view, "losses").url(), lost)),
        meaning: LOST,
        counted: format!("{} {period}", counted(lost, "deal", "deals")),
        spark: EMPTY,
        // Without the green arrow: more lost deals are not good news.
        below: match view.history.before {
            Some(before) => html! { (compared(lost, before.lost, PREVIOUS)) },
            None => html! { (period) },
        },
    }
}

fn win_rate(shell: &Shell<'_>, view: &PipelineView) -> Card {
    let rate = view.history.rate;
    let ended = rate.awards + rate.lost;
    Card {
        id: "win-rate",
        name: "Win rate",
        value: rate.percent().map_or("—".to_owned(), |percent| format!("{percent}%")),
        link: Some((rows_link(shell, view, "endings").url(), ended)),
        meaning: WIN_RATE,
        counted: format!("{} of {}", number(rate.awards), counted(ended, "closed deal", "closed deals")),
        spark: EMPTY,
        below: match rate.percent() {
            None => html! { "hidden below five closed deals" },
            Some(_) => html! { (number(rate.awards)) " of " (number(ended)) },
        },
    }
}

fn cycle_time(shell: &Shell<'_>, view: &PipelineView) -> Card {
    let cycle = view.benchmarks.cycle;
    let awards = count(cycle.n);
    let sample = counted(awards, "award", "awards");
    Card {
        id: "cycle",
        name: "Time to award",
        value: cycle.figures.map_or("—".to_owned(), |(median, _)| time::span(median)),
        link: Some((links::pipeline_rows(&shell.tenant().slug, "cycle").url(), awards)),
        meaning: CYCLE_TIME,
        counted: sample.clone(),
        spark: EMPTY,
        below: match cycle.figures {
            None => html! { "hidden below five awards (" (awards) " in 12 months)" },
            Some(_) => html! { "median of " (sample) ", 12 months" },
        },
    }
}
