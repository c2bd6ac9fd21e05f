//! A week or a month as a table: a column per weekday, a row per week.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{AppointmentTime, CalendarDate};
use tetherboard_metrics::{Appointment, AppointmentType};

use super::ScheduleView;
use super::appointment::{icon_and_tone, is_past, name_or_title};
use super::header::leaf_name;
use crate::address::links;
use crate::address::schedule::Facet;
use crate::parts::format::{count, counted, number};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::{icon, time, toned_icon};

/// How many entries a cell shows; the page of the day has all of them.
fn max_entries(leaf: CalendarDate) -> usize {
    if matches!(leaf, CalendarDate::Week(_)) { 12 } else { 3 }
}

/// One entry of a cell.
enum Entry<'a> {
    Single(&'a Appointment),
    /// Several candidates at one Discovery Day.
    DiscoveryDay(Vec<&'a Appointment>),
}

impl Entry<'_> {
    fn appointments(&self) -> usize {
        match self {
            Self::Single(_) => 1,
            Self::DiscoveryDay(guests) => guests.len(),
        }
    }
}

/// The calendar; `rows` are the appointments of its weeks.
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
    let Some(leaf) = view.query.leaf(view.today) else { return EMPTY };
    let (is_week, total) = (matches!(leaf, CalendarDate::Week(_)), rows.len());
    html! {
        section.card.c-9.cal-card aria-label="Calendar" {
            table.cal-t.week[is_week] data-total=(total) {
                caption.sr {
                    "Appointments, " (leaf_name(leaf)) ". "
                    (counted(count(total), "appointment", "appointments")) " on the days shown."
                }
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
    let on_day: Vec<&Appointment> = rows.iter().copied().filter(|one| one.touches(day)).collect();
    let total = on_day.len();
    let link = view.query.on_day(day).add_to(links::schedule(&shell.tenant().slug)).url();
    // Days outside the calendar's range have no page.
    let page = CalendarDate::Day(day).to_string().parse::<CalendarDate>().is_ok().then_some(&link);
    let all = entries(on_day);
    let dots: Vec<&str> = all.iter().take(4).map(dot).collect();
    let shown = most_important(all, max_entries(leaf));
    let hidden = total - shown.iter().map(Entry::appointments).sum::<usize>();
    let is_today = day == view.today;
    html! {
        td class=(cell_class(view, leaf, day)) data-day=(day) aria-current=[is_today.then_some("date")] {
            // Tab skips empty days; arrow keys reach them.
            a.dn href=[page] data-count=[(total > 0).then_some(total)] tabindex=[(total == 0).then_some("-1")]
                aria-label=(cell_label(view, day, total)) { (day_number(leaf, day)) }
            @if total > 0 {
                ul.evs role="list" { @for entry in &shown { li { (event(shell, view, entry, day, &link)) } } }
                @if hidden > 0 {
                    @let label = format!("{} more on {}", number(count(hidden)), long_day(day));
                    a.more-ev href=(link) data-count=(total) aria-label=(label) { "+" (number(count(hidden))) " more" }
                }
                span.dots aria-hidden="true" { @for tone in dots { i class=(tone) {} } }
            }
        }
    }
}

fn is_outside(leaf: CalendarDate, day: Date) -> bool {
    let (first, last) = leaf.days();
    day < first || day > last
}

fn cell_class(view: &ScheduleView, leaf: CalendarDate, day: Date) -> String {
    let mut class = String::from("cal-d");
    for (applies, name) in [
        (is_outside(leaf, day), " out"),
        (day.weekday().to_monday_one_offset() > 5, " we"),
        (day == view.today, " today"),
        (!view.is_covered(day), " unread"),
    ] {
        class.push_str(if applies { name } else { "" });
    }
    class
}

/// `12`, or `Mar 1` for the first day of a month.
fn day_number(leaf: CalendarDate, day: Date) -> String {
    let is_first_outside = is_outside(leaf, day) && day == leaf.weeks()[0][0];
    if day.day() == 1 || is_first_outside { time::short_day(day) } else { day.day().to_string() }
}

/// What a screen reader says. It starts with the visible text, so that voice control finds it.
fn cell_label(view: &ScheduleView, day: Date, total: usize) -> String {
    let content = match total {
        0 if !view.is_covered(day) => "not synced".to_owned(),
        0 => "no appointments".to_owned(),
        total => counted(count(total), "appointment", "appointments"),
    };
    format!("{}, {}{content}", long_day(day), if day == view.today { "today, " } else { "" })
}

fn long_day(day: Date) -> String {
    day.strftime("%A, %b %-d, %Y").to_string()
}

/// The entries of a day in order. The candidates of a Discovery Day are one entry, at the place of the first.
fn entries(on_day: Vec<&Appointment>) -> Vec<Entry<'_>> {
    let mut guests: Vec<&Appointment> =
        on_day.iter().copied().filter(|one| one.of_type == AppointmentType::DiscoveryDay).collect();
    if guests.len() < 2 {
        return on_day.into_iter().map(Entry::Single).collect();
    }
    let mut entries = Vec::new();
    for one in on_day {
        match one.of_type {
            AppointmentType::DiscoveryDay if guests.is_empty() => {}
            AppointmentType::DiscoveryDay => entries.push(Entry::DiscoveryDay(std::mem::take(&mut guests))),
            _ => entries.push(Entry::Single(one)),
        }
    }
    entries
}

/// The entries that a cell has room for, in order: Discovery Days and appointments that need an outcome before others.
fn most_important(entries: Vec<Entry<'_>>, max: usize) -> Vec<Entry<'_>> {
    if entries.len() <= max {
        return entries;
    }
    let rank = |entry: &Entry<'_>| match entry {
        Entry::DiscoveryDay(_) => 0,
        Entry::Single(one) if one.of_type == AppointmentType::DiscoveryDay => 0,
        Entry::Single(one) if one.outcome_needed => 1,
        Entry::Single(_) => 2,
    };
    let mut ranked: Vec<(usize, Entry<'_>)> = entries.into_iter().enumerate().collect();
    ranked.sort_by_key(|(_, entry)| rank(entry));
    ranked.truncate(max - 1);
    ranked.sort_by_key(|(at, _)| *at);
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

fn event(shell: &Shell<'_>, view: &ScheduleView, entry: &Entry<'_>, day: Date, day_link: &str) -> Markup {
    match entry {
        Entry::DiscoveryDay(guests) => discovery_day(shell, view, guests, day),
        Entry::Single(one) => single(shell, view, one, day, day_link),
    }
}

fn discovery_day(shell: &Shell<'_>, view: &ScheduleView, guests: &[&Appointment], day: Date) -> Markup {
    let tenant = shell.tenant();
    let mut query = view.query.on_day(day);
    query.filters = query.filters.only(Facet::Type, AppointmentType::DiscoveryDay.name());
    let link = query.add_to(links::schedule(&tenant.slug)).url();
    let is_over = guests.iter().all(|one| is_past(one, &tenant.zone, shell.now));
    html! {
        a.ev.pin.past[is_over] href=(link) data-count=(guests.len()) {
            (icon("map-pin", 13))
            span { b { "Discovery Day" } span { (counted(count(guests.len()), "candidate", "candidates")) } }
        }
    }
}

fn single(shell: &Shell<'_>, view: &ScheduleView, one: &Appointment, day: Date, day_link: &str) -> Markup {
    let (icon_name, tone) = icon_and_tone(one);
    let past = if is_past(one, &shell.tenant().zone, shell.now) { " past" } else { "" };
    let class = format!("ev {tone}{past}{}", if one.cancelled { " off" } else { "" });
    let name = name_or_title(one);
    let content = html! {
        (icon(icon_name, 13))
        @if one.outcome_needed { span.sr { "Outcome needed: " } }
        @if one.cancelled { span.sr { "Canceled: " } }
        @else if one.moved_from.is_some() { span.sr { "Moved: " } }
        span { b { (name) } span { (second_line(view, one, day, shell)) } }
    };
    match &one.contact {
        Some(contact) => {
            let link = links::candidate(&shell.tenant().slug, contact).url();
            html! { a class=(class) href=(link) data-candidate title=(name) { (content) } }
        }
        None => html! { a class=(class) href=(day_link) title=(name) { (content) } },
    }
}

/// `10:30 AM Call`: the time on this day, and the type if the entry's name does not say it.
fn second_line(view: &ScheduleView, one: &Appointment, day: Date, shell: &Shell<'_>) -> String {
    let subject = match &one.of_type {
        AppointmentType::Unknown if one.name.trim().is_empty() => "",
        AppointmentType::Unknown => one.display_title(),
        of_type => of_type.name(),
    };
    let when = hours(view, one, day, shell);
    if subject.is_empty() { when.trim_end_matches(':').to_owned() } else { format!("{when} {subject}") }
}

/// `10:30 AM`, `All day:`, or `To Sat Mar 14:` if it started on an earlier day.
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
        Entry::DiscoveryDay(_) => "pin",
        Entry::Single(one) if one.cancelled => "quiet",
        Entry::Single(one) => icon_and_tone(one).1,
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
            @for (icon_name, tone, of_type) in &types { span class=(tone) { (toned_icon(icon_name, 13)) (of_type.name()) } }
            span.danger { (toned_icon("circle-alert", 13)) "Outcome needed" }
            span { "Past appointments are shown in gray" }
            @if !view.is_fully_covered() { span { i.key.unread {} "Not synced" } }
        }
    }
}
