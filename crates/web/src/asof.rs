//! Which past day an address asks for. Page and API read it alike.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use tetherboard_metrics::History;
use tetherboard_store::tenants::Tenant;

use tetherboard_domain::EpochMs;

use crate::query::Pairs;
use crate::story::begins;

/// A past day, and the moment at which it had ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsOf {
    pub(crate) day: Date,
    pub(crate) before_ms: EpochMs,
}

/// What `asof=` asks for.
pub(crate) enum Asked {
    Now,
    Day(AsOf),
    /// A day that nothing is known of; the sentence says which is the first.
    Before(String),
}

impl AsOf {
    /// # Errors
    /// A sentence that names a value that is no date, or a day that is yet to come.
    pub(crate) fn asked(pairs: &Pairs, tenant: &Tenant, now: Timestamp, history: &History) -> Result<Asked, String> {
        let Some(text) = pairs.filled("asof") else { return Ok(Asked::Now) };
        let today = tenant.zone.date(now);
        let day: Date = text
            .parse()
            .ok()
            .filter(|_| text.len() == 10)
            .ok_or_else(|| format!("`asof={text}` is no date; write one like {today}."))?;
        if day == today {
            return Ok(Asked::Now);
        }
        if day > today {
            return Err(format!("`asof={day}` is yet to come; the last day that can be shown is {today}."));
        }
        match begins(history, tenant) {
            None => Ok(Asked::Before("Nothing has been read completely yet, so no past day can be shown.".to_owned())),
            Some(first) if day < first => Ok(Asked::Before(format!(
                "The history of this brand begins on {first} with the first complete read; {day} cannot be shown."
            ))),
            Some(_) => {
                let end = tenant.zone.start_of(day.saturating_add(Span::new().days(1)));
                Ok(Asked::Day(Self { day, before_ms: end.into() }))
            }
        }
    }

    pub(crate) fn ends(self) -> Option<Timestamp> {
        self.before_ms.timestamp()
    }
}
