//! `replay`: rebuilds a brand's data from saved responses, without calling ClientTether.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use tetherboard_domain::{Clock, RunId, RunStatus};
use tetherboard_store::runs;
use tetherboard_sync::RunOptions;

use super::sync::{print, print_lease_held};
use super::{LEASE_HELD, LEASE_WAIT, find_tenant};
use crate::config::Config;

#[derive(Args)]
#[command(after_help = "Exit codes:
  0  every list was rebuilt
  4  a list could not be rebuilt
  5  another process was still syncing the brand after 90 seconds")]
pub(crate) struct Arguments {
    /// The brand to rebuild
    #[arg(long, value_name = "SLUG")]
    tenant: String,
    /// Use the responses of this run instead of the latest saved response of each list
    #[arg(long, value_name = "ID")]
    run: Option<String>,
}

/// Waits for the brand's lease, then replays.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let store = config.open_store().await?;
    let tenant = find_tenant(&store, &arguments.tenant).await?;
    let run = arguments.run.clone().map(RunId);
    if let Some(run) = &run
        && runs::get(store.conn(), tenant.id, run).await?.is_none()
    {
        bail!(
            "{} has no run `{run}`; find run IDs on the portal's Sync page or at /api/v1/tenants/{}/sync",
            tenant.slug,
            tenant.slug
        );
    }
    let syncer = config.syncer(&store, &Clock::system());
    let options = RunOptions { cancel: super::serve::stop_signal(), ..Default::default() };
    let started = Instant::now();
    let report = loop {
        match syncer.replay(&tenant, run.clone(), &options).await? {
            None if started.elapsed() < LEASE_WAIT && !options.cancel.is_cancelled() => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            done => break done,
        }
    };
    let Some(report) = report else {
        print_lease_held(&tenant);
        return Ok(ExitCode::from(LEASE_HELD));
    };
    print(&tenant, &report);
    Ok(ExitCode::from(if report.run.status == RunStatus::Succeeded { 0 } else { 4 }))
}
