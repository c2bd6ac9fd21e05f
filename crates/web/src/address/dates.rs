//! Days and moments in an address, in a brand's zone.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp};
use tetherboard_domain::{Window, Zone};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::links::Link;
use super::pairs::Pairs;
use super::query::{InvalidQuery, Param, Parsed};

/// One end of a range: a local day, or a local moment on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Edge {
    Day(Date),
    Moment(DateTime),
}

impl Edge {
    /// `2026-03-09`, or `2026-03-09T10:30:00`.
    fn text(self) -> String {
        match self {
            Self::Day(day) => day.to_string(),
            Self::Moment(moment) if moment.time() == Time::midnight() => format!("{}T00:00", moment.date()),
            Self::Moment(moment) => moment.to_string(),
        }
    }

    /// The local day.
    pub(crate) fn day(self) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Moment(moment) => moment.date(),
        }
    }

    /// The instant at which a range from here starts.
    pub(crate) fn start(self, zone: &Zone) -> Option<Timestamp> {
        match self {
            Self::Day(day) => Some(zone.start_of(day)),
            Self::Moment(local) => zone.moment(local),
        }
    }

    /// The instant at which a range to here ends; a day is included.
    pub(crate) fn end(self, zone: &Zone) -> Option<Timestamp> {
        match self {
            Self::Day(day) => Some(zone.start_of(day.checked_add(Span::new().days(1)).unwrap_or(Date::MAX))),
            Self::Moment(local) => zone.moment(local),
        }
    }
}

impl Param for Option<Edge> {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        let Some(text) = pairs.filled(key) else { return Ok(None) };
        if text.len() <= 10 {
            if let Ok(day) = text.parse() {
                return Ok(Some(Edge::Day(day)));
            }
        } else if let Ok(moment) = text.replace(' ', "T").parse() {
            return Ok(Some(Edge::Moment(moment)));
        }
        Err(InvalidQuery(format!("`{key}={text}` is not a date. Write one like 2026-03-09 or 2026-03-09T10:30.")))
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        link.maybe(key, self.map(Edge::text).as_deref())
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).examples(["2026-03-09", "2026-03-09T10:30"]).into()
    }
}

/// The instants between two edges. A missing edge leaves that end open; `None` if both are missing.
pub(crate) fn window(from: Option<Edge>, to: Option<Edge>, zone: &Zone) -> Option<Window> {
    if from.is_none() && to.is_none() {
        return None;
    }
    Some(Window {
        from: from.and_then(|edge| edge.start(zone)).unwrap_or(Timestamp::MIN),
        until: to.and_then(|edge| edge.end(zone)).unwrap_or(Timestamp::MAX),
    })
}

/// Reads a date like 2026-03-09.
///
/// # Errors
/// When the text is not a date.
pub(crate) fn parse_day(key: &str, text: &str) -> Parsed<Date> {
    text.parse().map_err(|_| InvalidQuery(format!("`{key}={text}` is not a date. Write one like 2026-03-09.")))
}
