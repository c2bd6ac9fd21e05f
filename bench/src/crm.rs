//! The simulated CRM in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use anyhow::Context;
use tetherboard_domain::Clock;
use tetherboard_simulator::{AccountConfig, Config, Simulator};

pub(crate) struct Child {
    process: std::process::Child,
    pub(crate) base_url: String,
    pub(crate) access_token: String,
    pub(crate) web_key: String,
}

impl Child {
    pub(crate) fn start(contacts: usize, deals: usize) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--serve-crm", "--contacts", &contacts.to_string(), "--deals", &deals.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the CRM's process has no output")?;
        let mut lines = BufReader::new(output).lines();
        let mut line = || lines.next().context("the CRM's process said too little")?.context("it cannot be read");
        Ok(Self { base_url: line()?, access_token: line()?, web_key: line()?, process })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) async fn serve(contacts: usize, deals: usize) -> anyhow::Result<()> {
    let mut account = AccountConfig::still("Bench", "America/Chicago", contacts);
    account.deals = Some(deals);
    let simulator = Simulator::new(Config { seed: 1, accounts: vec![account], odd_text: false }, Clock::system());
    let server = simulator.listen(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).await?;
    println!("{}\n{}\n{}", server.base_url(), simulator.access_token(), simulator.accounts()[0].web_key);
    std::future::pending().await
}
