//! `token`: creates, lists, and revokes API tokens.

use anyhow::bail;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use tetherboard_domain::Clock;
use tetherboard_store::api_tokens;
use tetherboard_web::{hash_token, new_api_token, token_hint};

use super::user::find_user;
use crate::config::Config;
use crate::console::table;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a token with a user's permissions and print it; it is shown only once
    Add(Add),
    /// List tokens, each with its last four characters
    List,
    /// Revoke a token immediately
    Revoke(Revoke),
}

#[derive(Args)]
pub(crate) struct Add {
    /// Email of the user whose permissions the token has
    #[arg(long)]
    email: String,
}

#[derive(Args)]
pub(crate) struct Revoke {
    /// ID of the token, from `tetherboard token list`
    #[arg(long)]
    id: i64,
}

/// Runs the subcommand.
pub(crate) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let store = config.open_store().await?;
    let now_ms = Clock::system().machine_ms();
    match command {
        Command::Add(arguments) => {
            let user = find_user(&store, &arguments.email).await?;
            if user.disabled {
                bail!("{} is disabled, so a token would not work; choose a user who is active", user.email);
            }
            let token = new_api_token();
            api_tokens::add(store.conn(), user.id, &hash_token(&token), &token_hint(&token), now_ms).await?;
            println!("{}", token.expose_secret());
        }
        Command::List => {
            let rows: Vec<Vec<String>> = api_tokens::list(store.conn())
                .await?
                .into_iter()
                .map(|token| {
                    let state = if token.revoked_ms.is_some() { "revoked" } else { "active" };
                    vec![token.id.to_string(), token.email, format!("tb_…{}", token.hint), state.to_owned()]
                })
                .collect();
            println!("{}", table(&["ID", "EMAIL", "TOKEN", "STATE"], &rows));
        }
        Command::Revoke(arguments) => {
            if !api_tokens::revoke(store.conn(), arguments.id, now_ms).await? {
                bail!("there is no active token {}; see the IDs with: tetherboard token list", arguments.id);
            }
            println!("Revoked token {}.", arguments.id);
        }
    }
    Ok(())
}
