//! The account's setup: stages, lead sources, and users.

use std::collections::HashMap;

use tetherboard_crm_records::{Mapping, RawSource, RawStage, RawUser, SkippedRow};
use tetherboard_domain::{Dataset, Odds, StageKey};
use tetherboard_store::lookups::{self, CrmUser, Source, Stage};
use tetherboard_store::{Result, Tx};

use super::list_log::ListLog;
use super::names::full_name;
use super::{Context, Normalize, Record, Sources, Stages, Users, odds};

impl Normalize for Stages {
    const DATASET: Dataset = Dataset::Stages;
    /// 1: records get the IDs of their stages.
    const VERSION: i64 = 1;
    type Parent = ();
    type Raw = RawStage;

    fn decode(row: &[u8], mapping: &Mapping) -> std::result::Result<RawStage, SkippedRow> {
        RawStage::decode(row, mapping)
    }

    fn id(raw: &RawStage) -> &str {
        &raw.sales_cycle_id
    }

    fn filled(raw: &RawStage) -> u64 {
        raw.filled
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<Self>>) -> Result<()> {
        let known = lookups::all_stages(tx, context.tenant).await?;
        let known: HashMap<String, Stage> = known.into_iter().map(|row| (row.stage.crm_id.clone(), row.stage)).collect();
        let mut log = ListLog::new(context, Dataset::Stages);
        let mut written = Vec::with_capacity(records.len());
        for Record { meta, raw, previous_raw, .. } in records {
            let new = stage(raw);
            if let Some(old) = known.get(&new.crm_id) {
                // What only today's mapping reads differently did not change.
                let old = previous_raw.map_or_else(|| old.clone(), stage);
                let text = |number: Option<i64>| number.map(|number| number.to_string());
                let fields = [
                    ("name", Some(old.name), Some(new.name.clone())),
                    ("active", text(Some(old.active.into())), text(Some(new.active.into()))),
                    ("order", text(old.order), text(new.order)),
                    ("odds", text(old.odds.map(Odds::hundredths)), text(new.odds.map(Odds::hundredths))),
                    ("contact_type", text(old.contact_type), text(new.contact_type)),
                ];
                log.observe(&new.crm_id, fields);
            }
            written.push((meta, new));
        }
        let keep = context.kept_columns(&[
            ("name", &["name", "stage_key"]),
            ("active", &["active"]),
            ("order", &["sort_order"]),
            ("odds", &["odds"]),
            ("contact_type", &["contact_type"]),
        ]);
        lookups::put_stages(tx, context.tenant, &written, &keep).await?;
        log.save(tx).await
    }
}

fn stage(raw: RawStage) -> Stage {
    let name = raw.name.unwrap_or_default();
    Stage {
        crm_id: raw.sales_cycle_id,
        key: StageKey::of(&name),
        name: name.trim().to_owned(),
        active: raw.active,
        order: raw.order,
        odds: odds(raw.odds),
        contact_type: raw.contact_type,
        role: None,
        milestone: None,
    }
}

impl Normalize for Sources {
    const DATASET: Dataset = Dataset::Sources;
    /// 1: contacts get the IDs of their sources.
    const VERSION: i64 = 1;
    type Parent = ();
    type Raw = RawSource;

    fn decode(row: &[u8], mapping: &Mapping) -> std::result::Result<RawSource, SkippedRow> {
        RawSource::decode(row, mapping)
    }

    fn id(raw: &RawSource) -> &str {
        &raw.id
    }

    fn filled(raw: &RawSource) -> u64 {
        raw.filled
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<Self>>) -> Result<()> {
        let known = lookups::all_sources(tx, context.tenant).await?;
        let known: HashMap<String, Source> = known.into_iter().map(|source| (source.crm_id.clone(), source)).collect();
        let mut log = ListLog::new(context, Dataset::Sources);
        let mut written = Vec::with_capacity(records.len());
        for Record { meta, raw, previous_raw, .. } in records {
            let new = source(raw);
            if let Some(old) = known.get(&new.crm_id) {
                let old = previous_raw.map_or_else(|| old.clone(), source);
                log.observe(&new.crm_id, [("name", Some(old.name), Some(new.name.clone()))]);
            }
            written.push((meta, new));
        }
        let keep = context.kept_columns(&[("name", &["name", "source_key"])]);
        lookups::put_sources(tx, context.tenant, &written, &keep).await?;
        log.save(tx).await
    }
}

fn source(raw: RawSource) -> Source {
    let name = raw.name.unwrap_or_default().trim().to_owned();
    Source { crm_id: raw.id, source_key: StageKey::of(&name).0, name }
}

impl Normalize for Users {
    const DATASET: Dataset = Dataset::Users;
    type Parent = ();
    type Raw = RawUser;

    fn decode(row: &[u8], mapping: &Mapping) -> std::result::Result<RawUser, SkippedRow> {
        RawUser::decode(row, mapping)
    }

    fn id(raw: &RawUser) -> &str {
        &raw.id
    }

    fn filled(raw: &RawUser) -> u64 {
        raw.filled
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<Self>>) -> Result<()> {
        let user = |raw: RawUser| CrmUser {
            name: full_name(raw.first_name.as_deref(), raw.last_name.as_deref()).unwrap_or_default(),
            email: raw.email.unwrap_or_default(),
            crm_id: raw.id,
        };
        let records: Vec<_> = records.into_iter().map(|record| (record.meta, user(record.raw))).collect();
        let keep = context.kept_columns(&[("first_name", &["name"]), ("last_name", &["name"]), ("email", &["email"])]);
        lookups::put_crm_users(tx, context.tenant, &records, &keep).await
    }
}
