//! `doctor`: requests each list of an account once and reports what the responses are like.

use std::process::ExitCode;

use clap::Args;
use tetherboard_domain::Clock;
use tetherboard_store::tenants;
use tetherboard_sync::{AccountCheck, DatasetCheck};

use super::find_tenant;
use crate::config::Config;

#[derive(Args)]
#[command(after_help = "Requests the first page of each list and reports which fields have values, which values cannot be read,
and whether clocks and time zones agree. Also lists what recent syncs found to be odd about the account's lists. Saves nothing.

Exit codes:
  0  no problems
  1  at least one problem")]
pub(crate) struct Arguments {
    /// Check one brand instead of all
    #[arg(long, value_name = "SLUG")]
    tenant: Option<String>,
    /// Write the result to stdout as JSON (without --tenant, an array)
    #[arg(long)]
    json: bool,
}

/// Runs the checks; the exit code is 1 when there is a problem. Writes nothing to the database.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let store = config.open_store().await?;
    let syncer = config.syncer(&store, &Clock::system());
    let brands = match &arguments.tenant {
        Some(slug) => vec![find_tenant(&store, slug).await?],
        None => tenants::list(store.conn()).await?,
    };
    let mut checks = Vec::new();
    for brand in &brands {
        checks.push(syncer.check_account(brand).await?);
    }
    if arguments.json {
        match (&arguments.tenant, checks.first()) {
            (Some(_), Some(one)) => println!("{}", serde_json::to_string_pretty(one)?),
            _ => println!("{}", serde_json::to_string_pretty(&checks)?),
        }
    } else if checks.is_empty() {
        println!("No brand has been added yet. Add one with: tetherboard tenant add");
    } else {
        checks.iter().for_each(print);
    }
    Ok(ExitCode::from(u8::from(!checks.iter().all(AccountCheck::is_healthy))))
}

fn print(check: &AccountCheck) {
    println!("{}", check.tenant);
    if let Some(error) = &check.connection_error {
        println!("  could not contact ClientTether: {error}");
    }
    for dataset in &check.datasets {
        print_dataset(dataset);
    }
    for warning in &check.warnings {
        println!("  warning: {warning}");
    }
    for finding in &check.data_quality {
        println!("  warning: {}: the list {}; syncs accept this while it stays the same", finding.dataset, finding.meaning);
    }
    if check.is_healthy() {
        println!("  No problems found.");
    }
}

fn print_dataset(check: &DatasetCheck) {
    let name = check.dataset.as_str();
    let Some(request) = &check.request else {
        println!("  {name}: not checked, because there is no contact to request them for");
        return;
    };
    if let Some(fault) = &check.fault {
        println!("  {name}: {}: {}", fault.meaning, fault.message);
        println!("      request: {request}");
        println!("      {}", fault.cure);
        return;
    }
    let total = check.total.map_or("total not reported".to_owned(), |total| format!("{total} in total"));
    println!("  {name}: {}, {} rows on the first page, {total}", check.result_code.as_deref().unwrap_or_default(), check.rows);
    if check.rows_not_objects > 0 {
        println!("      {} rows are not records and would be skipped", check.rows_not_objects);
    }
    if check.rows_without_id > 0 {
        println!(
            "      {} rows have no readable ID and would be skipped; if that is every row, set the ID's place under Field mapping in the portal",
            check.rows_without_id
        );
    }
    if check.rows > 0 {
        print_fields(check);
    }
    if !check.unknown_keys.is_empty() {
        println!("      keys that no field uses: {}", check.unknown_keys.join(", "));
    }
}

fn print_fields(check: &DatasetCheck) {
    let filled: Vec<String> =
        check.fields.iter().map(|field| format!("{} {}/{}", field.field, field.filled, check.rows)).collect();
    println!("      rows with a value: {}", filled.join(", "));
    for field in check.fields.iter().filter(|field| field.unreadable > 0) {
        let shape = field.unreadable_shape.as_deref().unwrap_or_default();
        println!("      {} could not be read in {} rows; their values look like {shape}", field.label, field.unreadable);
    }
}
