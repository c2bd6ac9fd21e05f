//! The simulated CRM, run in a child process.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{ChildStdout, Command, Stdio};

use anyhow::Context;
use tetherboard_domain::Clock;
use tetherboard_simulator::{AccountConfig, Config, ContactEdit, Edit, Simulator};

/// The child process. Dropping it ends the process.
pub(crate) struct Child {
    process: std::process::Child,
    pub(crate) base_url: String,
    pub(crate) access_token: String,
    pub(crate) web_key: String,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts the child process and reads its address and credentials.
    pub(crate) fn start(contacts: usize, deals: usize) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--serve-crm", "--contacts", &contacts.to_string(), "--deals", &deals.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the CRM process has no stdout")?;
        let mut lines = BufReader::new(output).lines();
        let mut line =
            || lines.next().context("the CRM process printed too few lines")?.context("could not read the CRM process");
        let (base_url, access_token, web_key) = (line()?, line()?, line()?);
        Ok(Self { base_url, access_token, web_key, lines, process })
    }

    /// Adds a contact at the front of the list, which shifts all the others by one.
    pub(crate) fn add_contact(&mut self) -> anyhow::Result<()> {
        writeln!(self.process.stdin.as_mut().context("the CRM process has no stdin")?, "add")?;
        self.lines.next().context("the CRM process exited")??;
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // The process may have exited already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The child process: serves the CRM, and adds a contact for each line on stdin.
pub(crate) async fn serve(contacts: usize, deals: usize) -> anyhow::Result<()> {
    let mut account = AccountConfig::frozen("Bench", "America/Chicago", contacts);
    account.deals = Some(deals);
    let simulator = Simulator::new(Config { seed: 1, accounts: vec![account], hostile_text: false }, Clock::system());
    let server = simulator.listen(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).await?;
    println!("{}\n{}\n{}", server.base_url(), simulator.access_token(), simulator.accounts()[0].web_key);
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            line?;
            println!("{}", simulator.edit(0, Edit::AddContact(ContactEdit::named("Ada Ash"))));
        }
        Ok(())
    })
    .await?
}
