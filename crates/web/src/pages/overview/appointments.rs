//! The next appointments, in the brand's time.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{Dataset, EpochMs};
use tetherboard_metrics::start_date;
use tetherboard_store::Result;
use tetherboard_store::candidate_facts::{self, CandidateEvent, EventFilter};
use tetherboard_store::tenants::Tenant;

use crate::address::links;
use crate::parts::format::clipped;
use crate::parts::shell::Shell;
use crate::parts::{icon, time};
use crate::state::Portal;

const SHOWN: usize = 5;

/// All of today and the first after it: which of today's are still to come changes by the minute.
pub(super) async fn load(portal: &Portal, tenant: &Tenant, now: Timestamp) -> Result<Vec<CandidateEvent>> {
    let conn = portal.store.conn();
    let today = tenant.zone.date(now);
    let tomorrow = today.saturating_add(Span::new().days(1));
    let source = tenant.source_time().0;
    // A bare day begins where the CRM's times are told.
    let from_ms = tenant.zone.start_of(today).min(source.start_of(today)).into();
    let until_ms = EpochMs::from(tenant.zone.start_of(tomorrow).max(source.start_of(tomorrow)));
    let of_today = EventFilter { from_ms, until_ms: Some(until_ms), limit: None };
    let mut ahead = candidate_facts::events(conn, tenant.id, of_today).await?;
    let later = EventFilter { from_ms: until_ms, until_ms: None, limit: Some(10) };
    ahead.extend(candidate_facts::events(conn, tenant.id, later).await?);
    ahead.sort_by_key(|event| (start_date(event, tenant), !event.all_day, event.starts_ms));
    Ok(ahead)
}

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
            div.card-head { h2 { "Next appointments" } span.sub { "times of " (tenant.zone.name()) } a.more href=(links::schedule(&tenant.slug).url()) { "Schedule" } }
            @if next.is_empty() {
                div.empty {
                    span.disc.quiet { (icon("calendar", 20)) }
                    @match as_of {
                        Some(_) => { h2 { "Nothing is booked" } p { "ClientTether’s calendar holds no appointment from now on." } }
                        None => { h2 { "No appointments yet" } p { "ClientTether’s calendar has not been read yet." } }
                    }
                }
            } @else {
                div.rows.mt2 { @for event in &next { (row(shell, event, today)) } }
            }
            @if let Some(as_of) = as_of.filter(|as_of| lists_as_of.is_some_and(|lists| *as_of < lists)) {
                p.card-foot { "The calendar was last read whole " (time::told(as_of, shell.now, &tenant.zone)) "." }
            } @else if as_of.is_none() && !next.is_empty() {
                p.card-foot { "The calendar has not been read whole yet; more may be booked." }
            }
        }
    }
}

fn row(shell: &Shell<'_>, event: &CandidateEvent, today: Date) -> Markup {
    let tenant = shell.tenant();
    let day = start_date(event, tenant);
    let title = [&event.title, &event.kind].into_iter().map(|text| text.trim()).find(|text| !text.is_empty());
    let title = title.unwrap_or("Appointment");
    let (name, title) = if event.name.trim().is_empty() { (title, "No candidate") } else { (event.name.as_str(), title) };
    let inside = html! {
        span.day.today[day == today] aria-hidden="true" { span { (day.strftime("%a").to_string()) } b { (day.day()) } }
        span { b { (clipped(name)) } span.p.under { (clipped(title)) @if !event.owner.trim().is_empty() { " with " (clipped(&event.owner)) } } }
        span.end { (when(shell, event, day, today)) }
    };
    html! {
        @match &event.client_id {
            Some(contact) => a.row.mid href=(links::candidate(&tenant.slug, contact).url()) data-candidate { (inside) },
            None => div.row.mid { (inside) },
        }
    }
}

fn when(shell: &Shell<'_>, event: &CandidateEvent, day: Date, today: Date) -> Markup {
    let date = match day {
        day if day == today => "Today".to_owned(),
        day => time::day_of_year(day, today),
    };
    let zone = &shell.tenant().zone;
    html! {
        @match time::moment(event.starts_ms) {
            Some(starts) if !event.all_day => {
                time datetime=(starts) title=(time::exact_of_year(starts, today, zone)) { (date) " " (starts.to_zoned(zone.tz().clone()).strftime("%-I:%M %p").to_string()) }
            }
            _ => time datetime=(day) { (date) ", all day" },
        }
    }
}
