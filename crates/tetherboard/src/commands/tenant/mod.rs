//! `tenant`: adds, lists, and changes brands.

mod set;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{ArgGroup, Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_domain::{Clock, StageMilestone, StageRole, Zone};
use tetherboard_metrics::{Board, StagePlace, freshness, hot_list_rules, lead_counts};
use tetherboard_store::tenants::{self, NewTenant};
use tetherboard_store::{Store, hot_list};

use super::find_tenant;
use crate::config::Config;
use crate::console::{printable, secret_from_stdin, table};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a brand
    Add(Add),
    /// List brands and the age of their data, or the meaning of their stages
    List(List),
    /// Change a brand's settings
    Set(Set),
    /// Print the rules that score a brand's candidates and decide when they are overdue or stalled
    Rules(Rules),
}

#[derive(Args)]
pub(crate) struct Add {
    /// Name in URLs and commands: lowercase letters, digits, and hyphens
    #[arg(long)]
    slug: String,
    /// Name shown in the portal
    #[arg(long)]
    name: String,
    /// Time zone of the brand, as an IANA name like America/Chicago
    #[arg(long)]
    zone: String,
    /// Time zone of the times in its ClientTether account, if different
    #[arg(long, value_name = "ZONE")]
    source_zone: Option<String>,
    /// Read the brand's ClientTether web key from stdin
    #[arg(long)]
    web_key_stdin: bool,
}

#[derive(Args)]
pub(crate) struct List {
    /// List each brand's stages in ClientTether's order, with their roles and milestones and whether they are confirmed
    #[arg(long)]
    stages: bool,
}

#[derive(Args)]
#[command(group = ArgGroup::new("changes").required(true).multiple(true).args(CHANGES))]
pub(crate) struct Set {
    /// The brand to change
    #[arg(long)]
    slug: String,
    /// New name shown in the portal
    #[arg(long)]
    name: Option<String>,
    /// New time zone, as an IANA name like America/Chicago
    #[arg(long)]
    zone: Option<String>,
    /// New time zone of the times in its ClientTether account
    #[arg(long, value_name = "ZONE")]
    source_zone: Option<String>,
    /// Accent color
    #[arg(long, value_name = "#RRGGBB")]
    accent: Option<String>,
    /// Logo: a PNG, JPEG, WebP, or SVG image of up to 200 KB
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
    /// Confirm a stage's role: new, working, qualified, late, awarded, parked, or inactive. `NAME=` removes the confirmation.
    /// Can be repeated
    #[arg(long = "stage-role", value_name = "NAME=ROLE")]
    stage_roles: Vec<String>,
    /// Confirm a stage's milestone: application-returned, fdd-sent, fdd-receipt, discovery-day, agreement-sent,
    /// agreement-signed, or none. `NAME=` removes the confirmation, so that the suggestion applies again. Can be repeated
    #[arg(long = "milestone", value_name = "NAME=MILESTONE")]
    milestones: Vec<String>,
    /// Set the hot list rules from a JSON file like the one that `tenant rules` prints. Rules that the file omits keep their
    /// defaults. `-` reads stdin
    #[arg(long, value_name = "FILE", conflicts_with = "web_key_stdin")]
    hot_list_rules: Option<PathBuf>,
    /// Read the brand's ClientTether web key from stdin
    #[arg(long)]
    web_key_stdin: bool,
}

/// The arguments of which `tenant set` needs one or more.
const CHANGES: [&str; 9] =
    ["name", "zone", "source_zone", "accent", "logo", "stage_roles", "milestones", "hot_list_rules", "web_key_stdin"];

#[derive(Args)]
pub(crate) struct Rules {
    /// The brand
    #[arg(long)]
    slug: String,
    /// Print all versions of the rules with the time each was set, newest first
    #[arg(long)]
    log: bool,
}

/// Runs the subcommand.
pub(crate) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let clock = Clock::system();
    match command {
        Command::Add(arguments) => add(config, &clock, &arguments).await,
        Command::List(arguments) if arguments.stages => list_stages(config).await,
        Command::List(_) => list(config, &clock).await,
        Command::Set(arguments) => set::set(config, &clock, &arguments).await,
        Command::Rules(arguments) => rules(config, &arguments).await,
    }
}

async fn add(config: &Config, clock: &Clock, arguments: &Add) -> anyhow::Result<()> {
    check_slug(&arguments.slug)?;
    let name = check_name(&arguments.name)?;
    let zone = Zone::named(&arguments.zone).context("--zone")?;
    let source_zone = arguments.source_zone.as_deref().map(Zone::named).transpose().context("--source-zone")?;
    let web_key = arguments.web_key_stdin.then(read_web_key).transpose()?;
    let store = config.open_store().await?;
    if tenants::by_slug(store.conn(), &arguments.slug).await?.is_some() {
        bail!("a brand `{}` already exists; change it with: tetherboard tenant set --slug {}", arguments.slug, arguments.slug);
    }
    let new = NewTenant { slug: &arguments.slug, name, zone: &zone, source_zone: source_zone.as_ref() };
    let tx = store.begin().await?;
    let tenant = tenants::add(&tx, &new, clock.now_ms()).await?;
    if let Some(key) = &web_key {
        tenants::set_web_key(&tx, store.cipher(), tenant, key).await??;
    }
    Store::commit(tx).await?;
    println!("Added {name} at /t/{}.", arguments.slug);
    if web_key.is_none() {
        println!(
            "It cannot sync without a web key. Set one with: tetherboard tenant set --slug {} --web-key-stdin",
            arguments.slug
        );
    }
    Ok(())
}

async fn list(config: &Config, clock: &Clock) -> anyhow::Result<()> {
    let store = config.open_store().await?;
    let mut rows = Vec::new();
    for tenant in tenants::list(store.conn()).await? {
        let fresh = freshness(store.conn(), &tenant, clock.now()).await?;
        rows.push(vec![
            tenant.slug,
            tenant.name,
            tenant.zone.to_string(),
            if tenant.has_web_key { "set" } else { "not set" }.to_owned(),
            fresh.state.to_string(),
            fresh.as_of.map(|as_of| as_of.to_string()).unwrap_or_else(|| "never".to_owned()),
        ]);
    }
    println!("{}", table(&["SLUG", "NAME", "ZONE", "WEB KEY", "STATE", "DATA AS OF"], &rows));
    Ok(())
}

async fn list_stages(config: &Config) -> anyhow::Result<()> {
    let store = config.open_store().await?;
    let mut rows = Vec::new();
    for tenant in tenants::list(store.conn()).await? {
        let board = Board::load(store.conn(), tenant.id).await?;
        let spell = |role: StageRole| match role {
            StageRole::Unconfirmed(role) => format!("{} (not confirmed)", role.as_str()),
            role => role.to_string(),
        };
        for stage in board.stages() {
            let milestone = match stage.milestone {
                StageMilestone::Suggested(Some(milestone)) => format!("{} (not confirmed)", milestone.as_str()),
                StageMilestone::Confirmed(Some(milestone)) => milestone.as_str().to_owned(),
                StageMilestone::Confirmed(None) => "none".to_owned(),
                StageMilestone::Suggested(None) => "-".to_owned(),
            };
            let contacts = if stage.of_prospects { "prospects" } else { "others" };
            let role = spell(stage.role);
            rows.push(vec![tenant.slug.clone(), printable(&stage.name), contacts.to_owned(), role, milestone]);
        }
        for stage in lead_counts(store.conn(), tenant.id, &board).await?.stages(&board) {
            if let StagePlace::Unlisted(name) = stage.place {
                let columns = [printable(&name), "not in the list".to_owned(), spell(stage.role), "-".to_owned()];
                rows.push(std::iter::once(tenant.slug.clone()).chain(columns).collect());
            }
        }
    }
    println!("{}", table(&["SLUG", "STAGE", "CONTACTS", "ROLE", "MILESTONE"], &rows));
    Ok(())
}

async fn rules(config: &Config, arguments: &Rules) -> anyhow::Result<()> {
    let store = config.open_store().await?;
    let tenant = find_tenant(&store, &arguments.slug).await?;
    if !arguments.log {
        println!("{}", hot_list_rules(store.conn(), tenant.id).await?.to_json());
        return Ok(());
    }
    let versions = hot_list::all_rules(store.conn(), tenant.id).await?;
    let row = |version: &hot_list::RulesVersion| {
        let at = version.set_ms.timestamp().map(|at| at.to_string()).unwrap_or_default();
        let json = serde_json::from_str::<serde_json::Value>(&version.rules).map(|rules| rules.to_string());
        vec![version.version.to_string(), at, json.unwrap_or_else(|_| version.rules.clone())]
    };
    println!("{}", table(&["VERSION", "SET", "RULES"], &versions.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}

fn check_slug(slug: &str) -> anyhow::Result<()> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || slug.len() > 63 || !slug.chars().all(is_allowed) || slug.starts_with('-') || slug.ends_with('-') {
        bail!("--slug `{slug}` is not valid; use lowercase letters, digits, and hyphens, like harbor-bagel");
    }
    Ok(())
}

fn check_name(name: &str) -> anyhow::Result<&str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        bail!("--name is not valid; use 1 to 100 characters");
    }
    Ok(name)
}

fn read_web_key() -> anyhow::Result<SecretString> {
    let key = secret_from_stdin("web key")?;
    if !key.expose_secret().chars().all(|c| c.is_ascii_graphic()) {
        bail!("the web key on stdin contains spaces or special characters; a web key is CT_ followed by hex digits");
    }
    Ok(key)
}
