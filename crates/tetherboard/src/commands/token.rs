//! `token`: API tokens.

use anyhow::bail;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use tetherboard_domain::Clock;
use tetherboard_store::tokens;
use tetherboard_web::{hash_token, new_api_token, token_hint};

use super::user::user_named;
use crate::config::Config;
use crate::console::table;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a token that may do what a person may, and print it once
    Add(Add),
    /// List tokens by their last characters
    List,
    /// End a token, at once
    Revoke(Revoke),
}

#[derive(Args)]
pub(crate) struct Add {
    /// Whose token it is
    #[arg(long)]
    email: String,
}

#[derive(Args)]
pub(crate) struct Revoke {
    /// Its number in the list
    #[arg(long)]
    id: i64,
}

pub(crate) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let store = config.open_store().await?;
    let now_ms = Clock::system().machine_ms();
    match command {
        Command::Add(arguments) => {
            let user = user_named(&store, &arguments.email).await?;
            if user.disabled {
                bail!("{} is disabled", user.email);
            }
            let token = new_api_token();
            tokens::add(store.conn(), user.id, &hash_token(&token), &token_hint(&token), now_ms).await?;
            println!("{}", token.expose_secret());
        }
        Command::List => {
            let rows: Vec<Vec<String>> = tokens::list(store.conn())
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
            if !tokens::revoke(store.conn(), arguments.id, now_ms).await? {
                bail!("there is no active token {}", arguments.id);
            }
            println!("Token {} is revoked.", arguments.id);
        }
    }
    Ok(())
}
