//! The next appointments, in the brand's time.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{Dataset, EpochMs, PlausibleDates};
use tetherboard_metrics::start_date;
use tetherboard_store::Result;
use tetherboard_store::candidate_facts::{self, CandidateEvent, EventFilter};
use tetherboard_store::tenants::Tenant;

use crate::address::links;
use crate::cache::CacheKey;
use crate::parts::empty_state::empty_state;
use crate::parts::format::clipped;
use crate::parts::shell::Shell;
use crate::parts::time;
use crate::state::Portal;

const SHOWN: usize = 5;
/// Appointments loaded after today.
const LATER: i64 = 10;

#[derive(Clone, PartialEq, Eq, Hash)]
struct NextAppointmentsKey;

impl CacheKey for NextAppointmentsKey {
    type Value = Vec<CandidateEvent>;

    fn size(events: &Vec<CandidateEvent>) -> usize {
        300 * events.len()
    }
}

/// All of today's appointments and the first ones after today. Which of today's are still ahead changes by the minute, so
/// the card decides that.
pub(super) async fn load(portal: &Portal, tenant: &Tenant, now: Timestamp) -> Result<Arc<Vec<CandidateEvent>>> {
    portal.cache.get(tenant, now, NextAppointmentsKey, || query(portal, tenant, now)).await
}

async fn query(portal: &Portal, tenant: &Tenant, now: Timestamp) -> Result<Vec<CandidateEvent>> {
    let conn = portal.store.conn();
    let today = tenant.zone.date(now);
    let tomorrow = today.saturating_add(Span::new().days(1));
    let source = tenant.source_time().0;
    // An all-day appointment starts at midnight in the CRM's zone.
    let from_ms = tenant.zone.start_of(today).min(source.start_of(today)).into();
    let until_ms = EpochMs::from(tenant.zone.start_of(tomorrow).max(source.start_of(tomorrow)));
    let of_today = EventFilter { from_ms, until_ms: Some(until_ms), limit: None };
    let mut events = candidate_facts::events(conn, tenant.id, of_today).await?;
    let plausible_ms = *PlausibleDates::at(now).of_plans().end();
    let later = EventFilter { from_ms: until_ms, until_ms: Some(plausible_ms), limit: Some(LATER) };
    events.extend(candidate_facts::events(conn, tenant.id, later).await?);
    events.sort_by_key(|event| (start_date(event, tenant), !event.all_day, event.starts_ms));
    Ok(events)
}

/// The card of the next appointments; `lists_as_of` is the age of the other data on the page.
pub(super) fn card(shell: &Shell<'_>, events: &[CandidateEvent], lists_as_of: Option<Timestamp>) -> Markup {
    let tenant = shell.tenant();
    let today = tenant.zone.date(shell.now);
    let is_ahead = |event: &&CandidateEvent| match event.all_day {
        true => start_date(event, tenant) >= today,
        false => event.starts_ms >= shell.now.into(),
    };
    let next: Vec<&CandidateEvent> = events.iter().filter(is_ahead).take(SHOWN).collect();
    let as_of = shell.fresh.datasets.iter().find(|age| age.dataset == Dataset::Events).and_then(|age| age.as_of);
    html! {
        section.card.c-5 id="appointments" {
            div.card-head {
                h2 { "Next appointments" }
                span.sub { (time::zone_name(&tenant.zone)) }
                a.more href=(links::schedule(&tenant.slug).url()) { "Schedule" }
            }
            @if next.is_empty() { (empty(as_of.is_some())) } @else {
                div.rows.mt2 { @for event in &next { (row(shell, event, today)) } }
            }
            @if let Some(as_of) = as_of.filter(|as_of| lists_as_of.is_some_and(|lists| *as_of < lists)) {
                p.card-foot { "Calendar last synced " (time::in_sentence(as_of, shell.now, &tenant.zone)) "." }
            } @else if as_of.is_none() && !next.is_empty() {
                p.card-foot { "The calendar has not fully synced yet; some appointments may be missing." }
            }
        }
    }
}

fn empty(is_synced: bool) -> Markup {
    let (title, text) = match is_synced {
        true => ("No upcoming appointments", "ClientTether’s calendar has no appointments from now on."),
        false => ("No appointments yet", "ClientTether’s calendar has not been synced yet."),
    };
    empty_state("quiet", "calendar", title, &html! { p { (text) } })
}

fn row(shell: &Shell<'_>, event: &CandidateEvent, today: Date) -> Markup {
    let tenant = shell.tenant();
    let day = start_date(event, tenant);
    let title = [&event.title, &event.kind].into_iter().map(|text| text.trim()).find(|text| !text.is_empty());
    let title = title.unwrap_or("Appointment");
    let (name, title) = if event.name.trim().is_empty() { (title, "No candidate") } else { (event.name.as_str(), title) };
    let content = html! {
        span.day.today[day == today] aria-hidden="true" { span { (day.strftime("%a").to_string()) } b { (day.day()) } }
        span {
            b { (clipped(name)) }
            span.p.under { (clipped(title)) @if !event.owner.trim().is_empty() { " with " (clipped(&event.owner)) } }
        }
        span.end { (when(shell, event, day, today)) }
    };
    html! {
        @match &event.client_id {
            Some(contact) => a.row.mid href=(links::candidate(&tenant.slug, contact).url()) data-candidate { (content) },
            None => div.row.mid { (content) },
        }
    }
}

fn when(shell: &Shell<'_>, event: &CandidateEvent, day: Date, today: Date) -> Markup {
    let date = if day == today { "Today".to_owned() } else { time::day_of_year(day, today) };
    let zone = &shell.tenant().zone;
    html! {
        @match time::moment(event.starts_ms) {
            Some(starts) if !event.all_day => {
                time datetime=(starts) title=(time::exact_of_year(starts, today, zone)) {
                    (date) " " (starts.to_zoned(zone.tz().clone()).strftime("%-I:%M %p").to_string())
                }
            }
            _ => time datetime=(day) { (date) ", all day" },
        }
    }
}
