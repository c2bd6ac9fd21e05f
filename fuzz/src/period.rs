//! The period of a URL.

use jiff::{SignedDuration, Timestamp};
use tetherboard_domain::{Bucket, Compare, Period, Zone};

/// A text is a period that is written the same way and can be resolved, or an error that a visitor can read.
pub(crate) fn period(data: &[u8]) {
    let text = crate::text(data);
    let period = match text.parse::<Period>() {
        Ok(period) => period,
        Err(message) => return assert!(!message.is_empty()),
    };
    assert_eq!(period.to_string().parse(), Ok(period));
    for (zone, now) in [("America/Chicago", "2026-11-01T06:30:00Z"), ("Pacific/Apia", "2011-12-30T12:00:00Z")] {
        let zone = Zone::named(zone).unwrap_or_else(|error| panic!("{error}"));
        let now: Timestamp = now.parse().unwrap_or_else(|error| panic!("{error}"));
        let Some(resolved) = period.resolve(&zone, now, now - SignedDuration::from_hours(1)) else { continue };
        assert!(resolved.first <= resolved.last && resolved.window.from <= resolved.window.until, "{resolved:?}");
        for compare in [Compare::Previous, Compare::YearBefore, Compare::Nothing] {
            if let Some(before) = resolved.before(compare, &zone) {
                assert!(before.from <= before.until && before.from <= resolved.window.from, "{resolved:?}: {before:?}");
            }
        }
        for bucket in Bucket::ALL.into_iter().filter(|bucket| bucket.fits(&resolved)) {
            let slots = bucket.slots(&resolved, &zone);
            assert_eq!(slots.first().map(|slot| slot.first), Some(resolved.first));
            assert_eq!(slots.last().map(|slot| slot.last), Some(resolved.last));
        }
    }
}
