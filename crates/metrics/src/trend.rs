//! The pipeline's totals as the days left them.

use jiff::Span;
use jiff::civil::Date;
use tetherboard_domain::{Money, StageKey, TenantId};
use tetherboard_store::{Conn, Result, pipeline_days};

use crate::board::{Board, LeadGroup};

/// The pipeline's totals as one day left them, by today's roles.
#[derive(Clone, Copy, Debug)]
pub struct DayTotals {
    pub day: Date,
    /// No run on that day: the day before, again.
    pub carried: bool,
    pub in_pipeline: i64,
    pub qualified: i64,
    pub value: Money,
    pub weighted: Money,
}

/// The kept days of the last `days` days, oldest first.
pub async fn day_totals<C: Conn>(conn: &C, tenant: TenantId, board: &Board, today: Date, days: i64) -> Result<Vec<DayTotals>> {
    let first = today.checked_sub(Span::new().days(days)).unwrap_or(Date::MIN);
    day_totals_between(conn, tenant, board, first, Date::MAX).await
}

/// The kept days from `first` to `last`, oldest first.
pub async fn day_totals_between<C: Conn>(
    conn: &C,
    tenant: TenantId,
    board: &Board,
    first: Date,
    last: Date,
) -> Result<Vec<DayTotals>> {
    let kept = pipeline_days::between(conn, tenant, &first.to_string(), &last.to_string()).await?;
    Ok(kept
        .into_iter()
        .filter_map(|pipeline_days::PipelineDay { day, carried, stages }| {
            let within = |group, stage: &StageKey| board.is_in(group, &board.place(Some(stage.as_str())));
            let contacts = |group| stages.iter().filter(|line| within(group, &line.stage)).map(|line| line.contacts).sum();
            let open = || stages.iter().filter(|line| within(LeadGroup::Open, &line.stage));
            Some(DayTotals {
                day: day.parse().ok()?,
                carried,
                in_pipeline: contacts(LeadGroup::Pipeline),
                qualified: contacts(LeadGroup::Qualified),
                value: open().map(|line| line.value).sum(),
                weighted: open().map(|line| line.weighted).sum(),
            })
        })
        .collect())
}
