//! How far new prospects get.

use tetherboard_domain::{ContactId, EpochMs, Role, StageRole};

use crate::board::{Board, StagePlace};
use crate::history::{History, Prospect, Span};

/// The definition of stage conversion, shown on pages.
pub const CONVERSION: &str = "Prospects created in the period, by the furthest stage each one has reached. A stage counts \
    everyone who reached or passed it; the percentage is of those who reached the previous stage. Parked and inactive stages \
    do not count as progress. Prospects first seen as parked, inactive, or awarded are left out, because their path is \
    unknown.";

/// One stage of the funnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelStage {
    pub place: StagePlace,
    pub stage: String,
    pub role: StageRole,
    /// How many prospects reached or passed it.
    pub reached: i64,
}

/// The number of new prospects who reached each stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Prospects created in the period.
    pub created: i64,
    /// Those whose path is known.
    pub known: i64,
    /// In the CRM's order, from the first stage to the awarded ones.
    pub stages: Vec<FunnelStage>,
}

/// The furthest stage of one prospect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FurthestStage {
    pub contact: ContactId,
    pub created_ms: EpochMs,
    /// An index into [`Funnel::stages`]; `None`: the path is unknown.
    pub furthest: Option<usize>,
    /// The current stage, in the CRM's spelling.
    pub stage: Option<String>,
}

/// The furthest stages of the prospects created in a span, in order of ID.
pub fn furthest_stages(history: &History, board: &Board, span: Span) -> Vec<FurthestStage> {
    let path = path(board);
    let reach = |prospect: Prospect<'_>| {
        let created_ms = prospect.created_ms().filter(|ms| span.contains(*ms))?;
        let stage = history.stage(prospect.stage(EpochMs::MAX)).label.clone();
        Some(FurthestStage { contact: prospect.id().into(), created_ms, furthest: furthest(history, &path, prospect), stage })
    };
    history.prospects().filter(|prospect| prospect.is_there(EpochMs::MAX)).filter_map(reach).collect()
}

/// Counts the prospects who reached each stage.
pub fn funnel(board: &Board, furthest_stages: &[FurthestStage]) -> Funnel {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let stage = |(step, at): (usize, usize)| {
        let stage = &board.stages()[at];
        FunnelStage {
            place: StagePlace::Listed(at),
            stage: stage.name.clone(),
            role: stage.role,
            reached: count(
                furthest_stages.iter().filter(|prospect| prospect.furthest.is_some_and(|furthest| furthest >= step)).count(),
            ),
        }
    };
    Funnel {
        created: count(furthest_stages.len()),
        known: count(furthest_stages.iter().filter(|prospect| prospect.furthest.is_some()).count()),
        stages: path(board).into_iter().enumerate().map(stage).collect(),
    }
}

/// The stages that lead to a signature, by index on the board. A suggested role also leaves a stage out.
fn path(board: &Board) -> Vec<usize> {
    let leads_on = |role: StageRole| !matches!(role.likely(), None | Some(Role::Parked | Role::Inactive));
    let stages = board.stages().iter().enumerate();
    stages.filter(|(_, stage)| stage.of_prospects && stage.active && leads_on(stage.role)).map(|(at, _)| at).collect()
}

fn furthest(history: &History, path: &[usize], prospect: Prospect<'_>) -> Option<usize> {
    let step = |stage: u32| match &history.stage(stage).place {
        StagePlace::Listed(at) => path.iter().position(|step| step == at),
        _ => None,
    };
    let first = prospect.stages().next()?;
    let role = history.stage(first).role;
    if matches!(role.likely(), Some(Role::Parked | Role::Inactive | Role::Awarded)) {
        return None;
    }
    // A created prospect is at least in the first stage, whatever its name.
    Some(prospect.stages().filter_map(step).max().unwrap_or(0))
}
