//! `simulate`: runs a simulated ClientTether to test against.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use clap::Args;
use tetherboard_domain::Clock;
use tetherboard_simulator::{Config, Quirks, Simulator};

#[derive(Args)]
#[command(after_help = "Prints the base URL and access token as settings to export, and a web key for each account.")]
pub(crate) struct Arguments {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Seed for the generated data; the same seed generates the same data
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Number of accounts, one per brand
    #[arg(long, value_name = "N", default_value_t = 2)]
    accounts: usize,
    /// Contacts in each account, 300 by default; the last number applies to all remaining accounts
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    contacts: Vec<usize>,
    /// Makes the accounts permanently odd: repeated rows, rows that are not records, and rows without an ID, each for this
    /// percentage of the rows, and wrong totals
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    odd: Option<u8>,
}

/// Runs until Ctrl-C or a termination signal.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if !(1..=100).contains(&arguments.accounts) {
        bail!("--accounts is {}; use a number from 1 to 100", arguments.accounts);
    }
    let last = arguments.contacts.last().copied().unwrap_or(300);
    let contacts: Vec<usize> = (0..arguments.accounts).map(|at| arguments.contacts.get(at).copied().unwrap_or(last)).collect();
    if contacts.iter().any(|count| *count > 1_000_000) {
        bail!("--contacts is too large; use at most 1000000 for each account");
    }
    let mut config = Config::plain(arguments.seed, &contacts);
    let quirks = arguments.odd.map(|percent| Quirks::every_kind(f64::from(percent) / 100.0)).unwrap_or_default();
    for account in &mut config.accounts {
        account.live = true;
        account.quirks = quirks.clone();
    }
    let simulator = Simulator::new(config, Clock::system());
    let listen = arguments.listen;
    let server = simulator
        .listen(listen)
        .await
        .with_context(|| format!("the simulator could not listen on {listen}; choose another address with --listen"))?;
    println!("CLIENTTETHER_BASE_URL={}", server.base_url());
    println!("CLIENTTETHER_ACCESS_TOKEN={}", simulator.access_token());
    for account in simulator.accounts() {
        println!("web key of account {}, {} ({}): {}", account.index, account.name, account.zone, account.web_key);
    }
    let control = format!("http://{}/control", server.addr());
    eprintln!("To simulate a fault, POST to {control}/fault. {control}/faults lists the faults you can choose.");
    super::serve::stop_signal().cancelled().await;
    server.stop().await;
    Ok(())
}
