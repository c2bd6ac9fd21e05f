//! `user`: people who can sign in.

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use tetherboard_domain::{Clock, UserRole};
use tetherboard_store::Store;
use tetherboard_store::users::{self, User};
use tetherboard_web::hash_password;

use super::find_tenant;
use crate::config::Config;
use crate::console::{secret_from_stdin, table};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a user
    Add(Add),
    /// List users with their roles and brands
    List,
    /// Set a new password and sign the user out everywhere
    SetPassword(SetPassword),
    /// Block a user from signing in and sign them out everywhere
    Disable(Disable),
}

#[derive(Args)]
pub(crate) struct Add {
    /// Email address that the user signs in with
    #[arg(long)]
    email: String,
    /// Name shown in the portal
    #[arg(long)]
    name: String,
    /// agency_admin (all brands), tenant_admin, or tenant_viewer
    #[arg(long)]
    role: UserRole,
    /// Brand that a tenant_admin or tenant_viewer can see; can be repeated
    #[arg(long = "tenant", value_name = "SLUG")]
    tenants: Vec<String>,
    /// Read the password from stdin
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Args)]
pub(crate) struct SetPassword {
    /// Email address of the user
    #[arg(long)]
    email: String,
    /// Read the new password from stdin
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Args)]
pub(crate) struct Disable {
    /// Email address of the user
    #[arg(long)]
    email: String,
}

/// Runs the subcommand.
pub(crate) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let clock = Clock::system();
    match command {
        Command::Add(arguments) => add(config, &clock, &arguments).await,
        Command::List => list(config).await,
        Command::SetPassword(arguments) => {
            let hash = hash_password(&secret_from_stdin("password")?)?;
            let store = config.open_store().await?;
            let user = find_user(&store, &arguments.email).await?;
            users::set_password(store.conn(), user.id, &hash).await?;
            println!("Changed the password of {} and signed them out everywhere.", user.email);
            Ok(())
        }
        Command::Disable(arguments) => {
            let store = config.open_store().await?;
            let user = find_user(&store, &arguments.email).await?;
            users::disable(store.conn(), user.id, clock.machine_ms()).await?;
            println!("Disabled {} and signed them out everywhere.", user.email);
            Ok(())
        }
    }
}

async fn add(config: &Config, clock: &Clock, arguments: &Add) -> anyhow::Result<()> {
    let email = check_email(&arguments.email)?;
    let name = arguments.name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        bail!("--name is not valid; use 1 to 100 characters");
    }
    match (arguments.role, arguments.tenants.is_empty()) {
        (UserRole::AgencyAdmin, false) => bail!("an agency_admin sees every brand; remove --tenant"),
        (UserRole::TenantAdmin | UserRole::TenantViewer, true) => {
            bail!("a {} needs at least one brand; add --tenant SLUG", arguments.role.as_str())
        }
        _ => {}
    }
    let hash = hash_password(&secret_from_stdin("password")?)?;
    let store = config.open_store().await?;
    let mut tenants = Vec::new();
    for slug in &arguments.tenants {
        tenants.push(find_tenant(&store, slug).await?);
    }
    if users::by_email(store.conn(), &email).await?.is_some() {
        bail!("a user with the email {email} already exists; use another email");
    }
    let tx = store.begin().await?;
    let user = users::add_user(&tx, &email, name, arguments.role, &hash, clock.machine_ms()).await?;
    for tenant in &tenants {
        users::add_membership(&tx, user, tenant.id).await?;
    }
    Store::commit(tx).await?;
    println!("Added {name} <{email}> as {}.", arguments.role.as_str());
    Ok(())
}

/// The email address in the form that it is stored in.
fn check_email(text: &str) -> anyhow::Result<String> {
    let email = users::email_key(text);
    let (local, domain) = email.split_once('@').unwrap_or_default();
    if local.is_empty() || domain.is_empty() || email.contains(char::is_whitespace) || email.len() > 254 {
        bail!("--email `{text}` is not an email address; use one like dana@example.com");
    }
    Ok(email)
}

async fn list(config: &Config) -> anyhow::Result<()> {
    let store = config.open_store().await?;
    let rows: Vec<Vec<String>> = users::list(store.conn())
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

/// The user with this email address.
///
/// # Errors
/// When there is none.
pub(super) async fn find_user(store: &Store, email: &str) -> anyhow::Result<User> {
    let user = users::by_email(store.conn(), email).await?;
    user.ok_or_else(|| anyhow!("there is no user with the email {email}; see them all with: tetherboard user list"))
}
