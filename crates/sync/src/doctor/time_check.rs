//! Checks the CRM's clock, the account's time zone, and the date formats.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use tetherboard_clienttether::Page;
use tetherboard_crm_records::{FieldKind, Mapping, fields_of};
use tetherboard_domain::Dataset;
use tetherboard_store::tenants::Tenant;

/// The largest difference between two clocks that is not reported.
const MAX_CLOCK_SKEW_SECONDS: i64 = 120;

/// How far ahead the time of a past change may be before the time zone is doubted.
const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What the responses show of the CRM's time.
#[derive(Default)]
pub(super) struct TimeCheck {
    /// How far the CRM's clock is ahead of ours, by the `Date` header of its responses.
    clock_skew: Option<SignedDuration>,
    /// The latest local time at which a record was created or modified.
    latest_change: Option<DateTime>,
    unreadable: Vec<(Dataset, &'static str)>,
}

impl TimeCheck {
    /// Adds the times in a page.
    pub(super) fn add(&mut self, page: &Page, dataset: Dataset, mapping: &Mapping) {
        if let Some(date) = page.server_date {
            self.clock_skew = Some(date.duration_since(page.received_at));
        }
        // Only these times are always in the past; an appointment may be in the future.
        let is_past = |field: &str| matches!(field, "created" | "modified");
        for field in fields_of(dataset).iter().filter(|field| field.kind == FieldKind::DateTime && is_past(field.name)) {
            for row in &page.rows {
                match mapping.preview(dataset, field.name, page.row(row)).value {
                    Ok(Some(text)) => self.latest_change = self.latest_change.max(text.replace(' ', "T").parse().ok()),
                    Ok(None) => {}
                    Err(_) if self.unreadable.contains(&(dataset, field.label)) => {}
                    Err(_) => self.unreadable.push((dataset, field.label)),
                }
            }
        }
    }

    /// What is wrong, what it means, and what to do, one sentence each.
    pub(super) fn warnings(&self, tenant: &Tenant, now: Timestamp) -> Vec<String> {
        let clock = self.clock_skew.filter(|skew| skew.as_secs().abs() > MAX_CLOCK_SKEW_SECONDS).map(clock_warning);
        let zone = self.latest_change.and_then(|latest| zone_warning(tenant, latest, now));
        let formats = self.unreadable.iter().map(|(dataset, label)| {
            format!(
                "{label} in {dataset} has a date format we cannot read, so it stays empty; add the format under Field mapping"
            )
        });
        clock.into_iter().chain(zone).chain(formats).collect()
    }
}

fn clock_warning(skew: SignedDuration) -> String {
    let minutes = skew.abs().as_mins();
    let direction = if skew.is_positive() { "ahead of" } else { "behind" };
    format!(
        "ClientTether's clock is {minutes} min {direction} this server's, so times may be off by as much; check that this server \
         synchronizes its clock"
    )
}

fn zone_warning(tenant: &Tenant, latest: DateTime, now: Timestamp) -> Option<String> {
    let zone = tenant.source_time();
    let ahead = zone.moment_ms(latest)?.timestamp()?.duration_since(now);
    (ahead > MAX_AHEAD).then(|| {
        let hours = (ahead.as_secs() + 1_800) / 3_600;
        format!(
            "a record was changed at {latest}, which in {} is about {hours} h in the future, so the account probably uses another \
             time zone; set it with: tetherboard tenant set --slug {} --source-zone ZONE",
            zone.0.name(),
            tenant.slug
        )
    })
}
