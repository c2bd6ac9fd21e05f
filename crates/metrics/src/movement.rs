//! The movement of the pipeline's value between two moments, in steps that add up to the cent.

use tetherboard_domain::{EpochMs, Money, Role};

use crate::history::{CandidateRef, DealState, Departure, History, PipelineItem, Span};

/// The definition of the movement, shown on pages.
pub const MOVEMENT: &str = "Each deal is compared at the start and the end of the period, as recorded at the time. Opening value, plus new \
    deals, plus fees that rose or became known, minus fees that fell or were cleared, plus reopened deals, minus deals lost, \
    awarded, parked, and removed or otherwise gone, equals closing value, to the cent. Each deal counts once, with the fee that entered or left \
    the open pipeline. A deal that entered and left within the period is not counted.";

/// How a deal entered the open pipeline, changed in it, or left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MovementKind {
    New,
    Up,
    Down,
    Reopened,
    Lost,
    Awarded,
    Parked,
    /// Its stage is inactive now, although the deal did not move.
    StageDeactivated,
    NoLongerProspect,
    Merged,
    Removed,
}

impl MovementKind {
    /// Every kind, in the order of the waterfall.
    pub const ALL: [Self; 11] = [
        Self::New,
        Self::Up,
        Self::Down,
        Self::Reopened,
        Self::Lost,
        Self::Awarded,
        Self::Parked,
        Self::StageDeactivated,
        Self::NoLongerProspect,
        Self::Merged,
        Self::Removed,
    ];

    /// Whether the waterfall leaves the step out when nothing happened.
    pub fn is_rare(self) -> bool {
        matches!(self, Self::StageDeactivated | Self::NoLongerProspect | Self::Merged)
    }

    /// Its name in URLs and data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Up => "up",
            Self::Down => "down",
            Self::Reopened => "reopened",
            Self::Lost => "lost",
            Self::Awarded => "awarded",
            Self::Parked => "parked",
            Self::StageDeactivated => "stage-deactivated",
            Self::NoLongerProspect => "no-longer-prospect",
            Self::Merged => "merged",
            Self::Removed => "removed",
        }
    }

    /// The definition of the step, shown on pages.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::New => "Deals first seen, or first a prospect’s, in the period that are open at its end.",
            Self::Up => "Open deals whose fee rose or became known.",
            Self::Down => "Open deals whose fee fell or is no longer known.",
            Self::Reopened => "Deals that were awarded, parked, inactive, or gone and are open at the end.",
            Self::Lost => "Open deals that are inactive at the end.",
            Self::Awarded => "Open deals that are awarded at the end.",
            Self::Parked => "Open deals that are parked at the end.",
            Self::StageDeactivated => "Open deals whose stage was deactivated in ClientTether while they were in it.",
            Self::NoLongerProspect => "Open deals whose contact is not a prospect any more.",
            Self::Merged => "Contacts that counted as an open deal and have another contact’s deal now.",
            Self::Removed => "Open deals that ClientTether no longer lists.",
        }
    }
}

/// The open pipeline at one end of the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineTotals {
    /// Open deals, implicit ones included.
    pub deals: i64,
    /// How many of them have a known fee.
    pub fees_known: i64,
    pub value: Money,
}

/// One step of the waterfall. The amount is negative where value leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovementStep {
    pub kind: MovementKind,
    pub amount: Money,
    pub deals: i64,
}

/// A deal that changed the value, or would have if its fee were known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovementRow {
    pub who: CandidateRef,
    pub kind: MovementKind,
    /// The change in value; `None`: the fee is unknown.
    pub amount: Option<Money>,
    /// The stages at the start and the end, in the CRM's spelling; `None`: the deal did not exist.
    pub from: Option<Option<String>>,
    pub to: Option<Option<String>>,
    /// When it happened, as far as known.
    pub at_ms: EpochMs,
}

/// The waterfall of a period with its deals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The part of the requested period that has history.
    pub span: Span,
    pub opening: PipelineTotals,
    pub closing: PipelineTotals,
    /// One per kind, in the order of [`MovementKind::ALL`].
    pub steps: Vec<MovementStep>,
    /// Largest amounts first.
    pub rows: Vec<MovementRow>,
}

/// Computes the movement in a span; `None` when it ends before the history begins.
pub fn movement(history: &History, span: Span) -> Option<Movement> {
    let span = history.clip(span)?;
    let mut movement = Movement {
        span,
        opening: PipelineTotals::default(),
        closing: PipelineTotals::default(),
        steps: MovementKind::ALL.map(|kind| MovementStep { kind, amount: Money::ZERO, deals: 0 }).to_vec(),
        rows: Vec::new(),
    };
    for item in history.pipeline_items() {
        let (before, after) = (history.state(*item, span.from_ms), history.state(*item, span.until_ms));
        movement.opening.add(history, before, span.from_ms);
        movement.closing.add(history, after, span.until_ms);
        if let Some(moved) = moved(history, *item, span, before, after) {
            let step = &mut movement.steps[moved.kind as usize];
            step.deals += 1;
            step.amount = step.amount + moved.amount.unwrap_or_default();
            movement.rows.push(moved);
        }
    }
    movement.rows.sort_by(|a, b| {
        let size = |moved: &MovementRow| moved.amount.map_or(-1, |amount| amount.0.abs());
        size(b).cmp(&size(a)).then(b.at_ms.cmp(&a.at_ms)).then_with(|| a.who.cmp(&b.who))
    });
    Some(movement)
}

impl Movement {
    /// The step of a kind.
    pub fn step(&self, kind: MovementKind) -> MovementStep {
        self.steps[kind as usize]
    }
}

impl PipelineTotals {
    /// Adds a deal that is open.
    fn add(&mut self, history: &History, state: Option<DealState>, before_ms: EpochMs) {
        let Some(state) = state.filter(|state| history.is_open(state.stage, before_ms)) else { return };
        self.deals += 1;
        if let Some(fee) = state.fee {
            self.fees_known += 1;
            self.value = self.value + Money(fee);
        }
    }
}

fn moved(
    history: &History,
    item: PipelineItem,
    span: Span,
    before: Option<DealState>,
    after: Option<DealState>,
) -> Option<MovementRow> {
    let open = |state: Option<DealState>, at_ms: EpochMs| state.filter(|state| history.is_open(state.stage, at_ms));
    let minus = |state: DealState| state.fee.map(|fee| Money(-fee));
    let (kind, amount) = match (open(before, span.from_ms), open(after, span.until_ms)) {
        (None, None) => return None,
        (None, Some(now)) if before.is_some() || history.was_seen(item, span.from_ms) => {
            (MovementKind::Reopened, now.fee.map(Money))
        }
        (None, Some(now)) => (MovementKind::New, now.fee.map(Money)),
        (Some(was), Some(now)) => {
            let change = Money(now.fee.unwrap_or(0)) - Money(was.fee.unwrap_or(0));
            match change.0 {
                0 => return None,
                1.. => (MovementKind::Up, Some(change)),
                _ => (MovementKind::Down, Some(change)),
            }
        }
        (Some(was), None) => (departure(history, item, span, was, after), minus(was)),
    };
    let at_ms = match kind {
        MovementKind::New => history.seen_from_ms(item).unwrap_or_else(|| history.first_seen_ms(item)),
        MovementKind::Up | MovementKind::Down => history.fee_changed_ms(item, span).unwrap_or(span.from_ms),
        MovementKind::Removed | MovementKind::Merged | MovementKind::NoLongerProspect => history.left_ms(item, span),
        MovementKind::StageDeactivated => after.map_or(span.from_ms, |now| history.role_changed_ms(now.stage, span)),
        _ => {
            let transition = history.transitions(item).into_iter().rev().find(|transition| span.contains(transition.seen_ms));
            transition.map_or(span.from_ms, |transition| transition.at_ms)
        }
    };
    let label = |state: DealState| history.stage(state.stage).label.clone();
    let who = history.candidate(item, after.or(before)?);
    Some(MovementRow { who, kind, amount, from: before.map(label), to: after.map(label), at_ms })
}

/// How an open deal left.
fn departure(history: &History, item: PipelineItem, span: Span, was: DealState, after: Option<DealState>) -> MovementKind {
    let Some(now) = after else {
        return match history.departure(item, span.until_ms) {
            Departure::Removed => MovementKind::Removed,
            Departure::Merged => MovementKind::Merged,
            Departure::NoLongerProspect => MovementKind::NoLongerProspect,
        };
    };
    let stage = history.stage_at(now.stage, span.until_ms);
    match stage.role.confirmed() {
        Some(Role::Inactive) if history.is_same(was.stage, now.stage) => MovementKind::StageDeactivated,
        Some(Role::Awarded) => MovementKind::Awarded,
        Some(Role::Parked) => MovementKind::Parked,
        Some(_) => MovementKind::Lost,
        None => MovementKind::Removed,
    }
}
