//! The cards of the leads page.

use maud::{Markup, html};

use super::LeadsView;
use crate::address::links;
use crate::parts::card::{self, Card};
use crate::parts::format::{counted, number, percent};
use crate::parts::new_leads::{new_leads_card, new_leads_link};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::time;

/// The fewest touched leads whose median is shown.
const FEWEST_TOUCHED: i64 = 5;

/// New leads, how many are qualified so far, time to first touch, and leads in the pipeline.
pub(super) fn cards(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let as_of = view.numbers.summary.as_of.map(|as_of| time::exact(as_of, &shell.tenant().zone));
    let new = view.new_leads().map(|(new, _)| *new);
    let slug = &shell.tenant().slug;
    let cards = [
        new_leads_card(shell, view.address.period, &view.numbers, new, EMPTY),
        qualified(slug, view),
        first_touch(view),
        in_pipeline(slug, view),
    ];
    card::cards("Lead metrics", &cards, as_of.as_deref())
}

/// The period's new leads that are qualified now.
fn qualified(slug: &str, view: &LeadsView) -> Card {
    let new_leads = view.new_leads();
    Card {
        id: "qualified",
        name: "Qualified so far",
        value: new_leads.map_or("—".to_owned(), |(_, leads)| number(leads.qualified)),
        link: new_leads.map(|(new, leads)| (new_leads_link(slug, new).with("in", "qualified").url(), leads.qualified)),
        meaning: "Prospects created in the period whose current stage is between the first qualified stage and the last one \
            before the agreement is signed.",
        counted: new_leads.map_or("no data in this period yet".to_owned(), |(new, leads)| {
            format!("{} of {}", number(leads.qualified), counted(new.this.contacts, "new lead", "new leads"))
        }),
        spark: EMPTY,
        below: match new_leads {
            Some((new, leads)) => html! {
                (percent(leads.qualified, new.this.contacts)) " of " (number(new.this.contacts))
                @if let Some(before) = qualified_before(view) { " · previous period: " (before) }
            },
            None => html! { "no data yet " (view.address.period.period().phrase()) },
        },
    }
}

/// The qualified share of the period that this one is compared with.
fn qualified_before(view: &LeadsView) -> Option<String> {
    let (new, leads) = view.new_leads()?;
    let (_, before) = new.before?;
    (before.contacts > 0).then_some(percent(leads.qualified_before?, before.contacts))
}

fn first_touch(view: &LeadsView) -> Card {
    let touch = view.touch.filter(|touch| touch.prospects > 0);
    let is_enough = |touch: &tetherboard_metrics::FirstTouch| touch.is_covered() && touch.touched >= FEWEST_TOUCHED;
    let median = touch.filter(is_enough).and_then(|touch| touch.median_ms);
    Card {
        id: "first-touch",
        name: "Time to first touch",
        value: median.map_or("—".to_owned(), time::span),
        link: None,
        meaning: "The median time from a prospect’s creation to the first note that a person wrote about them, for prospects \
            created in the period. Shown once notes are synced for 80% of them and five or more have such a note. Prospects \
            without such a note are not included.",
        counted: touch.map_or("no prospects created in the period".to_owned(), |touch| {
            let prospects = counted(touch.prospects, "prospect", "prospects");
            format!("notes synced for {} of {prospects}; {} touched", number(touch.read), number(touch.touched))
        }),
        spark: EMPTY,
        below: match touch {
            None => html! { "no prospects created " (view.address.period.period().phrase()) },
            Some(touch) if !touch.is_covered() => {
                html! { "not enough data: notes synced for " (percent(touch.read, touch.prospects)) " of prospects" }
            }
            Some(touch) if median.is_none() => {
                html! { "not enough data: " (number(touch.touched)) " of " (number(touch.read)) " touched" }
            }
            Some(touch) => html! { "median · " (number(touch.touched)) " of " (number(touch.read)) " touched" },
        },
    }
}

fn in_pipeline(slug: &str, view: &LeadsView) -> Card {
    let summary = &view.numbers.summary;
    let prospects = counted(summary.prospects, "prospect", "prospects");
    Card {
        id: "in-pipeline",
        name: "Leads in pipeline",
        value: number(summary.in_pipeline),
        link: Some((links::leads(slug).with("in", "pipeline").url(), summary.in_pipeline)),
        meaning: "Prospects whose current stage is not inactive, including parked ones, regardless of when they were created.",
        counted: format!("{} of {prospects}", number(summary.in_pipeline)),
        spark: EMPTY,
        below: html! { "of " (prospects) },
    }
}
