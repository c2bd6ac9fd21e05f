//! From the CRM's rows to ours: for each list, what a row means and how it is written.

use std::collections::HashMap;

use jiff::civil::DateTime;
use tetherboard_clienttether::fields::{self, Fee, Person, Text};
use tetherboard_clienttether::{RawContact, RawDeal, RawSource, RawStage, RawUser, SetAside};
use tetherboard_domain::{Dataset, Money, Odds, SourceTime, StageKey, TenantId};
use tetherboard_store::deals::DealRecord;
use tetherboard_store::leads::{LeadRecord, Standing};
use tetherboard_store::records::Book;
use tetherboard_store::small_lists::{CrmUser, Source, Stage};
use tetherboard_store::{Result, Tx, deals, history, leads, small_lists};

use crate::history::{Sight, follow};

/// What rows are read in the light of.
pub(crate) struct Context {
    pub(crate) tenant: TenantId,
    pub(crate) source_time: SourceTime,
    /// The CRM's users by id, for rows that name their owner so.
    pub(crate) users: HashMap<String, String>,
    pub(crate) first_stage: Option<StageKey>,
    /// The start of the read before this one, and of the whole one.
    pub(crate) read_before_ms: Option<i64>,
    pub(crate) whole_before_ms: Option<i64>,
    pub(crate) now_ms: i64,
}

/// A list of the CRM.
pub(crate) trait Normalise {
    const DATASET: Dataset;
    /// A row decoded, its times still local.
    type Raw;

    fn decode(row: &[u8]) -> std::result::Result<Self::Raw, SetAside>;
    fn id(raw: &Self::Raw) -> &str;
    fn modified(raw: &Self::Raw) -> Option<DateTime>;
    /// Writes new and changed records, and the moves they show.
    async fn write(tx: &Tx, context: &Context, records: Vec<(Book, Self::Raw)>) -> Result<()>;
}

pub(crate) struct Stages;
pub(crate) struct Sources;
pub(crate) struct Users;
pub(crate) struct Contacts;
pub(crate) struct Deals;

impl Normalise for Stages {
    const DATASET: Dataset = Dataset::Stages;
    type Raw = RawStage;

    fn decode(row: &[u8]) -> std::result::Result<RawStage, SetAside> {
        RawStage::decode(row)
    }

    fn id(raw: &RawStage) -> &str {
        &raw.sales_cycle_id
    }

    fn modified(_: &RawStage) -> Option<DateTime> {
        None
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<(Book, RawStage)>) -> Result<()> {
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
        let records: Vec<_> = records.into_iter().map(|(book, raw)| (book, stage(raw))).collect();
        small_lists::put_stages(tx, context.tenant, &records).await
    }
}

impl Normalise for Sources {
    const DATASET: Dataset = Dataset::Sources;
    type Raw = RawSource;

    fn decode(row: &[u8]) -> std::result::Result<RawSource, SetAside> {
        RawSource::decode(row)
    }

    fn id(raw: &RawSource) -> &str {
        &raw.id
    }

    fn modified(_: &RawSource) -> Option<DateTime> {
        None
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<(Book, RawSource)>) -> Result<()> {
        let source = |raw: RawSource| {
            let name = raw.name.unwrap_or_default().trim().to_owned();
            Source { crm_id: raw.id, source_key: StageKey::of(&name).0, name }
        };
        let records: Vec<_> = records.into_iter().map(|(book, raw)| (book, source(raw))).collect();
        small_lists::put_sources(tx, context.tenant, &records).await
    }
}

impl Normalise for Users {
    const DATASET: Dataset = Dataset::Users;
    type Raw = RawUser;

    fn decode(row: &[u8]) -> std::result::Result<RawUser, SetAside> {
        RawUser::decode(row)
    }

    fn id(raw: &RawUser) -> &str {
        &raw.id
    }

    fn modified(_: &RawUser) -> Option<DateTime> {
        None
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<(Book, RawUser)>) -> Result<()> {
        let user = |raw: RawUser| CrmUser {
            name: full_name(raw.first_name.as_deref(), raw.last_name.as_deref()).unwrap_or_default(),
            email: raw.email.unwrap_or_default(),
            crm_id: raw.id,
        };
        let records: Vec<_> = records.into_iter().map(|(book, raw)| (book, user(raw))).collect();
        small_lists::put_crm_users(tx, context.tenant, &records).await
    }
}

impl Normalise for Contacts {
    const DATASET: Dataset = Dataset::Contacts;
    type Raw = RawContact;

    fn decode(row: &[u8]) -> std::result::Result<RawContact, SetAside> {
        RawContact::decode(row)
    }

    fn id(raw: &RawContact) -> &str {
        &raw.client_id
    }

    fn modified(raw: &RawContact) -> Option<DateTime> {
        raw.modified
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<(Book, RawContact)>) -> Result<()> {
        let ids: Vec<String> = records.iter().map(|(book, _)| book.crm_id.clone()).collect();
        let before = by_id(leads::standings(tx, context.tenant, &ids).await?);
        let mut moves = Vec::new();
        let mut written = Vec::with_capacity(records.len());
        for (book, raw) in records {
            let stage = label(raw.stage);
            let created_ms = raw.created.and_then(|local| context.source_time.moment_ms(local));
            let sight = context.sight(Dataset::Contacts, &book, stage.as_deref(), created_ms);
            let (since, moved) = follow(&sight, before.get(&book.crm_id), context.first_stage.as_ref());
            moves.extend(moved);
            let (fee, fee_flagged) = money(raw.fee);
            let name = full_name(raw.first_name.as_deref(), raw.last_name.as_deref());
            let lead = LeadRecord {
                link_key: link_key(name.as_deref(), raw.company.as_deref()),
                name: shown_name(name, raw.company.as_deref()),
                company: raw.company.unwrap_or_default(),
                email: raw.email.unwrap_or_default(),
                phone: raw.phone.unwrap_or_default(),
                market: market(raw.city.as_deref(), raw.state.as_deref()),
                owner: context.owner(raw.owner),
                contact_type: raw.contact_type,
                source: label(raw.source),
                stage,
                stage_since_ms: since.ms,
                stage_since_exact: since.exact,
                fee,
                fee_flagged,
                created_ms,
            };
            written.push((book, lead));
        }
        leads::put(tx, context.tenant, &written).await?;
        history::record(tx, context.tenant, &moves).await
    }
}

impl Normalise for Deals {
    const DATASET: Dataset = Dataset::Deals;
    type Raw = RawDeal;

    fn decode(row: &[u8]) -> std::result::Result<RawDeal, SetAside> {
        RawDeal::decode(row)
    }

    fn id(raw: &RawDeal) -> &str {
        &raw.opportunity_id
    }

    fn modified(raw: &RawDeal) -> Option<DateTime> {
        raw.modified
    }

    async fn write(tx: &Tx, context: &Context, records: Vec<(Book, RawDeal)>) -> Result<()> {
        let ids: Vec<String> = records.iter().map(|(book, _)| book.crm_id.clone()).collect();
        let before = by_id(deals::standings(tx, context.tenant, &ids).await?);
        let mut moves = Vec::new();
        let mut written = Vec::with_capacity(records.len());
        for (book, raw) in records {
            let stage = label(raw.stage);
            let created_ms = raw.created.and_then(|local| context.source_time.moment_ms(local));
            let sight = context.sight(Dataset::Deals, &book, stage.as_deref(), created_ms);
            let (since, moved) = follow(&sight, before.get(&book.crm_id), context.first_stage.as_ref());
            moves.extend(moved);
            let (fee, fee_flagged) = money(raw.fee);
            let name = full_name(raw.first_name.as_deref(), raw.last_name.as_deref());
            let deal = DealRecord {
                link_key: link_key(name.as_deref(), raw.company.as_deref()),
                name: shown_name(name, raw.company.as_deref()),
                client_id: raw.client_id,
                title: raw.name.unwrap_or_default(),
                contact_type: raw.contact_type,
                stage,
                stage_since_ms: since.ms,
                stage_since_exact: since.exact,
                fee,
                fee_flagged,
                odds: odds(raw.odds),
                close_date: raw.close_date.map(|date| date.to_string()),
                owner: context.owner(raw.owner),
                created_ms,
            };
            written.push((book, deal));
        }
        deals::put(tx, context.tenant, &written).await?;
        history::record(tx, context.tenant, &moves).await
    }
}

impl Context {
    fn sight<'a>(&self, subject: Dataset, book: &'a Book, stage: Option<&'a str>, created_ms: Option<i64>) -> Sight<'a> {
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

    fn owner(&self, owner: Person) -> String {
        match owner {
            Person::Name(name) => name,
            Person::UserId(id) => self.users.get(&id).filter(|name| !name.is_empty()).cloned().unwrap_or(format!("User {id}")),
            Person::Blank => String::new(),
        }
    }
}

fn by_id(standings: Vec<Standing>) -> HashMap<String, Standing> {
    standings.into_iter().map(|standing| (standing.crm_id.clone(), standing)).collect()
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

/// First and last name, placeholders left out; `None` when nothing is left.
fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let whole = [first, last].into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let real = |name: &str| !name.is_empty() && !fields::is_placeholder_name(name);
    if !real(&whole) {
        return None;
    }
    let parts = [first, last].into_iter().flatten().map(str::trim).filter(|part| real(part));
    Some(parts.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
}

/// What a list shows for somebody whose name the CRM does not know: the company, else words that say so.
fn shown_name(name: Option<String>, company: Option<&str>) -> String {
    name.or_else(|| company.map(str::trim).filter(|company| !company.is_empty()).map(str::to_owned))
        .unwrap_or_else(|| "No name".to_owned())
}

/// Name and company, folded: what a deal without a contact's id is joined by. A placeholder joins nothing.
fn link_key(name: Option<&str>, company: Option<&str>) -> Option<String> {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    name.map(|name| format!("{}\n{}", fold(name), fold(company.unwrap_or_default())))
}

fn market(city: Option<&str>, state: Option<&str>) -> String {
    let parts = [city, state].into_iter().flatten().map(str::trim).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_no_name() {
        assert_eq!(full_name(Some("No Name Text Added"), None), None);
        assert_eq!(full_name(Some(" Ada "), Some("Ash")).as_deref(), Some("Ada Ash"));
        assert_eq!(shown_name(None, Some("Acme")), "Acme");
        assert_eq!(shown_name(None, Some("  ")), "No name");
    }

    #[test]
    fn deals_are_joined_by_name_and_company_whatever_case_and_space() {
        assert_eq!(link_key(Some("Ada  Ash"), None), link_key(Some("ADA ash"), Some("")));
        assert_eq!(link_key(None, Some("Acme")), None);
    }
}
