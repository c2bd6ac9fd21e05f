//! How a number of today compares with earlier ones.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use tetherboard_domain::{Money, Period, StageKey, TenantId, Window, Zone};
use tetherboard_store::leads::NewLeads;
use tetherboard_store::{Conn, Result, leads, pipeline_days, runs};

use crate::board::{Board, LeadGroup};

/// Contacts created since Monday, and in last week up to the same weekday and time.
#[derive(Clone, Copy, Debug)]
pub struct NewLeadsThisWeek {
    pub window: Window,
    pub before: Window,
    pub this: NewLeads,
    pub last: NewLeads,
}

/// `None`: no data yet this week.
pub async fn new_leads_this_week<C: Conn>(
    conn: &C,
    tenant: TenantId,
    zone: &Zone,
    now: Timestamp,
) -> Result<Option<NewLeadsThisWeek>> {
    let ages = runs::dataset_ages(conn, tenant).await?;
    let as_of = ages.as_of_ms(&crate::LEADS_REST_ON).and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let Some(window) = as_of.and_then(|as_of| Period::WeekToDate.resolve(zone, now, as_of)) else { return Ok(None) };
    let before = Period::previous(window, zone);
    let counts = leads::new_leads_in(conn, tenant, &[before, window]).await?;
    Ok(Some(NewLeadsThisWeek {
        window,
        before,
        last: counts.first().copied().unwrap_or_default(),
        this: counts.get(1).copied().unwrap_or_default(),
    }))
}

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
        .filter_map(|pipeline_days::KeptDay { day, carried, stages }| {
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
