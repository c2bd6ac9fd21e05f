//! The pipeline saved for each local day.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use tetherboard_metrics::{Board, History, end_of, pipeline, pipeline_at};
use tetherboard_store::pipeline_days::{self, PipelineDay};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, Store};

/// Saves the tenant's pipeline as of `now` for today. The first run of a day also saves the days since the last one as they
/// ended, from the history: a run may have gone on past midnight, or have died before it saved its day. Days without a run are
/// flagged as carried forward.
///
/// # Errors
/// If the database fails.
pub async fn close_day(store: &Store, tenant: &Tenant, now: Timestamp) -> Result<()> {
    let today = tenant.zone.date(now);
    let conn = store.conn();
    let board = Board::load(conn, tenant.id).await?;
    let stages = pipeline(conn, tenant.id, &board, now).await?.day(&board);
    let last: Option<Date> = pipeline_days::last_day(conn, tenant.id).await?.and_then(|day| day.parse().ok());
    let ended = match last {
        Some(last) if last < today => ended_days(store, tenant, &board, last, today).await?,
        _ => Vec::new(),
    };
    let tx = store.begin().await?;
    for PipelineDay { day, carried, stages } in ended {
        pipeline_days::put(&tx, tenant.id, &day, &stages, carried).await?;
    }
    pipeline_days::put(&tx, tenant.id, &today.to_string(), &stages, false).await?;
    Store::commit(tx).await
}

/// The days from the last saved one to yesterday, as they ended.
async fn ended_days(store: &Store, tenant: &Tenant, board: &Board, last: Date, today: Date) -> Result<Vec<PipelineDay>> {
    let conn = store.conn();
    let history = History::load(conn, tenant.id, board).await?;
    let saved = pipeline_days::between(conn, tenant.id, &last.to_string(), &last.to_string()).await?;
    let day = |day: Date| {
        let before_ms = end_of(day, &tenant.zone);
        let known = history.board_at(before_ms).filter(|_| history.begins_ms().is_some_and(|begins| begins <= before_ms));
        // Before the history begins, the last saved day is all there is.
        let stages = match known {
            Some(board) => pipeline_at(&history, before_ms).day(board),
            None => saved.first().map(|saved| saved.stages.clone()).unwrap_or_default(),
        };
        let carried = if day == last { saved.first().is_some_and(|saved| saved.carried) } else { true };
        PipelineDay { day: day.to_string(), carried, stages }
    };
    Ok(last.series(Span::new().days(1)).take_while(|day| *day < today).map(day).collect())
}
