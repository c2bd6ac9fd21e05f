//! When a brand is synced: once an hour in its own zone, at a minute of its own, so that brands do not all sync at once.

use jiff::{Span, Timestamp};

use crate::{TenantId, Zone};

/// The first of the tenant's hourly moments after `now`.
pub fn next_hourly_run(tenant: TenantId, zone: &Zone, now: Timestamp) -> Timestamp {
    let minute = i8::try_from((tenant.0.wrapping_mul(37)).rem_euclid(60)).unwrap_or(0);
    let local = now.to_zoned(zone.tz().clone());
    let this_hour = local.with().minute(minute).second(0).subsec_nanosecond(0).build().unwrap_or(local);
    let next = if this_hour.timestamp() > now { Ok(this_hour) } else { this_hour.checked_add(Span::new().hours(1)) };
    next.map_or(Timestamp::MAX, |next| next.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_run_is_at_most_an_hour_away_even_when_clocks_change() {
        let zone = Zone::named("America/Chicago").unwrap();
        for start in ["2026-03-08T06:50:00Z", "2026-11-01T05:50:00Z", "2026-06-01T12:00:00Z"] {
            let mut now: Timestamp = start.parse().unwrap();
            for _ in 0..6 {
                let next = next_hourly_run(TenantId(5), &zone, now);
                let ahead = next.duration_since(now);
                assert!(ahead.as_secs() > 0 && ahead.as_mins() <= 60, "{now} {next}");
                now = next;
            }
        }
    }

    #[test]
    fn adjacent_tenants_sync_at_different_minutes() {
        let zone = Zone::utc();
        let now = "2026-06-01T12:00:00Z".parse().unwrap();
        assert_ne!(next_hourly_run(TenantId(1), &zone, now), next_hourly_run(TenantId(2), &zone, now));
    }
}
