//! What a changed list of stages or lead sources means for the records that name them.
//!
//! The list is applied in one transaction with its consequences: records, moves, and the agency's decisions follow a new name,
//! and records that named a stage before the list had it now have its ID. Nobody has moved.

use std::collections::{HashMap, HashSet};

use tetherboard_domain::{Dataset, StageKey};
use tetherboard_store::list_names::{self, Rename};
use tetherboard_store::lookups::{self, StageRow};
use tetherboard_store::{Result, Tx, stage_roles};

use crate::list_names::ListNames;
use crate::normalize::Context;

/// Updates everything that names an entry of the list. Returns a sentence about each rename. A replay renames nothing: what it
/// reads again had its consequences when it was read.
pub(super) async fn follow_list(tx: &Tx, context: &Context, list: Dataset, is_replay: bool) -> Result<Vec<String>> {
    let renames = match is_replay {
        true => Vec::new(),
        false => list_names::renames_at(tx, context.tenant, list, context.now_ms).await?,
    };
    match list {
        Dataset::Stages => follow_stages(tx, context, &renames).await?,
        Dataset::Sources => follow_sources(tx, context, &renames).await?,
        _ => return Ok(Vec::new()),
    }
    let quoted = |name: &str| format!("“{}”", name.split_whitespace().collect::<Vec<_>>().join(" "));
    let noun = if list == Dataset::Stages { "stage" } else { "source" };
    let sentence = |rename: &Rename| format!("The {noun} {} is now called {}.", quoted(&rename.old), quoted(&rename.new));
    Ok(renames.iter().map(sentence).collect())
}

async fn follow_stages(tx: &Tx, context: &Context, renames: &[Rename]) -> Result<()> {
    let tenant = context.tenant;
    let listed: Vec<StageRow> = lookups::all_stages(tx, tenant).await?.into_iter().filter(|row| row.gone_ms.is_none()).collect();
    for Rename { crm_id, new, .. } in renames {
        list_names::rename_stage(tx, tenant, crm_id, new).await?;
    }
    move_decisions(tx, context, renames, &listed).await?;
    let stages = listed.into_iter().map(|row| row.stage).collect();
    let names = ListNames::of_stages(stages, lookups::former_names(tx, tenant, Dataset::Stages).await?);
    // While the list could not be read, rows may have had names that mean other stages by now.
    let stale = if renames.is_empty() { Vec::new() } else { list_names::stale_stages(tx, tenant).await? };
    for record in stale {
        let key = StageKey::of(record.stage_text.as_deref().unwrap_or_default());
        if let Some(entry) =
            names.find(&key, record.contact_type, None).filter(|entry| Some(&entry.id) != record.stage_id.as_ref())
        {
            list_names::correct_stage(tx, tenant, &record, (&entry.id, &entry.name), context.now_ms).await?;
        }
    }
    for unlisted in list_names::unlisted_stages(tx, tenant).await? {
        let key = StageKey(unlisted.stage_key.clone());
        let Some(entry) = names.find(&key, unlisted.contact_type, None) else { continue };
        // Pages showed another stage if the list had this one before, under another name, and an unlisted one if it did not have
        // the name. Otherwise the stage was removed and added again.
        let was_listed = context.stages.by_id(&entry.id).is_some();
        if was_listed || context.stages.find(&key, unlisted.contact_type, None).is_none() {
            for record in list_names::records_in(tx, tenant, &unlisted).await? {
                list_names::correct_stage(tx, tenant, &record, (&entry.id, &entry.name), context.now_ms).await?;
            }
        }
        list_names::identify_stage(tx, tenant, &unlisted, (&entry.id, &entry.name), was_listed).await?;
    }
    Ok(())
}

async fn follow_sources(tx: &Tx, context: &Context, renames: &[Rename]) -> Result<()> {
    let tenant = context.tenant;
    for Rename { crm_id, new, .. } in renames {
        list_names::rename_source(tx, tenant, crm_id, new).await?;
    }
    let sources = lookups::sources(tx, tenant).await?;
    let names = ListNames::of_sources(sources, lookups::former_names(tx, tenant, Dataset::Sources).await?);
    for key in list_names::unlisted_sources(tx, tenant).await? {
        if let Some(entry) = names.find(&StageKey(key.clone()), None, None) {
            list_names::identify_source(tx, tenant, &key, (&entry.id, &entry.name)).await?;
        }
    }
    Ok(())
}

/// Moves the roles and milestones of renamed stages to the new names. A stage that got the name of another one takes nothing
/// over from it, and a name that another stage still has keeps its own.
async fn move_decisions(tx: &Tx, context: &Context, renames: &[Rename], listed: &[StageRow]) -> Result<()> {
    let (tenant, now_ms) = (context.tenant, context.now_ms);
    // Prospects' stages come last and win where two stages get the same name.
    let is_other = |id: &str| listed.iter().any(|row| row.stage.crm_id == id && row.stage.contact_type.is_some_and(|of| of != 1));
    let mut moves: Vec<(StageKey, StageKey, bool)> = renames
        .iter()
        .map(|rename| (StageKey::of(&rename.old), StageKey::of(&rename.new), is_other(&rename.crm_id)))
        .filter(|(old, new, _)| old != new)
        .collect();
    moves.sort_by_key(|(_, _, is_other)| !is_other);
    if moves.is_empty() {
        return Ok(());
    }
    let renamed: HashSet<&str> = renames.iter().map(|rename| rename.crm_id.as_str()).collect();
    // A stage that is new in this read and has the old name of another one starts without its role.
    let is_kept = |row: &&StageRow| !renamed.contains(row.stage.crm_id.as_str()) && row.first_seen_ms < now_ms;
    let kept: HashSet<&StageKey> = listed.iter().filter(is_kept).map(|row| &row.stage.key).collect();
    let (roles, milestones) = (stage_roles::confirmed(tx, tenant).await?, stage_roles::milestones(tx, tenant).await?);
    let is_new = |key: &StageKey| !kept.contains(key);
    for key in moves.iter().flat_map(|(old, new, _)| [old, new]).filter(|key| is_new(key)) {
        stage_roles::clear(tx, tenant, key).await?;
        stage_roles::clear_milestone(tx, tenant, key).await?;
    }
    let targets: HashMap<&StageKey, &StageKey> =
        moves.iter().filter(|(_, new, _)| is_new(new)).map(|(old, new, _)| (new, old)).collect();
    for (new, old) in targets {
        if let Some(role) = roles.get(old) {
            stage_roles::confirm(tx, tenant, new, *role, now_ms).await?;
        }
        if let Some(milestone) = milestones.get(old) {
            stage_roles::confirm_milestone(tx, tenant, new, *milestone, now_ms).await?;
        }
    }
    Ok(())
}
