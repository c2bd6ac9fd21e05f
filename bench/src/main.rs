//! Measures the cost of a sync (records per CPU-second, memory), the response time of pages, and the cost of sanitizing text,
//! each next to a baseline in the same run.
//!
//!     cargo run --release -p tetherboard-bench -- [--contacts 50000] [--deals 10000] [--database postgres://…] [--texts]
//!
//! The simulated CRM runs in a separate process, so that its work is not measured. The baseline is a plain script that requests
//! the same pages one after another, parses them, and writes each row as text into one SQLite table.

mod baseline;
mod crm;
#[path = "../../crates/tetherboard/src/heap.rs"]
mod heap;
mod notes;
mod pages;
mod texts;
mod usage;

use std::time::Instant;

use clap::Parser;
use secrecy::SecretString;
use tetherboard_clienttether::{Budgets, Limits};
use tetherboard_domain::{Clock, EpochMs, Trigger, Zone};
use tetherboard_store::tenants::{self, NewTenant, Tenant};
use tetherboard_store::{Cipher, DatabaseUrl, Store};
use tetherboard_sync::{Crm, RunOptions, Syncer};
use usage::Usage;

#[derive(Parser)]
struct Arguments {
    /// Number of contacts in the simulated account
    #[arg(long, default_value_t = 50_000)]
    contacts: usize,
    /// Number of deals in the simulated account
    #[arg(long, default_value_t = 10_000)]
    deals: usize,
    /// PostgreSQL database to use instead of a new SQLite file; its tables must be empty
    #[arg(long)]
    database: Option<DatabaseUrl>,
    /// Measures only the cost of sanitizing text
    #[arg(long)]
    texts: bool,
    /// Runs the simulated CRM; the benchmark starts itself with this option
    #[arg(long, hide = true)]
    serve_crm: bool,
}

fn main() -> anyhow::Result<()> {
    heap::limit_arenas();
    let arguments = Arguments::parse();
    if arguments.texts {
        return texts::measure();
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments.serve_crm {
        true => runtime.block_on(crm::serve(arguments.contacts, arguments.deals)),
        false => runtime.block_on(measure(&arguments)),
    }
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let mut crm = crm::Child::start(arguments.contacts, arguments.deals)?;
    let folder = tempfile::tempdir()?;
    let records = arguments.contacts + arguments.deals;
    println!("{} contacts and {} deals", arguments.contacts, arguments.deals);

    // The sync runs first, so that the peak memory it prints is its own.
    let url = arguments
        .database
        .clone()
        .unwrap_or_else(|| DatabaseUrl::Sqlite(folder.path().join("bench.db").to_string_lossy().into_owned()));
    let store = Store::open(&url, Cipher::from_file_or_new(&folder.path().join("key"))?).await?;
    store.migrate().await?;
    let syncer = Syncer {
        store: store.clone(),
        crm: Crm {
            base_url: crm.base_url.parse()?,
            access_token: Some(SecretString::from(crm.access_token.clone())),
            budgets: Budgets::new(8, 5_000),
            limits: Limits::default(),
        },
        clock: Clock::system(),
        holder: "bench".to_owned(),
        notes_calls_per_run: 0,
    };
    let tenant = tenant(&store, &crm.web_key).await?;
    run("first sync", &syncer, &tenant, records).await?;
    run("unchanged hour", &syncer, &tenant, records).await?;
    crm.add_contact()?;
    run("hour with one new lead", &syncer, &tenant, records).await?;
    let before = Usage::now()?;
    let started = Instant::now();
    let read = baseline::read_all(&crm, &folder.path().join("plain.db")).await?;
    before.print("baseline, a plain script", read, started)?;
    notes::write(&store, &tenant).await?;
    pages::measure(&store).await?;
    texts::measure()
}

async fn run(label: &str, syncer: &Syncer, tenant: &Tenant, records: usize) -> anyhow::Result<()> {
    let before = Usage::now()?;
    let started = Instant::now();
    let report = syncer.sync_tenant(tenant, Trigger::Command, &RunOptions::default()).await?;
    let status = report.map(|report| report.run.status.to_string()).unwrap_or_else(|| "not run".to_owned());
    before.print(&format!("{label} ({status})"), records, started)
}

async fn tenant(store: &Store, web_key: &str) -> anyhow::Result<Tenant> {
    let zone = Zone::named("America/Chicago")?;
    let new = NewTenant { slug: "bench", name: "Bench", zone: &zone, source_zone: None };
    let id = tenants::add(store.conn(), &new, EpochMs(0)).await?;
    let tx = store.begin().await?;
    tenants::set_web_key(&tx, store.cipher(), id, &SecretString::from(web_key.to_owned())).await??;
    Store::commit(tx).await?;
    tenants::by_id(store.conn(), id).await?.ok_or_else(|| anyhow::anyhow!("the tenant that was just added is missing"))
}
