//! `tenant`: brands.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tetherboard_domain::{Clock, HotListRules, Milestone, Role, StageKey, StageMilestone, StageRole, Zone};
use tetherboard_metrics::{Board, Rebuild, freshness, hot_list_rules, rebuild_hot_list};
use tetherboard_store::tenants::{self, Changes, NewTenant};
use tetherboard_store::{Store, audit, hot_list, small_lists, stage_roles};
use tetherboard_web::Accent;

use super::tenant_named;
use crate::config::Config;
use crate::console::{secret_from_stdin, table};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a brand
    Add(Add),
    /// List brands and how fresh each is; or what each of their stages means
    List(List),
    /// Change a brand
    Set(Set),
    /// Print by which points and days a brand's candidates are scored and called overdue or stalled, as `set` takes them
    Rules(Rules),
}

#[derive(Args)]
pub(crate) struct Add {
    /// Its name in addresses: lower-case letters, digits and hyphens
    #[arg(long)]
    slug: String,
    /// As its people know it
    #[arg(long)]
    name: String,
    /// Where it lives: an IANA time zone like America/Chicago
    #[arg(long)]
    zone: String,
    /// The zone of its ClientTether account's times, if that is another
    #[arg(long)]
    source_zone: Option<String>,
    /// Read its ClientTether web key from stdin
    #[arg(long)]
    web_key_stdin: bool,
}

#[derive(Args)]
pub(crate) struct List {
    /// List their stages in ClientTether's order, each with its role and milestone, and whether somebody confirmed them
    #[arg(long)]
    stages: bool,
}

#[derive(Args)]
pub(crate) struct Set {
    #[arg(long)]
    slug: String,
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    zone: Option<String>,
    #[arg(long)]
    source_zone: Option<String>,
    /// Its colour, #RRGGBB
    #[arg(long)]
    accent: Option<String>,
    /// An image of at most 200 KB: PNG, JPEG, WebP or SVG
    #[arg(long)]
    logo: Option<PathBuf>,
    /// Confirm what a stage means: new, working, qualified, late, awarded, parked or inactive; `NAME=` takes it back
    #[arg(long = "stage-role", value_name = "NAME=ROLE")]
    stage_roles: Vec<String>,
    /// Confirm the milestone that a stage carries: application-returned, fdd-sent, fdd-receipt, discovery-day, agreement-sent
    /// or agreement-signed, or none; `NAME=` takes it back, and the stage's name speaks for itself again
    #[arg(long = "milestone", value_name = "NAME=MILESTONE")]
    milestones: Vec<String>,
    /// By which points and days its candidates are scored and called overdue or stalled: JSON as `tenant rules` prints it, of
    /// which what is left out is as usual; `-` reads stdin
    #[arg(long, value_name = "FILE", conflicts_with = "web_key_stdin")]
    hot_list_rules: Option<PathBuf>,
    /// Read its ClientTether web key from stdin
    #[arg(long)]
    web_key_stdin: bool,
}

#[derive(Args)]
pub(crate) struct Rules {
    #[arg(long)]
    slug: String,
    /// Print when each version was set instead
    #[arg(long)]
    log: bool,
}

pub(crate) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let clock = Clock::system();
    match command {
        Command::Add(arguments) => add(config, &clock, &arguments).await,
        Command::List(arguments) if arguments.stages => list_stages(config).await,
        Command::List(_) => list(config, &clock).await,
        Command::Set(arguments) => set(config, &clock, &arguments).await,
        Command::Rules(arguments) => rules(config, &arguments).await,
    }
}

async fn add(config: &Config, clock: &Clock, arguments: &Add) -> anyhow::Result<()> {
    check_slug(&arguments.slug)?;
    let name = check_name(&arguments.name)?;
    let zone = Zone::named(&arguments.zone).context("--zone")?;
    let source_zone = arguments.source_zone.as_deref().map(Zone::named).transpose().context("--source-zone")?;
    let web_key = arguments.web_key_stdin.then(web_key).transpose()?;
    let store = config.open_store().await?;
    if tenants::by_slug(store.conn(), &arguments.slug).await?.is_some() {
        bail!("there is a brand `{}` already; change it with: tetherboard tenant set --slug {}", arguments.slug, arguments.slug);
    }
    let new = NewTenant { slug: &arguments.slug, name, zone: &zone, source_zone: source_zone.as_ref() };
    let tx = store.begin().await?;
    let tenant = tenants::add(&tx, &new, clock.now_ms()).await?;
    if let Some(key) = &web_key {
        tenants::set_web_key(&tx, store.cipher(), tenant, key).await?;
    }
    Store::commit(tx).await?;
    println!("Added {name} at /t/{}.", arguments.slug);
    if web_key.is_none() {
        println!("It has no web key yet; set it with: tetherboard tenant set --slug {} --web-key-stdin", arguments.slug);
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
        for stage in Board::load(store.conn(), tenant.id).await?.stages() {
            let role = match stage.role {
                StageRole::Confirmed(role) => role.as_str().to_owned(),
                StageRole::Unconfirmed(role) => format!("{} (not confirmed)", role.as_str()),
                StageRole::Unlisted => stage.role.to_string(),
            };
            let milestone = match stage.milestone {
                StageMilestone::Suggested(Some(milestone)) => format!("{} (not confirmed)", milestone.as_str()),
                StageMilestone::Confirmed(Some(milestone)) => milestone.as_str().to_owned(),
                StageMilestone::Confirmed(None) => "none".to_owned(),
                StageMilestone::Suggested(None) => "-".to_owned(),
            };
            // ClientTether's text must not drive the terminal.
            let name = stage.name.replace(char::is_control, "\u{fffd}");
            let of = if stage.of_prospects { "prospects" } else { "others" };
            rows.push(vec![tenant.slug.clone(), name, of.to_owned(), role, milestone]);
        }
    }
    println!("{}", table(&["SLUG", "STAGE", "OF", "ROLE", "MILESTONE"], &rows));
    Ok(())
}

async fn set(config: &Config, clock: &Clock, arguments: &Set) -> anyhow::Result<()> {
    let name = arguments.name.as_deref().map(check_name).transpose()?;
    let zone = arguments.zone.as_deref().map(Zone::named).transpose().context("--zone")?;
    let source_zone = arguments.source_zone.as_deref().map(Zone::named).transpose().context("--source-zone")?;
    let accent = arguments.accent.as_deref().map(Accent::parse).transpose().context("--accent")?.map(Accent::hex);
    let logo = arguments.logo.as_ref().map(read_logo).transpose()?;
    let roles = each(&arguments.stage_roles, parse_role)?;
    let milestones = each(&arguments.milestones, parse_milestone)?;
    let new_rules = arguments.hot_list_rules.as_deref().map(read_rules).transpose()?;
    let web_key = arguments.web_key_stdin.then(web_key).transpose()?;
    let store = config.open_store().await?;
    let tenant = tenant_named(&store, &arguments.slug).await?;
    check_stages(&store, &tenant, "--stage-role", roles.iter().map(|(stage, _)| stage.as_str())).await?;
    check_stages(&store, &tenant, "--milestone", milestones.iter().map(|(stage, _)| stage.as_str())).await?;
    let changes = Changes {
        name,
        zone: zone.as_ref(),
        source_zone: source_zone.as_ref(),
        accent: accent.as_deref(),
        logo: logo.as_ref().map(|(bytes, kind)| (bytes.as_slice(), *kind)),
    };
    let tx = store.begin().await?;
    tenants::set(&tx, tenant.id, &changes).await?;
    for (stage, role) in &roles {
        let key = StageKey::of(stage);
        match role {
            Some(role) => stage_roles::confirm(&tx, tenant.id, &key, *role, clock.now_ms()).await?,
            None => stage_roles::clear(&tx, tenant.id, &key).await?,
        }
    }
    for (stage, milestone) in &milestones {
        let key = StageKey::of(stage);
        match milestone {
            Some(milestone) => stage_roles::confirm_milestone(&tx, tenant.id, &key, *milestone, clock.now_ms()).await?,
            None => stage_roles::clear_milestone(&tx, tenant.id, &key).await?,
        }
    }
    if let Some(key) = &web_key {
        tenants::set_web_key(&tx, store.cipher(), tenant.id, key).await?;
        tenants::park(&tx, tenant.id, None).await?;
    }
    if let Some(rules) = &new_rules {
        let version = hot_list::set_rules(&tx, tenant.id, &rules.to_json(), None, clock.now_ms()).await?;
        let detail = format!("version {version}: {}", serde_json::to_string(rules)?);
        audit::record(&tx, None, Some(tenant.id), "hot list rules set", &detail, clock.now_ms()).await?;
    }
    // A run in between must not have to come before the list is what was just set.
    if new_rules.is_some() || !roles.is_empty() || !milestones.is_empty() || zone.is_some() || source_zone.is_some() {
        rebuild_hot_list(&tx, tenant.id, clock.now(), Rebuild::Changed).await?;
    }
    Store::commit(tx).await?;
    println!("Changed {}.", tenant.slug);
    if zone.is_some() || source_zone.is_some() {
        println!("The next sync reads every date anew in the changed zone.");
    }
    Ok(())
}

async fn rules(config: &Config, arguments: &Rules) -> anyhow::Result<()> {
    let store = config.open_store().await?;
    let tenant = tenant_named(&store, &arguments.slug).await?;
    if !arguments.log {
        println!("{}", hot_list_rules(store.conn(), tenant.id).await?.to_json());
        return Ok(());
    }
    let set = hot_list::all_rules(store.conn(), tenant.id).await?;
    let row = |version: &hot_list::RulesVersion| {
        let at = Timestamp::from_millisecond(version.set_ms).map(|at| at.to_string()).unwrap_or_default();
        let json = serde_json::from_str::<serde_json::Value>(&version.rules).map(|rules| rules.to_string());
        vec![version.version.to_string(), at, json.unwrap_or_else(|_| version.rules.clone())]
    };
    println!("{}", table(&["VERSION", "SET", "RULES"], &set.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}

/// `-` is stdin.
fn read_rules(path: &Path) -> anyhow::Result<HotListRules> {
    let text = match path.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()).context("--hot-list-rules: stdin cannot be read as text")?,
        _ => std::fs::read_to_string(path).with_context(|| format!("--hot-list-rules {} cannot be read", path.display()))?,
    };
    HotListRules::parse(&text).context("--hot-list-rules")
}

fn check_slug(slug: &str) -> anyhow::Result<()> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || slug.len() > 63 || !slug.chars().all(fits) || slug.starts_with('-') || slug.ends_with('-') {
        bail!("--slug `{slug}` cannot be used; write lower-case letters, digits and hyphens, like harbor-bagel");
    }
    Ok(())
}

fn check_name(name: &str) -> anyhow::Result<&str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        bail!("--name cannot be used; write 1 to 100 characters");
    }
    Ok(name)
}

fn web_key() -> anyhow::Result<SecretString> {
    let key = secret_from_stdin("web key")?;
    if !key.expose_secret().chars().all(|c| c.is_ascii_graphic()) {
        bail!("the web key on stdin has spaces or signs that no key has; it looks like CT_ and hex digits");
    }
    Ok(key)
}

fn read_logo(path: &PathBuf) -> anyhow::Result<(Vec<u8>, &'static str)> {
    let kind = match path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("svg") => "image/svg+xml",
        _ => bail!("--logo {} is no image that pages show; give a PNG, JPEG, WebP or SVG", path.display()),
    };
    let bytes = std::fs::read(path).with_context(|| format!("--logo {} cannot be read", path.display()))?;
    if bytes.len() > 200_000 {
        bail!("--logo {} has {} KB; give one of at most 200 KB", path.display(), bytes.len() / 1_000);
    }
    Ok((bytes, kind))
}

fn each<T>(texts: &[String], parse: impl Fn(&str) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    texts.iter().map(|text| parse(text)).collect()
}

/// `None`: what was confirmed is taken back.
fn parse_role(text: &str) -> anyhow::Result<(String, Option<Role>)> {
    let (stage, role) = named_stage("--stage-role", text, "NAME=ROLE, like \"FA Signed=awarded\"")?;
    let role = (!role.is_empty()).then(|| role.parse()).transpose();
    Ok((stage, role.map_err(|error: String| anyhow!("--stage-role: {error}"))?))
}

/// `None`: what was confirmed is taken back; `Some(None)`: the stage carries no milestone.
fn parse_milestone(text: &str) -> anyhow::Result<(String, Option<Option<Milestone>>)> {
    let (stage, milestone) = named_stage("--milestone", text, "NAME=MILESTONE, like \"FDD Signed=fdd-receipt\"")?;
    let milestone = match milestone.as_str() {
        "" => None,
        "none" => Some(None),
        milestone => Some(Some(milestone.parse().map_err(|error: String| anyhow!("--milestone: {error}"))?)),
    };
    Ok((stage, milestone))
}

/// The last `=` parts them: a stage's name may hold one.
fn named_stage(option: &str, text: &str, form: &str) -> anyhow::Result<(String, String)> {
    let (stage, value) = text.rsplit_once('=').ok_or_else(|| anyhow!("{option} `{text}` cannot be used; write {form}"))?;
    if stage.trim().is_empty() {
        bail!("{option} `{text}` names no stage");
    }
    Ok((stage.trim().to_owned(), value.trim().to_owned()))
}

/// A name that was mistyped would confirm nothing, silently. Before the first sync no name is known.
async fn check_stages<'a>(
    store: &Store,
    tenant: &tenants::Tenant,
    option: &str,
    stages: impl Iterator<Item = &'a str>,
) -> anyhow::Result<()> {
    let conn = store.conn();
    let listed = small_lists::stages(conn, tenant.id).await?;
    if listed.is_empty() {
        return Ok(());
    }
    let mut known = tetherboard_metrics::stage_keys(conn, tenant.id).await?;
    // What was confirmed of a stage that is no more can still be taken back.
    known.extend(stage_roles::confirmed(conn, tenant.id).await?.into_keys());
    known.extend(stage_roles::milestones(conn, tenant.id).await?.into_keys());
    for stage in stages {
        if !known.contains(&StageKey::of(stage)) {
            let names: Vec<&str> = listed.iter().map(|stage| stage.name.as_str()).collect();
            bail!("{option}: {} has no stage `{stage}`; it has: {}", tenant.slug, names.join(", "));
        }
    }
    Ok(())
}
