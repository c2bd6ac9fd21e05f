//! What the address of the schedule means: which days, as what, and narrowed to which appointments.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::civil::Date;
use tetherboard_domain::{CalendarDate, CalendarView, Nearness};
use tetherboard_metrics::Appointment;

use super::links::Link;
use super::pairs::Pairs;
use super::query::{Choice, InvalidQuery, Param, Parsed, query, same_text};
use crate::http::error::HttpError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    List,
    Calendar(CalendarView),
}

impl Choice for View {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("list", Self::List),
        ("day", Self::Calendar(CalendarView::Day)),
        ("week", Self::Calendar(CalendarView::Week)),
        ("month", Self::Calendar(CalendarView::Month)),
    ];
}

/// The view of an address that names none.
const DEFAULT_VIEW: View = View::Calendar(CalendarView::Month);

impl View {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Calendar(CalendarView::Day) => "Day",
            Self::Calendar(CalendarView::Week) => "Week",
            Self::Calendar(CalendarView::Month) => "Month",
        }
    }
}

/// What a list is narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    Near(Nearness),
    OutcomeNeeded,
    /// Without a readable time.
    Undated,
}

impl Choice for Show {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("today", Self::Near(Nearness::Today)),
        ("tomorrow", Self::Near(Nearness::Tomorrow)),
        ("this-week", Self::Near(Nearness::ThisWeek)),
        ("later", Self::Near(Nearness::Later)),
        ("past", Self::Near(Nearness::Past)),
        ("outcome-needed", Self::OutcomeNeeded),
        ("undated", Self::Undated),
    ];
}

impl Show {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Near(nearness) => nearness.name(),
            Self::OutcomeNeeded => "Outcome needed",
            Self::Undated => "No readable time",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facet {
    Type,
    Owner,
    Status,
}

impl Facet {
    pub(crate) const ALL: [Self; 3] = [Self::Type, Self::Owner, Self::Status];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Owner => "owner",
            Self::Status => "status",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Type => "Type",
            Self::Owner => "Owner",
            Self::Status => "Status",
        }
    }

    pub(crate) fn value(self, one: &Appointment) -> &str {
        values(one)[self as usize]
    }

    /// A value as people read it.
    pub(crate) fn shown(self, value: &str) -> &str {
        match (self, value) {
            (Self::Type, "") => "No type",
            (Self::Owner, "") => "No owner",
            (Self::Status, "") => "No status",
            _ => value,
        }
    }
}

fn values(one: &Appointment) -> [&str; 3] {
    [one.of_type.name(), &one.owner, &one.status].map(str::trim)
}

query! {
    /// Which appointments are shown. Of several values of one key, any may match; case does not matter.
    pub(crate) struct ScheduleFilters {
        /// What the appointment is about, as the page names it, such as Call. Empty: no type.
        types: Vec<String> = "type",
        /// The owner's name. Empty: no owner.
        owners: Vec<String> = "owner",
        /// The status, as ClientTether spells it. Empty: no status.
        statuses: Vec<String> = "status",
    }
}

impl ScheduleFilters {
    pub(crate) fn of(&self, facet: Facet) -> &[String] {
        match facet {
            Facet::Type => &self.types,
            Facet::Owner => &self.owners,
            Facet::Status => &self.statuses,
        }
    }

    fn of_mut(&mut self, facet: Facet) -> &mut Vec<String> {
        match facet {
            Facet::Type => &mut self.types,
            Facet::Owner => &mut self.owners,
            Facet::Status => &mut self.statuses,
        }
    }

    pub(crate) fn has(&self, facet: Facet, value: &str) -> bool {
        self.of(facet).iter().any(|wanted| same_text(wanted, value))
    }

    /// The same filters with one value for a facet.
    pub(crate) fn only(mut self, facet: Facet, value: &str) -> Self {
        *self.of_mut(facet) = vec![value.to_owned()];
        self
    }

    /// The same filters without one value of a facet.
    pub(crate) fn without(mut self, facet: Facet, value: &str) -> Self {
        self.of_mut(facet).retain(|wanted| wanted != value);
        self
    }

    pub(crate) fn count(&self) -> usize {
        Facet::ALL.iter().map(|facet| self.of(*facet).len()).sum()
    }

    pub(crate) fn matches_facet(&self, facet: Facet, one: &Appointment) -> bool {
        self.accepts(facet, facet.value(one))
    }

    pub(crate) fn matches(&self, one: &Appointment) -> bool {
        self.match_values(values(one))
    }

    /// Whether type, owner, and status of an appointment match.
    pub(crate) fn match_values(&self, values: [&str; 3]) -> bool {
        Facet::ALL.iter().zip(values).all(|(facet, value)| self.accepts(*facet, value.trim()))
    }

    fn accepts(&self, facet: Facet, value: &str) -> bool {
        self.of(facet).is_empty() || self.has(facet, value)
    }
}

/// Which appointments are shown, and how.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleQuery {
    pub(crate) view: View,
    /// The day, week or month that is meant.
    pub(crate) at: Option<CalendarDate>,
    pub(crate) show: Option<Show>,
    pub(crate) filters: ScheduleFilters,
}

impl ScheduleQuery {
    /// # Errors
    /// A sentence that names the value that cannot be read, and what could.
    pub(crate) fn parse(pairs: &Pairs) -> Parsed<Self> {
        let at = pairs.filled("d").map(str::parse::<CalendarDate>).transpose();
        let at = at.map_err(|error| InvalidQuery(format!("`d`: {error}.")))?;
        let show: Option<Show> = Param::parse(pairs, "show")?;
        let view: Option<View> = Param::parse(pairs, "view")?;
        let view = view.unwrap_or(match (show, at) {
            (Some(_), _) => View::List,
            (None, Some(CalendarDate::Day(_))) => View::Calendar(CalendarView::Day),
            (None, Some(CalendarDate::Week(_))) => View::Calendar(CalendarView::Week),
            (None, Some(CalendarDate::Month(_))) => View::Calendar(CalendarView::Month),
            (None, None) => DEFAULT_VIEW,
        });
        if show.is_some() && view != View::List {
            return Err(InvalidQuery("`show` filters a list. Leave `view` out, or write `view=list`.".to_owned()));
        }
        Ok(Self { view, at, show, filters: ScheduleFilters::parse(pairs)? })
    }

    /// The same filters on another part of the calendar.
    pub(crate) fn turned(&self, view: View, at: Option<CalendarDate>) -> Self {
        Self { view, at, ..self.clone() }
    }

    /// The list of these, wherever they stand.
    pub(crate) fn only(&self, show: Show) -> Self {
        Self { show: Some(show), ..self.turned(View::List, None) }
    }

    pub(crate) fn on_day(&self, day: Date) -> Self {
        self.turned(View::Calendar(CalendarView::Day), Some(CalendarDate::Day(day)))
    }

    /// The leaf that is shown; `None`: a list of all days.
    pub(crate) fn leaf(&self, today: Date) -> Option<CalendarDate> {
        match self.view {
            View::List => self.at,
            View::Calendar(leaf) => Some(self.at.unwrap_or(CalendarDate::Day(today)).in_view(leaf, today)),
        }
    }

    /// The days whose appointments are shown: of a month those of all the weeks that it is drawn in.
    pub(crate) fn days(&self, today: Date) -> Option<(Date, Date)> {
        let leaf = self.leaf(today)?;
        match self.view {
            View::Calendar(CalendarView::Month) => {
                let weeks = leaf.weeks();
                Some((weeks.first()?[0], weeks.last()?[6]))
            }
            _ => Some(leaf.days()),
        }
    }

    /// Whether it stands on the days that are shown, and in the list that is asked for; whatever the filters.
    pub(crate) fn is_in_scope(&self, one: &Appointment, today: Date) -> bool {
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

    /// Adds view, days, and list to a link, without filters.
    pub(crate) fn without_filters(&self, link: Link) -> Link {
        let view = Some(self.view).filter(|view| *view != DEFAULT_VIEW && self.show.is_none());
        let link = link.maybe("view", view.map(View::word));
        link.maybe("show", self.show.map(Show::word)).maybe("d", self.at.map(|at| at.to_string()).as_deref())
    }

    /// The same, but for the page of its list.
    pub(crate) fn add_to(&self, link: Link) -> Link {
        self.filters.add_to(self.without_filters(link))
    }
}

impl<S: Sync> FromRequestParts<S> for ScheduleQuery {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        Ok(Self::parse(&pairs)?)
    }
}
