//! Turns the CRM's rows into our records: for each dataset, what a row means and how it is written.

mod contacts;
mod deals;
mod events;
mod history_log;
mod list_log;
mod names;
mod notes;
mod setup;

use std::collections::BTreeSet;
use std::hash::Hash;

use tetherboard_crm_records::fields::{Fee, Person, Text};
use tetherboard_crm_records::{FieldSpec, Mapping, SkippedRow, fields_of};
use tetherboard_domain::{Dataset, EpochMs, Money, Odds, SourceTime, StageKey, TenantId};
use tetherboard_metrics::Board;
use tetherboard_store::records::RecordMeta;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, Tx, lookups};

use crate::list_names::{ListNames, ListValue};
use crate::rich_text::RichText;

/// The account's stages.
pub(crate) struct Stages;
/// The account's lead sources.
pub(crate) struct Sources;
/// The account's users.
pub(crate) struct Users;
/// The account's contacts.
pub(crate) struct Contacts;
/// Deals, which the CRM calls opportunities.
pub(crate) struct Deals;
/// Appointments in the account's calendar.
pub(crate) struct Events;
/// Notes, which the CRM returns contact by contact.
pub(crate) struct Notes;

/// Increases when the decoders of rows change: 1 cuts long labels and keeps references to users, 2 reads a stage or source that
/// is a number by its digits.
const DECODER_VERSION: i64 = 2;

/// A dataset of the CRM.
pub(crate) trait Normalize: Sized {
    const DATASET: Dataset;
    /// Increases when this code makes a different record of the same row.
    const VERSION: i64 = DECODER_VERSION;
    /// Whether rows have a text that may be HTML.
    const HAS_RICH_TEXT: bool = false;
    /// Whether changes of that text are recorded, so that a record's previous text is needed too.
    const COMPARES_RICH_TEXT: bool = false;
    /// What a record belongs to: `()` in a list of the whole account, the contact in its list of notes.
    type Parent: Clone + Ord + Hash + Default;
    /// A decoded row, its times still local.
    type Raw: Clone;

    /// Decodes a row as the CRM sent it.
    ///
    /// # Errors
    /// If the row is not an object or has no readable ID.
    fn decode(row: &[u8], mapping: &Mapping) -> std::result::Result<Self::Raw, SkippedRow>;

    /// The CRM's ID of the row.
    fn id(raw: &Self::Raw) -> &str;

    /// The ID of the record in the tables, unique within the tenant.
    fn record_id(_: &Self::Parent, id: &str) -> String {
        id.to_owned()
    }

    /// The parent as stored with rows that have no ID: the contact of a note, otherwise blank.
    fn parent_key(_: &Self::Parent) -> String {
        String::new()
    }

    /// Whether the record with this ID belongs to the parent.
    fn is_record_of(_: &Self::Parent, _crm_id: &str) -> bool {
        true
    }

    /// The fields that have a value, one bit each in the order of [`Self::fields`].
    fn filled(raw: &Self::Raw) -> u64;

    /// The text that may be HTML. It is sanitized before anything is written.
    fn typed_text(_: &Self::Raw) -> Option<&str> {
        None
    }

    /// When the CRM says that the record was last modified.
    fn modified_ms(_: &Self::Raw, _: &SourceTime) -> Option<EpochMs> {
        None
    }

    /// Writes new and changed records, and the history that they show.
    async fn write(tx: &Tx, context: &Context, records: Vec<Record<Self>>) -> Result<()>;

    /// The fields of the dataset.
    fn fields() -> &'static [FieldSpec] {
        fields_of(Self::DATASET)
    }

    /// Identifies the brand's mapping together with this code, to tell when a row must be decoded again.
    fn decoder_version(mapping_version: i64) -> i64 {
        mapping_version + (Self::VERSION << 32)
    }
}

/// A new or changed record.
pub(crate) struct Record<N: Normalize> {
    pub(crate) meta: RecordMeta,
    pub(crate) parent: N::Parent,
    pub(crate) raw: N::Raw,
    /// What [`Normalize::typed_text`] shows; empty if there is none.
    pub(crate) rich_text: RichText,
    /// The record's previous row decoded with today's mapping; `None` if it was decoded with that already. Where it
    /// differs from the tables, the mapping changed and not the CRM.
    pub(crate) previous_raw: Option<N::Raw>,
    /// The text of the record's previous row, sanitized, if changes of it are recorded.
    pub(crate) previous_rich_text: RichText,
}

/// What rows are normalized with.
pub(crate) struct Context {
    pub(crate) tenant: TenantId,
    pub(crate) source_time: SourceTime,
    pub(crate) first_stage: Option<StageKey>,
    pub(crate) stages: ListNames,
    pub(crate) sources: ListNames,
    /// The start of the previous read.
    pub(crate) read_before_ms: Option<EpochMs>,
    /// The start of the previous complete read.
    pub(crate) whole_before_ms: Option<EpochMs>,
    pub(crate) now_ms: EpochMs,
    /// Fields that many rows had and none has now: their old values stay.
    pub(crate) vanished: BTreeSet<&'static str>,
    /// Fields that had vanished in the previous read: the tables' values are older than the rows the records come from.
    pub(crate) vanished_before: BTreeSet<&'static str>,
}

impl Context {
    /// Loads the tenant's users and stages for a read at `now_ms`.
    pub(crate) async fn load<C: Conn>(
        conn: &C,
        tenant: &Tenant,
        read_before_ms: Option<EpochMs>,
        whole_before_ms: Option<EpochMs>,
        now_ms: EpochMs,
    ) -> Result<Self> {
        let board = Board::load(conn, tenant.id).await?;
        let stages = lookups::stages(conn, tenant.id).await?;
        let sources = lookups::sources(conn, tenant.id).await?;
        Ok(Self {
            tenant: tenant.id,
            source_time: tenant.source_time(),
            first_stage: board.first().map(|stage| stage.key.clone()),
            stages: ListNames::of_stages(stages, lookups::former_names(conn, tenant.id, Dataset::Stages).await?),
            sources: ListNames::of_sources(sources, lookups::former_names(conn, tenant.id, Dataset::Sources).await?),
            read_before_ms,
            whole_before_ms,
            now_ms,
            vanished: BTreeSet::new(),
            vanished_before: BTreeSet::new(),
        })
    }

    fn has_vanished(&self, field: &str) -> bool {
        self.vanished.contains(field)
    }

    /// A record's previous value: from its previous row or, if the CRM had lost the field, from the table.
    fn previous_value<T>(&self, field: &str, from_row: Option<T>, from_table: Option<T>) -> Option<T> {
        from_row.or_else(|| from_table.filter(|_| self.vanished_before.contains(field)))
    }

    /// As [`Self::previous_value`], for the stage, whose blank value is a stage of its own.
    fn previous_stage(&self, from_row: Text, from_table: &ListValue, contact_type: Option<i64>) -> ListValue {
        match from_row {
            Text::Blank if self.vanished_before.contains("stage") => from_table.clone(),
            from_row => self.stages.value(label(from_row), contact_type, Some(from_table)),
        }
    }

    /// The columns that keep their values because a field they are made from has vanished.
    fn kept_columns(&self, columns_by_field: &[(&str, &[&'static str])]) -> Vec<&'static str> {
        let vanished = columns_by_field.iter().filter(|(field, _)| self.has_vanished(field));
        vanished.flat_map(|(_, columns)| *columns).copied().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn ids<N: Normalize>(records: &[Record<N>]) -> Vec<String> {
    records.iter().map(|record| record.meta.crm_id.clone()).collect()
}

/// The trimmed text; "" if blank, `None` if the value is not text.
fn label(text: Text) -> Option<String> {
    match text {
        Text::Blank => Some(String::new()),
        Text::Text(text) => Some(text.trim().to_owned()),
        Text::NotText => None,
    }
}

/// The amount of a fee, and whether the fee is flagged as not readable.
fn money(fee: Fee) -> (Option<Money>, bool) {
    match fee {
        Fee::Unknown => (None, false),
        Fee::Cents(cents) => (Some(Money(cents)), false),
        Fee::Flagged => (None, true),
    }
}

/// An owner or author as the CRM refers to it: a name, or a user's ID or email, whose name is looked up when the record is read.
fn reference(person: Person) -> String {
    match person {
        Person::Name(reference) | Person::UserId(reference) => reference,
        Person::Blank => String::new(),
    }
}

fn odds(hundredths: Option<u16>) -> Option<Odds> {
    hundredths.and_then(|hundredths| Odds::from_hundredths(i64::from(hundredths)))
}
