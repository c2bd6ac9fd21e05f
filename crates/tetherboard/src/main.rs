//! The one binary: portal, worker, demo, simulator, and the commands of whoever runs them.

mod commands;
mod config;
mod console;
mod heap;
mod logs;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use config::Config;

/// Franchise leads and pipeline from ClientTether, hour by hour.
#[derive(Parser)]
#[command(
    name = "tetherboard",
    version,
    about,
    after_help = "Settings come from the environment or tetherboard.toml; docs/config.md lists them."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play eight weeks of two invented brands, then open their portal
    Demo(commands::demo::Arguments),
    /// Run the portal, the hourly worker, or both
    Serve(commands::serve::Arguments),
    /// Run a ClientTether to try things against
    Simulate(commands::simulate::Arguments),
    /// Bring the database's tables up to this version
    Migrate,
    /// Add, list and change brands
    #[command(subcommand)]
    Tenant(commands::tenant::Command),
    /// Add, list and change people
    #[command(subcommand)]
    User(commands::user::Command),
    /// Add, list and revoke API tokens
    #[command(subcommand)]
    Token(commands::token::Command),
    /// Read ClientTether now
    Sync(commands::sync::Arguments),
    /// Ask ClientTether once for each list, and say what its answers are like
    Doctor(commands::doctor::Arguments),
    /// Make the tables again from kept answers, without ClientTether
    Replay(commands::replay::Arguments),
}

fn main() -> ExitCode {
    heap::keep_small();
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
    // The demo's 112 syncs are no news; nor are a command's own steps.
    let usual = if matches!(arguments.command, Command::Serve(_)) {
        "info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn"
    } else {
        "warn"
    };
    logs::start(&config, usual);
    // Every HTTPS client of the process uses this provider; a second call changes nothing.
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
