//! Candidates who need attention, and why.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, EpochMs, NO_NAME, Zone};
use tetherboard_metrics::{
    Attention, AttentionItem, Elapsed, FDD_CAUTION, FddClock, OUTCOME_RULE, Reason, Status, UnresolvedAppointment,
};
use tetherboard_store::Result as StoreResult;
use tetherboard_store::leads::{self, LeadFilter, LeadSort};
use tetherboard_store::tenants::Tenant;

use crate::address::computed_filter::ComputedFilter;
use crate::address::leads::LeadQuery;
use crate::address::links;
use crate::cache::CacheKey;
use crate::parts::candidate::display_name;
use crate::parts::empty_state::empty_state;
use crate::parts::format::{clipped, count, counted};
use crate::parts::shell::Shell;
use crate::parts::{icon, time};
use crate::state::Portal;

/// Candidates on the card; the rest is one click away.
const SHOWN: usize = 5;

#[derive(Clone, PartialEq, Eq, Hash)]
struct DisplayNamesKey;

impl CacheKey for DisplayNamesKey {
    type Value = HashMap<ContactId, String>;

    fn size(names: &HashMap<ContactId, String>) -> usize {
        size_of::<HashMap<ContactId, String>>() + 100 * names.len()
    }
}

/// Display names of the candidates on the card who have no name, by contact.
pub(super) async fn display_names(
    portal: &Portal,
    tenant: &Tenant,
    attention: &Attention,
    now: Timestamp,
) -> StoreResult<Arc<HashMap<ContactId, String>>> {
    let nameless = attention.candidates.iter().take(SHOWN).filter(|candidate| candidate.name == NO_NAME);
    let ids: Vec<ContactId> = nameless.map(|candidate| candidate.contact_id.clone()).collect();
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

/// The card of the most urgent candidates.
pub(super) fn card(shell: &Shell<'_>, attention: &Attention, names: &HashMap<ContactId, String>) -> Markup {
    let total = count(attention.candidates.len());
    let query = LeadQuery { computed: Some(ComputedFilter::NeedsAttention), ..LeadQuery::default() };
    let all = query.add_to(links::leads(&shell.tenant().slug)).url();
    html! {
        section.card.c-5 id="attention" {
            div.card-head {
                div.flex { h2 { "Needs attention" } (definition(shell, attention)) }
                @if total > 0 {
                    a.more href=(all) data-count=(total) {
                        (counted(total, "candidate", "candidates")) " " (icon("arrow-right", 13))
                    }
                }
            }
            @if total == 0 { (nobody(attention)) } @else {
                div.rows.mt2 { @for candidate in attention.candidates.iter().take(SHOWN) { (row(shell, candidate, names)) } }
            }
        }
    }
}

fn definition(shell: &Shell<'_>, attention: &Attention) -> Markup {
    let rules = &attention.rules;
    let days = |days: i64| counted(days, "day", "days");
    html! {
        details.def id="def-attention" {
            summary aria-label="Who’s included" { (icon("info", 14)) }
            div.def-panel {
                b { "Needs attention" }
                p {
                    "Candidates in qualified and late stages, in this order: an appointment ended "
                    (rules.overdue_from) " to " (rules.overdue_until) " days ago without an outcome, or the close date has "
                    "passed; in the waiting period with no touch for " (days(rules.silent)) "; in the stage longer than usual, "
                    "with no touch for " (days(rules.stalled_untouched)) " and nothing scheduled."
                }
                p { (OUTCOME_RULE) }
                p {
                    "A touch is a note by a person or an appointment that took place. "
                    "Notes that are not synced yet are not counted as silence."
                }
                p { (FDD_CAUTION) }
                @if let Some(as_of) = attention.as_of { dl { dt { "As of" } dd { (time::exact(as_of, &shell.tenant().zone)) } } }
            }
        }
    }
}

fn nobody(attention: &Attention) -> Markup {
    let (tone, icon_name, title, text) = match attention.calendar_read {
        true => (
            "success",
            "circle-check",
            "No one needs attention",
            "No appointment or close date is overdue, and no qualified or late candidate is silent or stalled.",
        ),
        false => (
            "quiet",
            "calendar",
            "No close date is overdue",
            "ClientTether’s calendar has not been synced yet, so overdue appointments and stalled candidates are not shown.",
        ),
    };
    empty_state(tone, icon_name, title, &html! { p { (text) } })
}

fn row(shell: &Shell<'_>, candidate: &AttentionItem, names: &HashMap<ContactId, String>) -> Markup {
    let is_nameless = candidate.name == NO_NAME;
    let name = names.get(&candidate.contact_id).filter(|_| is_nameless).unwrap_or(&candidate.name);
    let (tone, icon_name) = match candidate.status {
        Status::OverdueAction => ("danger", "circle-alert"),
        Status::WaitingPeriod => ("wait", "hourglass"),
        _ => ("warning", "circle-pause"),
    };
    let status = candidate.status.name();
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    let reasons: Vec<String> = candidate.reasons.iter().map(|reason| reason_text(reason, zone, today)).collect();
    html! {
        a.row href=(links::candidate(&shell.tenant().slug, &candidate.contact_id).url()) data-candidate {
            span class=(format!("disc {tone}")) role="img" aria-label=(status) title=(status) { (icon(icon_name, 15)) }
            span {
                b class=[is_nameless.then_some("nameless")] title=[is_nameless.then_some(NO_NAME)] { (clipped(name)) }
                span.p.under { (reasons.join(". ")) }
            }
            span.end { @if let Some(odds) = candidate.odds { (odds) " odds" } }
        }
    }
}

fn reason_text(reason: &Reason, zone: &Zone, today: Date) -> String {
    match reason {
        Reason::NoOutcome { missed, stage_kept } => no_outcome(missed, *stage_kept, zone, today),
        Reason::CloseDatePassed(day) => format!("Close date {} has passed", time::short_day_of_year(*day, today)),
        Reason::Silent { touched, clock } => {
            let silence = touched.as_ref().map_or("no touch yet".to_owned(), |touched| last_touch(touched, zone, today));
            let signing = time::short_day_of_year(clock.earliest_signing(), today);
            match clock {
                FddClock::Since(_) => format!("Waiting period, {silence}; earliest signing {signing}"),
                FddClock::Before(day) => {
                    let day = time::short_day_of_year(*day, today);
                    format!("Waiting period since before {day}, {silence}; earliest signing no later than {signing}")
                }
            }
        }
        Reason::Stalled { stayed, at_least, touched } => {
            let since = date_of(stayed.at_ms, zone).map(|day| time::short_day_of_year(day, today)).unwrap_or_default();
            let touch = touched.as_ref().map_or("nothing scheduled".to_owned(), |touched| last_touch(touched, zone, today));
            let (at_most, plus) = if *at_least { ("or earlier ", "+") } else { ("", "") };
            format!("In this stage since {since} {at_most}({}{plus} {}), {touch}", stayed.days, plural_days(stayed.days))
        }
    }
}

fn no_outcome(missed: &UnresolvedAppointment, stage_kept: bool, zone: &Zone, today: Date) -> String {
    let title: String = missed.title.trim().chars().take(60).collect();
    let title = if title.is_empty() { "An appointment".to_owned() } else { title };
    let stage = if stage_kept { ", stage unchanged" } else { "" };
    match date_of(missed.starts_ms, zone) {
        Some(day) => format!("{title} on {}: no outcome recorded{stage}", time::day_of_year(day, today)),
        None => format!("{title}: no outcome recorded{stage}"),
    }
}

/// `last touch Mar 4, 8 days ago`.
fn last_touch(touched: &Elapsed, zone: &Zone, today: Date) -> String {
    let day = date_of(touched.at_ms, zone).map(|day| format!(" {}", time::short_day_of_year(day, today))).unwrap_or_default();
    format!("last touch{day}, {} {} ago", touched.days, plural_days(touched.days))
}

fn plural_days(days: i64) -> &'static str {
    if days == 1 { "day" } else { "days" }
}

fn date_of(ms: EpochMs, zone: &Zone) -> Option<Date> {
    time::moment(ms).map(|moment| zone.date(moment))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_reason_is_a_plain_sentence() {
        let zone = Zone::named("America/Chicago").unwrap();
        let text = |reason: Reason| reason_text(&reason, &zone, date(2026, 3, 12));
        let ms = |moment: &str| EpochMs::from(moment.parse::<jiff::Timestamp>().unwrap());
        // Late in the evening of the 10th in Chicago.
        let starts_ms = ms("2026-03-11T03:00:00Z");
        let missed = |title: &str, stage_kept| {
            let missed = UnresolvedAppointment { title: title.to_owned(), starts_ms, ended_ms: starts_ms };
            text(Reason::NoOutcome { missed, stage_kept })
        };
        assert_eq!(missed("Discovery Day", true), "Discovery Day on Tue Mar 10: no outcome recorded, stage unchanged");
        assert_eq!(missed(" ", false), "An appointment on Tue Mar 10: no outcome recorded");
        assert_eq!(text(Reason::CloseDatePassed(date(2026, 3, 9))), "Close date Mar 9 has passed");
        assert_eq!(text(Reason::CloseDatePassed(date(2025, 12, 9))), "Close date Dec 9, 2025 has passed");
        let last = |at: &str, days| Elapsed { at_ms: ms(at), days };
        let touched = last("2026-03-04T16:00:00Z", 8);
        let silent = |clock| text(Reason::Silent { touched: Some(touched), clock });
        assert_eq!(
            silent(FddClock::Since(date(2026, 3, 1))),
            "Waiting period, last touch Mar 4, 8 days ago; earliest signing Mar 16"
        );
        assert_eq!(
            silent(FddClock::Before(date(2026, 3, 1))),
            "Waiting period since before Mar 1, last touch Mar 4, 8 days ago; earliest signing no later than Mar 16"
        );
        let stayed = last("2026-02-19T16:00:00Z", 21);
        let stalled = |at_least, touched| text(Reason::Stalled { stayed, at_least, touched });
        let year_before = last("2025-12-30T16:00:00Z", 72);
        assert_eq!(
            stalled(false, Some(year_before)),
            "In this stage since Feb 19 (21 days), last touch Dec 30, 2025, 72 days ago"
        );
        assert_eq!(stalled(true, None), "In this stage since Feb 19 or earlier (21+ days), nothing scheduled");
    }
}
