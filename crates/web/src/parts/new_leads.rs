//! The card of new leads, which Overview and Leads share.

use maud::{Markup, html};
use tetherboard_domain::{Compare, Period};

use super::card::{Card, delta};
use super::format::{counted, number};
use super::shell::Shell;
use crate::address::links::{self, Link};
use crate::address::period::PeriodQuery;
use crate::read::numbers::{NewLeadsIn, Numbers};

/// New leads of a period, as Overview and Leads show them.
pub(crate) fn new_leads_card(
    shell: &Shell<'_>,
    query: PeriodQuery,
    view: &Numbers,
    new: Option<NewLeadsIn>,
    spark: Markup,
) -> Card {
    let slug = &shell.tenant().slug;
    Card {
        id: "new-leads",
        name: "New leads",
        value: new.map_or("—".to_owned(), |new| number(new.this.contacts)),
        link: new.map(|new| (new_leads_link(slug, &new).url(), new.this.contacts)),
        meaning: "Contacts of every type created in the period, in the brand’s time zone, up to the last complete read. Contacts without a readable created date are left out.",
        counted: new.map_or("no data in the period yet".to_owned(), |new| {
            let kinds = counted(new.this.contacts, "contact", "contacts");
            format!("{kinds}, {} of them prospects; {} without a date", number(new.this.prospects), number(view.summary.undated))
        }),
        spark,
        below: match new {
            Some(new) => match new.before {
                Some((_, before)) => delta(new.this.contacts, before.contacts, &than_before(shell, query, &new)),
                None => html! { (number(new.this.prospects)) " of them prospects" },
            },
            None => html! { "no data yet " (query.period().phrase()) },
        },
    }
}

/// What a period's new leads are compared with, in words: `by this time last week`.
pub(crate) fn than_before(shell: &Shell<'_>, query: PeriodQuery, new: &NewLeadsIn) -> String {
    let zone = &shell.tenant().zone;
    let lately = new.period.window.until.duration_since(shell.now).as_secs().abs() < 7_200;
    let by = |weekday: &str| match lately {
        true => "by this time".to_owned(),
        false => format!("by {}", new.period.window.until.to_zoned(zone.tz().clone()).strftime(weekday)),
    };
    match (query.compare, new.period.period) {
        (Compare::YearBefore, _) => "in the same days a year before".to_owned(),
        (_, Period::WeekToDate) => format!("{} last week", by("%A %-I:%M %p")),
        (_, Period::MonthToDate) => format!("{} last month", by("the %-d, %-I:%M %p")),
        (_, Period::QuarterToDate) => "by this day of the last quarter".to_owned(),
        (_, Period::YearToDate) => "by this day of last year".to_owned(),
        (_, Period::LastWeek) => "in the week before".to_owned(),
        (_, Period::Last12Weeks) => "in the 12 weeks before".to_owned(),
        (_, Period::Last12Months) => "in the 12 months before".to_owned(),
        (_, Period::Last7Days | Period::Last30Days | Period::Last90Days | Period::Days { .. }) => {
            format!("in the {} before", counted(new.period.days().into(), "day", "days"))
        }
    }
}

/// The contacts created in a period, as far as the data goes.
pub(crate) fn new_leads_link(slug: &str, new: &NewLeadsIn) -> Link {
    let link = links::leads(slug).with("from", &new.period.first.to_string());
    link.with("to", &new.period.last.to_string())
}
