//! Schedule: the brand's appointments as a month, a week, a day, or a list.
//!
//! By default the page shows the month, with the agenda of the next days beside it: together they answer "what is next" and "how
//! busy are we". On a phone the month shows dots, and the agenda has the text.

mod agenda;
mod appointment;
mod discovery_days;
mod export;
mod filters;
mod grid;
mod header;
mod list;
mod notices;
mod subscribe;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{CALENDAR_READ_DAYS, CalendarView, Nearness};
use tetherboard_metrics::{Appointment, Board, Schedule};
use tetherboard_store::tenants::Tenant;

use crate::address::links::{self, Link, Tab};
use crate::address::query::{Format, Page as PageQuery, PageNumber, Param};
use crate::address::schedule::{ScheduleQuery, View};
use crate::http::error::HttpResult;
use crate::http::viewer::BrandViewer;
use crate::parts::icon;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::table::{PAGE, no_such_page};
use crate::read::numbers::numbers;
use crate::read::schedule::schedule;
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/t/{brand}/schedule", get(page))
        .route("/t/{brand}/schedule/subscribe", get(subscribe::page).post(subscribe::submit))
}

/// What the page shows.
struct ScheduleView {
    schedule: Arc<Schedule>,
    board: Board,
    query: ScheduleQuery,
    page: PageNumber,
    today: Date,
    /// The first and last day of the last complete read; `None` before there was one.
    covered: Option<(Date, Date)>,
}

impl ScheduleView {
    async fn load(portal: &Portal, tenant: &Tenant, query: ScheduleQuery, page: PageNumber, now: Timestamp) -> HttpResult<Self> {
        let numbers = numbers(portal, tenant, now).await?;
        let schedule = schedule(portal, tenant, &numbers.board, now).await?;
        let covered = schedule.read.map(|read_at| covered_days(read_at, tenant));
        Ok(Self { schedule, board: numbers.board.clone(), query, page, today: tenant.zone.date(now), covered })
    }

    /// The appointments that match the filters.
    fn filtered(&self) -> impl Iterator<Item = &Appointment> {
        self.schedule.appointments.iter().filter(|one| self.query.filters.matches(one))
    }

    /// The appointments of the days and the list that the view shows, before filters.
    fn in_scope(&self) -> impl Iterator<Item = &Appointment> {
        self.schedule.appointments.iter().filter(|one| self.query.is_in_scope(one, self.today))
    }

    /// The appointments that the view shows, by their start. In a list, past ones come last, the latest first.
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

    /// Whether the last complete read covers a day.
    fn is_covered(&self, day: Date) -> bool {
        self.covered.is_some_and(|(first, last)| first <= day && day <= last)
    }

    /// Whether it covers all days of the view.
    fn is_fully_covered(&self) -> bool {
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
    let tenant = &brand.tenant;
    let view = ScheduleView::load(&portal, tenant, query, page, portal.clock.now()).await?;
    let rows = view.shown();
    if format == Format::Csv {
        return Ok(export::as_csv(tenant, &view, &rows));
    }
    let offset = usize::try_from(page.offset(PAGE)).unwrap_or(usize::MAX);
    if offset > 0 && rows.len() <= offset {
        return Err(no_such_page());
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    let page = Page {
        tab: Tab::Schedule,
        bar: EMPTY,
        body: body(&shell, &view, &rows),
        address: page.add_to("page", view.query.add_to(links::schedule(&tenant.slug))),
        filters: view.query.without_filters(Link::to("")).url(),
        period: String::new(),
    };
    Ok(shell.render(&page).into_response())
}

/// The first and last day that a read of the calendar covers.
fn covered_days(read_at: Timestamp, tenant: &Tenant) -> (Date, Date) {
    let today = tenant.source_time().0.date(read_at);
    let (back, ahead) = CALENDAR_READ_DAYS;
    (today.saturating_sub(Span::new().days(back)), today.saturating_add(Span::new().days(ahead)))
}

fn body(shell: &Shell<'_>, view: &ScheduleView, rows: &[&Appointment]) -> Markup {
    let is_grid = matches!(view.query.view, View::Calendar(CalendarView::Week | CalendarView::Month));
    html! {
        (header::header(shell, view, rows))
        (filters::filter_chips(shell, view))
        (notices::upcoming(shell, view))
        (notices::coverage(shell, view))
        (notices::outcome_needed(shell, view))
        (discovery_days::discovery_days(shell, view))
        @if view.schedule.appointments.is_empty() && view.covered.is_none() { (not_read()) }
        @else if is_grid { div.cols.even { (grid::grid(shell, view, rows)) (agenda::agenda(shell, view)) } }
        @else { (list::list(shell, view, rows)) }
        (notices::undated(shell, view))
    }
}

fn not_read() -> Markup {
    html! {
        section.card { div.empty {
            span.disc.quiet { (icon("calendar", 20)) }
            h2 { "No appointments yet" }
            p { "They appear here after ClientTether’s calendar has been read." }
        } }
    }
}
