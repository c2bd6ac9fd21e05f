//! What the address of the schedule means: which days, as what, and narrowed to which appointments.

use jiff::civil::Date;
use tetherboard_domain::{CalendarDate, Leaf, Nearness};
use tetherboard_metrics::Appointment;

use crate::links::Link;
use crate::parts::words::NO_OWNER;
use crate::query::{Pairs, one_of, page_number};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    List,
    Leaf(Leaf),
}

pub(super) const VIEWS: [(&str, View); 4] =
    [("list", View::List), ("day", View::Leaf(Leaf::Day)), ("week", View::Leaf(Leaf::Week)), ("month", View::Leaf(Leaf::Month))];

/// What a page without any in its address shows.
const USUAL: View = View::Leaf(Leaf::Month);

impl View {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Leaf(Leaf::Day) => "Day",
            Self::Leaf(Leaf::Week) => "Week",
            Self::Leaf(Leaf::Month) => "Month",
        }
    }
}

/// What a list is narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    Near(Nearness),
    OutcomeNeeded,
    /// Without a readable time.
    Undated,
}

pub(super) const SHOWS: [(&str, Show); 7] = [
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

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Near(nearness) => nearness.name(),
            Self::OutcomeNeeded => "Outcome needed",
            Self::Undated => "No readable time",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Facet {
    Type,
    Owner,
    Status,
}

impl Facet {
    pub(super) const ALL: [Self; 3] = [Self::Type, Self::Owner, Self::Status];

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Owner => "owner",
            Self::Status => "status",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Type => "Type",
            Self::Owner => "Owner",
            Self::Status => "Status",
        }
    }

    pub(super) fn value(self, one: &Appointment) -> &str {
        values(one)[self as usize]
    }

    /// A value as people read it.
    pub(super) fn shown(self, value: &str) -> &str {
        match (self, value) {
            (Self::Type, "") => "No type",
            (Self::Owner, "") => NO_OWNER,
            (Self::Status, "") => "No status",
            _ => value,
        }
    }
}

fn values(one: &Appointment) -> [&str; 3] {
    [one.of_type.name(), &one.owner, &one.status].map(str::trim)
}

/// Of each facet the values that are wanted; none: all. The API has the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facets([Vec<String>; 3]);

impl Facets {
    /// # Errors
    /// A sentence that names the key with too many values.
    pub(crate) fn parse(pairs: &Pairs) -> Result<Self, String> {
        let [types, owners, statuses] = Facet::ALL.map(|facet| pairs.all(facet.key()));
        Ok(Self([types?, owners?, statuses?]))
    }

    pub(super) fn of(&self, facet: Facet) -> &[String] {
        &self.0[facet as usize]
    }

    pub(super) fn has(&self, facet: Facet, value: &str) -> bool {
        self.of(facet).iter().any(|wanted| same(wanted, value))
    }

    pub(super) fn only(mut self, facet: Facet, value: &str) -> Self {
        self.0[facet as usize] = vec![value.to_owned()];
        self
    }

    pub(super) fn without(mut self, facet: Facet, value: &str) -> Self {
        self.0[facet as usize].retain(|wanted| wanted != value);
        self
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    pub(super) fn fits(&self, facet: Facet, one: &Appointment) -> bool {
        self.takes(facet, facet.value(one))
    }

    pub(super) fn fits_all(&self, one: &Appointment) -> bool {
        self.take(values(one))
    }

    /// Whether type, owner and status of an appointment are wanted.
    pub(crate) fn take(&self, values: [&str; 3]) -> bool {
        Facet::ALL.iter().zip(values).all(|(facet, value)| self.takes(*facet, value.trim()))
    }

    fn takes(&self, facet: Facet, value: &str) -> bool {
        self.of(facet).is_empty() || self.has(facet, value)
    }

    pub(super) fn narrow(&self, mut link: Link) -> Link {
        for facet in Facet::ALL {
            for value in self.of(facet) {
                link = link.with(facet.key(), value);
            }
        }
        link
    }
}

fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

/// Which appointments are shown, and how.
#[derive(Clone, Debug)]
pub(super) struct ScheduleQuery {
    pub(super) view: View,
    /// The day, week or month that is meant.
    pub(super) at: Option<CalendarDate>,
    pub(super) show: Option<Show>,
    pub(super) facets: Facets,
    pub(super) page: i64,
}

impl ScheduleQuery {
    /// # Errors
    /// A sentence that names the value that cannot be read, and what could.
    pub(super) fn parse(pairs: &Pairs) -> Result<Self, String> {
        let at = pairs.filled("d").map(str::parse::<CalendarDate>).transpose().map_err(|error| format!("`d`: {error}."))?;
        let show = one_of(pairs, "show", &SHOWS)?;
        let view = one_of(pairs, "view", &VIEWS)?.unwrap_or(match (show, at) {
            (Some(_), _) => View::List,
            (None, Some(CalendarDate::Day(_))) => View::Leaf(Leaf::Day),
            (None, Some(CalendarDate::Week(_))) => View::Leaf(Leaf::Week),
            (None, Some(CalendarDate::Month(_))) => View::Leaf(Leaf::Month),
            (None, None) => USUAL,
        });
        if show.is_some() && view != View::List {
            return Err("`show` narrows a list; leave `view` out, or write `view=list`.".to_owned());
        }
        Ok(Self { view, at, show, facets: Facets::parse(pairs)?, page: page_number(pairs)? })
    }

    /// The same filters on another part of the calendar.
    pub(super) fn turned(&self, view: View, at: Option<CalendarDate>) -> Self {
        Self { view, at, page: 1, ..self.clone() }
    }

    /// The list of these, wherever they stand.
    pub(super) fn only(&self, show: Show) -> Self {
        Self { show: Some(show), ..self.turned(View::List, None) }
    }

    pub(super) fn on_day(&self, day: Date) -> Self {
        self.turned(View::Leaf(Leaf::Day), Some(CalendarDate::Day(day)))
    }

    /// The leaf that is shown; `None`: a list of all days.
    pub(super) fn leaf(&self, today: Date) -> Option<CalendarDate> {
        match self.view {
            View::List => self.at,
            View::Leaf(leaf) => Some(self.at.unwrap_or(CalendarDate::Day(today)).turned_to(leaf, today)),
        }
    }

    /// The days whose appointments are shown: of a month those of all the weeks that it is drawn in.
    pub(super) fn days(&self, today: Date) -> Option<(Date, Date)> {
        let leaf = self.leaf(today)?;
        match self.view {
            View::Leaf(Leaf::Month) => {
                let weeks = leaf.weeks();
                Some((weeks.first()?[0], weeks.last()?[6]))
            }
            _ => Some(leaf.days()),
        }
    }

    /// Whether it stands on the days that are shown, and in the list that is asked for; whatever the filters.
    pub(super) fn is_in_scope(&self, one: &Appointment, today: Date) -> bool {
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

    /// The same page at its address, without its filters.
    pub(super) fn bare(&self, link: Link) -> Link {
        let view = VIEWS.iter().find(|(_, known)| *known == self.view && self.view != USUAL);
        let link = link.maybe("view", view.filter(|_| self.show.is_none()).map(|(word, _)| *word));
        link.maybe("show", self.show.map(Show::word)).maybe("d", self.at.map(|at| at.to_string()).as_deref())
    }

    /// The same, but for the page of its list.
    pub(super) fn narrow(&self, link: Link) -> Link {
        self.facets.narrow(self.bare(link))
    }
}
