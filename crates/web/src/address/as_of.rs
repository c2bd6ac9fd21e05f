//! The past day of an address: `asof=2026-03-09`.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use tetherboard_domain::EpochMs;
use tetherboard_metrics::History;
use tetherboard_store::tenants::Tenant;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::links::Link;
use super::pairs::Pairs;
use super::query::{InvalidQuery, Param, Parsed, query};

query! {
    /// A past day.
    pub(crate) struct AsOfQuery {
        /// The day whose end is shown, such as 2026-03-09, in the brand's zone; today or absent: now.
        day: AsOfDay = "asof",
    }
}

/// The text of `asof`; whether it is a day that can be shown depends on the brand's history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct AsOfDay(Option<String>);

impl Param for AsOfDay {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        Ok(Self(pairs.filled(key).map(str::to_owned)))
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        link.maybe(key, self.0.as_deref())
    }

    fn is_set(&self) -> bool {
        self.0.is_some()
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).examples(["2026-03-09"]).into()
    }
}

/// A past day, and the instant at which it ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsOf {
    pub(crate) day: Date,
    pub(crate) before_ms: EpochMs,
}

/// What can be shown for `asof`.
pub(crate) enum AsOfView {
    /// The current pipeline.
    Now,
    /// The end of a past day.
    Day(AsOf),
    /// A day before the history starts; the sentence says when it does.
    Unknown(String),
}

impl AsOfQuery {
    /// Whether the address names a day.
    pub(crate) fn is_set(&self) -> bool {
        self.day.is_set()
    }

    /// What can be shown for the day.
    ///
    /// # Errors
    /// When the value is not a date, or a day in the future.
    pub(crate) fn resolve(&self, tenant: &Tenant, now: Timestamp, history: &History) -> Parsed<AsOfView> {
        let Some(text) = &self.day.0 else { return Ok(AsOfView::Now) };
        let today = tenant.zone.date(now);
        let day: Option<Date> = text.parse().ok().filter(|_| text.len() == 10);
        let day = day.ok_or_else(|| InvalidQuery(format!("`asof={text}` is not a date. Write one like {today}.")))?;
        if day == today {
            return Ok(AsOfView::Now);
        }
        if day > today {
            return Err(InvalidQuery(format!("`asof={day}` is in the future. Choose today or an earlier day.")));
        }
        match history_start(history, tenant) {
            None => Ok(AsOfView::Unknown("No sync has completed yet, so no past day can be shown.".to_owned())),
            Some(first) if day < first => {
                let (first, day) = (first.strftime("%b %-d, %Y"), day.strftime("%b %-d, %Y"));
                Ok(AsOfView::Unknown(format!("History starts {first}, with the first complete sync. {day} cannot be shown.")))
            }
            Some(_) => {
                let end = tenant.zone.start_of(day.saturating_add(Span::new().days(1)));
                Ok(AsOfView::Day(AsOf { day, before_ms: end.into() }))
            }
        }
    }
}

impl AsOf {
    /// The instant at which the day ended.
    pub(crate) fn end(self) -> Option<Timestamp> {
        self.before_ms.timestamp()
    }
}

/// The first day whose end is known.
pub(crate) fn history_start(history: &History, tenant: &Tenant) -> Option<Date> {
    let moment = history.begins_ms()?.timestamp()?;
    Some(tenant.zone.date(moment))
}
