//! A week or a month as a table: a column to a weekday, a row to a week.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{AppointmentTime, CalendarDate, CalendarView};
use tetherboard_metrics::{Appointment, AppointmentType};

use super::{ScheduleView, count, is_past, leaf_name, look};
use crate::address::links;
use crate::address::schedule::Facet;
use crate::parts::format::{counted, number};
use crate::parts::shell::Shell;
use crate::parts::{icon, time};

/// What a cell holds at most; the rest is on the day's own page.
fn fits(leaf: CalendarView) -> usize {
    if leaf == CalendarView::Week { 12 } else { 3 }
}

/// What stands in a cell.
enum Entry<'a> {
    One(&'a Appointment),
    /// Several candidates at one Discovery Day.
    Discovery(Vec<&'a Appointment>),
}

impl Entry<'_> {
    fn appointments(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Discovery(guests) => guests.len(),
        }
    }
}

/// `rows`: what the days of the leaf's weeks hold.
pub(super) fn grid(shell: &Shell<'_>, view: &ScheduleView, rows: &[&Appointment]) -> Markup {
    const WEEKDAYS: [(&str, &str); 7] = [
        ("Mon", "Monday"),
        ("Tue", "Tuesday"),
        ("Wed", "Wednesday"),
        ("Thu", "Thursday"),
        ("Fri", "Friday"),
        ("Sat", "Saturday"),
        ("Sun", "Sunday"),
    ];
    let Some(leaf) = view.query.leaf(view.today) else { return super::EMPTY };
    let (is_week, total) = (matches!(leaf, CalendarDate::Week(_)), rows.len());
    html! {
        section.card.c-9.cal-card aria-label="Calendar" {
            table.cal-t.week[is_week] data-total=(total) {
                caption.sr { "Appointments, " (leaf_name(leaf)) ". " (counted(count(total), "appointment", "appointments")) " on the days shown." }
                thead { tr { @for (short, long) in WEEKDAYS { th.cal-h scope="col" abbr=(long) { (short) } } } }
                tbody {
                    @for week in leaf.weeks() {
                        tr { @for day in week { (cell(shell, view, rows, leaf, day)) } }
                    }
                }
            }
            (legend(view))
        }
    }
}

fn cell(shell: &Shell<'_>, view: &ScheduleView, rows: &[&Appointment], leaf: CalendarDate, day: Date) -> Markup {
    let slug = &shell.tenant().slug;
    let (first, last) = leaf.days();
    let here: Vec<&Appointment> = rows.iter().copied().filter(|one| one.touches(day)).collect();
    let there = view.query.on_day(day).add_to(links::schedule(slug)).url();
    // Beyond the years that a calendar shows there is no such page.
    let page = CalendarDate::Day(day).to_string().parse::<CalendarDate>().is_ok().then_some(&there);
    let most = fits(if matches!(leaf, CalendarDate::Week(_)) { CalendarView::Week } else { CalendarView::Month });
    let total = here.len();
    let all = entries(here);
    let dots: Vec<&str> = all.iter().take(4).map(dot).collect();
    let shown = fitting(all, most);
    let left = total - shown.iter().map(Entry::appointments).sum::<usize>();
    let is_out = day < first || day > last;
    let mut class = String::from("cal-d");
    for (applies, name) in [
        (is_out, " out"),
        (day.weekday().to_monday_one_offset() > 5, " we"),
        (day == view.today, " today"),
        (!view.is_covered(day), " unread"),
    ] {
        class.push_str(if applies { name } else { "" });
    }
    let number_of =
        if day.day() == 1 || (is_out && day == leaf.weeks()[0][0]) { time::short_day(day) } else { day.day().to_string() };
    // It begins with what is seen, for whoever speaks to their computer.
    let long_day = |day: Date| day.strftime("%A, %b %-d, %Y").to_string();
    let holds = match total {
        0 if !view.is_covered(day) => "not read".to_owned(),
        0 => "nothing booked".to_owned(),
        total => counted(count(total), "appointment", "appointments"),
    };
    let said = format!("{}, {}{holds}", long_day(day), if day == view.today { "today, " } else { "" });
    html! {
        td class=(class) data-day=(day) aria-current=[(day == view.today).then_some("date")] {
            // An empty day is no stop of Tab; arrow keys come to it.
            a.dn href=[page] data-count=[(total > 0).then_some(total)] tabindex=[(total == 0).then_some("-1")] aria-label=(said) { (number_of) }
            @if total > 0 {
                ul.evs role="list" { @for entry in &shown { li { (event(shell, view, entry, day, &there)) } } }
                @if left > 0 { a.more-ev href=(there) data-count=(total) aria-label=(format!("{} more on {}", number(count(left)), long_day(day))) { "+" (number(count(left))) " more" } }
                span.dots aria-hidden="true" { @for tone in dots { i class=(tone) {} } }
            }
        }
    }
}

/// In the order of the day. The candidates of a Discovery Day are one entry, where the first of them stands.
fn entries(here: Vec<&Appointment>) -> Vec<Entry<'_>> {
    let mut guests: Vec<&Appointment> = here.iter().copied().filter(|one| one.of_type == AppointmentType::DiscoveryDay).collect();
    if guests.len() < 2 {
        return here.into_iter().map(Entry::One).collect();
    }
    let mut entries = Vec::new();
    for one in here {
        match one.of_type {
            AppointmentType::DiscoveryDay if guests.is_empty() => {}
            AppointmentType::DiscoveryDay => entries.push(Entry::Discovery(std::mem::take(&mut guests))),
            _ => entries.push(Entry::One(one)),
        }
    }
    entries
}

/// ComputedFilter that a cell has room for, in their order: Discovery Days and what somebody has to do something about before the rest.
fn fitting(entries: Vec<Entry<'_>>, most: usize) -> Vec<Entry<'_>> {
    if entries.len() <= most {
        return entries;
    }
    let rank = |entry: &Entry<'_>| match entry {
        Entry::Discovery(_) => 0,
        Entry::One(one) if one.of_type == AppointmentType::DiscoveryDay => 0,
        Entry::One(one) if one.outcome_needed => 1,
        Entry::One(_) => 2,
    };
    let mut ranked: Vec<(usize, Entry<'_>)> = entries.into_iter().enumerate().collect();
    ranked.sort_by_key(|(_, entry)| rank(entry));
    ranked.truncate(most - 1);
    ranked.sort_by_key(|(at, _)| *at);
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

fn event(shell: &Shell<'_>, view: &ScheduleView, entry: &Entry<'_>, day: Date, of_day: &str) -> Markup {
    let (slug, zone) = (&shell.tenant().slug, &shell.tenant().zone);
    match entry {
        Entry::Discovery(guests) => {
            let mut there = view.query.on_day(day);
            there.filters = there.filters.only(Facet::Type, AppointmentType::DiscoveryDay.name());
            html! {
                a.ev.pin.past[guests.iter().all(|one| is_past(one, zone, shell.now))] href=(there.add_to(links::schedule(slug)).url()) data-count=(guests.len()) {
                    (icon("map-pin", 13)) span { b { "Discovery Day" } span { (counted(count(guests.len()), "candidate", "candidates")) } }
                }
            }
        }
        Entry::One(one) => {
            let (picture, tone) = look(one);
            let past = is_past(one, zone, shell.now);
            let class = format!("ev {tone}{}{}", if past { " past" } else { "" }, if one.cancelled { " off" } else { "" });
            let name = if one.name.trim().is_empty() { one.display_title() } else { one.name.trim() };
            let inside = html! {
                (icon(picture, 13))
                @if one.outcome_needed { span.sr { "Outcome needed: " } }
                @if one.cancelled { span.sr { "Cancelled: " } }
                @else if one.moved_from.is_some() { span.sr { "Moved: " } }
                span { b { (name) } span { (second_line(view, one, day, shell)) } }
            };
            match &one.contact {
                Some(contact) => {
                    html! { a class=(class) href=(links::candidate(slug, contact).url()) data-candidate title=(name) { (inside) } }
                }
                None => html! { a class=(class) href=(of_day) title=(name) { (inside) } },
            }
        }
    }
}

/// `10:30 AM Call`: when on this day, and what it is about where the entry's name does not tell.
fn second_line(view: &ScheduleView, one: &Appointment, day: Date, shell: &Shell<'_>) -> String {
    let about = match &one.of_type {
        AppointmentType::Unknown if one.name.trim().is_empty() => "",
        AppointmentType::Unknown => one.display_title(),
        known => known.name(),
    };
    let when = hours(view, one, day, shell);
    if about.is_empty() { when.trim_end_matches(':').to_owned() } else { format!("{when} {about}") }
}

/// `10:30 AM`, `All day:`, or until when what began before goes on.
fn hours(view: &ScheduleView, one: &Appointment, day: Date, shell: &Shell<'_>) -> String {
    let clock = |moment: Timestamp| {
        let local = moment.to_zoned(shell.tenant().zone.tz().clone());
        local.strftime(if local.minute() == 0 { "%-I %p" } else { "%-I:%M %p" }).to_string()
    };
    match (one.when, one.days) {
        (_, Some((first, last))) if first < day && day < last => format!("To {}:", time::day_of_year(last, view.today)),
        (Some(AppointmentTime::Timed { ends, .. }), Some((first, _))) if first < day => format!("To {}:", clock(ends)),
        (_, Some((first, _))) if first < day => "Last day:".to_owned(),
        (Some(AppointmentTime::Timed { starts, .. }), _) => clock(starts),
        _ => "All day:".to_owned(),
    }
}

fn dot(entry: &Entry<'_>) -> &'static str {
    match entry {
        Entry::Discovery(_) => "pin",
        Entry::One(one) if one.cancelled => "quiet",
        Entry::One(one) => look(one).1,
    }
}

fn legend(view: &ScheduleView) -> Markup {
    let types = [
        ("phone", "info", AppointmentType::Call),
        ("file-text", "wait", AppointmentType::FddReview),
        ("video", "move", AppointmentType::Meeting),
        ("award", "success", AppointmentType::Agreement),
        ("map-pin", "pin", AppointmentType::DiscoveryDay),
    ];
    html! {
        div.card-foot.legend.no-phone {
            @for (picture, tone, of_type) in &types { span class=(tone) { (crate::parts::toned_icon(picture, 13)) (of_type.name()) } }
            span.danger { (crate::parts::toned_icon("circle-alert", 13)) "Outcome needed" }
            span { "Past ones are drawn without colour" }
            @if !view.is_covered_whole() { span { i.key.unread {} "Not read" } }
        }
    }
}
