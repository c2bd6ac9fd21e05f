//! `demo`: eight weeks of two invented brands, synced day by day, then their portal in real time.
//!
//! All of the demo's data comes from real syncs. The simulator and the portal share one clock, which stands still while a
//! day is synced and runs once the portal is open.

mod storage;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use jiff::SignedDuration;
use secrecy::SecretString;
use storage::Storage;
use tetherboard_domain::{Clock, StageRole, TenantId, Trigger, UserRole, Zone};
use tetherboard_metrics::Board;
use tetherboard_simulator::{AccountInfo, Config as World, Server, Simulator};
use tetherboard_store::agency::{self, Setting};
use tetherboard_store::tenants::{self, Changes, NewTenant};
use tetherboard_store::{Store, stage_roles, users};
use tetherboard_sync::{RunOptions, Syncer, Worker};
use tetherboard_web::hash_password;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::serve::{serve_portal, stop_signal};
use crate::config::{Config, DEFAULT_LISTEN};
use crate::console::spinner;

#[derive(Args)]
pub(crate) struct Arguments {
    /// How many times faster than real time the demo's clock runs, from 0.1 to 10000
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    speed: f64,
    /// Keep the demo in DIR, and continue it from there the next time
    ///
    /// The first run creates DIR with a SQLite database and its key. Later runs continue at the demo's own time, where
    /// the last one stopped, instead of syncing eight weeks again; --speed may differ. Faults and edits that were made
    /// at the simulator's control address are not kept. Delete DIR to start over.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// The history ends after this many days; it is synced once at its start, and once a day from then on.
const DAYS: i64 = 56;
const NOTES_PER_DAY: usize = 10;
const PASSWORD: &str = "tetherboard-demo";
const BRANDS: [(&str, &str); 2] = [("harbor", "#0F766E"), ("tidewater", "#0369A1")];
const PEOPLE: [(&str, &str, UserRole, &[usize]); 5] = [
    ("dana@northgate.example", "Dana Whitlock", UserRole::AgencyAdmin, &[]),
    ("jordan@harbor.example", "Jordan Ellis", UserRole::TenantAdmin, &[0]),
    ("riley@harbor.example", "Riley Chen", UserRole::TenantViewer, &[0]),
    ("sam@tidewater.example", "Sam Okafor", UserRole::TenantViewer, &[1]),
    ("alex@brands.example", "Alex Moreno", UserRole::TenantViewer, &[0, 1]),
];

pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<()> {
    if !(0.1..=10_000.0).contains(&arguments.speed) {
        bail!("--speed is {}; it should be a number from 0.1 to 10000", arguments.speed);
    }
    let stop = stop_signal();
    let mut storage = Storage::open(arguments.keep.as_deref(), config.has_database(), Clock::system().now())?;
    let clock = Clock::stopped_at(storage.progress.start);
    let simulator = Simulator::new(World::demo(), clock.clone());
    let crm = simulator.listen(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).await.context("the simulator cannot listen")?;
    let token = SecretString::from(simulator.access_token());
    let config = config.with_crm(crm.base_url().parse()?, Some(token));
    let config = storage.database().map_or_else(|| config.clone(), |database| config.with_database(database));

    let store = open_store(&config, &storage).await?;
    if storage.progress.is_set_up {
        storage.take_over(&store).await?;
    } else {
        set_up(&config, &store, &clock, &simulator).await?;
        storage.progress.is_set_up = true;
        storage.save()?;
    }
    let syncer = config.syncer(&store, &clock);
    sync_history(&syncer, &mut storage, &stop).await?;
    if storage.has_history() {
        clock.set(storage.progress.clock);
        clock.run(arguments.speed);
        open_portal(&config, syncer, &storage, &crm, arguments.speed, &stop).await?;
        storage.progress.clock = clock.now();
        storage.save()?;
    }
    store.close().await;
    crm.stop().await;
    storage.close()
}

async fn open_store(config: &Config, storage: &Storage) -> anyhow::Result<Store> {
    let opened = config.open_store().await;
    match storage.kept() {
        Some(directory) => opened.with_context(|| {
            let directory = directory.display();
            format!("--keep: the demo in {directory} cannot be continued; delete {directory} to start over, or choose another directory")
        }),
        None => opened,
    }
}

/// The worker and the portal, until the demo is stopped.
async fn open_portal(
    config: &Config,
    syncer: Syncer,
    storage: &Storage,
    crm: &Server,
    speed: f64,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let (store, clock) = (syncer.store.clone(), syncer.clock.clone());
    let saving = storage.save_clock(&clock, speed, stop)?;
    let worker = tokio::spawn(Worker::new(syncer, config.retention).work(stop.clone()));
    let listener = bind(config.listen).await?;
    announce(config, &listener, crm, storage)?;
    serve_portal(config, listener, &store, &clock, speed, stop).await?;
    stop.cancelled().await;
    worker.await?;
    Ok(saving.await?)
}

/// Adds the agency, its brands, and their users to an empty database.
async fn set_up(config: &Config, store: &Store, clock: &Clock, simulator: &Simulator) -> anyhow::Result<()> {
    let conn = store.conn();
    if !tenants::list(conn).await?.is_empty() {
        bail!("the database {:?} already has brands; give the demo an empty one", config.database_url());
    }
    agency::set(conn, Setting::Name, "Northgate Franchising").await?;
    agency::set(conn, Setting::Contact, "Dana Whitlock, (312) 555-0142").await?;
    agency::set_access_token(conn, store.cipher(), &SecretString::from(simulator.access_token())).await?;
    let mut added = Vec::new();
    for (account, (slug, accent)) in simulator.accounts().iter().zip(BRANDS) {
        added.push(add_brand(store, clock, account, slug, accent).await?);
    }
    let hash = hash_password(&SecretString::from(PASSWORD))?;
    for (email, name, role, brands) in PEOPLE {
        let user = users::add_user(conn, email, name, role, &hash, clock.now_ms()).await?;
        for brand in brands {
            users::add_membership(conn, user, added[*brand]).await?;
        }
    }
    Ok(())
}

async fn add_brand(store: &Store, clock: &Clock, account: &AccountInfo, slug: &str, accent: &str) -> anyhow::Result<TenantId> {
    let zone = Zone::named(&account.zone)?;
    let new = NewTenant { slug, name: &account.name, zone: &zone, source_zone: None };
    let tenant = tenants::add(store.conn(), &new, clock.now_ms()).await?;
    tenants::set(store.conn(), tenant, &Changes { accent: Some(accent), ..Default::default() }).await?;
    let tx = store.begin().await?;
    tenants::set_web_key(&tx, store.cipher(), tenant, &SecretString::from(account.web_key.clone())).await??;
    Store::commit(tx).await?;
    Ok(tenant)
}

/// Syncs each brand once for each day of the history that has not been synced yet, until `stop`.
async fn sync_history(syncer: &Syncer, storage: &mut Storage, stop: &CancellationToken) -> anyhow::Result<()> {
    if storage.has_history() {
        return Ok(());
    }
    let brands = tenants::list(syncer.store.conn()).await?;
    let progress = spinner("syncing eight weeks");
    for day in storage.progress.days_synced..=DAYS {
        if stop.is_cancelled() {
            break;
        }
        let now = storage.progress.start + SignedDuration::from_hours(24 * day);
        syncer.clock.set(now);
        // Reading notes takes a call per contact: a few a day, and the rest on the last day.
        let notes_calls_per_run = if day < DAYS { NOTES_PER_DAY } else { syncer.notes_calls_per_run };
        let syncer = Syncer { notes_calls_per_run, ..syncer.clone() };
        progress.set_message(format!("syncing eight weeks: day {day} of {DAYS}"));
        for brand in &brands {
            syncer.sync_tenant(brand, Trigger::Schedule, &RunOptions::default()).await?;
            if day == 0 {
                confirm_roles(&syncer, brand.id).await?;
            }
        }
        storage.progress.days_synced = day + 1;
        storage.progress.clock = now;
        storage.save()?;
    }
    progress.finish_and_clear();
    Ok(())
}

/// Accepts the suggested role of every stage, as the agency would on its first visit.
async fn confirm_roles(syncer: &Syncer, brand: TenantId) -> anyhow::Result<()> {
    let board = Board::load(syncer.store.conn(), brand).await?;
    for stage in board.stages() {
        if let StageRole::Unconfirmed(role) = stage.role {
            stage_roles::confirm(syncer.store.conn(), brand, &stage.key, role, syncer.clock.now_ms()).await?;
        }
    }
    Ok(())
}

/// Binds the configured address; without one, the default address, or any free port if that is taken.
async fn bind(listen: Option<SocketAddr>) -> anyhow::Result<TcpListener> {
    match listen {
        Some(listen) => TcpListener::bind(listen).await.with_context(|| format!("TETHERBOARD_LISTEN: cannot listen on {listen}")),
        None => match TcpListener::bind(DEFAULT_LISTEN).await {
            Ok(listener) => Ok(listener),
            Err(_) => Ok(TcpListener::bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).await?),
        },
    }
}

fn announce(config: &Config, listener: &TcpListener, crm: &Server, storage: &Storage) -> anyhow::Result<()> {
    println!("\nTetherboard is at http://{}\n", listener.local_addr()?);
    println!("Sign in with the password {PASSWORD} as");
    for (email, name, role, brands) in PEOPLE {
        let scope = match role {
            UserRole::AgencyAdmin => "every brand".to_owned(),
            _ => brands.iter().map(|brand| BRANDS[*brand].0).collect::<Vec<_>>().join(" and "),
        };
        println!("  {email:<24} {name}, {} of {scope}", role.as_str());
    }
    println!("\nThe simulated ClientTether is at {}", crm.base_url());
    match storage.kept() {
        Some(directory) => {
            println!("The demo is kept in {}. Ctrl-C stops it; the same command continues it.", directory.display());
        }
        None => println!("The database is {:?}; Ctrl-C ends the demo.", config.database_url()),
    }
    Ok(())
}
