//! Schedule: the brand's appointments as a month, a week, a day or a list.
//!
//! Without a view in its address the page shows the month: beside it stands the agenda of the next days, so that it answers both
//! "what is next" and "how full are we". On a phone the month is dots and the agenda carries the text.

mod filters;
mod grid;
mod list;
mod subscribe;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{AppointmentTime, CALENDAR_READ_DAYS, CalendarDate, CalendarView, Nearness, Zone};
use tetherboard_metrics::{Appointment, AppointmentType, Board, OUTCOME_NEEDED, Schedule};
use tetherboard_store::tenants::Tenant;

use self::filters::{filter_chips, filter_menu};
use crate::address::links::{self, Link, Tab};
use crate::address::query::{Choice, Format, Page as PageQuery, PageNumber, Param};
use crate::address::schedule::{ScheduleQuery, Show, View};
use crate::http::error::HttpResult;
use crate::http::viewer::BrandViewer;
use crate::parts::candidate::candidate_name;
use crate::parts::format::{clipped, count, counted, number};
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::table::PAGE;
use crate::parts::table::no_such_page;
use crate::parts::{icon, time};
use crate::read::numbers::numbers;
use crate::read::schedule::schedule;
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/t/{brand}/schedule", get(page))
        .route("/t/{brand}/schedule/subscribe", get(subscribe::page).post(subscribe::act))
}

/// What the page shows.
struct ScheduleView {
    schedule: Arc<Schedule>,
    board: Board,
    query: ScheduleQuery,
    page: PageNumber,
    today: Date,
    /// The first and the last day that the last read covers; `None`: nothing was read whole.
    covered: Option<(Date, Date)>,
}

impl ScheduleView {
    /// What fits the filters.
    fn filtered(&self) -> impl Iterator<Item = &Appointment> {
        self.schedule.appointments.iter().filter(|one| self.query.filters.matches(one))
    }

    /// What stands where the view looks, whatever the filters.
    fn in_scope(&self) -> impl Iterator<Item = &Appointment> {
        self.schedule.appointments.iter().filter(|one| self.query.is_in_scope(one, self.today))
    }

    /// What the view shows: by their start, but what is past comes last and the latest of it first.
    fn shown(&self) -> Vec<&Appointment> {
        let mut rows: Vec<&Appointment> = self.in_scope().filter(|one| self.query.filters.matches(one)).collect();
        if self.query.view == View::List {
            let is_past = |one: &&Appointment| one.nearness(self.today) == Some(Nearness::Past);
            let (mut past, ahead): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_past);
            past.reverse();
            rows = ahead;
            rows.sort_by_key(|one| one.nearness(self.today));
            rows.extend(past);
        }
        rows
    }

    fn is_covered(&self, day: Date) -> bool {
        self.covered.is_some_and(|(first, last)| first <= day && day <= last)
    }

    /// Whether every day that is shown was read.
    fn is_covered_whole(&self) -> bool {
        match self.query.days(self.today) {
            Some((first, last)) => self.is_covered(first) && self.is_covered(last),
            None => self.covered.is_some(),
        }
    }
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    query: ScheduleQuery,
    PageQuery(page): PageQuery,
    format: Format,
) -> HttpResult<Response> {
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    let numbers = numbers(&portal, tenant, now).await?;
    let schedule = schedule(&portal, tenant, &numbers.board, now).await?;
    let covered = schedule.read.map(|read| covered(read, tenant));
    let view = ScheduleView { schedule, board: numbers.board.clone(), query, page, today: tenant.zone.date(now), covered };
    let rows = view.shown();
    if format == Format::Csv {
        return Ok(list::as_csv(tenant, &view, &rows));
    }
    let offset = usize::try_from(page.offset(PAGE)).unwrap_or(usize::MAX);
    if offset > 0 && rows.len() <= offset {
        return Err(no_such_page());
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    let address = page.add_to("page", view.query.add_to(links::schedule(&tenant.slug)));
    let kept = view.query.bare(Link::to("")).url();
    let body = body(&shell, &view, &rows);
    Ok(shell
        .render(&Page { tab: Tab::Schedule, bar: EMPTY, body, address, filters: kept, period: String::new() })
        .into_response())
}

fn covered(read: Timestamp, tenant: &Tenant) -> (Date, Date) {
    let today = tenant.source_time().0.date(read);
    let (back, ahead) = CALENDAR_READ_DAYS;
    (today.saturating_sub(Span::new().days(back)), today.saturating_add(Span::new().days(ahead)))
}

fn body(shell: &Shell<'_>, view: &ScheduleView, rows: &[&Appointment]) -> Markup {
    let is_grid = matches!(view.query.view, View::Calendar(CalendarView::Week | CalendarView::Month));
    html! {
        (head(shell, view, rows))
        (filter_chips(shell, view))
        (ahead(shell, view))
        (coverage(shell, view))
        (outcome_needed(shell, view))
        (discovery_days(shell, view))
        @if view.schedule.appointments.is_empty() && view.covered.is_none() {
            section.card { div.empty {
                span.disc.quiet { (icon("calendar", 20)) }
                h2 { "No appointments yet" }
                p { "They appear here when ClientTether’s calendar has been read." }
            } }
        } @else if is_grid {
            div.cols.even { (grid::grid(shell, view, rows)) (list::agenda(shell, view)) }
        } @else {
            (list::list(shell, view, rows))
        }
        (undated(shell, view))
    }
}

// Head -----------------------------------------------------------------------------------------------------------------

fn head(shell: &Shell<'_>, view: &ScheduleView, rows: &[&Appointment]) -> Markup {
    let (slug, zone, today) = (&shell.tenant().slug, &shell.tenant().zone, view.today);
    let query = &view.query;
    let leaf = query.leaf(today);
    let title = match (query.show, leaf) {
        (Some(show), _) => show.name().to_owned(),
        (None, Some(leaf)) => leaf_name(leaf),
        (None, None) => "Schedule".to_owned(),
    };
    let to = |at: CalendarDate| query.turned(query.view, Some(at)).add_to(links::schedule(slug)).url();
    // An address refuses what lies beyond the years that a calendar shows.
    let step = |at: CalendarDate, picture: &str, rel: &str| {
        let is_there = at.to_string().parse::<CalendarDate>().is_ok();
        html! {
            @if is_there { a.btn.icon href=(to(at)) rel=(rel) aria-label=(leaf_name(at)) { (icon(picture, 15)) } }
            @else { span.btn.icon aria-disabled="true" { (icon(picture, 15)) } }
        }
    };
    let csv = query.add_to(links::schedule(slug)).with("format", "csv").url();
    html! {
        div.sched-head {
            h1 { (title) }
            @if let Some(leaf) = leaf.filter(|_| query.show.is_none()) {
                nav.flex aria-label="Turn the calendar" {
                    (step(leaf.previous(), "chevron-left", "prev"))
                    @let now = leaf_of_today(query.view, leaf, today);
                    a.btn href=(to(now)) aria-current=[(now == leaf).then_some("date")] { "Today" }
                    (step(leaf.next(), "chevron-right", "next"))
                }
            }
            span.sub { "times in " (place(zone)) (abbreviations(zone, query.days(today), shell.now)) }
            div.sched-acts {
                nav.seg aria-label="View" {
                    @for (word, kind) in View::NAMES.iter().copied() {
                        @let at = query.at.map(|at| match kind { View::List => at, View::Calendar(leaf) => at.in_view(leaf, today) });
                        @let at = at.filter(|_| kind != View::List || query.view == View::List);
                        @let link = links::schedule(slug).with("view", word).maybe("d", at.map(|at| at.to_string()).as_deref());
                        a href=(query.filters.add_to(link).url()) aria-current=[(kind == query.view).then_some("true")] { (kind.name()) }
                    }
                }
                (filter_menu(shell, view))
                a.btn href=(csv) { (icon("download", 15)) "CSV, " (counted(count(rows.len()), "row", "rows")) }
                a.btn href=(links::subscribe(slug)) { (icon("rss", 15)) "Subscribe" }
            }
        }
    }
}

/// `Today` of a list of some days is the same kind of leaf.
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
fn leaf_name(leaf: CalendarDate) -> String {
    match leaf {
        CalendarDate::Month(first) => first.strftime("%B %Y").to_string(),
        CalendarDate::Day(day) => long_day(day),
        CalendarDate::Week(_) => {
            let (first, last) = leaf.days();
            let begin = if first.year() == last.year() { first.strftime("%B %-d") } else { first.strftime("%B %-d, %Y") };
            let end = if first.month() == last.month() { last.strftime("%-d, %Y") } else { last.strftime("%B %-d, %Y") };
            format!("{begin} to {end}")
        }
    }
}

/// `Thursday, March 12, 2026`.
fn long_day(day: Date) -> String {
    day.strftime("%A, %B %-d, %Y").to_string()
}

/// `Chicago` of `America/Chicago`.
fn place(zone: &Zone) -> String {
    zone.name().rsplit('/').next().unwrap_or(zone.name()).replace('_', " ")
}

/// `, CDT`, or both names where the clocks change between the days.
fn abbreviations(zone: &Zone, days: Option<(Date, Date)>, now: Timestamp) -> String {
    let Some((first, last)) = days else { return format!(", {} now", zone.abbreviation(now)) };
    let begin = zone.abbreviation(zone.start_of(first));
    let after = zone.start_of(last.saturating_add(Span::new().days(1)));
    let end = zone.abbreviation(after.checked_sub(Span::new().seconds(1)).unwrap_or(after));
    if begin == end { format!(", {begin}") } else { format!(", {begin} then {end}") }
}

// What stands above the calendar ---------------------------------------------------------------------------------------

/// Of a week or a month with today in it: how much there is to come, and what comes next.
fn ahead(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    const SAID: [(Nearness, &str); 3] =
        [(Nearness::Today, "today"), (Nearness::Tomorrow, "tomorrow"), (Nearness::ThisWeek, "later this week")];
    let (slug, query) = (&shell.tenant().slug, &view.query);
    let is_now =
        query.leaf(view.today).map(CalendarDate::days).is_some_and(|(first, last)| first <= view.today && view.today <= last);
    if !is_now || !matches!(query.view, View::Calendar(CalendarView::Week | CalendarView::Month)) || !view.is_covered(view.today)
    {
        return EMPTY;
    }
    let mut found = [0_usize; SAID.len()];
    for one in view.filtered() {
        let near = one.nearness(view.today);
        if let Some(at) = SAID.iter().position(|(nearness, _)| near == Some(*nearness)) {
            found[at] += 1;
        }
    }
    let some = SAID.iter().zip(found).map(|((nearness, said), found)| (*nearness, *said, found));
    // The last days of a week have none after them.
    let some = some.filter(|(nearness, _, found)| *found > 0 || *nearness != Nearness::ThisWeek);
    let soon = view.today.saturating_add(Span::new().days(list::AGENDA_DAYS - 1));
    let next = view.filtered().filter(|one| !one.cancelled).find_map(|one| match (one.when, one.days) {
        (Some(AppointmentTime::Timed { starts, .. }), Some((day, _))) if starts > shell.now && day <= soon => Some((one, starts)),
        _ => None,
    });
    html! {
        p.sched-ahead {
            @for (at, (nearness, said, found)) in some.enumerate() {
                @let words = if at == 0 { counted(count(found), "appointment", "appointments") } else { number(count(found)) };
                @if at > 0 { ", " }
                @if found > 0 { a href=(query.only(Show::Near(nearness)).add_to(links::schedule(slug)).url()) data-count=(found) { (words) } }
                @else if at == 0 { "No appointments" } @else { "none" }
                " " (said)
            }
            "."
            @if let Some((one, starts)) = next {
                " Next: " @if !one.name.trim().is_empty() { span.nowrap { (named(slug, one)) "," } " " }
                bdi { (clipped(one.display_title())) } ", " (time::in_sentence(starts, shell.now, &shell.tenant().zone)) "."
            }
        }
    }
}

/// What was read of the days that are shown. A day that was not read is unknown rather than empty.
fn coverage(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let Some((from, to)) = view.covered else { return EMPTY };
    let (first, last) = view.query.days(view.today).unwrap_or((from, to));
    let day = |day: Date| time::day_of_year(day, view.today);
    let read =
        shell.fresh.datasets.iter().find(|age| age.dataset == tetherboard_domain::Dataset::Events).and_then(|age| age.as_of);
    html! {
        @if first < from || last > to {
            p.notice.warning role="note" {
                (icon("circle-question-mark", 15))
                span {
                    "ClientTether’s calendar is read from " (day(from)) " to " (day(to)) ". "
                    @if last > to { "Nothing was read of later days: what is booked there is not known. " }
                    @if first < from { "Of earlier days only what past reads left is shown, as it was then; it may not be complete." }
                }
            }
        } @else if view.query.view == View::List && view.query.show != Some(Show::OutcomeNeeded) {
            p.sub { "Read from ClientTether’s calendar: " (day(from)) " to " (day(to)) @if let Some(read) = read { ", last " (time::in_sentence(read, shell.now, &shell.tenant().zone)) } "." }
        }
    }
}

/// How many of those whose outcome is needed are named above the calendar.
const NAMED: usize = 3;

fn outcome_needed(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let slug = &shell.tenant().slug;
    let mut due: Vec<&Appointment> = view.schedule.appointments.iter().filter(|one| one.outcome_needed).collect();
    due.reverse();
    html! {
        @if !due.is_empty() && view.query.show != Some(Show::OutcomeNeeded) {
            section.banner.danger aria-label="Outcome needed" {
                (icon("circle-alert", 16))
                p title=(OUTCOME_NEEDED) {
                    b.inline { "Outcome needed: " }
                    a href=(links::schedule(slug).with("show", "outcome-needed").url()) data-count=(due.len()) { (counted(count(due.len()), "appointment", "appointments")) }
                    " ended, and ClientTether does not say how: "
                    @for (at, one) in due.iter().take(NAMED).enumerate() {
                        @if at > 0 { "; " }
                        span.nowrap { (named(slug, one)) "," } " " bdi { (clipped(one.display_title())) }
                        @if !one.owner.trim().is_empty() { " with " bdi { (clipped(one.owner.trim())) } }
                        @if let Some((first, _)) = one.days { ", " span.nowrap { (time::day_of_year(first, view.today)) } }
                    }
                    @if due.len() > NAMED { "; and " (counted(count(due.len() - NAMED), "more", "more")) } "."
                }
            }
        }
    }
}

fn named(slug: &str, one: &Appointment) -> Markup {
    if one.name.trim().is_empty() {
        html! { "Nobody named" }
    } else {
        candidate_name(slug, one.contact.as_ref(), &one.name)
    }
}

/// The Discovery Days to come, each with who comes to it.
fn discovery_days(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let slug = &shell.tenant().slug;
    let is_ahead =
        |one: &&Appointment| one.of_type == AppointmentType::DiscoveryDay && one.days.is_some_and(|(_, last)| last >= view.today);
    let mut days: Vec<(Date, Vec<&Appointment>)> = Vec::new();
    for one in view.schedule.appointments.iter().filter(is_ahead) {
        let Some((first, _)) = one.days else { continue };
        match days.last_mut().filter(|(day, _)| *day == first) {
            Some((_, guests)) => guests.push(one),
            None => days.push((first, vec![one])),
        }
    }
    html! {
        @if !days.is_empty() && view.query.show.is_none() {
            section.card.pinned aria-labelledby="discovery-h" {
                h2 id="discovery-h" { (icon("map-pin", 15)) "Discovery Days" }
                ul.plain-list role="list" {
                    @for (day, guests) in days.iter().take(SHOWN_DAYS) {
                        // One that lasts longer is on this day's page as well.
                        @let there = view.schedule.appointments.iter().filter(|one| one.of_type == AppointmentType::DiscoveryDay && one.touches(*day)).count();
                        li {
                            a.pin-day href=(links::schedule(slug).with("view", "day").with("d", &day.to_string()).with("type", AppointmentType::DiscoveryDay.name()).url()) data-count=(there) { (time::day_of_year(*day, view.today)) ", " (counted(count(there), "candidate", "candidates")) }
                            span.pin-who {
                                @for (at, one) in guests.iter().take(GUESTS).enumerate() {
                                    @if at > 0 { ", " }
                                    @if one.cancelled { s { (named(slug, one)) } " (cancelled)" } @else { (named(slug, one)) }
                                }
                                @if guests.len() > GUESTS { " and " (counted(count(guests.len() - GUESTS), "other", "others")) }
                                @if let Some(place) = guests.iter().map(|one| one.place.trim()).find(|place| !place.is_empty()) { span.sub { " · " bdi { (clipped(place)) } } }
                            }
                        }
                    }
                }
                @if days.len() > SHOWN_DAYS { p.sub { "and " (counted(count(days.len() - SHOWN_DAYS), "more day", "more days")) " later" } }
            }
        }
    }
}

const SHOWN_DAYS: usize = 4;
const GUESTS: usize = 5;

fn undated(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let found = view.schedule.appointments.iter().filter(|one| one.days.is_none()).count();
    html! {
        @if found > 0 && view.query.show != Some(Show::Undated) {
            p.notice { (icon("circle-question-mark", 15)) span {
                a href=(links::schedule(&shell.tenant().slug).with("show", "undated").url()) data-count=(found) { (counted(count(found), "appointment", "appointments")) }
                " without a readable time in ClientTether: on no day of this calendar."
            } }
        }
    }
}

// What an appointment looks like ---------------------------------------------------------------------------------------

/// Its picture and its tone.
fn look(one: &Appointment) -> (&'static str, &'static str) {
    match &one.of_type {
        _ if one.outcome_needed => ("circle-alert", "danger"),
        AppointmentType::Call => ("phone", "info"),
        AppointmentType::FddReview => ("file-text", "wait"),
        AppointmentType::Meeting => ("video", "move"),
        AppointmentType::Agreement => ("award", "success"),
        AppointmentType::DiscoveryDay => ("map-pin", "pin"),
        AppointmentType::Named(_) | AppointmentType::Unknown => ("calendar", "quiet"),
    }
}

/// Its picture in its tone.
fn pictured(one: &Appointment, size: u8) -> Markup {
    let (picture, tone) = look(one);
    html! { svg class=(format!("ico {tone}")) width=(size) height=(size) aria-hidden="true" { use href=(format!("{}#i-{picture}", crate::http::assets::url("icons.svg"))) {} } }
}

/// It is over, and nothing is to be done about it.
fn is_past(one: &Appointment, zone: &Zone, now: Timestamp) -> bool {
    !one.outcome_needed && one.when.is_some_and(|when: AppointmentTime| when.end(zone) <= now)
}

/// What one should know of it besides, in a word.
fn marks(one: &Appointment) -> Markup {
    html! {
        @if one.outcome_needed { span.badge.danger { (icon("circle-alert", 13)) "Outcome needed" } }
        @if one.cancelled { span.badge.quiet { (icon("calendar-x", 13)) "Cancelled" } }
        @else if one.moved_from.is_some() { span.badge.info { (icon("calendar-clock", 13)) "Moved" } }
    }
}
