//! What a period did to a brand's pipeline, and how its deals usually fare.
//!
//! Both are told from the whole history, which is large: one is kept at a time, that of the brand which was asked for last. What is
//! told from it is small, and kept for each period.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use tetherboard_domain::{Compare, EpochMs, Period, Resolved, TenantId};
use tetherboard_metrics::{
    Board, DayTotals, DealOutcome, FlowLink, ForecastMonth, Funnel, History, Movement, Span, StagePlace, Typical, WinRate,
    cycle_time, day_totals_between, flow, forecast, funnel, movement, outcomes, reaches, stays, time_in_stage, went,
};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, Store};
use tokio::sync::Mutex;

use crate::Portal;
use crate::numbers::Numbers;

/// What a period did.
pub(crate) struct Story {
    /// `None`: no data in the period yet.
    pub(crate) period: Option<Resolved>,
    /// Without its rows; `None` where the period ends before the history begins.
    pub(crate) movement: Option<Movement>,
    pub(crate) rate: WinRate,
    /// Of the period that it is compared with, where the history reaches back to it.
    pub(crate) before: Option<WinRate>,
    pub(crate) funnel: Funnel,
    pub(crate) flow: Vec<FlowLink>,
    pub(crate) days: Vec<DayTotals>,
}

/// How deals usually fare, whatever the period.
pub(crate) struct Habits {
    pub(crate) stays: Vec<(StagePlace, Option<String>, Typical)>,
    pub(crate) cycle: Typical,
    pub(crate) forecast: Vec<ForecastMonth>,
    /// The first day whose end is known.
    pub(crate) begins: Option<Date>,
}

/// The history that was asked for last.
#[derive(Clone, Default)]
pub(crate) struct LastHistory(Arc<Mutex<Option<Known>>>);

struct Known {
    tenant: TenantId,
    data_version: i64,
    history: Arc<History>,
}

impl LastHistory {
    pub(crate) async fn of(&self, store: &Store, tenant: &Tenant, board: &Board) -> Result<Arc<History>> {
        let mut last = self.0.lock().await;
        let is_same = |known: &&Known| known.tenant == tenant.id && known.data_version == tenant.data_version;
        if let Some(known) = last.as_ref().filter(is_same) {
            return Ok(Arc::clone(&known.history));
        }
        // Two do not fit into memory beside each other.
        *last = None;
        let history = Arc::new(History::load(store.conn(), tenant.id, board).await?);
        *last = Some(Known { tenant: tenant.id, data_version: tenant.data_version, history: Arc::clone(&history) });
        Ok(history)
    }
}

impl Portal {
    pub(crate) async fn history(&self, tenant: &Tenant, board: &Board) -> Result<Arc<History>> {
        self.histories.of(&self.store, tenant, board).await
    }

    pub(crate) async fn story(
        &self,
        tenant: &Tenant,
        numbers: &Numbers,
        period: Period,
        compare: Compare,
        now: Timestamp,
    ) -> Result<Arc<Story>> {
        let resolved = numbers.pipeline.as_of.and_then(|as_of| period.resolve(&tenant.zone, now, as_of));
        let key = format!("story of {period} against {compare:?}");
        self.numbers.get(tenant, now, &key, || self.tell(tenant, numbers, resolved, compare)).await
    }

    async fn tell(&self, tenant: &Tenant, numbers: &Numbers, period: Option<Resolved>, compare: Compare) -> Result<Story> {
        let board = &numbers.board;
        let nothing = Story {
            period,
            movement: None,
            rate: WinRate::default(),
            before: None,
            funnel: Funnel::default(),
            flow: Vec::new(),
            days: Vec::new(),
        };
        let Some(resolved) = period else { return Ok(nothing) };
        let history = self.history(tenant, board).await?;
        let as_of = numbers.pipeline.as_of;
        let span = Span::of(resolved.window, as_of);
        let before = resolved.before(compare, &tenant.zone).map(|window| Span::of(window, as_of));
        let before = before.filter(|before| history.begins_ms().is_some_and(|begins| begins <= before.from_ms));
        let days = day_totals_between(self.store.conn(), tenant.id, board, resolved.first, resolved.last).await?;
        Ok(Story {
            movement: movement(&history, span).map(|movement| Movement { rows: Vec::new(), ..movement }),
            rate: WinRate::of(&outcomes(&history, span)),
            before: before.map(|before| WinRate::of(&outcomes(&history, before))),
            funnel: funnel(board, &reaches(&history, board, span)),
            flow: went(&history, span).map(|went| flow(&history, &went)).unwrap_or_default(),
            days,
            ..nothing
        })
    }

    pub(crate) async fn habits(&self, tenant: &Tenant, numbers: &Numbers, now: Timestamp) -> Result<Arc<Habits>> {
        let habits = async || {
            let (board, today) = (&numbers.board, tenant.zone.date(now));
            let history = self.history(tenant, board).await?;
            Ok(Habits {
                stays: time_in_stage(&stays(&history, now.into())),
                cycle: cycle_time(&outcomes(&history, last_year(tenant, now))),
                forecast: forecast(self.store.conn(), tenant.id, board, today).await?,
                begins: begins(&history, tenant),
            })
        };
        self.numbers.get(tenant, now, "habits", habits).await
    }
}

/// The twelve months up to now.
pub(crate) fn last_year(tenant: &Tenant, now: Timestamp) -> Span {
    let (first, _) = Period::Last12Months.days(tenant.zone.date(now));
    Span { from_ms: tenant.zone.start_of(first).into(), until_ms: EpochMs::MAX }
}

/// The awards whose time from creation is known.
pub(crate) fn timed_awards(found: Vec<DealOutcome>) -> impl Iterator<Item = DealOutcome> {
    let is_timed = |outcome: &DealOutcome| outcome.ending == tetherboard_metrics::Ending::Awarded && outcome.created_ms.is_some();
    found.into_iter().filter(is_timed)
}

/// The first day whose end is known.
pub(crate) fn begins(history: &History, tenant: &Tenant) -> Option<Date> {
    let moment = history.begins_ms()?.timestamp()?;
    Some(tenant.zone.date(moment))
}
