//! The `tetherboard` binary: the portal, the sync worker, the demo, the simulator, and the operator's commands.

mod commands;
mod config;
mod console;
mod heap;
mod logs;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use config::Config;

/// Franchise leads and pipeline from ClientTether, updated every hour.
#[derive(Parser)]
#[command(
    name = "tetherboard",
    version,
    about,
    after_help = "Settings come from environment variables or tetherboard.toml. See docs/config.md for the list."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a demo: two sample brands with eight weeks of data, on a simulated ClientTether
    Demo(commands::demo::Arguments),
    /// Run the portal, the hourly sync worker, or both
    Serve(commands::serve::Arguments),
    /// Run a simulated ClientTether to test against
    Simulate(commands::simulate::Arguments),
    /// Update the database to this version's tables
    Migrate,
    /// Add, list, and change brands
    #[command(subcommand)]
    Tenant(commands::tenant::Command),
    /// Add, list, and disable people who can sign in
    #[command(subcommand)]
    User(commands::user::Command),
    /// Create, list, and revoke API tokens
    #[command(subcommand)]
    Token(commands::token::Command),
    /// Sync brands from ClientTether now
    Sync(commands::sync::Arguments),
    /// Check that each brand's ClientTether account can be read correctly
    Doctor(commands::doctor::Arguments),
    /// Rebuild a brand's data from saved responses, without calling ClientTether
    Replay(commands::replay::Arguments),
}

fn main() -> ExitCode {
    heap::limit_arenas();
    let arguments = Arguments::parse();
    match start(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", console::chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::read()?;
    // Only `serve` logs its runs: a command prints its own result, and the demo would log more than 100 syncs before it opens.
    let default_filter = if matches!(arguments.command, Command::Serve(_)) {
        "info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn"
    } else {
        "warn"
    };
    logs::start(&config, default_filter);
    // All HTTPS clients in the process share this provider. It can be installed only once.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match arguments.command {
            Command::Demo(arguments) => commands::demo::run(&config, &arguments).await?,
            Command::Serve(arguments) => commands::serve::run(&config, &arguments).await?,
            Command::Simulate(arguments) => commands::simulate::run(&arguments).await?,
            Command::Migrate => config.open_store().await?.close().await,
            Command::Tenant(command) => commands::tenant::run(&config, command).await?,
            Command::User(command) => commands::user::run(&config, command).await?,
            Command::Token(command) => commands::token::run(&config, command).await?,
            Command::Sync(arguments) => return commands::sync::run(&config, &arguments).await,
            Command::Doctor(arguments) => return commands::doctor::run(&config, &arguments).await,
            Command::Replay(arguments) => return commands::replay::run(&config, &arguments).await,
        }
        Ok(ExitCode::SUCCESS)
    })
}
