//! `demo`: two invented brands, eight weeks of them read day by day, then their portal in real time.
//!
//! Nothing in it comes by any other way than a sync: the simulator's clock and the portal's are one clock, which
//! stands still while each day is read, and runs when the portal opens.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tetherboard_domain::{Clock, StageRole, TenantId, Trigger, UserRole, Zone};
use tetherboard_metrics::Board;
use tetherboard_simulator::{AccountInfo, Config as World, Server, Simulator};
use tetherboard_store::agency::{self, Setting};
use tetherboard_store::tenants::{self, Changes, NewTenant};
use tetherboard_store::{DatabaseUrl, Store, access, stage_roles};
use tetherboard_sync::{RunOptions, Syncer, Worker};
use tetherboard_web::hash_password;
use tokio::net::TcpListener;

use super::serve::{serve_portal, stop_signal};
use crate::config::{Config, DEFAULT_LISTEN};
use crate::console::spinner;

#[derive(Args)]
pub(crate) struct Arguments {
    /// How many times faster than real time it goes on afterwards
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    speed: f64,
}

const DAYS: i64 = 56;
const NOTES_A_DAY: usize = 10;
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
    let today = Clock::system().now();
    let clock = Clock::standing_at(today - SignedDuration::from_hours(24 * DAYS));
    let simulator = Simulator::new(World::demo(), clock.clone());
    let crm = simulator.listen(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).await.context("the simulator cannot listen")?;
    let (config, folder) = own_database(config, &crm, &simulator)?;
    let store = config.open_store().await?;
    if !tenants::list(store.conn()).await?.is_empty() {
        bail!("the database {:?} holds brands already; give the demo an empty one", config.database_url());
    }
    let tenants = furnish(&store, &clock, &simulator).await?;
    let syncer = config.syncer(&store, &clock);
    play(&syncer, &tenants, today).await?;
    clock.run(arguments.speed);

    let worker = tokio::spawn(Worker::new(syncer, config.retention).work(stop.clone()));
    let listener = bind(config.listen).await?;
    announce(&config, &listener, &crm)?;
    serve_portal(&config, listener, &store, &clock, arguments.speed, &stop).await?;
    stop.cancelled().await;
    worker.await?;
    store.close().await;
    crm.stop().await;
    if let Some(folder) = folder {
        std::fs::remove_dir_all(&folder).with_context(|| format!("{} could not be removed", folder.display()))?;
    }
    Ok(())
}

/// A new SQLite file of its own that goes when the demo ends, unless a database is set.
fn own_database(config: &Config, crm: &Server, simulator: &Simulator) -> anyhow::Result<(Config, Option<std::path::PathBuf>)> {
    let token = SecretString::from(simulator.access_token());
    let config = config.with_crm(crm.base_url().parse()?, Some(token));
    if config.has_database() {
        return Ok((config, None));
    }
    let folder = std::env::temp_dir().join(format!("tetherboard-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("tetherboard.db");
    Ok((config.with_database(DatabaseUrl::Sqlite(file.to_string_lossy().into_owned())), Some(folder)))
}

/// The agency, its brands and their people.
async fn furnish(store: &Store, clock: &Clock, simulator: &Simulator) -> anyhow::Result<Vec<TenantId>> {
    let conn = store.conn();
    agency::set(conn, Setting::Name, "Northgate Franchising").await?;
    agency::set(conn, Setting::Contact, "Dana Whitlock, (312) 555-0142").await?;
    agency::set_access_token(conn, store.cipher(), &SecretString::from(simulator.access_token())).await?;
    let mut added = Vec::new();
    for (account, (slug, accent)) in simulator.accounts().iter().zip(BRANDS) {
        added.push(add_brand(store, clock, account, slug, accent).await?);
    }
    let hash = hash_password(&SecretString::from(PASSWORD))?;
    for (email, name, role, brands) in PEOPLE {
        let user = access::add_user(conn, email, name, role, &hash, clock.now_ms()).await?;
        for brand in brands {
            access::join(conn, user, added[*brand]).await?;
        }
    }
    Ok(added)
}

async fn add_brand(store: &Store, clock: &Clock, account: &AccountInfo, slug: &str, accent: &str) -> anyhow::Result<TenantId> {
    let zone = Zone::named(&account.zone)?;
    let new = NewTenant { slug, name: &account.name, zone: &zone, source_zone: None };
    let tenant = tenants::add(store.conn(), &new, clock.now_ms()).await?;
    tenants::set(store.conn(), tenant, &Changes { accent: Some(accent), ..Default::default() }).await?;
    tenants::set_web_key(store.conn(), store.cipher(), tenant, &SecretString::from(account.web_key.clone())).await?;
    Ok(tenant)
}

/// One real sync of each brand for each of the days.
async fn play(syncer: &Syncer, brands: &[TenantId], today: Timestamp) -> anyhow::Result<()> {
    let shown = spinner("playing eight weeks");
    for day in (0..=DAYS).rev() {
        syncer.clock.set(today - SignedDuration::from_hours(24 * day));
        // Notes are a call for each contact: a few a day, and whatever is left on the last.
        let notes_calls_per_run = if day > 0 { NOTES_A_DAY } else { syncer.notes_calls_per_run };
        let syncer = Syncer { notes_calls_per_run, ..syncer.clone() };
        shown.set_message(format!("playing eight weeks: day {} of {DAYS}", DAYS - day));
        for brand in brands {
            let Some(tenant) = tenants::by_id(syncer.store.conn(), *brand).await? else { continue };
            syncer.sync_tenant(&tenant, Trigger::Schedule, &RunOptions::default()).await?;
            if day == DAYS {
                confirm_roles(&syncer, *brand).await?;
            }
        }
    }
    shown.finish_and_clear();
    Ok(())
}

/// As an agency would: it looks at the suggestions and agrees.
async fn confirm_roles(syncer: &Syncer, brand: TenantId) -> anyhow::Result<()> {
    let board = Board::load(syncer.store.conn(), brand).await?;
    for stage in board.stages() {
        if let StageRole::Unconfirmed(role) = stage.role {
            stage_roles::confirm(syncer.store.conn(), brand, &stage.key, role, syncer.clock.now_ms()).await?;
        }
    }
    Ok(())
}

/// The usual address, or a free port when that is taken and nobody asked for it.
async fn bind(listen: Option<SocketAddr>) -> anyhow::Result<TcpListener> {
    match listen {
        Some(listen) => {
            TcpListener::bind(listen).await.with_context(|| format!("TETHERBOARD_LISTEN: {listen} cannot be listened on"))
        }
        None => match TcpListener::bind(DEFAULT_LISTEN).await {
            Ok(listener) => Ok(listener),
            Err(_) => Ok(TcpListener::bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).await?),
        },
    }
}

fn announce(config: &Config, listener: &TcpListener, crm: &Server) -> anyhow::Result<()> {
    println!("\nTetherboard is at http://{}\n", listener.local_addr()?);
    println!("Sign in with the password {PASSWORD} as");
    for (email, name, role, brands) in PEOPLE {
        let of = match role {
            UserRole::AgencyAdmin => "every brand".to_owned(),
            _ => brands.iter().map(|brand| BRANDS[*brand].0).collect::<Vec<_>>().join(" and "),
        };
        println!("  {email:<24} {name}, {} of {of}", role.as_str());
    }
    println!("\nThe simulated ClientTether is at {}", crm.base_url());
    println!("The database is {:?}; Ctrl-C ends the demo.", config.database_url());
    Ok(())
}
