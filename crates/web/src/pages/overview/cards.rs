//! The four metrics of the overview.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_metrics::{Board, DayTotals};

use super::OverviewView;
use crate::address::links;
use crate::parts::card::{Card, delta};
use crate::parts::format::{counted, number, percent};
use crate::parts::new_leads::new_leads_card;
use crate::parts::shell::Shell;
use crate::parts::sparkline::sparkline;
use crate::parts::time;
use crate::read::numbers::Numbers;

/// New leads, leads in the pipeline, qualified candidates, and the weighted value.
pub(super) fn cards(shell: &Shell<'_>, view: &OverviewView) -> Markup {
    let numbers = &*view.numbers;
    let as_of = |moment: Option<Timestamp>| moment.map(|moment| time::exact(moment, &shell.tenant().zone));
    let pipeline_as_of = as_of(numbers.pipeline.as_of);
    let weeks: Vec<i64> = numbers.summary.new_by_week.iter().skip(2).filter_map(|week| week.count).collect();
    let spark = sparkline(&weeks, "New leads, last 10 weeks, current week in progress", true);
    let new_leads = new_leads_card(shell, view.query, numbers, view.new, spark);
    let pipeline_cards = [in_pipeline(shell, numbers), qualified(shell, numbers), weighted(shell, numbers)];
    html! {
        section.card.stats aria-label="Key metrics" {
            (new_leads.render(as_of(numbers.summary.as_of).as_deref()))
            @for card in &pipeline_cards { (card.render(pipeline_as_of.as_deref())) }
        }
    }
}

fn in_pipeline(shell: &Shell<'_>, numbers: &Numbers) -> Card {
    let count = numbers.pipeline.leads_in_pipeline;
    let prospects = counted(numbers.summary.prospects, "prospect", "prospects");
    Card {
        id: "in-pipeline",
        name: "Leads in pipeline",
        value: number(count),
        link: Some((links::leads(&shell.tenant().slug).with("in", "pipeline").url(), count)),
        meaning: "Prospects whose stage is not inactive, including parked ones. This matches ClientTether’s own count unless \
            the agency changed the role of a stage.",
        counted: format!("{} of {prospects}", number(count)),
        spark: history(numbers, |day| day.in_pipeline, "Leads in pipeline, last 10 weeks"),
        below: change(shell, numbers, count, |day| day.in_pipeline).unwrap_or_else(|| html! { "of " (prospects) }),
    }
}

fn qualified(shell: &Shell<'_>, numbers: &Numbers) -> Card {
    let count = numbers.pipeline.qualified;
    Card {
        id: "qualified",
        name: "Qualified candidates",
        value: number(count),
        link: Some((links::leads(&shell.tenant().slug).with("in", "qualified").url(), count)),
        meaning: "Prospects from the first qualified stage to the last one before the agreement is signed.",
        counted: qualified_stages(&numbers.board).unwrap_or_else(|| "no stage of this brand has the role Qualified".to_owned()),
        spark: history(numbers, |day| day.qualified, "Qualified candidates, last 10 weeks"),
        below: change(shell, numbers, count, |day| day.qualified)
            .unwrap_or_else(|| html! { (percent(count, numbers.pipeline.leads_in_pipeline)) " of the pipeline" }),
    }
}

fn weighted(shell: &Shell<'_>, numbers: &Numbers) -> Card {
    let pipeline = &numbers.pipeline;
    let open = counted(pipeline.open_deals, "open deal", "open deals");
    let link = links::pipeline(&shell.tenant().slug).with("in", "open").with("fee", "known");
    Card {
        id: "weighted",
        name: "Weighted pipeline value",
        value: if pipeline.fees_known == 0 { "—".to_owned() } else { pipeline.weighted.short() },
        link: Some((link.url(), pipeline.fees_known)),
        meaning: "The sum of each open deal’s fee times its odds. A deal’s own odds take precedence over its stage’s. Deals \
            without a known fee add nothing.",
        counted: format!("{} of {open} with a known fee", number(pipeline.fees_known)),
        spark: history(numbers, |day| day.weighted.0, "Weighted pipeline value, last 10 weeks"),
        below: html! { "fee known for " (number(pipeline.fees_known)) " of " (open) },
    }
}

fn history(numbers: &Numbers, value: fn(&DayTotals) -> i64, label: &str) -> Markup {
    let values: Vec<i64> = numbers.days.iter().map(value).collect();
    sparkline(&values, label, false)
}

/// The change since a week ago, or since the first day after it that was recorded.
fn change(shell: &Shell<'_>, numbers: &Numbers, now: i64, value: fn(&DayTotals) -> i64) -> Option<Markup> {
    let today = shell.tenant().zone.date(shell.now);
    let week_ago = today.checked_sub(jiff::Span::new().days(7)).ok()?;
    let day = numbers.days.iter().find(|day| day.day >= week_ago && day.day < today)?;
    Some(delta(now, value(day), &format!("on {}", time::day(day.day))))
}

/// `QR Returned to FA Sent`: the first and the last qualified stage.
fn qualified_stages(board: &Board) -> Option<String> {
    let stages = board.qualified();
    let name = |at: &usize| board.stages()[*at].name.clone();
    Some(format!("{} to {}", name(stages.first()?), name(stages.last()?)))
}
