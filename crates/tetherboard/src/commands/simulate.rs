//! `simulate`: a ClientTether to try things against.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use clap::Args;
use tetherboard_domain::Clock;
use tetherboard_simulator::{Config, Simulator};

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The same seed makes the same world
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many accounts; each is one brand
    #[arg(long, default_value_t = 2)]
    accounts: usize,
    /// Contacts in each account; the last number serves the rest
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    contacts: Vec<usize>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if !(1..=100).contains(&arguments.accounts) {
        bail!("--accounts is {}; it should be 1 to 100", arguments.accounts);
    }
    let last = arguments.contacts.last().copied().unwrap_or(300);
    let contacts: Vec<usize> = (0..arguments.accounts).map(|at| arguments.contacts.get(at).copied().unwrap_or(last)).collect();
    if contacts.iter().any(|count| *count > 1_000_000) {
        bail!("--contacts goes up to 1000000");
    }
    let mut config = Config::plain(arguments.seed, &contacts);
    for account in &mut config.accounts {
        account.live = true;
    }
    let simulator = Simulator::new(config, Clock::system());
    let listen = arguments.listen;
    let server = simulator.listen(listen).await.with_context(|| format!("the simulator cannot listen on {listen}"))?;
    println!("CLIENTTETHER_BASE_URL={}", server.base_url());
    println!("CLIENTTETHER_ACCESS_TOKEN={}", simulator.access_token());
    for account in simulator.accounts() {
        println!("web key of account {}, {} ({}): {}", account.index, account.name, account.zone, account.web_key);
    }
    eprintln!(
        "Faults are switched on at http://{}/control/fault; http://{}/control/faults lists them.",
        server.addr(),
        server.addr()
    );
    super::serve::stop_signal().cancelled().await;
    server.stop().await;
    Ok(())
}
