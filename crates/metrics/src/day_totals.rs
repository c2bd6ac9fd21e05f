//! The pipeline's end-of-day totals.

use jiff::Span;
use jiff::civil::Date;
use tetherboard_domain::{EpochMs, Money, StageKey, Zone};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, pipeline_days};

use crate::board::{Board, BoardHistory, LeadGroup};

/// The pipeline's totals at the end of one day, with the stages of that day and today's roles.
#[derive(Clone, Copy, Debug)]
pub struct DayTotals {
    pub day: Date,
    /// No sync ran on that day, so these are the previous day's totals.
    pub carried: bool,
    /// Prospects whose stage is not inactive.
    pub in_pipeline: i64,
    /// Prospects in a qualified stage.
    pub qualified: i64,
    /// The sum of the open deals' known fees.
    pub value: Money,
    /// The sum of fee × odds of the open deals.
    pub weighted: Money,
}

/// Loads the totals of the last `days` days that have any, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn day_totals<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, today: Date, days: i64) -> Result<Vec<DayTotals>> {
    let first = today.checked_sub(Span::new().days(days)).unwrap_or(Date::MIN);
    day_totals_between(conn, tenant, board, first, Date::MAX).await
}

/// Loads the totals from `first` to `last`, both included, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn day_totals_between<C: Conn>(
    conn: &C,
    tenant: &Tenant,
    board: &Board,
    first: Date,
    last: Date,
) -> Result<Vec<DayTotals>> {
    let kept = pipeline_days::between(conn, tenant.id, &first.to_string(), &last.to_string()).await?;
    let boards = BoardHistory::load(conn, tenant.id, board).await?;
    Ok(kept
        .into_iter()
        .filter_map(|pipeline_days::PipelineDay { day, carried, stages }| {
            let day: Date = day.parse().ok()?;
            let board = boards.at(end_of(day, &tenant.zone));
            let within = |group, stage: &StageKey| board.is_in(group, &board.place(Some(stage.as_str())));
            let contacts = |group| stages.iter().filter(|line| within(group, &line.stage)).map(|line| line.contacts).sum();
            let open = || stages.iter().filter(|line| within(LeadGroup::Open, &line.stage));
            Some(DayTotals {
                day,
                carried,
                in_pipeline: contacts(LeadGroup::Pipeline),
                qualified: contacts(LeadGroup::Qualified),
                value: open().map(|line| line.value).sum(),
                weighted: open().map(|line| line.weighted).sum(),
            })
        })
        .collect())
}

/// The moment at which a local day ends.
pub fn end_of(day: Date, zone: &Zone) -> EpochMs {
    zone.start_of(day.saturating_add(Span::new().days(1))).into()
}
