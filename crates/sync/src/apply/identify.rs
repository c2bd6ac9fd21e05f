//! What a changed list of stages or lead sources means for the records that name them.
//!
//! The list is applied in one transaction with its consequences: records and moves follow a new name, and records that named a
//! stage before the list had it now have its ID. Nobody has moved.

use tetherboard_domain::{Dataset, StageKey};
use tetherboard_store::list_names::{self, Rename};
use tetherboard_store::lookups::{self, FormerName, Stage, StageRow};
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
    for Rename { crm_id, new, .. } in renames {
        list_names::rename_stage(tx, tenant, crm_id, new).await?;
    }
    let stages = lookups::all_stages(tx, tenant).await?;
    let former = lookups::former_names(tx, tenant, Dataset::Stages).await?;
    pass_decisions_on(tx, context, &stages, &former).await?;
    let names = ListNames::of_stages(stages.into_iter().filter(StageRow::is_listed).map(|row| row.stage).collect(), former);
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
        if let Some(entry) = names.find(&key, unlisted.contact_type, None) {
            list_names::identify_stage(tx, tenant, &unlisted, (&entry.id, &entry.name), context.now_ms).await?;
        }
    }
    Ok(())
}

/// Gives each stage that is new in this read the role and milestone that its name had until now: as another stage's, which may
/// have been removed, or by the agency's decision about the name. A stage with the earlier name of another one takes nothing over.
async fn pass_decisions_on(tx: &Tx, context: &Context, stages: &[StageRow], former: &[FormerName]) -> Result<()> {
    let tenant = context.tenant;
    let (new, known): (Vec<&StageRow>, Vec<&StageRow>) = stages.iter().partition(|row| row.first_seen_ms == context.now_ms);
    if new.is_empty() {
        return Ok(());
    }
    let (roles, milestones) = (stage_roles::by_name(tx, tenant).await?, stage_roles::milestones_by_name(tx, tenant).await?);
    for StageRow { stage: Stage { crm_id, key, .. }, .. } in new {
        let named = || known.iter().filter(|row| row.stage.key == *key);
        let live = named().find(|row| row.is_listed());
        let has_had_it = |name: &FormerName| {
            StageKey::of(&name.name) == *key && known.iter().any(|row| row.is_listed() && row.stage.crm_id == name.crm_id)
        };
        if live.is_none() && former.iter().any(has_had_it) {
            continue;
        }
        let last = |is_decided: fn(&Stage) -> bool| {
            live.or_else(|| named().filter(|row| is_decided(&row.stage)).max_by_key(|row| row.gone_ms))
        };
        let role = last(|stage| stage.role.is_some()).map_or_else(|| roles.get(key).copied(), |row| row.stage.role);
        let milestone =
            last(|stage| stage.milestone.is_some()).map_or_else(|| milestones.get(key).copied(), |row| row.stage.milestone);
        stage_roles::decide(tx, tenant, crm_id, role, milestone).await?;
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
