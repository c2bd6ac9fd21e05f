//! `replay`: make the tables again from kept answers, without ClientTether.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use tetherboard_domain::{Clock, RunId, RunStatus};
use tetherboard_store::runs;
use tetherboard_sync::RunOptions;

use super::sync::print;
use super::tenant_named;
use crate::config::Config;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The brand, by its slug
    #[arg(long, value_name = "SLUG")]
    tenant: String,
    /// The run whose answers are normalised again; without it the latest of every list
    #[arg(long, value_name = "ID")]
    run: Option<String>,
}

const PATIENCE: Duration = Duration::from_secs(90);

/// Ends with 0 when every list was gone through, 4 when one could not be, 5 when another process kept the lease for 90 seconds.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let store = config.open_store().await?;
    let tenant = tenant_named(&store, &arguments.tenant).await?;
    let run = arguments.run.clone().map(RunId);
    if let Some(run) = &run
        && runs::get(store.conn(), tenant.id, run).await?.is_none()
    {
        bail!(
            "{} has no run `{run}`; its runs stand in the portal under Sync, and in /api/v1/tenants/{}/sync",
            tenant.slug,
            tenant.slug
        );
    }
    let syncer = config.syncer(&store, &Clock::system());
    let options = RunOptions { cancel: super::serve::stop_signal(), ..Default::default() };
    let started = Instant::now();
    let report = loop {
        match syncer.replay(&tenant, run.clone(), &options).await? {
            None if started.elapsed() < PATIENCE && !options.cancel.is_cancelled() => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            done => break done,
        }
    };
    let Some(report) = report else {
        eprintln!("{}: another process is syncing this brand; try again when it is done", tenant.slug);
        return Ok(ExitCode::from(5));
    };
    print(&tenant, &report);
    Ok(ExitCode::from(if report.run.status == RunStatus::Succeeded { 0 } else { 4 }))
}
