//! `tenant`: brands.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use tetherboard_domain::{Clock, Role, StageKey, Zone};
use tetherboard_metrics::freshness;
use tetherboard_store::tenants::{self, Changes, NewTenant};
use tetherboard_store::{Store, small_lists, stage_roles};
use tetherboard_web::Accent;

use super::tenant_named;
use crate::config::Config;
use crate::console::{secret_from_stdin, table};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a brand
    Add(Add),
    /// List brands and how fresh each is
    List,
    /// Change a brand
    Set(Set),
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
    /// Confirm what a stage means: new, working, qualified, late, awarded, parked or inactive
    #[arg(long = "stage-role", value_name = "NAME=ROLE")]
    stage_roles: Vec<String>,
    /// Read its ClientTether web key from stdin
    #[arg(long)]
    web_key_stdin: bool,
}

pub(crate) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let clock = Clock::system();
    match command {
        Command::Add(arguments) => add(config, &clock, &arguments).await,
        Command::List => list(config, &clock).await,
        Command::Set(arguments) => set(config, &clock, &arguments).await,
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

async fn set(config: &Config, clock: &Clock, arguments: &Set) -> anyhow::Result<()> {
    let name = arguments.name.as_deref().map(check_name).transpose()?;
    let zone = arguments.zone.as_deref().map(Zone::named).transpose().context("--zone")?;
    let source_zone = arguments.source_zone.as_deref().map(Zone::named).transpose().context("--source-zone")?;
    let accent = arguments.accent.as_deref().map(Accent::parse).transpose().context("--accent")?.map(Accent::hex);
    let logo = arguments.logo.as_ref().map(read_logo).transpose()?;
    let roles = arguments.stage_roles.iter().map(|text| parse_role(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let web_key = arguments.web_key_stdin.then(web_key).transpose()?;
    let store = config.open_store().await?;
    let tenant = tenant_named(&store, &arguments.slug).await?;
    check_stages(&store, &tenant, &roles).await?;
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
        stage_roles::confirm(&tx, tenant.id, &StageKey::of(stage), *role, clock.now_ms()).await?;
    }
    if let Some(key) = &web_key {
        tenants::set_web_key(&tx, store.cipher(), tenant.id, key).await?;
        tenants::park(&tx, tenant.id, None).await?;
    }
    Store::commit(tx).await?;
    println!("Changed {}.", tenant.slug);
    if zone.is_some() || source_zone.is_some() {
        println!("The next sync reads every date anew in the changed zone.");
    }
    Ok(())
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

/// The last `=` parts them: a stage's name may hold one.
fn parse_role(text: &str) -> anyhow::Result<(String, Role)> {
    let (stage, role) = text
        .rsplit_once('=')
        .ok_or_else(|| anyhow!("--stage-role `{text}` cannot be used; write NAME=ROLE, like \"FA Signed=awarded\""))?;
    let role = role.trim().parse().map_err(|error: String| anyhow!("--stage-role: {error}"))?;
    if stage.trim().is_empty() {
        bail!("--stage-role `{text}` names no stage");
    }
    Ok((stage.trim().to_owned(), role))
}

/// A name that was mistyped would confirm nothing, silently. Before the first sync no name is known.
async fn check_stages(store: &Store, tenant: &tenants::Tenant, roles: &[(String, Role)]) -> anyhow::Result<()> {
    let listed = small_lists::stages(store.conn(), tenant.id).await?;
    if listed.is_empty() {
        return Ok(());
    }
    let summary = tetherboard_metrics::stage_keys(store.conn(), tenant.id).await?;
    for (stage, _) in roles {
        let key = StageKey::of(stage);
        if !summary.contains(&key) {
            let names: Vec<&str> = listed.iter().map(|stage| stage.name.as_str()).collect();
            bail!("--stage-role: {} has no stage `{stage}`; it has: {}", tenant.slug, names.join(", "));
        }
    }
    Ok(())
}
