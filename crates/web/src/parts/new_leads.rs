//! The card of new leads, on the overview and on the leads page.

use maud::{Markup, html};
use tetherboard_domain::{Compare, Period};

use super::card::{Card, delta};
use super::format::{counted, number};
use super::shell::Shell;
use crate::address::links::{self, Link};
use crate::address::period::PeriodQuery;
use crate::read::numbers::{NewLeadsIn, Numbers};

/// The new leads of a period and their change; `new` is `None` if there is no data in the period yet.
pub(crate) fn new_leads_card(
    shell: &Shell<'_>,
    query: PeriodQuery,
    numbers: &Numbers,
    new: Option<NewLeadsIn>,
    spark: Markup,
) -> Card {
    let slug = &shell.tenant().slug;
    Card {
        id: "new-leads",
        name: "New leads",
        value: new.map_or("—".to_owned(), |new| number(new.this.contacts)),
        link: new.map(|new| (new_leads_link(slug, &new).url(), new.this.contacts)),
        meaning: "Contacts of every type created in the period, in the brand’s time zone, up to the last complete sync. \
            Contacts without a readable created date are left out.",
        counted: new.map_or("no data in this period yet".to_owned(), |new| {
            let contacts = counted(new.this.contacts, "contact", "contacts");
            let prospects = counted(new.this.prospects, "prospect", "prospects");
            format!("{contacts}, including {prospects}; {} more without a date", number(numbers.summary.undated))
        }),
        spark,
        below: match new {
            Some(new) => match new.before {
                Some((_, before)) => delta(new.this.contacts, before.contacts, &comparison(shell, query, &new)),
                None => html! { (counted(new.this.prospects, "prospect", "prospects")) },
            },
            None => html! { "no data yet " (query.period().phrase()) },
        },
    }
}

/// The stretch that new leads are compared with: `this time last week`.
pub(crate) fn comparison(shell: &Shell<'_>, query: PeriodQuery, new: &NewLeadsIn) -> String {
    let zone = &shell.tenant().zone;
    let until = new.period.window.until;
    let is_now = until.duration_since(shell.now).as_secs().abs() < 7_200;
    // The same point of the earlier stretch: now, or as far as the data goes.
    let point = |earlier: &str, format: &str| match new.before {
        Some((window, _)) if !is_now => {
            format!("{earlier} through {}", window.until.to_zoned(zone.tz().clone()).strftime(format))
        }
        _ => format!("this time {earlier}"),
    };
    match (query.compare, new.period.period) {
        (Compare::YearBefore, _) => "the same period last year".to_owned(),
        (_, Period::WeekToDate) => point("last week", "%A %-I:%M %p"),
        (_, Period::MonthToDate) => point("last month", "%b %-d, %-I:%M %p"),
        (_, Period::QuarterToDate) => "this point last quarter".to_owned(),
        (_, Period::YearToDate) => "this point last year".to_owned(),
        (_, Period::LastWeek) => "the week before".to_owned(),
        (_, Period::Last12Weeks) => "the previous 12 weeks".to_owned(),
        (_, Period::Last12Months) => "the previous 12 months".to_owned(),
        (_, Period::Last7Days | Period::Last30Days | Period::Last90Days | Period::Days { .. }) => match new.period.days() {
            1 => "the previous day".to_owned(),
            days => format!("the previous {}", counted(days.into(), "day", "days")),
        },
    }
}

/// The list of the contacts created in a period.
pub(crate) fn new_leads_link(slug: &str, new: &NewLeadsIn) -> Link {
    let link = links::leads(slug).with("from", &new.period.first.to_string());
    link.with("to", &new.period.last.to_string())
}
