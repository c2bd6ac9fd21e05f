//! Schedule: the brand's appointments as a month, a week, a day or a list.
//!
//! Without a view in its address the page shows the month: beside it stands the agenda of the next days, so that it answers both
//! "what is next" and "how full are we". On a phone the month is dots and the agenda carries the text.

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
use tetherboard_domain::{CALENDAR_READ_DAYS, CalendarDate, Leaf, Nearness, Slotted, Zone};
use tetherboard_metrics::{Appointment, AppointmentType, Board, OUTCOME_NEEDED, Schedule, schedule};
use tetherboard_store::tenants::Tenant;

use crate::Portal;
use crate::error::{Answer, Refusal, Wants};
use crate::links::{self, Link, Tab};
use crate::pages::candidate::candidate_name;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::table::PAGE;
use crate::parts::words::{NO_OWNER, clipped, count, counted, number};
use crate::parts::{icon, time};
use crate::query::{Pairs, one_of, page_number};
use crate::viewer::BrandViewer;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/t/{brand}/schedule", get(page))
        .route("/t/{brand}/schedule/subscribe", get(subscribe::page).post(subscribe::act))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    List,
    Leaf(Leaf),
}

const VIEWS: [(&str, View); 4] =
    [("list", View::List), ("day", View::Leaf(Leaf::Day)), ("week", View::Leaf(Leaf::Week)), ("month", View::Leaf(Leaf::Month))];

/// What a list is narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Near(Nearness),
    OutcomeNeeded,
    /// Without a readable time.
    Undated,
}

const SHOWS: [(&str, Show); 7] = [
    ("today", Show::Near(Nearness::Today)),
    ("tomorrow", Show::Near(Nearness::Tomorrow)),
    ("this-week", Show::Near(Nearness::ThisWeek)),
    ("later", Show::Near(Nearness::Later)),
    ("past", Show::Near(Nearness::Past)),
    ("outcome-needed", Show::OutcomeNeeded),
    ("undated", Show::Undated),
];

impl Show {
    fn word(self) -> &'static str {
        SHOWS.iter().find(|(_, known)| *known == self).map_or("today", |(word, _)| word)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Near(nearness) => nearness.name(),
            Self::OutcomeNeeded => "Outcome needed",
            Self::Undated => "No readable time",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Facet {
    Type,
    Owner,
    Status,
}

impl Facet {
    const ALL: [Self; 3] = [Self::Type, Self::Owner, Self::Status];

    fn key(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Owner => "owner",
            Self::Status => "status",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Type => "Type",
            Self::Owner => "Owner",
            Self::Status => "Status",
        }
    }

    fn value(self, one: &Appointment) -> &str {
        match self {
            Self::Type => one.of_type.name().trim(),
            Self::Owner => one.owner.trim(),
            Self::Status => one.status.trim(),
        }
    }

    /// A value as people read it.
    fn shown(self, value: &str) -> &str {
        match (self, value) {
            (Self::Type, "") => "No type",
            (Self::Owner, "") => NO_OWNER,
            (Self::Status, "") => "No status",
            _ => value,
        }
    }
}

/// Which appointments are shown, and how.
#[derive(Clone, Debug)]
struct ScheduleQuery {
    view: View,
    /// The day, week or month that is meant.
    at: Option<CalendarDate>,
    show: Option<Show>,
    /// Of each facet the values that are wanted; none: all.
    facets: [Vec<String>; 3],
    page: i64,
}

impl ScheduleQuery {
    /// # Errors
    /// A sentence that names the value that cannot be read, and what could.
    fn parse(pairs: &Pairs) -> Result<Self, String> {
        let asked = pairs.filled("d").map(str::parse::<CalendarDate>).transpose().map_err(|error| format!("`d`: {error}."))?;
        let show = one_of(pairs, "show", &SHOWS)?;
        let view = one_of(pairs, "view", &VIEWS)?.unwrap_or(match (show, asked) {
            (Some(_), _) => View::List,
            (None, Some(CalendarDate::Day(_))) => View::Leaf(Leaf::Day),
            (None, Some(CalendarDate::Week(_))) => View::Leaf(Leaf::Week),
            (None, Some(CalendarDate::Month(_)) | None) => View::Leaf(Leaf::Month),
        });
        if show.is_some() && view != View::List {
            return Err("`show` narrows a list; leave `view` out, or write `view=list`.".to_owned());
        }
        let [kinds, owners, statuses] = Facet::ALL.map(|facet| pairs.all(facet.key()));
        let facets = [kinds?, owners?, statuses?];
        Ok(Self { view, at: asked, show, facets, page: page_number(pairs)? })
    }

    /// The leaf that is shown; `None`: a list of all days.
    fn leaf(&self, today: Date) -> Option<CalendarDate> {
        match self.view {
            View::List => self.at,
            View::Leaf(leaf) => Some(self.at.unwrap_or(CalendarDate::Day(today)).turned_to(leaf, today)),
        }
    }

    /// The days whose appointments are shown: of a month those of all the weeks that it is drawn in.
    fn days(&self, today: Date) -> Option<(Date, Date)> {
        let leaf = self.leaf(today)?;
        match self.view {
            View::Leaf(Leaf::Month) => {
                let weeks = leaf.weeks();
                Some((weeks.first()?[0], weeks.last()?[6]))
            }
            _ => Some(leaf.days()),
        }
    }

    fn is_in_scope(&self, one: &Appointment, today: Date) -> bool {
        let is_there = match (self.days(today), one.days) {
            (Some((from, to)), Some((first, last))) => first <= to && from <= last,
            (Some(_), None) => false,
            (None, _) => true,
        };
        is_there
            && match self.show {
                None => one.days.is_some(),
                Some(Show::Near(nearness)) => one.nearness(today) == Some(nearness),
                Some(Show::OutcomeNeeded) => one.outcome_needed,
                Some(Show::Undated) => one.days.is_none(),
            }
    }

    fn fits(&self, facet: Facet, one: &Appointment) -> bool {
        let wanted = &self.facets[facet as usize];
        wanted.is_empty() || wanted.iter().any(|wanted| same(wanted, facet.value(one)))
    }

    fn fits_all(&self, one: &Appointment) -> bool {
        Facet::ALL.iter().all(|facet| self.fits(*facet, one))
    }

    fn is_narrowed(&self) -> bool {
        self.facets.iter().any(|wanted| !wanted.is_empty())
    }

    fn with_facets(&self, mut link: Link) -> Link {
        for facet in Facet::ALL {
            for value in &self.facets[facet as usize] {
                link = link.with(facet.key(), value);
            }
        }
        link
    }

    /// The same page at its address, without its filters.
    fn bare(&self, link: Link) -> Link {
        let view = VIEWS.iter().find(|(_, known)| *known == self.view && self.view != View::Leaf(Leaf::Month));
        let link = link.maybe("view", view.filter(|_| self.show.is_none()).map(|(word, _)| *word));
        link.maybe("show", self.show.map(Show::word)).maybe("d", self.at.map(|at| at.to_string()).as_deref())
    }

    /// The same, but for the page of its list.
    fn narrow(&self, link: Link) -> Link {
        self.with_facets(self.bare(link))
    }
}

fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

/// What the page shows.
struct ScheduleView {
    schedule: Arc<Schedule>,
    board: Board,
    query: ScheduleQuery,
    today: Date,
    /// The first and the last day that the last read covers; `None`: nothing was read whole.
    covered: Option<(Date, Date)>,
}

impl ScheduleView {
    /// What fits the filters.
    fn filtered(&self) -> impl Iterator<Item = &Appointment> {
        self.schedule.appointments.iter().filter(|one| self.query.fits_all(one))
    }

    /// What the view shows: by their start, but what is past comes last and the latest of it first.
    fn shown(&self) -> Vec<&Appointment> {
        let mut rows: Vec<&Appointment> = self.filtered().filter(|one| self.query.is_in_scope(one, self.today)).collect();
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
}

async fn page(brand: BrandViewer, State(portal): State<Portal>, theme: Theme, pairs: Pairs) -> Answer<Response> {
    let bad = |detail: String| Refusal::bad_request(Wants::Page, detail);
    let query = ScheduleQuery::parse(&pairs).map_err(bad)?;
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    let numbers = portal.numbers.of(&portal.store, tenant, now).await?;
    let compute = || schedule(portal.store.conn(), tenant, &numbers.board, now);
    let schedule = portal.numbers.get(tenant, now, "schedule", compute).await?;
    let covered = schedule.read.map(|read| covered(read, tenant));
    let view = ScheduleView { schedule, board: numbers.board.clone(), query, today: tenant.zone.date(now), covered };
    let rows = view.shown();
    if pairs.wants_csv().map_err(bad)? {
        return Ok(list::as_csv(tenant, &view, &rows));
    }
    let offset = usize::try_from((view.query.page - 1) * PAGE).unwrap_or(usize::MAX);
    if offset > 0 && rows.len() <= offset {
        return Err(Refusal::missing(Wants::Page, "This list has no such page; it may have become shorter."));
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    let address = view.query.narrow(links::schedule(&tenant.slug));
    let address = if view.query.page == 1 { address } else { address.with("page", &view.query.page.to_string()) };
    let kept = view.query.bare(Link::to("")).url();
    let body = body(&shell, &view, &rows);
    Ok(shell.render(&Page { tab: Tab::Schedule, bar: EMPTY, body, address, kept, period: String::new() }).into_response())
}

fn covered(read: Timestamp, tenant: &Tenant) -> (Date, Date) {
    let today = tenant.source_time().0.date(read);
    let (back, ahead) = CALENDAR_READ_DAYS;
    (today.saturating_sub(Span::new().days(back)), today.saturating_add(Span::new().days(ahead)))
}

fn body(shell: &Shell<'_>, view: &ScheduleView, rows: &[&Appointment]) -> Markup {
    let is_grid = matches!(view.query.view, View::Leaf(Leaf::Week | Leaf::Month));
    html! {
        (head(shell, view, rows))
        (in_force(shell, view))
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
            div.cols.even[view.query.view == View::Leaf(Leaf::Month)] { (grid::grid(shell, view, rows)) (list::agenda(shell, view)) }
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
    let to = |at: CalendarDate| {
        let there = ScheduleQuery { at: Some(at), page: 1, ..query.clone() };
        there.narrow(links::schedule(slug)).url()
    };
    // An address refuses what lies beyond the years that a calendar shows.
    let step = |at: CalendarDate, picture: &str, rel: &str| {
        let is_there = at.to_string().parse::<CalendarDate>().is_ok();
        html! {
            @if is_there { a.btn.icon href=(to(at)) rel=(rel) aria-label=(leaf_name(at)) { (icon(picture, 15)) } }
            @else { span.btn.icon aria-disabled="true" { (icon(picture, 15)) } }
        }
    };
    let csv = query.narrow(links::schedule(slug)).with("format", "csv").url();
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
                    @for (word, name, kind) in [("list", "List", View::List), ("day", "Day", View::Leaf(Leaf::Day)), ("week", "Week", View::Leaf(Leaf::Week)), ("month", "Month", View::Leaf(Leaf::Month))] {
                        @let at = query.at.map(|at| match kind { View::List => at, View::Leaf(leaf) => at.turned_to(leaf, today) });
                        @let at = at.filter(|_| kind != View::List || query.view == View::List);
                        @let link = links::schedule(slug).with("view", word).maybe("d", at.map(|at| at.to_string()).as_deref());
                        a href=(query.with_facets(link).url()) aria-current=[(kind == query.view).then_some("true")] { (name) }
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
        (View::Leaf(kind), _) => kind,
        (View::List, CalendarDate::Day(_)) => Leaf::Day,
        (View::List, CalendarDate::Week(_)) => Leaf::Week,
        (View::List, CalendarDate::Month(_)) => Leaf::Month,
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

// Filters --------------------------------------------------------------------------------------------------------------

/// Each value of a facet with how many there are of it under the other filters; the most first.
fn options(view: &ScheduleView, facet: Facet) -> Vec<(String, i64)> {
    let others = |one: &&Appointment| Facet::ALL.iter().all(|other| *other == facet || view.query.fits(*other, one));
    let in_scope = view.schedule.appointments.iter().filter(|one| view.query.is_in_scope(one, view.today)).filter(others);
    let mut found: Vec<(String, i64)> = Vec::new();
    let mut at: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for one in in_scope {
        let value = facet.value(one);
        let place = *at.entry(value.to_lowercase()).or_insert_with(|| {
            found.push((value.to_owned(), 0));
            found.len() - 1
        });
        found[place].1 += 1;
    }
    for wanted in &view.query.facets[facet as usize] {
        if !at.contains_key(&wanted.to_lowercase()) {
            found.push((wanted.clone(), 0));
        }
    }
    found.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    found
}

fn filter_menu(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let chosen: usize = view.query.facets.iter().map(Vec::len).sum();
    html! {
        details.menu.end id="schedule-filters" {
            summary.btn { (icon("list-filter", 15)) "Filter" @if chosen > 0 { b { (chosen) } } }
            div.menu-panel.wide {
                form.menu-form method="get" action=(Tab::Schedule.url(&shell.tenant().slug)) {
                    @for (key, value) in view.query.bare(Link::to("")).pairs() { input type="hidden" name=(key) value=(value); }
                    @for facet in Facet::ALL {
                        fieldset.sched-facet {
                            legend { (facet.name()) }
                            @for (value, found) in options(view, facet) {
                                @let on = view.query.facets[facet as usize].iter().any(|wanted| same(wanted, &value));
                                label { input type="checkbox" name=(facet.key()) value=(value) checked[on]; span.t title=(facet.shown(&value)) { (facet.shown(&value)) } span.n { (number(found)) } }
                            }
                        }
                    }
                    div.acts { button.btn { "Apply" } @if chosen > 0 { a.btn.plain href=(view.query.bare(links::schedule(&shell.tenant().slug)).url()) { "Clear" } } }
                }
            }
        }
    }
}

/// The filters in force, each with the way to drop it.
fn in_force(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let (slug, query) = (&shell.tenant().slug, &view.query);
    let mut chips: Vec<(String, String)> = Vec::new();
    for facet in Facet::ALL {
        for value in &query.facets[facet as usize] {
            let mut without = ScheduleQuery { page: 1, ..query.clone() };
            without.facets[facet as usize].retain(|wanted| wanted != value);
            chips.push((format!("{}: {}", facet.name(), facet.shown(value)), without.narrow(links::schedule(slug)).url()));
        }
    }
    if let Some(show) = query.show {
        let all = ScheduleQuery { show: None, view: View::List, page: 1, ..query.clone() };
        chips.push((show.name().to_owned(), all.narrow(links::schedule(slug)).url()));
    }
    html! {
        @if !chips.is_empty() {
            div.in-force.bare {
                span { "Shown:" }
                @for (text, without) in &chips {
                    a.chip.on href=(without) aria-label=(format!("Drop the filter {text}")) { span.t title=(text) { (text) } (icon("x", 13)) }
                }
                @if chips.len() > 1 { a.btn.plain href=(links::schedule(slug).with("view", "list").url()) { "Clear all" } }
            }
        }
    }
}

// What stands above the calendar ---------------------------------------------------------------------------------------

/// What was read of the days that are shown. A day that was not read is unknown rather than empty.
fn coverage(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let Some((from, to)) = view.covered else { return EMPTY };
    let (first, last) = view.query.days(view.today).unwrap_or((from, to));
    let year = view.today.year();
    let day = |day: Date| if day.year() == year { time::day(day) } else { day.strftime("%a %b %-d, %Y").to_string() };
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
            p.sub { "Read from ClientTether’s calendar: " (day(from)) " to " (day(to)) @if let Some(read) = read { ", last " (time::told(read, shell.now, &shell.tenant().zone)) } "." }
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
                    a href=(links::schedule(slug).with("show", "outcome-needed").url()) data-count=(due.len()) { (counted(count(due.len()), "appointment", "appointments")) } ". "
                    @for (at, one) in due.iter().take(NAMED).enumerate() {
                        @if at > 0 { "; " }
                        (named(slug, one)) ", " (clipped(one.called())) @if !one.owner.trim().is_empty() { " with " (clipped(one.owner.trim())) }
                        @if let Some((first, _)) = one.days { ", " (time::day_of_year(first, view.today)) }
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
        candidate_name(slug, one.contact.as_deref(), &one.name)
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
                                @if let Some(place) = guests.iter().map(|one| one.place.trim()).find(|place| !place.is_empty()) { span.sub { " · " (clipped(place)) } }
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
const GUESTS: usize = 8;

fn undated(shell: &Shell<'_>, view: &ScheduleView) -> Markup {
    let found = view.schedule.appointments.iter().filter(|one| one.days.is_none()).count();
    html! {
        @if found > 0 && view.query.show != Some(Show::Undated) {
            p.notice { (icon("circle-question-mark", 15)) span {
                "On no day here, for they have no readable time: "
                a href=(links::schedule(&shell.tenant().slug).with("show", "undated").url()) data-count=(found) { (counted(count(found), "appointment", "appointments")) } "."
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

/// It is over, and nothing is to be done about it.
fn is_past(one: &Appointment, zone: &Zone, now: Timestamp) -> bool {
    !one.outcome_needed && one.when.is_some_and(|when: Slotted| when.over(zone) <= now)
}

/// What one should know of it besides, in a word.
fn marks(one: &Appointment) -> Markup {
    html! {
        @if one.outcome_needed { span.badge.danger { (icon("circle-alert", 13)) "Outcome needed" } }
        @if one.cancelled { span.badge.quiet { (icon("calendar-x", 13)) "Cancelled" } }
        @else if one.moved_from.is_some() { span.badge.info { (icon("calendar-clock", 13)) "Moved" } }
    }
}
