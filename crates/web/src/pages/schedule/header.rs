//! The header of the schedule: its title, the way to other days and views, filters, and downloads.

use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{CalendarDate, CalendarView};
use tetherboard_metrics::Appointment;

use super::ScheduleView;
use super::filters::filter_menu;
use crate::address::links;
use crate::address::query::Choice;
use crate::address::schedule::View;
use crate::parts::format::{count, counted};
use crate::parts::shell::Shell;
use crate::parts::{icon, time};

/// The header; `rows` are the appointments that the view shows.
pub(super) fn header(shell: &Shell<'_>, view: &ScheduleView, rows: &[&Appointment]) -> Markup {
    let (slug, query) = (&shell.tenant().slug, &view.query);
    let leaf = query.leaf(view.today);
    let title = match (query.show, leaf) {
        (Some(show), _) => show.name().to_owned(),
        (None, Some(leaf)) => leaf_name(leaf),
        (None, None) => "Schedule".to_owned(),
    };
    let csv = query.add_to(links::schedule(slug)).with("format", "csv").url();
    html! {
        div.sched-head {
            h1 { (title) }
            @if let Some(leaf) = leaf.filter(|_| query.show.is_none()) { (navigation(slug, view, leaf)) }
            span.sub { (time::zone_name(&shell.tenant().zone)) }
            div.sched-acts {
                (views(slug, view))
                (filter_menu(shell, view))
                a.btn href=(csv) { (icon("download", 15)) "CSV, " (counted(count(rows.len()), "row", "rows")) }
                a.btn href=(links::subscribe(slug)) { (icon("rss", 15)) "Subscribe" }
            }
        }
    }
}

/// Previous, today, next.
fn navigation(slug: &str, view: &ScheduleView, leaf: CalendarDate) -> Markup {
    let query = &view.query;
    let to = |at: CalendarDate| query.turned(query.view, Some(at)).add_to(links::schedule(slug)).url();
    // An address does not accept years outside the calendar's range.
    let step = |at: CalendarDate, icon_name: &str, rel: &str| {
        let is_in_range = at.to_string().parse::<CalendarDate>().is_ok();
        html! {
            @if is_in_range { a.btn.icon href=(to(at)) rel=(rel) aria-label=(leaf_name(at)) { (icon(icon_name, 15)) } }
            @else { span.btn.icon aria-disabled="true" { (icon(icon_name, 15)) } }
        }
    };
    let now = leaf_of_today(query.view, leaf, view.today);
    html! {
        nav.flex aria-label="Calendar navigation" {
            (step(leaf.previous(), "chevron-left", "prev"))
            a.btn href=(to(now)) aria-current=[(now == leaf).then_some("date")] { "Today" }
            (step(leaf.next(), "chevron-right", "next"))
        }
    }
}

fn views(slug: &str, view: &ScheduleView) -> Markup {
    let query = &view.query;
    let link = |word: &str, kind: View| {
        let at = query.at.map(|at| match kind {
            View::List => at,
            View::Calendar(leaf) => at.in_view(leaf, view.today),
        });
        let at = at.filter(|_| kind != View::List || query.view == View::List);
        let link = links::schedule(slug).with("view", word).maybe("d", at.map(|at| at.to_string()).as_deref());
        query.filters.add_to(link).url()
    };
    html! {
        nav.seg aria-label="View" {
            @for (word, kind) in View::NAMES.iter().copied() {
                a href=(link(word, kind)) aria-current=[(kind == query.view).then_some("true")] { (kind.name()) }
            }
        }
    }
}

/// The day, week, or month of today: the same kind as the one shown.
fn leaf_of_today(view: View, leaf: CalendarDate, today: Date) -> CalendarDate {
    let kind = match (view, leaf) {
        (View::Calendar(kind), _) => kind,
        (View::List, CalendarDate::Day(_)) => CalendarView::Day,
        (View::List, CalendarDate::Week(_)) => CalendarView::Week,
        (View::List, CalendarDate::Month(_)) => CalendarView::Month,
    };
    CalendarDate::of(kind, today)
}

/// `March 2026`, `March 9 to 15, 2026`, `Thursday, March 12, 2026`.
pub(super) fn leaf_name(leaf: CalendarDate) -> String {
    match leaf {
        CalendarDate::Month(first) => first.strftime("%B %Y").to_string(),
        CalendarDate::Day(day) => day.strftime("%A, %B %-d, %Y").to_string(),
        CalendarDate::Week(_) => {
            let (first, last) = leaf.days();
            let start = if first.year() == last.year() { first.strftime("%B %-d") } else { first.strftime("%B %-d, %Y") };
            let end = if first.month() == last.month() { last.strftime("%-d, %Y") } else { last.strftime("%B %-d, %Y") };
            format!("{start} to {end}")
        }
    }
}
