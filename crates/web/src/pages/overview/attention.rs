//! Who needs attention, and why.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, EpochMs, NO_NAME, Zone};
use tetherboard_metrics::{Attention, AttentionItem, Elapsed, FDD_CAUTION, FddClock, OUTCOME_RULE, Reason, Status};
use tetherboard_store::Result as StoreResult;
use tetherboard_store::leads::{self, LeadFilter, LeadSort};
use tetherboard_store::tenants::Tenant;

use crate::address::computed_filter::ComputedFilter;
use crate::address::leads::LeadQuery;
use crate::address::links;
use crate::cache::CacheKey;
use crate::parts::candidate::display_name;
use crate::parts::format::{clipped, count, counted};
use crate::parts::shell::Shell;
use crate::parts::{icon, time};
use crate::state::Portal;

/// On the page; the rest is a click away.
const SHOWN: usize = 5;

#[derive(Clone, PartialEq, Eq, Hash)]
struct DisplayNamesKey;

impl CacheKey for DisplayNamesKey {
    type Value = HashMap<ContactId, String>;

    fn size(names: &HashMap<ContactId, String>) -> usize {
        size_of::<HashMap<ContactId, String>>() + 100 * names.len()
    }
}

/// What those who are shown and have no name are called instead, by the contact's id.
pub(super) async fn called_instead(
    portal: &Portal,
    tenant: &Tenant,
    attention: &Attention,
    now: Timestamp,
) -> StoreResult<Arc<HashMap<ContactId, String>>> {
    let shown = attention.candidates.iter().take(SHOWN).filter(|candidate| candidate.name == NO_NAME);
    let ids: Vec<ContactId> = shown.map(|candidate| candidate.contact_id.clone()).collect();
    let load = async || {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let filter = LeadFilter { ids: Some(ids), ..LeadFilter::default() };
        let rows = leads::list(portal.store.conn(), tenant.id, &filter, LeadSort::Name, false, &[], (0, count(SHOWN))).await?;
        Ok(rows.into_iter().map(|row| (row.crm_id, display_name(&row.name, &row.email).to_owned())).collect())
    };
    portal.cache.get(tenant, now, DisplayNamesKey, load).await
}

/// The list of everyone who needs attention.
fn needs_attention(slug: &str) -> String {
    let query = LeadQuery { computed: Some(ComputedFilter::NeedsAttention), ..LeadQuery::default() };
    query.add_to(links::leads(slug)).url()
}

pub(super) fn card(shell: &Shell<'_>, attention: &Attention, instead: &HashMap<ContactId, String>) -> Markup {
    let slug = &shell.tenant().slug;
    let total = count(attention.candidates.len());
    html! {
        section.card.c-5 id="attention" {
            div.card-head {
                div.flex { h2 { "Needs attention" } (definition(shell, attention)) }
                @if total > 0 {
                    a.more href=(needs_attention(slug)) data-count=(total) {
                        (counted(total, "candidate", "candidates")) " " (icon("arrow-right", 13))
                    }
                }
            }
            @if total == 0 { (nobody(attention)) } @else {
                div.rows.mt2 { @for candidate in attention.candidates.iter().take(SHOWN) { (row(shell, candidate, instead)) } }
            }
        }
    }
}

fn definition(shell: &Shell<'_>, attention: &Attention) -> Markup {
    let rules = &attention.rules;
    let days = |days: i64| counted(days, "day", "days");
    html! {
        details.def id="def-attention" {
            summary aria-label="Whom this names" { (icon("info", 14)) }
            div.def-panel {
                b { "Needs attention" }
                p {
                    "Candidates in qualified and late stages: first those with an appointment that ended " (rules.overdue_from) " to " (rules.overdue_until) " days ago without an outcome or "
                    "whose close date has passed; then those in the waiting period whom nobody touched for " (days(rules.silent)) "; then those who stay "
                    "longer in their stage than is usual, untouched for " (days(rules.stalled_untouched)) ", with nothing booked."
                }
                p { (OUTCOME_RULE) }
                p { "A note by a person or an appointment that took place is a touch. Silence counts only as far as notes were read." }
                p { (FDD_CAUTION) }
                @if let Some(as_of) = attention.as_of { dl { dt { "As of" } dd { (time::exact(as_of, &shell.tenant().zone)) } } }
            }
        }
    }
}

fn nobody(attention: &Attention) -> Markup {
    html! {
        div.empty {
            @if attention.calendar_read {
                span.disc.success { (icon("circle-check", 20)) }
                h2 { "Nobody needs attention" }
                p { "No appointment or close date is overdue, and nobody on the way to a signature is known to be silent or stalled." }
            } @else {
                span.disc.quiet { (icon("calendar", 20)) }
                h2 { "No close date is overdue" }
                p { "ClientTether’s calendar has not been read yet; until it is, nobody can be called overdue for an appointment, or stalled." }
            }
        }
    }
}

fn row(shell: &Shell<'_>, candidate: &AttentionItem, instead: &HashMap<ContactId, String>) -> Markup {
    let is_nameless = candidate.name == NO_NAME;
    let name = instead.get(&candidate.contact_id).filter(|_| is_nameless).unwrap_or(&candidate.name);
    let (tone, picture) = match candidate.status {
        Status::OverdueAction => ("danger", "circle-alert"),
        Status::WaitingPeriod => ("wait", "hourglass"),
        _ => ("warning", "circle-pause"),
    };
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    let told: Vec<String> = candidate.reasons.iter().map(|reason| words(reason, zone, today)).collect();
    html! {
        a.row href=(links::candidate(&shell.tenant().slug, &candidate.contact_id).url()) data-candidate {
            span class=(format!("disc {tone}")) role="img" aria-label=(candidate.status.name()) title=(candidate.status.name()) { (icon(picture, 15)) }
            span { b class=[is_nameless.then_some("nameless")] title=[is_nameless.then_some(NO_NAME)] { (clipped(name)) } span.p.under { (told.join(". ")) } }
            span.end { @if let Some(odds) = candidate.odds { (odds) " odds" } }
        }
    }
}

fn words(reason: &Reason, zone: &Zone, today: Date) -> String {
    let days = |days: i64| counted(days, "day", "days");
    let touch = |touched: &Elapsed| {
        let on = date_of(touched.at_ms, zone).map(|day| format!(" {}", time::short_day_of_year(day, today))).unwrap_or_default();
        format!("last touch{on}, {} ago", days(touched.days))
    };
    match reason {
        Reason::NoOutcome { missed, stage_kept } => {
            let title: String = missed.title.trim().chars().take(60).collect();
            let title = if title.is_empty() { "An appointment".to_owned() } else { title };
            let kept = if *stage_kept { ", stage not moved" } else { "" };
            match date_of(missed.starts_ms, zone) {
                Some(day) => format!("{title} was {}, no outcome recorded{kept}", time::day_of_year(day, today)),
                None => format!("{title} has no outcome recorded{kept}"),
            }
        }
        Reason::CloseDatePassed(day) => format!("Close date {} has passed", time::short_day_of_year(*day, today)),
        Reason::Silent { touched, clock } => {
            let silence = match touched {
                Some(touched) => touch(touched),
                None => "no touch yet".to_owned(),
            };
            let signing = time::short_day_of_year(clock.earliest_signing(), today);
            match clock {
                FddClock::Since(_) => format!("Waiting period, {silence}; earliest signing {signing}"),
                FddClock::Before(day) => {
                    format!(
                        "Waiting period, {silence}; it started before {}, so earliest signing is {signing} at the latest",
                        time::short_day_of_year(*day, today)
                    )
                }
            }
        }
        Reason::Stalled { stayed, at_least, touched } => {
            let since = date_of(stayed.at_ms, zone).map(|day| time::short_day_of_year(day, today)).unwrap_or_default();
            let touch = match touched {
                Some(touched) => touch(touched),
                None => "nothing booked".to_owned(),
            };
            match at_least {
                false => format!("In this stage since {since} ({}), {touch}", days(stayed.days)),
                true => format!("In this stage since {since} or longer (at least {}), {touch}", days(stayed.days)),
            }
        }
    }
}

fn date_of(ms: EpochMs, zone: &Zone) -> Option<Date> {
    time::moment(ms).map(|moment| zone.date(moment))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use tetherboard_metrics::UnresolvedAppointment;

    use super::*;

    #[test]
    fn a_reason_is_told_in_words() {
        let zone = Zone::named("America/Chicago").unwrap();
        let told = |reason: Reason| words(&reason, &zone, date(2026, 3, 12));
        let ms = |moment: &str| EpochMs::from(moment.parse::<jiff::Timestamp>().unwrap());
        // Late in the evening of the 10th in Chicago.
        let starts_ms = ms("2026-03-11T03:00:00Z");
        let missed = |title: &str, stage_kept| {
            let missed = UnresolvedAppointment { title: title.to_owned(), starts_ms, ended_ms: starts_ms };
            told(Reason::NoOutcome { missed, stage_kept })
        };
        assert_eq!(missed("Discovery Day", true), "Discovery Day was Tue Mar 10, no outcome recorded, stage not moved");
        assert_eq!(missed(" ", false), "An appointment was Tue Mar 10, no outcome recorded");
        assert_eq!(told(Reason::CloseDatePassed(date(2026, 3, 9))), "Close date Mar 9 has passed");
        assert_eq!(told(Reason::CloseDatePassed(date(2025, 12, 9))), "Close date Dec 9, 2025 has passed");
        let last = |at: &str, days| Elapsed { at_ms: ms(at), days };
        let touched = last("2026-03-04T16:00:00Z", 8);
        let silent = |clock| told(Reason::Silent { touched: Some(touched), clock });
        assert_eq!(
            silent(FddClock::Since(date(2026, 3, 1))),
            "Waiting period, last touch Mar 4, 8 days ago; earliest signing Mar 16"
        );
        assert!(
            silent(FddClock::Before(date(2026, 3, 1)))
                .ends_with("it started before Mar 1, so earliest signing is Mar 16 at the latest")
        );
        let stayed = last("2026-02-19T16:00:00Z", 21);
        let stalled = |at_least, touched| told(Reason::Stalled { stayed, at_least, touched });
        let year_before = last("2025-12-30T16:00:00Z", 72);
        assert_eq!(
            stalled(false, Some(year_before)),
            "In this stage since Feb 19 (21 days), last touch Dec 30, 2025, 72 days ago"
        );
        assert_eq!(stalled(true, None), "In this stage since Feb 19 or longer (at least 21 days), nothing booked");
    }
}
