//! `tenant set`: validates the arguments, then applies them in one transaction.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use secrecy::SecretString;
use tetherboard_domain::{Clock, HotListRules, Milestone, Role, StageKey, TenantId, Zone};
use tetherboard_metrics::{Board, RebuildReason, rebuild_hot_list};
use tetherboard_store::tenants::{self, Changes};
use tetherboard_store::{Store, Tx, audit, hot_list, lookups, stage_roles};
use tetherboard_web::Accent;

use super::{Set, check_name, read_web_key};
use crate::commands::find_tenant;
use crate::config::Config;
use crate::console::printable;

/// Runs `tenant set`.
pub(super) async fn set(config: &Config, clock: &Clock, arguments: &Set) -> anyhow::Result<()> {
    let mut changes = BrandChanges::parse(arguments)?;
    let store = config.open_store().await?;
    let tenant = find_tenant(&store, &arguments.slug).await?;
    let board = Board::load(store.conn(), tenant.id).await?;
    changes.roles.iter_mut().for_each(|(stage, _)| follow_rename(&board, stage));
    changes.milestones.iter_mut().for_each(|(stage, _)| follow_rename(&board, stage));
    check_stages(&store, &tenant, "--stage-role", changes.roles.iter().map(|(stage, _)| stage.as_str())).await?;
    check_stages(&store, &tenant, "--milestone", changes.milestones.iter().map(|(stage, _)| stage.as_str())).await?;
    let tx = store.begin().await?;
    changes.apply(&tx, &store, tenant.id, clock).await?;
    // In the same transaction, because otherwise the list would show the old settings until the next run.
    if changes.affects_hot_list() {
        rebuild_hot_list(&tx, tenant.id, clock.now(), RebuildReason::SettingChanged).await?;
    }
    Store::commit(tx).await?;
    println!("Changed {}.", tenant.slug);
    if changes.zone.is_some() || changes.source_zone.is_some() {
        println!("The next sync will read all dates again in the new time zone.");
    }
    Ok(())
}

/// The arguments of `tenant set`, validated before the database is opened.
struct BrandChanges<'a> {
    name: Option<&'a str>,
    zone: Option<Zone>,
    source_zone: Option<Zone>,
    accent: Option<String>,
    logo: Option<(Vec<u8>, &'static str)>,
    roles: Vec<(String, Option<Role>)>,
    milestones: Vec<(String, Option<Option<Milestone>>)>,
    rules: Option<HotListRules>,
    web_key: Option<SecretString>,
}

impl<'a> BrandChanges<'a> {
    fn parse(arguments: &'a Set) -> anyhow::Result<Self> {
        Ok(Self {
            name: arguments.name.as_deref().map(check_name).transpose()?,
            zone: arguments.zone.as_deref().map(Zone::named).transpose().context("--zone")?,
            source_zone: arguments.source_zone.as_deref().map(Zone::named).transpose().context("--source-zone")?,
            accent: arguments.accent.as_deref().map(Accent::parse).transpose().context("--accent")?.map(Accent::hex),
            logo: arguments.logo.as_deref().map(read_logo).transpose()?,
            roles: parse_all(&arguments.stage_roles, parse_role)?,
            milestones: parse_all(&arguments.milestones, parse_milestone)?,
            rules: arguments.hot_list_rules.as_deref().map(read_rules).transpose()?,
            web_key: arguments.web_key_stdin.then(read_web_key).transpose()?,
        })
    }

    fn affects_hot_list(&self) -> bool {
        let stages = !self.roles.is_empty() || !self.milestones.is_empty();
        self.rules.is_some() || stages || self.zone.is_some() || self.source_zone.is_some()
    }

    async fn apply(&self, tx: &Tx, store: &Store, tenant: TenantId, clock: &Clock) -> anyhow::Result<()> {
        let changes = Changes {
            name: self.name,
            zone: self.zone.as_ref(),
            source_zone: self.source_zone.as_ref(),
            accent: self.accent.as_deref(),
            logo: self.logo.as_ref().map(|(bytes, kind)| (bytes.as_slice(), *kind)),
        };
        tenants::set(tx, tenant, &changes).await?;
        for (stage, role) in &self.roles {
            let key = StageKey::of(stage);
            match role {
                Some(role) => stage_roles::confirm(tx, tenant, &key, *role, clock.now_ms()).await?,
                None => stage_roles::clear(tx, tenant, &key).await?,
            }
        }
        for (stage, milestone) in &self.milestones {
            let key = StageKey::of(stage);
            match milestone {
                Some(milestone) => stage_roles::confirm_milestone(tx, tenant, &key, *milestone, clock.now_ms()).await?,
                None => stage_roles::clear_milestone(tx, tenant, &key).await?,
            }
        }
        if let Some(key) = &self.web_key {
            tenants::set_web_key(tx, store.cipher(), tenant, key).await??;
            tenants::park(tx, tenant, None).await?;
        }
        if let Some(rules) = &self.rules {
            let version = hot_list::set_rules(tx, tenant, &rules.to_json(), None, clock.now_ms()).await?;
            let detail = format!("version {version}: {}", serde_json::to_string(rules)?);
            audit::record(tx, None, Some(tenant), "hot list rules set", &detail, clock.now_ms()).await?;
        }
        Ok(())
    }
}

/// Reads hot list rules from a file, or from stdin when the path is `-`.
fn read_rules(path: &Path) -> anyhow::Result<HotListRules> {
    let text = match path.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()).context("--hot-list-rules: could not read stdin as text")?,
        _ => std::fs::read_to_string(path).with_context(|| format!("--hot-list-rules: could not read {}", path.display()))?,
    };
    HotListRules::parse(&text).context("--hot-list-rules")
}

/// The bytes of a logo and its media type.
fn read_logo(path: &Path) -> anyhow::Result<(Vec<u8>, &'static str)> {
    let kind = match path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("svg") => "image/svg+xml",
        _ => bail!("--logo {} is not a supported image; use a PNG, JPEG, WebP, or SVG file", path.display()),
    };
    let bytes = std::fs::read(path).with_context(|| format!("--logo: could not read {}", path.display()))?;
    if bytes.len() > 200_000 {
        bail!("--logo {} is {} KB; use an image of at most 200 KB", path.display(), bytes.len() / 1_000);
    }
    Ok((bytes, kind))
}

fn parse_all<T>(texts: &[String], parse: impl Fn(&str) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    texts.iter().map(|text| parse(text)).collect()
}

/// A stage and the role to confirm for it; `None` removes the confirmation.
fn parse_role(text: &str) -> anyhow::Result<(String, Option<Role>)> {
    let (stage, role) = split_stage("--stage-role", text, "NAME=ROLE, like \"FA Signed=awarded\"")?;
    let role = (!role.is_empty()).then(|| role.parse()).transpose();
    Ok((stage, role.map_err(|error: String| anyhow!("--stage-role: {error}"))?))
}

/// A stage and the milestone to confirm for it: `None` removes the confirmation, `Some(None)` confirms that it has no milestone.
fn parse_milestone(text: &str) -> anyhow::Result<(String, Option<Option<Milestone>>)> {
    let (stage, milestone) = split_stage("--milestone", text, "NAME=MILESTONE, like \"FDD Signed=fdd-receipt\"")?;
    let milestone = match milestone.as_str() {
        "" => None,
        "none" => Some(None),
        milestone => Some(Some(milestone.parse().map_err(|error: String| anyhow!("--milestone: {error}"))?)),
    };
    Ok((stage, milestone))
}

/// Splits `NAME=VALUE` at its last `=`, because a stage's name can contain one. `format` describes the argument in the error.
fn split_stage(option: &str, text: &str, format: &str) -> anyhow::Result<(String, String)> {
    let (stage, value) = text.rsplit_once('=').ok_or_else(|| anyhow!("{option} `{text}` is not valid; use {format}"))?;
    if stage.trim().is_empty() {
        bail!("{option} `{text}` has no stage name; put it before the `=`");
    }
    Ok((stage.trim().to_owned(), value.trim().to_owned()))
}

/// Replaces an earlier name of a stage by its current one.
fn follow_rename(board: &Board, name: &mut String) {
    let place = board.place_named(name);
    if let Some(stage) = board.stage(&place).filter(|stage| stage.key != StageKey::of(name)) {
        println!("The stage “{name}” is now called “{}”.", printable(&stage.name));
        name.clone_from(&stage.name);
    }
}

/// Rejects stage names that the brand does not have, because a mistyped name would silently confirm nothing. Before the first
/// sync any name is accepted.
async fn check_stages<'a>(
    store: &Store,
    tenant: &tenants::Tenant,
    option: &str,
    stages: impl Iterator<Item = &'a str>,
) -> anyhow::Result<()> {
    let conn = store.conn();
    let listed = lookups::stages(conn, tenant.id).await?;
    if listed.is_empty() {
        return Ok(());
    }
    let mut keys = tetherboard_metrics::stage_keys(conn, tenant.id).await?;
    // A confirmation can still be removed after its stage has disappeared.
    keys.extend(stage_roles::by_name(conn, tenant.id).await?.into_keys());
    keys.extend(stage_roles::milestones_by_name(conn, tenant.id).await?.into_keys());
    for stage in stages {
        if !keys.contains(&StageKey::of(stage)) {
            let names: Vec<&str> = listed.iter().map(|stage| stage.name.as_str()).collect();
            bail!("{option}: {} has no stage `{stage}`; use one of: {}", tenant.slug, names.join(", "));
        }
    }
    Ok(())
}
