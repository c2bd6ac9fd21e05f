//! `user`: people who may sign in.

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use tetherboard_domain::{Clock, UserRole};
use tetherboard_store::Store;
use tetherboard_store::access::{self, User};
use tetherboard_web::hash_password;

use super::tenant_named;
use crate::config::Config;
use crate::console::{secret_from_stdin, table};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a person
    Add(Add),
    /// List people, their roles and brands
    List,
    /// Give a person a new password and end their sessions
    SetPassword(Named),
    /// Keep a person from signing in, at once
    Disable(Email),
}

#[derive(Args)]
pub(crate) struct Add {
    #[arg(long)]
    email: String,
    #[arg(long)]
    name: String,
    /// agency_admin, tenant_admin or tenant_viewer
    #[arg(long)]
    role: UserRole,
    /// A brand that they may see; may be given several times
    #[arg(long = "tenant", value_name = "SLUG")]
    tenants: Vec<String>,
    /// Read the password from stdin
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Args)]
pub(crate) struct Named {
    #[arg(long)]
    email: String,
    /// Read the password from stdin
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Args)]
pub(crate) struct Email {
    #[arg(long)]
    email: String,
}

pub(crate) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let clock = Clock::system();
    match command {
        Command::Add(arguments) => add(config, &clock, &arguments).await,
        Command::List => list(config).await,
        Command::SetPassword(arguments) => {
            let hash = hash_password(&secret_from_stdin("password")?)?;
            let store = config.open_store().await?;
            let user = user_named(&store, &arguments.email).await?;
            access::set_password(store.conn(), user.id, &hash).await?;
            println!("{} has a new password; their sessions are ended.", user.email);
            Ok(())
        }
        Command::Disable(arguments) => {
            let store = config.open_store().await?;
            let user = user_named(&store, &arguments.email).await?;
            access::disable(store.conn(), user.id, clock.machine_ms()).await?;
            println!("{} cannot sign in any more.", user.email);
            Ok(())
        }
    }
}

async fn add(config: &Config, clock: &Clock, arguments: &Add) -> anyhow::Result<()> {
    let email = access::email_key(&arguments.email);
    let (before, after) = email.split_once('@').unwrap_or_default();
    if before.is_empty() || after.is_empty() || email.contains(char::is_whitespace) || email.len() > 254 {
        bail!("--email `{}` is no email address", arguments.email);
    }
    let name = arguments.name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        bail!("--name cannot be used; write 1 to 100 characters");
    }
    match (arguments.role, arguments.tenants.is_empty()) {
        (UserRole::AgencyAdmin, false) => bail!("an agency_admin sees every brand; leave --tenant out"),
        (UserRole::TenantAdmin | UserRole::TenantViewer, true) => {
            bail!("a {} belongs to a brand; name it with --tenant", arguments.role.as_str())
        }
        _ => {}
    }
    let hash = hash_password(&secret_from_stdin("password")?)?;
    let store = config.open_store().await?;
    let mut tenants = Vec::new();
    for slug in &arguments.tenants {
        tenants.push(tenant_named(&store, slug).await?);
    }
    if access::by_email(store.conn(), &email).await?.is_some() {
        bail!("there is a person with the email {email} already");
    }
    let tx = store.begin().await?;
    let user = access::add_user(&tx, &email, name, arguments.role, &hash, clock.machine_ms()).await?;
    for tenant in &tenants {
        access::join(&tx, user, tenant.id).await?;
    }
    Store::commit(tx).await?;
    println!("Added {name} <{email}> as {}.", arguments.role.as_str());
    Ok(())
}

async fn list(config: &Config) -> anyhow::Result<()> {
    let store = config.open_store().await?;
    let rows: Vec<Vec<String>> = access::list(store.conn())
        .await?
        .into_iter()
        .map(|(user, slugs)| {
            let brands = if user.role == UserRole::AgencyAdmin { "all".to_owned() } else { slugs.join(" ") };
            let state = if user.disabled { "disabled" } else { "active" };
            vec![user.email, user.name, user.role.as_str().to_owned(), brands, state.to_owned()]
        })
        .collect();
    println!("{}", table(&["EMAIL", "NAME", "ROLE", "BRANDS", "STATE"], &rows));
    Ok(())
}

pub(super) async fn user_named(store: &Store, email: &str) -> anyhow::Result<User> {
    access::by_email(store.conn(), email).await?.ok_or_else(|| anyhow!("there is no person with the email {email}"))
}
