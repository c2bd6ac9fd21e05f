//! What moved the pipeline's value between two moments: steps that close to the cent.

use tetherboard_domain::{EpochMs, Money, Role};

use crate::history::{History, Span, Standing, Unit, Who};

/// What a person is told about the movement.
pub const MOVEMENT: &str = "Each deal is compared as it stood at the two ends of the period, by what had been read then. \
    Opening value, plus new deals, plus fees that rose or became known, minus fees that fell or were taken out, plus deals \
    that were reopened, minus those lost, awarded, parked and removed, is the closing value, to the cent. A deal is booked once, \
    with the fee that came into or left the open pipeline; one that came and went in between is in neither end, and in no step.";

/// How a deal came into the open pipeline, changed in it, or left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MoveKind {
    New,
    Up,
    Down,
    Reopened,
    Lost,
    Awarded,
    Parked,
    Removed,
}

impl MoveKind {
    pub const ALL: [Self; 8] =
        [Self::New, Self::Up, Self::Down, Self::Reopened, Self::Lost, Self::Awarded, Self::Parked, Self::Removed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Up => "up",
            Self::Down => "down",
            Self::Reopened => "reopened",
            Self::Lost => "lost",
            Self::Awarded => "awarded",
            Self::Parked => "parked",
            Self::Removed => "removed",
        }
    }

    /// What a person is told about the step.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::New => "Deals first seen in the period that are open at its end.",
            Self::Up => "Open deals whose fee rose or became known.",
            Self::Down => "Open deals whose fee fell or is no longer known.",
            Self::Reopened => "Deals that were awarded, parked or inactive, and are open at the end.",
            Self::Lost => "Open deals that are inactive at the end.",
            Self::Awarded => "Open deals that are awarded at the end.",
            Self::Parked => "Open deals that are parked at the end.",
            Self::Removed => "Open deals that ClientTether no longer lists.",
        }
    }
}

/// The open pipeline at one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    pub deals: i64,
    pub fees_known: i64,
    pub value: Money,
}

/// One step of the waterfall. Its amount is negative where it takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveStep {
    pub kind: MoveKind,
    pub amount: Money,
    pub deals: i64,
}

/// A deal that moved the value, or would have if its fee were known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub who: Who,
    pub kind: MoveKind,
    /// What it added, or took away; `None`: its fee is not known.
    pub amount: Option<Money>,
    /// Where it stood at the beginning and at the end, as the CRM spells it; `None`: it was not there.
    pub from: Option<Option<String>>,
    pub to: Option<Option<String>>,
    pub at_ms: EpochMs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// What is known of the period that was asked for.
    pub span: Span,
    pub opening: End,
    pub closing: End,
    /// One of each kind.
    pub steps: Vec<MoveStep>,
    /// Largest amounts first.
    pub rows: Vec<Moved>,
}

/// `None` when the period ends before the history begins.
pub fn movement(history: &History, span: Span) -> Option<Movement> {
    let span = history.known(span)?;
    let mut movement = Movement {
        span,
        opening: End::default(),
        closing: End::default(),
        steps: MoveKind::ALL.map(|kind| MoveStep { kind, amount: Money::ZERO, deals: 0 }).to_vec(),
        rows: Vec::new(),
    };
    for unit in history.units() {
        let (before, after) = (history.standing(*unit, span.from_ms), history.standing(*unit, span.until_ms));
        movement.opening.add(history, before);
        movement.closing.add(history, after);
        if let Some(moved) = moved(history, *unit, span, before, after) {
            let step = &mut movement.steps[moved.kind as usize];
            step.deals += 1;
            step.amount = step.amount + moved.amount.unwrap_or_default();
            movement.rows.push(moved);
        }
    }
    movement.rows.sort_by(|a, b| {
        let size = |moved: &Moved| moved.amount.map_or(-1, |amount| amount.0.abs());
        size(b).cmp(&size(a)).then(b.at_ms.cmp(&a.at_ms)).then_with(|| a.who.cmp(&b.who))
    });
    Some(movement)
}

impl Movement {
    pub fn step(&self, kind: MoveKind) -> MoveStep {
        self.steps[kind as usize]
    }
}

impl End {
    fn add(&mut self, history: &History, standing: Option<Standing>) {
        let Some(standing) = standing.filter(|standing| history.is_open(standing.spot)) else { return };
        self.deals += 1;
        if let Some(fee) = standing.fee {
            self.fees_known += 1;
            self.value = self.value + Money(fee);
        }
    }
}

fn moved(history: &History, unit: Unit, span: Span, before: Option<Standing>, after: Option<Standing>) -> Option<Moved> {
    let open = |standing: Option<Standing>| standing.filter(|standing| history.is_open(standing.spot));
    let minus = |standing: Standing| standing.fee.map(|fee| Money(-fee));
    let (kind, amount) = match (open(before), open(after)) {
        (None, None) => return None,
        (None, Some(now)) if before.is_some() || history.was_seen(unit, span.from_ms) => (MoveKind::Reopened, now.fee.map(Money)),
        (None, Some(now)) => (MoveKind::New, now.fee.map(Money)),
        (Some(was), Some(now)) => {
            let change = Money(now.fee.unwrap_or(0)) - Money(was.fee.unwrap_or(0));
            match change.0 {
                0 => return None,
                1.. => (MoveKind::Up, Some(change)),
                _ => (MoveKind::Down, Some(change)),
            }
        }
        (Some(was), None) => {
            let role = after.and_then(|now| history.spot(now.spot).role.confirmed());
            let kind = match role {
                None => MoveKind::Removed,
                Some(Role::Awarded) => MoveKind::Awarded,
                Some(Role::Parked) => MoveKind::Parked,
                Some(_) => MoveKind::Lost,
            };
            (kind, minus(was))
        }
    };
    let at_ms = match kind {
        MoveKind::New => history.seen_from_ms(unit).unwrap_or_else(|| history.first_seen_ms(unit)),
        MoveKind::Up | MoveKind::Down => history.fee_changed_ms(unit, span).unwrap_or(span.from_ms),
        MoveKind::Removed => history.gone_ms(unit).unwrap_or(span.from_ms),
        _ => {
            let passed = history.passages(unit).into_iter().rev().find(|passed| span.holds(passed.seen_ms));
            passed.map_or(span.from_ms, |passed| passed.at_ms)
        }
    };
    let label = |standing: Standing| history.spot(standing.spot).label.clone();
    let who = history.who(unit, after.or(before)?);
    Some(Moved { who, kind, amount, from: before.map(label), to: after.map(label), at_ms })
}
