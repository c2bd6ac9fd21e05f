//! What happened to a brand's pipeline in a period, and how its deals usually progress.
//!
//! Both come from the whole history, which is large: only one brand's is kept at a time. What is derived from it is small and is
//! cached for each period.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_domain::{Compare, EpochMs, Period, ResolvedPeriod};
use tetherboard_metrics::{
    Board, DayTotals, DealOutcome, DurationStats, FlowLink, ForecastMonth, Funnel, History, Movement, Pipeline, Span, StagePlace,
    WinRate, cycle_time, day_totals_between, flow, forecast, funnel, furthest_stages, movement, outcomes, pipeline_at,
    stage_changes, stage_stays, time_in_stage,
};
use tetherboard_store::Result;
use tetherboard_store::tenants::Tenant;

use super::numbers::Numbers;
use crate::address::as_of::{AsOf, history_start};
use crate::cache::CacheKey;
use crate::state::Portal;

/// What happened in a period.
pub(crate) struct PeriodHistory {
    /// `None` if there is no data in the period yet.
    pub(crate) period: Option<ResolvedPeriod>,
    /// Without its rows; `None` if the period ends before the history starts.
    pub(crate) movement: Option<Movement>,
    pub(crate) rate: WinRate,
    /// The win rate of the period it is compared with, if the history reaches back that far.
    pub(crate) before: Option<WinRate>,
    pub(crate) funnel: Funnel,
    pub(crate) flow: Vec<FlowLink>,
    pub(crate) days: Vec<DayTotals>,
}

/// How deals usually progress, in any period.
pub(crate) struct DealBenchmarks {
    pub(crate) stays: Vec<(StagePlace, Option<String>, DurationStats)>,
    pub(crate) cycle: DurationStats,
    pub(crate) forecast: Vec<ForecastMonth>,
    /// The first day whose end is known.
    pub(crate) history_start: Option<Date>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct HistoryKey;

impl CacheKey for HistoryKey {
    type Value = History;
    const KEEP_ONE: bool = true;

    fn size(history: &History) -> usize {
        history.size()
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct PeriodHistoryKey {
    period: Period,
    compare: Compare,
}

impl CacheKey for PeriodHistoryKey {
    type Value = PeriodHistory;

    fn size(history: &PeriodHistory) -> usize {
        size_of::<PeriodHistory>() + 200 * (history.funnel.stages.len() + history.flow.len() + history.days.len())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct BenchmarksKey;

impl CacheKey for BenchmarksKey {
    type Value = DealBenchmarks;

    fn size(benchmarks: &DealBenchmarks) -> usize {
        size_of::<DealBenchmarks>() + 200 * (benchmarks.stays.len() + benchmarks.forecast.len())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct PastPipelineKey {
    day: Date,
}

impl CacheKey for PastPipelineKey {
    type Value = Pipeline;

    fn size(pipeline: &Pipeline) -> usize {
        size_of::<Pipeline>() + 200 * pipeline.stages.len()
    }
}

/// Every recorded state and change of a brand's prospects and deals.
///
/// # Errors
/// When the database fails.
pub(crate) async fn history(portal: &Portal, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Arc<History>> {
    portal.cache.get(tenant, now, HistoryKey, || History::load(portal.store.conn(), tenant.id, board)).await
}

/// The pipeline at the end of a past day.
///
/// # Errors
/// When the database fails.
pub(crate) async fn pipeline_as_of(
    portal: &Portal,
    tenant: &Tenant,
    history: &History,
    as_of: AsOf,
    now: Timestamp,
) -> Result<Arc<Pipeline>> {
    let compute = async || Ok(Pipeline { as_of: as_of.end(), ..pipeline_at(history, as_of.before_ms) });
    portal.cache.get(tenant, now, PastPipelineKey { day: as_of.day }, compute).await
}

/// What happened in a period, compared with an earlier one.
///
/// # Errors
/// When the database fails.
pub(crate) async fn period_history(
    portal: &Portal,
    tenant: &Tenant,
    numbers: &Numbers,
    (period, compare): (Period, Compare),
    now: Timestamp,
) -> Result<Arc<PeriodHistory>> {
    let resolved = numbers.pipeline.as_of.and_then(|as_of| period.resolve(&tenant.zone, now, as_of));
    let compute = || load_period(portal, tenant, numbers, resolved, compare, now);
    portal.cache.get(tenant, now, PeriodHistoryKey { period, compare }, compute).await
}

async fn load_period(
    portal: &Portal,
    tenant: &Tenant,
    numbers: &Numbers,
    period: Option<ResolvedPeriod>,
    compare: Compare,
    now: Timestamp,
) -> Result<PeriodHistory> {
    let board = &numbers.board;
    let empty = PeriodHistory {
        period,
        movement: None,
        rate: WinRate::default(),
        before: None,
        funnel: Funnel::default(),
        flow: Vec::new(),
        days: Vec::new(),
    };
    let Some(resolved) = period else { return Ok(empty) };
    let history = history(portal, tenant, board, now).await?;
    let as_of = numbers.pipeline.as_of;
    let span = Span::of(resolved.window, as_of);
    let before = resolved.before(compare, &tenant.zone).map(|window| Span::of(window, as_of));
    let before = before.filter(|before| history.begins_ms().is_some_and(|begins| begins <= before.from_ms));
    let days = day_totals_between(portal.store.conn(), tenant, board, resolved.first, resolved.last).await?;
    Ok(PeriodHistory {
        movement: movement(&history, span).map(|movement| Movement { rows: Vec::new(), ..movement }),
        rate: WinRate::of(&outcomes(&history, span)),
        before: before.map(|before| WinRate::of(&outcomes(&history, before))),
        funnel: funnel(board, &furthest_stages(&history, board, span)),
        flow: stage_changes(&history, span).map(|went| flow(&history, &went)).unwrap_or_default(),
        days,
        ..empty
    })
}

/// How the brand's deals usually progress.
///
/// # Errors
/// When the database fails.
pub(crate) async fn benchmarks(
    portal: &Portal,
    tenant: &Tenant,
    numbers: &Numbers,
    now: Timestamp,
) -> Result<Arc<DealBenchmarks>> {
    let compute = async || {
        let (board, today) = (&numbers.board, tenant.zone.date(now));
        let history = history(portal, tenant, board, now).await?;
        Ok(DealBenchmarks {
            stays: time_in_stage(&stage_stays(&history, now.into())),
            cycle: cycle_time(&outcomes(&history, last_year(tenant, now))),
            forecast: forecast(portal.store.conn(), tenant.id, board, today).await?,
            history_start: history_start(&history, tenant),
        })
    };
    portal.cache.get(tenant, now, BenchmarksKey, compute).await
}

/// The twelve months up to now.
pub(crate) fn last_year(tenant: &Tenant, now: Timestamp) -> Span {
    let (first, _) = Period::Last12Months.days(tenant.zone.date(now));
    Span { from_ms: tenant.zone.start_of(first).into(), until_ms: EpochMs::MAX }
}

/// The awards whose time since creation is known.
pub(crate) fn timed_awards(found: Vec<DealOutcome>) -> impl Iterator<Item = DealOutcome> {
    let is_timed =
        |outcome: &DealOutcome| outcome.ending == tetherboard_metrics::OutcomeKind::Awarded && outcome.created_ms.is_some();
    found.into_iter().filter(is_timed)
}
