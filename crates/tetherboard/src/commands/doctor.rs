//! `doctor`: ask ClientTether once for each list, and say what its answers are like.

use std::process::ExitCode;

use clap::Args;
use tetherboard_domain::Clock;
use tetherboard_store::tenants;
use tetherboard_sync::{Checkup, DatasetCheckup};

use super::tenant_named;
use crate::config::Config;

#[derive(Args)]
pub(crate) struct Arguments {
    /// One brand, by its slug; without it every brand
    #[arg(long, value_name = "SLUG")]
    tenant: Option<String>,
    /// Write what was found to stdout as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

/// Ends with 0 when all is well, 1 when something is not. Nothing is written to the database.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let store = config.open_store().await?;
    let syncer = config.syncer(&store, &Clock::system());
    let brands = match &arguments.tenant {
        Some(slug) => vec![tenant_named(&store, slug).await?],
        None => tenants::list(store.conn()).await?,
    };
    let mut found = Vec::new();
    for brand in &brands {
        found.push(syncer.check_up(brand).await?);
    }
    if arguments.json {
        match (&arguments.tenant, found.first()) {
            (Some(_), Some(one)) => println!("{}", serde_json::to_string_pretty(one)?),
            _ => println!("{}", serde_json::to_string_pretty(&found)?),
        }
    } else if found.is_empty() {
        println!("There is no brand yet; add one with: tetherboard tenant add");
    } else {
        found.iter().for_each(print);
    }
    Ok(ExitCode::from(u8::from(!found.iter().all(Checkup::is_well))))
}

fn print(checkup: &Checkup) {
    println!("{}", checkup.tenant);
    if let Some(trouble) = &checkup.trouble {
        println!("  nothing could be asked: {trouble}");
    }
    for found in &checkup.datasets {
        print_dataset(found);
    }
    for doubt in &checkup.doubts {
        println!("  doubt: {doubt}");
    }
    if checkup.is_well() {
        println!("  All is well.");
    }
}

fn print_dataset(found: &DatasetCheckup) {
    let name = found.dataset.as_str();
    let Some(request) = &found.request else {
        println!("  {name}: not asked, because there is no contact to ask about");
        return;
    };
    if let Some(fault) = &found.fault {
        println!("  {name}: {}: {}", fault.meaning, fault.message);
        println!("      asked: {request}");
        println!("      {}", fault.cure);
        return;
    }
    let total = found.total.map_or("an unknown total".to_owned(), |total| format!("{total} in all"));
    println!("  {name}: {}, {} rows on the first page, {total}", found.result_code.as_deref().unwrap_or_default(), found.rows);
    for (count, what) in [(found.rows_not_objects, "are no records"), (found.rows_without_id, "have no readable id")] {
        if count > 0 {
            println!("      {count} rows {what}; if that is all of them, the field mapping may need another place for the id");
        }
    }
    if found.rows > 0 {
        let given: Vec<String> =
            found.fields.iter().map(|field| format!("{} {}/{}", field.field, field.filled, found.rows)).collect();
        println!("      given: {}", given.join(", "));
        for field in found.fields.iter().filter(|field| field.unreadable > 0) {
            let shape = field.unreadable_shape.as_deref().unwrap_or_default();
            println!("      {} could not be read in {} rows, such as {shape}", field.label, field.unreadable);
        }
    }
    if !found.unknown_keys.is_empty() {
        println!("      keys that no field looks at: {}", found.unknown_keys.join(", "));
    }
}
