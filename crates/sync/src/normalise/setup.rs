//! How an account is set up: its stages, lead sources and users.

use tetherboard_crm_records::{Mapping, RawSource, RawStage, RawUser, SkippedRow};
use tetherboard_domain::{Dataset, StageKey};
use tetherboard_store::lookups::{self, CrmUser, Source, Stage};
use tetherboard_store::{Result, Tx};

use super::names::full_name;
use super::{Context, Normalise, Record, Sources, Stages, Users, odds};

impl Normalise for Stages {
    const DATASET: Dataset = Dataset::Stages;
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

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<RawStage>>) -> Result<()> {
        let stage = |raw: RawStage| {
            let name = raw.name.unwrap_or_default();
            Stage {
                crm_id: raw.sales_cycle_id,
                key: StageKey::of(&name),
                name: name.trim().to_owned(),
                active: raw.active,
                order: raw.order,
                odds: odds(raw.odds),
                contact_type: raw.contact_type,
            }
        };
        let records: Vec<_> = records.into_iter().map(|record| (record.book, stage(record.raw))).collect();
        let keep = context.kept_columns(&[
            ("name", &["name", "stage_key"]),
            ("active", &["active"]),
            ("order", &["sort_order"]),
            ("odds", &["odds"]),
            ("contact_type", &["contact_type"]),
        ]);
        lookups::put_stages(tx, context.tenant, &records, &keep).await
    }
}

impl Normalise for Sources {
    const DATASET: Dataset = Dataset::Sources;
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

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<RawSource>>) -> Result<()> {
        let source = |raw: RawSource| {
            let name = raw.name.unwrap_or_default().trim().to_owned();
            Source { crm_id: raw.id, source_key: StageKey::of(&name).0, name }
        };
        let records: Vec<_> = records.into_iter().map(|record| (record.book, source(record.raw))).collect();
        let keep = context.kept_columns(&[("name", &["name", "source_key"])]);
        lookups::put_sources(tx, context.tenant, &records, &keep).await
    }
}

impl Normalise for Users {
    const DATASET: Dataset = Dataset::Users;
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

    async fn write(tx: &Tx, context: &Context, records: Vec<Record<RawUser>>) -> Result<()> {
        let user = |raw: RawUser| CrmUser {
            name: full_name(raw.first_name.as_deref(), raw.last_name.as_deref()).unwrap_or_default(),
            email: raw.email.unwrap_or_default(),
            crm_id: raw.id,
        };
        let records: Vec<_> = records.into_iter().map(|record| (record.book, user(record.raw))).collect();
        let keep = context.kept_columns(&[("first_name", &["name"]), ("last_name", &["name"]), ("email", &["email"])]);
        lookups::put_crm_users(tx, context.tenant, &records, &keep).await
    }
}
