//! `sync`: syncs brands from ClientTether now and reports the result.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{ArgGroup, Args};
use tetherboard_domain::{Clock, Dataset, DatasetStatus, RunStatus, Trigger};
use tetherboard_store::tenants::{self, Tenant};
use tetherboard_store::{Store, runs};
use tetherboard_sync::{RunOptions, RunReport, Syncer};
use tetherboard_web::RunJson;
use tokio_util::sync::CancellationToken;

use super::{LEASE_HELD, LEASE_WAIT, find_tenant};
use crate::config::Config;
use crate::console::spinner;

#[derive(Args)]
#[command(after_help = "Exit codes:
  0  every run succeeded
  3  a run was partial: at least one list could not be read completely
  4  a run failed
  5  another process was still syncing the brand after 90 seconds
With --all, the exit code is the highest one.")]
#[command(group = ArgGroup::new("brands").required(true).args(["tenant", "all"]))]
pub(crate) struct Arguments {
    /// Sync one brand
    #[arg(long, value_name = "SLUG")]
    tenant: Option<String>,
    /// Sync every brand, one after another
    #[arg(long)]
    all: bool,
    /// Write the run to stdout as JSON (with --all, an array of runs)
    #[arg(long)]
    json: bool,
    /// Confirm that the records held in this list were removed from ClientTether: stages, sources, users, contacts, deals, events,
    /// or notes; can be repeated
    #[arg(long, value_name = "DATASET")]
    accept_removals: Vec<Dataset>,
}

/// Runs each sync and returns the highest exit code.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let store = config.open_store().await?;
    let syncer = config.syncer(&store, &Clock::system());
    let tenants = match &arguments.tenant {
        Some(slug) => vec![find_tenant(&store, slug).await?],
        None => tenants::list(store.conn()).await?,
    };
    let cancel = super::serve::stop_signal();
    let options = RunOptions { accept_removals: arguments.accept_removals.clone(), cancel: cancel.clone() };
    let mut exit_code = 0;
    let mut runs = Vec::new();
    for tenant in &tenants {
        let report = run_or_wait(&syncer, tenant, &options, &cancel).await?;
        exit_code = exit_code.max(report.as_ref().map_or(LEASE_HELD, code));
        match report {
            Some(report) if arguments.json => runs.push(RunJson::new(&report.run, &report.datasets)),
            Some(report) => print(tenant, &report),
            None => print_lease_held(tenant),
        }
    }
    if arguments.json {
        let text = match (arguments.all, runs.first()) {
            (false, Some(run)) => serde_json::to_string_pretty(run)?,
            (false, None) => "null".to_owned(),
            (true, _) => serde_json::to_string_pretty(&runs)?,
        };
        println!("{text}");
    }
    Ok(ExitCode::from(exit_code))
}

/// Runs once the brand's lease is free; `None` when it is still held after [`LEASE_WAIT`].
async fn run_or_wait(
    syncer: &Syncer,
    tenant: &Tenant,
    options: &RunOptions,
    cancel: &CancellationToken,
) -> anyhow::Result<Option<RunReport>> {
    let started = Instant::now();
    let spinner = spinner(&format!("{}: waiting", tenant.slug));
    let progress = tokio::spawn(show_progress(syncer.store.clone(), tenant.clone(), spinner.clone()));
    let report = loop {
        match syncer.sync_tenant(tenant, Trigger::Command, options).await {
            Ok(None) if started.elapsed() < LEASE_WAIT && !cancel.is_cancelled() => {
                tokio::time::sleep(Duration::from_millis(500)).await
            }
            done => break done,
        }
    };
    progress.abort();
    spinner.finish_and_clear();
    Ok(report?)
}

/// Keeps the spinner's message in step with the progress that the run has stored.
async fn show_progress(store: Store, tenant: Tenant, spinner: indicatif::ProgressBar) {
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let Ok(Some(run)) = runs::open_run(store.conn(), tenant.id).await else { continue };
        let Ok(reports) = runs::reports(store.conn(), tenant.id, &run.id).await else { continue };
        if let Some(report) = reports.iter().find(|report| report.status == DatasetStatus::Reading) {
            let total = report.expected.map(|expected| format!(" of {expected}")).unwrap_or_default();
            spinner.set_message(format!("{}: {} {}{total}", tenant.slug, report.dataset, report.read));
        }
    }
}

fn code(report: &RunReport) -> u8 {
    match report.run.status {
        RunStatus::Succeeded => 0,
        RunStatus::Partial => 3,
        RunStatus::Failed | RunStatus::Aborted | RunStatus::Queued | RunStatus::Running => 4,
    }
}

/// Prints a finished run: one line per list, followed by its error and what to do about it.
pub(super) fn print(tenant: &Tenant, report: &RunReport) {
    println!("{}: {}", tenant.slug, report.run.status);
    let mut printed = None;
    for line in &report.datasets {
        println!(
            "  {:<9} {:<10} {:>6} read, {} added, {} changed, {} unchanged, {} removed, {} held, {} skipped",
            line.dataset.as_str(),
            line.status.as_str(),
            line.read,
            line.added,
            line.changed,
            line.unchanged,
            line.gone,
            line.held,
            line.set_aside
        );
        for notice in &line.notices {
            println!("            {notice}");
        }
        // An error that stopped the whole run is attached to every list; print it once.
        if let Some(error) = line.error.as_ref().filter(|error| printed != Some(&error.trace)) {
            println!("            {}: {}. {}", error.class.meaning(), error.message, error.class.remedy());
            printed = Some(&error.trace);
        }
        if line.held > 0 {
            println!(
                "            {} {} were missing from this read and stay until you confirm that they were removed:",
                line.held, line.dataset
            );
            println!("            tetherboard sync --tenant {} --accept-removals {}", tenant.slug, line.dataset);
        }
    }
}

/// Says that another process holds the brand's lease.
pub(super) fn print_lease_held(tenant: &Tenant) {
    eprintln!("{}: not started, because another process is syncing this brand; try again when it has finished", tenant.slug);
}
