//! From the CRM's rows to ours: for each list, what a row means and how it is written.

mod contacts;
mod deals;
mod events;
mod names;
mod notes;
mod setup;

use std::collections::{BTreeSet, HashMap};

use tetherboard_crm_records::fields::{Fee, Person, Text};
use tetherboard_crm_records::{FieldSpec, Mapping, SkippedRow, fields_of};
use tetherboard_domain::{Dataset, EpochMs, Money, Odds, SourceTime, StageKey, TenantId};
use tetherboard_metrics::Board;
use tetherboard_store::leads::PriorState;
use tetherboard_store::records::RecordMeta;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, Tx, lookups};

pub(crate) use notes::NoteRow;

use crate::history::Sight;

pub(crate) struct Stages;
pub(crate) struct Sources;
pub(crate) struct Users;
pub(crate) struct Contacts;
pub(crate) struct Deals;
pub(crate) struct Events;

/// A list of the CRM.
pub(crate) trait Normalise {
    const DATASET: Dataset;
    /// Grows when this code makes something else of the same row.
    const VERSION: i64 = 0;
    /// A row decoded, its times still local.
    type Raw: Clone;

    fn decode(row: &[u8], mapping: &Mapping) -> std::result::Result<Self::Raw, SkippedRow>;
    fn id(raw: &Self::Raw) -> &str;
    fn filled(raw: &Self::Raw) -> u64;

    fn modified_ms(_: &Self::Raw, _: &SourceTime) -> Option<EpochMs> {
        None
    }

    /// Writes new and changed records, and the moves they show.
    async fn write(tx: &Tx, context: &Context, records: Vec<Record<Self::Raw>>) -> Result<()>;

    fn fields() -> &'static [FieldSpec] {
        fields_of(Self::DATASET)
    }

    /// By what a record was decoded: the brand's mapping, and this code.
    fn decoded_by(mapping_version: i64) -> i64 {
        mapping_version + (Self::VERSION << 32)
    }
}

/// A new or changed record.
pub(crate) struct Record<R> {
    pub(crate) book: RecordMeta,
    pub(crate) raw: R,
    /// What the row it stood on means by today's mapping; only where that is not how it was decoded. Then what differs
    /// from the tables differs by the mapping, and did not happen in the CRM.
    pub(crate) reread: Option<R>,
}

/// What rows are read in the light of.
pub(crate) struct Context {
    pub(crate) tenant: TenantId,
    pub(crate) source_time: SourceTime,
    /// The CRM's users by id, for rows that name their owner so.
    pub(crate) users: HashMap<String, String>,
    pub(crate) first_stage: Option<StageKey>,
    /// The start of the read before this one, and of the whole one.
    pub(crate) read_before_ms: Option<EpochMs>,
    pub(crate) whole_before_ms: Option<EpochMs>,
    pub(crate) now_ms: EpochMs,
    /// Fields that many rows had and none has now: their old values stay.
    pub(crate) vanished: BTreeSet<&'static str>,
    /// Those that the read before did not find either: what the tables say of them is older than the rows they stand on.
    pub(crate) vanished_before: BTreeSet<&'static str>,
}

impl Context {
    /// What the tables say now, with the moments of the read and of those before it.
    pub(crate) async fn load<C: Conn>(
        conn: &C,
        tenant: &Tenant,
        read_before_ms: Option<EpochMs>,
        whole_before_ms: Option<EpochMs>,
        now_ms: EpochMs,
    ) -> Result<Self> {
        let users = lookups::crm_users(conn, tenant.id).await?;
        let board = Board::load(conn, tenant.id).await?;
        Ok(Self {
            tenant: tenant.id,
            source_time: tenant.source_time(),
            users: users.into_iter().map(|user| (user.crm_id, user.name)).collect(),
            first_stage: board.first().map(|stage| stage.key.clone()),
            read_before_ms,
            whole_before_ms,
            now_ms,
            vanished: BTreeSet::new(),
            vanished_before: BTreeSet::new(),
        })
    }

    fn sight<'a>(
        &self,
        subject: Dataset,
        book: &'a RecordMeta,
        stage: Option<&'a str>,
        created_ms: Option<EpochMs>,
    ) -> Sight<'a> {
        Sight {
            subject,
            crm_id: &book.crm_id,
            stage,
            created_ms,
            modified_ms: book.modified_ms,
            read_before_ms: self.read_before_ms,
            whole_before_ms: self.whole_before_ms,
            now_ms: self.now_ms,
        }
    }

    pub(crate) fn owner(&self, owner: Person) -> String {
        match owner {
            Person::Name(name) => name,
            Person::UserId(id) => self.users.get(&id).filter(|name| !name.is_empty()).cloned().unwrap_or(format!("User {id}")),
            Person::Blank => String::new(),
        }
    }

    fn has_vanished(&self, field: &str) -> bool {
        self.vanished.contains(field)
    }

    /// What a record's old row means by today's mapping, or where the CRM had lost the field, what the table kept.
    fn stood<T>(&self, field: &str, reread: Option<T>, kept: Option<T>) -> Option<T> {
        reread.or_else(|| kept.filter(|_| self.vanished_before.contains(field)))
    }

    fn stage_stood(&self, reread: Text, before: &PriorState) -> Option<String> {
        match reread {
            Text::Blank if self.vanished_before.contains("stage") => before.stage.clone(),
            reread => label(reread),
        }
    }

    /// The columns that keep their old values, of a list's fields and the columns made from each.
    fn kept_columns(&self, made_from: &[(&str, &[&'static str])]) -> Vec<&'static str> {
        let of_vanished = made_from.iter().filter(|(field, _)| self.has_vanished(field)).flat_map(|(_, columns)| *columns);
        of_vanished.copied().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn by_id(prior_states: Vec<PriorState>) -> HashMap<String, PriorState> {
    prior_states.into_iter().map(|standing| (standing.crm_id.clone(), standing)).collect()
}

fn ids<R>(records: &[Record<R>]) -> Vec<String> {
    records.iter().map(|record| record.book.crm_id.clone()).collect()
}

/// Trimmed; blank is "", and a value that is no text is `None`.
fn label(text: Text) -> Option<String> {
    match text {
        Text::Blank => Some(String::new()),
        Text::Text(text) => Some(text.trim().to_owned()),
        Text::NotText => None,
    }
}

fn money(fee: Fee) -> (Option<Money>, bool) {
    match fee {
        Fee::Unknown => (None, false),
        Fee::Cents(cents) => (Some(Money(cents)), false),
        Fee::Flagged => (None, true),
    }
}

fn odds(hundredths: Option<u16>) -> Option<Odds> {
    hundredths.and_then(|hundredths| Odds::from_hundredths(i64::from(hundredths)))
}
