//! A candidate's history: every stage move and value change that a sync saw.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{EpochMs, Money, Odds, TenantId, Zone};
use tetherboard_metrics::Board;
use tetherboard_store::candidates::{Candidate, CandidateDeal};
use tetherboard_store::history::{self, LISTED, Transition, ValueChange};
use tetherboard_store::{Conn, Result};

use super::{CandidateView, HISTORY, dated, days_or_more, show_all};
use crate::parts::format::{count, number};
use crate::parts::shell::Shell;
use crate::parts::stages::stage_name;
use crate::parts::time;

/// One entry of the history.
pub(super) struct TimelineEntry {
    /// The best estimate of when it happened.
    at_ms: EpochMs,
    certainty: Certainty,
    event: TimelineEvent,
    /// Values that changed at the same moment.
    also_changed: Vec<String>,
}

/// How exactly the moment is known.
enum Certainty {
    /// FeedEvent two reads; `at_ms` is inside if the CRM dated the change.
    FeedEvent { before_ms: EpochMs, after_ms: EpochMs },
    /// First seen then; it may have been so for longer.
    AtLeastSince,
    /// The CRM dates it.
    Exact,
}

/// What happened.
enum TimelineEvent {
    Moved {
        deal: Option<String>,
        from: String,
        to: String,
        stayed: Option<Stay>,
    },
    /// A value changed: `Fee $45,000 → $50,000`.
    Value(String),
    /// The first stage seen.
    First {
        stage: String,
        stayed: Stay,
    },
}

/// How long the candidate was in a stage.
struct Stay {
    /// In milliseconds; `None` if it is still there.
    lasted_ms: Option<i64>,
    at_least: bool,
}

/// The history, newest first. A deal that moved together with its contact appears once.
///
/// # Errors
/// When the database fails.
pub(super) async fn load<C: Conn>(
    conn: &C,
    tenant: TenantId,
    candidate: &Candidate,
    deals: &[CandidateDeal],
    board: &Board,
) -> Result<Vec<TimelineEntry>> {
    let moves = history::transitions_of(conn, tenant, &candidate.crm_id).await?;
    let mut values = history::values_of(conn, tenant, &candidate.crm_id).await?;
    // Changes of the whiteboard are shown with it.
    values.retain(|change| change.field != "whiteboard");
    let mut entries = own_moves(candidate, &moves, board);
    entries.extend(values.iter().map(|change| value(change, None)));
    for deal in deals {
        let is_named = deals.len() > 1 && !deal.title.is_empty();
        let name = if is_named { format!("Deal “{}”", deal.title) } else { "Deal".to_owned() };
        let values_name = (deals.len() > 1).then_some(name.as_str());
        let of_deal = history::transitions_of(conn, tenant, &deal.crm_id).await?;
        let alone = of_deal.iter().filter(|one| !moves.iter().any(|own| is_same_move(own, one)));
        entries.extend(alone.map(|one| moved(one, board, Some(name.clone()), None)));
        let of_deal = history::values_of(conn, tenant, &deal.crm_id).await?;
        let alone = of_deal.iter().filter(|one| !values.iter().any(|own| is_same_change(own, one)));
        entries.extend(alone.map(|change| value(change, values_name)));
    }
    let mut entries = merge_simultaneous(entries);
    // The contact's first stage comes last, even if something else has the same date.
    entries.sort_by_key(|entry| (matches!(entry.event, TimelineEvent::First { .. }), std::cmp::Reverse(entry.at_ms)));
    Ok(entries)
}

/// Attaches the values that changed at the moment of a move to the move.
fn merge_simultaneous(entries: Vec<TimelineEntry>) -> Vec<TimelineEntry> {
    let is_value = |entry: &TimelineEntry| matches!(entry.event, TimelineEvent::Value(_));
    let (values, mut rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_value);
    for entry in values {
        let is_move =
            |other: &&mut TimelineEntry| matches!(other.event, TimelineEvent::Moved { .. }) && other.at_ms == entry.at_ms;
        match (rest.iter_mut().find(is_move), entry.event) {
            (Some(moved), TimelineEvent::Value(change)) => moved.also_changed.push(change),
            (_, event) => rest.push(TimelineEntry { event, ..entry }),
        }
    }
    rest
}

fn is_same_move(one: &Transition, other: &Transition) -> bool {
    let overlap = one.seen_before_ms < other.seen_after_ms && other.seen_before_ms < one.seen_after_ms;
    overlap && one.from == other.from && one.to == other.to
}

fn is_same_change(one: &ValueChange, other: &ValueChange) -> bool {
    let overlap = one.seen_before_ms < other.seen_after_ms && other.seen_before_ms < one.seen_after_ms;
    overlap && one.field == other.field && one.old == other.old && one.new == other.new
}

/// The contact's own moves, and its first stage.
fn own_moves(candidate: &Candidate, moves: &[Transition], board: &Board) -> Vec<TimelineEntry> {
    let ends = moves.iter().map(|one| Some(one.at_ms)).skip(1).chain([candidate.gone_ms]);
    let stay = |from_ms: EpochMs, until_ms: Option<EpochMs>, at_least| Stay {
        lasted_ms: until_ms.map(|until| until - from_ms),
        at_least,
    };
    let mut entries: Vec<TimelineEntry> =
        moves.iter().zip(ends).map(|(one, end)| moved(one, board, None, Some(stay(one.at_ms, end, false)))).collect();
    let first = match moves.first() {
        Some(first) => TimelineEntry {
            at_ms: candidate.first_seen_ms,
            certainty: Certainty::AtLeastSince,
            event: TimelineEvent::First {
                stage: label(board, first.from.as_deref()),
                stayed: stay(candidate.first_seen_ms, Some(first.at_ms), true),
            },
            also_changed: Vec::new(),
        },
        None => TimelineEntry {
            at_ms: candidate.stage_since_ms,
            certainty: if candidate.stage_since_exact { Certainty::Exact } else { Certainty::AtLeastSince },
            event: TimelineEvent::First {
                stage: label(board, candidate.stage.as_deref()),
                stayed: stay(candidate.stage_since_ms, candidate.gone_ms, !candidate.stage_since_exact),
            },
            also_changed: Vec::new(),
        },
    };
    entries.push(first);
    entries
}

fn moved(one: &Transition, board: &Board, deal: Option<String>, stayed: Option<Stay>) -> TimelineEntry {
    TimelineEntry {
        at_ms: one.at_ms,
        certainty: Certainty::FeedEvent { before_ms: one.seen_before_ms, after_ms: one.seen_after_ms },
        event: TimelineEvent::Moved {
            deal,
            from: label(board, one.from.as_deref()),
            to: label(board, one.to.as_deref()),
            stayed,
        },
        also_changed: Vec::new(),
    }
}

fn value(change: &ValueChange, deal: Option<&str>) -> TimelineEntry {
    let text = |value: &Option<String>| value.as_deref().map_or("unknown".to_owned(), |value| format_value(&change.field, value));
    let changed = |name: &str| format!("{name} {} → {}", text(&change.old), text(&change.new));
    let sentence = match change.field.as_str() {
        "fee" => changed("Fee"),
        "odds" => changed("Odds"),
        "contact_type" => changed("Contact type"),
        "contact" => changed("Contact ID"),
        "presence" if change.new.as_deref() == Some(LISTED) => "Back in ClientTether".to_owned(),
        "presence" => "Removed from ClientTether".to_owned(),
        _ => changed("Close date"),
    };
    let deal = deal.map(|deal| format!("{deal}: ")).unwrap_or_default();
    TimelineEntry {
        at_ms: change.at_ms,
        certainty: Certainty::FeedEvent { before_ms: change.seen_before_ms, after_ms: change.seen_after_ms },
        event: TimelineEvent::Value(format!("{deal}{sentence}")),
        also_changed: Vec::new(),
    }
}

/// A stored value as people read it.
fn format_value(field: &str, value: &str) -> String {
    let number = || value.parse::<i64>().ok();
    let text = match field {
        "fee" => number().map(|cents| Money(cents).to_string()),
        "odds" => number().and_then(Odds::from_hundredths).map(|odds| odds.to_string()),
        "contact_type" | "contact" | "presence" => None,
        _ => value.parse().ok().map(time::full_day),
    };
    text.unwrap_or_else(|| value.to_owned())
}

/// A stage's name as the CRM spells it; the history stores its key.
fn label(board: &Board, key: Option<&str>) -> String {
    stage_name(board.label(&board.place(key))).to_owned()
}

// Markup ---------------------------------------------------------------------------------------------------------------

/// The history as a list.
pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let total = view.history.len();
    let cut = if view.shows_all { total } else { HISTORY };
    let newest = view.history.iter().position(|entry| entry.stay().is_some());
    html! {
        section.drawer-sec {
            div.flex.wrapf { h2 { "History" } span.sub.push { "as seen in ClientTether" } }
            ol.steps role="list" {
                @for (at, entry) in view.history.iter().enumerate().take(cut) {
                    (entry.render(shell, Some(at) == newest && view.candidate.gone_ms.is_none()))
                }
            }
            @if cut < total { (show_all(shell, view, &format!("Show all {} entries", number(count(total))))) }
        }
    }
}

impl TimelineEntry {
    fn stay(&self) -> Option<&Stay> {
        match &self.event {
            TimelineEvent::Moved { stayed, .. } => stayed.as_ref(),
            TimelineEvent::First { stayed, .. } => Some(stayed),
            TimelineEvent::Value(_) => None,
        }
    }

    fn render(&self, shell: &Shell<'_>, is_now: bool) -> Markup {
        let small = self.stay().is_none();
        html! {
            li class=[is_now.then_some("now").or(small.then_some("small"))] {
                span {
                    @match &self.event {
                        TimelineEvent::Moved { deal, from, to, .. } => {
                            @match deal { Some(deal) => { (deal) " moved" } None => "Moved" }
                            " from " (from) " to " b { (to) }
                        }
                        TimelineEvent::Value(change) => (change),
                        TimelineEvent::First { stage, .. } => { "In " b { (stage) } }
                    }
                    " " span.when { (self.when(shell.now, &shell.tenant().zone)) }
                    @for change in &self.also_changed { " " span.when { (change) } }
                }
                @if let Some(stay) = self.stay() { span.end { (stay.duration(shell, self.at_ms)) } }
            }
        }
    }

    fn when(&self, now: Timestamp, zone: &Zone) -> String {
        let at = |ms: EpochMs| time::moment(ms).map(|at| dated(at, now, zone)).unwrap_or_default();
        match self.certainty {
            Certainty::AtLeastSince => format!("since {} or earlier", at(self.at_ms)),
            Certainty::Exact => format!("since {}", at(self.at_ms)),
            Certainty::FeedEvent { before_ms, after_ms } if before_ms < self.at_ms && self.at_ms < after_ms => {
                format!("on {}", at(self.at_ms))
            }
            Certainty::FeedEvent { before_ms, after_ms } if before_ms < after_ms => between(before_ms, after_ms, now, zone),
            Certainty::FeedEvent { after_ms, .. } => format!("by {}", at(after_ms)),
        }
    }
}

/// The moments of two reads; the day is named once if it is the same.
fn between(before_ms: EpochMs, after_ms: EpochMs, now: Timestamp, zone: &Zone) -> String {
    let (Some(before), Some(after)) = (time::moment(before_ms), time::moment(after_ms)) else { return String::new() };
    match zone.date(before) == zone.date(after) {
        true => {
            format!("between {} and {}", dated(before, now, zone), after.to_zoned(zone.tz().clone()).strftime("%-I:%M %p %Z"))
        }
        false => format!("between {} and {}", dated(before, now, zone), dated(after, now, zone)),
    }
}

impl Stay {
    fn duration(&self, shell: &Shell<'_>, since_ms: EpochMs) -> String {
        let lasted_ms = self.lasted_ms.unwrap_or_else(|| EpochMs::from(shell.now) - since_ms);
        days_or_more(lasted_ms, self.at_least)
    }
}
