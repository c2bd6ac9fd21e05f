//! `sync`: read ClientTether now, and say what came of it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use tetherboard_domain::{Clock, Dataset, DatasetStatus, RunStatus, Trigger};
use tetherboard_store::tenants::{self, Tenant};
use tetherboard_store::{Store, runs};
use tetherboard_sync::{RunOptions, RunReport, Syncer};
use tetherboard_web::RunJson;
use tokio_util::sync::CancellationToken;

use super::tenant_named;
use crate::config::Config;
use crate::console::spinner;

#[derive(Args)]
pub(crate) struct Arguments {
    /// One brand, by its slug
    #[arg(long, value_name = "SLUG", required_unless_present = "all", conflicts_with = "all")]
    tenant: Option<String>,
    /// Every brand, one after another
    #[arg(long)]
    all: bool,
    /// Write the run to stdout as JSON, and nothing else
    #[arg(long)]
    json: bool,
    /// Agree that the records a dataset is held for are gone: stages, sources, users, contacts, deals, events or notes
    #[arg(long, value_name = "DATASET")]
    accept_removals: Vec<Dataset>,
}

const PATIENCE: Duration = Duration::from_secs(90);
const BUSY: u8 = 5;

/// Ends with 0 when every run succeeded, 3 when one is partial, 4 when one failed, 5 when another process kept the
/// lease for 90 seconds; the worst of several.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let store = config.open_store().await?;
    let syncer = config.syncer(&store, &Clock::system());
    let tenants = match &arguments.tenant {
        Some(slug) => vec![tenant_named(&store, slug).await?],
        None => tenants::list(store.conn()).await?,
    };
    let cancel = super::serve::stop_signal();
    let options = RunOptions { accept_removals: arguments.accept_removals.clone(), cancel: cancel.clone() };
    let mut worst = 0;
    let mut told = Vec::new();
    for tenant in &tenants {
        let report = run_or_wait(&syncer, tenant, &options, &cancel).await?;
        worst = worst.max(report.as_ref().map_or(BUSY, code));
        match report {
            Some(report) if arguments.json => told.push(RunJson::new(&report.run, &report.datasets)),
            Some(report) => print(tenant, &report),
            None => eprintln!("{}: another process is syncing this brand; try again when it is done", tenant.slug),
        }
    }
    if arguments.json {
        let text = match (arguments.all, told.first()) {
            (false, Some(run)) => serde_json::to_string_pretty(run)?,
            (false, None) => "null".to_owned(),
            (true, _) => serde_json::to_string_pretty(&told)?,
        };
        println!("{text}");
    }
    Ok(ExitCode::from(worst))
}

async fn run_or_wait(
    syncer: &Syncer,
    tenant: &Tenant,
    options: &RunOptions,
    cancel: &CancellationToken,
) -> anyhow::Result<Option<RunReport>> {
    let started = Instant::now();
    let shown = spinner(&format!("{}: waiting", tenant.slug));
    let watch = tokio::spawn(watch(syncer.store.clone(), tenant.clone(), shown.clone()));
    let report = loop {
        match syncer.sync_tenant(tenant, Trigger::Command, options).await {
            Ok(None) if started.elapsed() < PATIENCE && !cancel.is_cancelled() => {
                tokio::time::sleep(Duration::from_millis(500)).await
            }
            done => break done,
        }
    };
    watch.abort();
    shown.finish_and_clear();
    Ok(report?)
}

/// Keeps the line on the terminal up to date with what the run has written.
async fn watch(store: Store, tenant: Tenant, shown: indicatif::ProgressBar) {
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let Ok(Some(run)) = runs::open_run(store.conn(), tenant.id).await else { continue };
        let Ok(reports) = runs::reports(store.conn(), tenant.id, &run.id).await else { continue };
        if let Some(report) = reports.iter().find(|report| report.status == DatasetStatus::Reading) {
            let of = report.expected.map(|expected| format!(" of {expected}")).unwrap_or_default();
            shown.set_message(format!("{}: {} {}{of}", tenant.slug, report.dataset, report.read));
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

pub(super) fn print(tenant: &Tenant, report: &RunReport) {
    println!("{}: {}", tenant.slug, report.run.status);
    let mut told = None;
    for line in &report.datasets {
        println!(
            "  {:<9} {:<10} {:>6} read, {} added, {} changed, {} unchanged, {} gone, {} held, {} set aside",
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
        // One fault that stopped everything is told once.
        if let Some(error) = line.error.as_ref().filter(|error| told != Some(&error.trace)) {
            println!("            {}: {}. {}", error.class.meaning(), error.message, error.class.cure());
            told = Some(&error.trace);
        }
        if line.held > 0 {
            println!(
                "            if they are gone indeed: tetherboard sync --tenant {} --accept-removals {}",
                tenant.slug, line.dataset
            );
        }
    }
}
