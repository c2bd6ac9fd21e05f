//! How a candidate came where it is: every move and every change of value that a sync saw, and since when it is known.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{DAY, EpochMs, Money, Odds, TenantId, Zone};
use tetherboard_metrics::Board;
use tetherboard_store::candidates::{Candidate, CandidateDeal};
use tetherboard_store::history::{self, Transition, ValueChange};
use tetherboard_store::{Conn, Result};

use super::{CandidateView, HISTORY, all, dated, days};
use crate::parts::format::number;
use crate::parts::shell::Shell;
use crate::parts::stages::stage_name;
use crate::parts::time;

/// One thing that was seen.
pub(super) struct Told {
    /// The best that is known of when.
    at_ms: EpochMs,
    seen: Seen,
    what: What,
    /// What changed in the same moment.
    besides: Vec<String>,
}

/// How surely the moment is known.
enum Seen {
    /// Between two reads; `at_ms` lies within when the CRM dated the change.
    Between { before_ms: EpochMs, after_ms: EpochMs },
    /// When it was first seen: it may have been so for long.
    AtLeastSince,
    /// When it was made.
    On,
}

enum What {
    Moved {
        deal: Option<String>,
        from: String,
        to: String,
        stayed: Option<Stay>,
    },
    /// From what to what.
    Value(String),
    /// The first stage that is known.
    First {
        stage: String,
        stayed: Stay,
    },
}

/// How long it stood in the stage, in milliseconds; `None` while it still does.
struct Stay {
    lasted_ms: Option<i64>,
    at_least: bool,
}

/// The newest first. A deal that moved together with its contact is told once.
pub(super) async fn load<C: Conn>(
    conn: &C,
    tenant: TenantId,
    candidate: &Candidate,
    deals: &[CandidateDeal],
    board: &Board,
) -> Result<Vec<Told>> {
    let moves = history::transitions_of(conn, tenant, &candidate.crm_id).await?;
    let mut values = history::values_of(conn, tenant, &candidate.crm_id).await?;
    // What was changed on the whiteboard stands beside it.
    values.retain(|change| change.field != "whiteboard");
    let mut told = own_moves(candidate, &moves, board);
    told.extend(values.iter().map(|change| value(change, None)));
    for deal in deals {
        // One of several is named.
        let name =
            if deal.title.is_empty() || deals.len() == 1 { "Deal".to_owned() } else { format!("Deal “{}”", deal.title) };
        let values_name = (deals.len() > 1).then_some(name.as_str());
        let of_deal = history::transitions_of(conn, tenant, &deal.crm_id).await?;
        let alone = of_deal.iter().filter(|one| !moves.iter().any(|own| is_same_move(own, one)));
        told.extend(alone.map(|one| moved(one, board, Some(name.clone()), None)));
        let of_deal = history::values_of(conn, tenant, &deal.crm_id).await?;
        let alone = of_deal.iter().filter(|one| !values.iter().any(|own| is_same_change(own, one)));
        told.extend(alone.map(|change| value(change, values_name)));
    }
    let mut told = gathered(told);
    // What the contact did first comes last, whatever else is dated alike.
    told.sort_by_key(|told| (matches!(told.what, What::First { .. }), std::cmp::Reverse(told.at_ms)));
    Ok(told)
}

/// A change of value in the moment of a move is told with the move.
fn gathered(told: Vec<Told>) -> Vec<Told> {
    let (values, mut rest): (Vec<_>, Vec<_>) = told.into_iter().partition(|told| matches!(told.what, What::Value(_)));
    for told in values {
        let with = rest.iter_mut().find(|one| matches!(one.what, What::Moved { .. }) && one.at_ms == told.at_ms);
        match (with, told.what) {
            (Some(with), What::Value(change)) => with.besides.push(change),
            (_, what) => rest.push(Told { what, ..told }),
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

/// The contact's own way, stay by stay.
fn own_moves(candidate: &Candidate, moves: &[Transition], board: &Board) -> Vec<Told> {
    let ends = moves.iter().map(|one| Some(one.at_ms)).skip(1).chain([candidate.gone_ms]);
    let stay = |from_ms: EpochMs, until_ms: Option<EpochMs>, at_least| Stay {
        lasted_ms: until_ms.map(|until| until - from_ms),
        at_least,
    };
    let mut told: Vec<Told> =
        moves.iter().zip(ends).map(|(one, end)| moved(one, board, None, Some(stay(one.at_ms, end, false)))).collect();
    let first = match moves.first() {
        Some(first) => Told {
            at_ms: candidate.first_seen_ms,
            seen: Seen::AtLeastSince,
            what: What::First {
                stage: label(board, first.from.as_deref()),
                stayed: stay(candidate.first_seen_ms, Some(first.at_ms), true),
            },
            besides: Vec::new(),
        },
        None => Told {
            at_ms: candidate.stage_since_ms,
            seen: if candidate.stage_since_exact { Seen::On } else { Seen::AtLeastSince },
            what: What::First {
                stage: label(board, candidate.stage.as_deref()),
                stayed: stay(candidate.stage_since_ms, candidate.gone_ms, !candidate.stage_since_exact),
            },
            besides: Vec::new(),
        },
    };
    told.push(first);
    told
}

fn moved(one: &Transition, board: &Board, deal: Option<String>, stayed: Option<Stay>) -> Told {
    Told {
        at_ms: one.at_ms,
        seen: Seen::Between { before_ms: one.seen_before_ms, after_ms: one.seen_after_ms },
        what: What::Moved { deal, from: label(board, one.from.as_deref()), to: label(board, one.to.as_deref()), stayed },
        besides: Vec::new(),
    }
}

fn value(change: &ValueChange, deal: Option<&str>) -> Told {
    let told = |value: &Option<String>| value.as_deref().map_or("not known".to_owned(), |value| in_words(&change.field, value));
    let name = match change.field.as_str() {
        "fee" => "Fee",
        "odds" => "Odds",
        _ => "Close date",
    };
    Told {
        at_ms: change.at_ms,
        seen: Seen::Between { before_ms: change.seen_before_ms, after_ms: change.seen_after_ms },
        what: What::Value(format!(
            "{}{name} {} → {}",
            deal.map(|deal| format!("{deal}: ")).unwrap_or_default(),
            told(&change.old),
            told(&change.new)
        )),
        besides: Vec::new(),
    }
}

fn in_words(field: &str, value: &str) -> String {
    let number = || value.parse::<i64>().ok();
    let said = match field {
        "fee" => number().map(|cents| Money(cents).to_string()),
        "odds" => number().and_then(Odds::from_hundredths).map(|odds| odds.to_string()),
        _ => value.parse().ok().map(time::full_day),
    };
    said.unwrap_or_else(|| value.to_owned())
}

/// The history keeps a stage by its key; the board knows how the CRM spells it.
fn label(board: &Board, key: Option<&str>) -> String {
    stage_name(board.label(&board.place(key))).to_owned()
}

// Markup ---------------------------------------------------------------------------------------------------------------

pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let total = view.history.len();
    let cut = if view.whole { total } else { HISTORY };
    let newest = view.history.iter().position(|told| told.stay().is_some());
    html! {
        section.drawer-sec {
            div.flex.wrapf { h2 { "History" } span.sub.push { "what reads of ClientTether showed" } }
            ol.steps role="list" {
                @for (at, told) in view.history.iter().enumerate().take(cut) {
                    (told.step(shell, Some(at) == newest && view.candidate.gone_ms.is_none()))
                }
            }
            @if cut < total { (all(shell, view, &format!("Show all {} entries", number(i64::try_from(total).unwrap_or(0))))) }
        }
    }
}

impl Told {
    fn stay(&self) -> Option<&Stay> {
        match &self.what {
            What::Moved { stayed, .. } => stayed.as_ref(),
            What::First { stayed, .. } => Some(stayed),
            What::Value(_) => None,
        }
    }

    fn step(&self, shell: &Shell<'_>, is_now: bool) -> Markup {
        let small = self.stay().is_none();
        html! {
            li class=[is_now.then_some("now").or(small.then_some("small"))] {
                span {
                    @match &self.what {
                        What::Moved { deal, from, to, .. } => {
                            @match deal { Some(deal) => { (deal) " moved" } None => "Moved" }
                            " from " (from) " to " b { (to) }
                        }
                        What::Value(change) => (change),
                        What::First { stage, .. } => { "In " b { (stage) } }
                    }
                    " " span.when { (self.when(shell.now, &shell.tenant().zone)) }
                    @for besides in &self.besides { " " span.when { (besides) } }
                }
                @if let Some(stay) = self.stay() { span.end { (stay.words(shell, self.at_ms)) } }
            }
        }
    }

    fn when(&self, now: Timestamp, zone: &Zone) -> String {
        let at = |ms: EpochMs| time::moment(ms).map(|at| dated(at, now, zone)).unwrap_or_default();
        match self.seen {
            Seen::AtLeastSince => format!("at least since {}", at(self.at_ms)),
            Seen::On => format!("since {}", at(self.at_ms)),
            Seen::Between { before_ms, after_ms } if before_ms < self.at_ms && self.at_ms < after_ms => {
                format!("on {}", at(self.at_ms))
            }
            Seen::Between { before_ms, after_ms } if before_ms < after_ms => between(before_ms, after_ms, now, zone),
            Seen::Between { after_ms, .. } => format!("by {}", at(after_ms)),
        }
    }
}

/// Two reads of one day name it once.
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
    fn words(&self, shell: &Shell<'_>, since_ms: EpochMs) -> String {
        let lasted_ms = self.lasted_ms.unwrap_or_else(|| EpochMs::from(shell.now) - since_ms);
        let words = days(lasted_ms);
        // "At least under a day" says nothing.
        if self.at_least && lasted_ms >= DAY { format!("at least {words}") } else { words }
    }
}
