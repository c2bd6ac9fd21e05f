//! Checks an account before a sync, or after one failed: requests each list once and reports what its rows are like. Writes
//! nothing.

mod time_check;

use std::collections::BTreeSet;

use serde::Serialize;
use tetherboard_clienttether::{
    ListRequest, Page, ReadContacts, ReadDeals, ReadEvents, ReadNotes, ReadSources, ReadStages, ReadUsers,
};
use tetherboard_crm_records::{Mapping, fields_of};
use tetherboard_domain::{DataQualityKind, Dataset};
use tetherboard_store::data_quality::{self, QualityWarning};
use tetherboard_store::tenants::{self, Tenant};
use tetherboard_store::{StoreError, credentials, lookups};

use self::time_check::TimeCheck;
use crate::calendar_window::CalendarWindow;
use crate::crm::{CrmError, CrmSession};
use crate::report::chain;
use crate::run::Syncer;

/// The result of checking one brand.
#[derive(Debug, Serialize)]
pub struct AccountCheck {
    /// The brand's slug.
    pub tenant: String,
    /// Why no request could be made; `None` if requests were made.
    pub connection_error: Option<String>,
    /// One entry per dataset; empty if no request could be made.
    pub datasets: Vec<DatasetCheck>,
    /// Problems with credentials, clocks, time zones, and date formats, and what to do about each.
    pub warnings: Vec<String>,
    /// What recent syncs showed to be permanently odd about the account's lists.
    pub data_quality: Vec<QualityFinding>,
}

/// An oddity of a list. Syncs accept it while it stays the same.
#[derive(Debug, Serialize)]
pub struct QualityFinding {
    pub dataset: Dataset,
    pub kind: DataQualityKind,
    /// How many rows, records, or contacts it concerns.
    pub amount: i64,
    /// When it was first seen, in milliseconds since 1970.
    pub since_ms: i64,
    /// The finding as a clause whose subject is the list: "lists 18 records twice".
    pub meaning: String,
}

/// The result of requesting the first page of one dataset.
#[derive(Debug, Serialize)]
pub struct DatasetCheck {
    pub dataset: Dataset,
    /// Path and query without credentials; `None` if there was nothing to request.
    pub request: Option<String>,
    pub fault: Option<DatasetFault>,
    pub result_code: Option<String>,
    /// The CRM's `TotalRecord`, if it is readable.
    pub total: Option<u64>,
    pub rows: usize,
    pub rows_without_id: usize,
    pub rows_not_objects: usize,
    pub fields: Vec<FieldCheck>,
    /// Keys in the rows that no field is read from.
    pub unknown_keys: Vec<String>,
}

/// Why a dataset could not be requested.
#[derive(Debug, Serialize)]
pub struct DatasetFault {
    pub class: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What to do about it.
    pub cure: &'static str,
    /// The error and its causes.
    pub message: String,
}

/// How many rows of a page have a value for a field.
#[derive(Debug, Serialize)]
pub struct FieldCheck {
    pub field: &'static str,
    pub label: &'static str,
    pub filled: usize,
    pub unreadable: usize,
    /// The format of one value that could not be read, with 9 for each digit and `a` for each letter, to hide the value.
    pub unreadable_shape: Option<String>,
    /// The places in the rows where values were found.
    pub places: Vec<String>,
}

impl AccountCheck {
    /// Whether every request got a readable response and there is no warning.
    pub fn is_healthy(&self) -> bool {
        let is_healthy =
            |check: &DatasetCheck| check.fault.is_none() && check.rows_without_id == 0 && check.rows_not_objects == 0;
        let has_warnings = !self.warnings.is_empty() || !self.data_quality.is_empty();
        self.connection_error.is_none() && !has_warnings && self.datasets.iter().all(is_healthy)
    }
}

impl Syncer {
    /// Requests the first page of each of a brand's datasets once.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn check_account(&self, tenant: &Tenant) -> Result<AccountCheck, StoreError> {
        let (conn, datasets) = (self.store.conn(), Vec::new());
        let data_quality = data_quality::warnings(conn, tenant.id).await?.iter().map(QualityFinding::of).collect();
        let warnings = self.same_users(tenant).await?.into_iter().collect();
        let mut check = AccountCheck { tenant: tenant.slug.clone(), connection_error: None, datasets, warnings, data_quality };
        let session = match self.crm.session(&self.store, tenant, &self.clock).await {
            Ok(session) => session,
            Err(CrmError::Store(error)) => return Err(error),
            Err(error) => {
                check.connection_error = Some(chain(&error));
                return Ok(check);
            }
        };
        let token = credentials::token_health(self.store.conn(), &credentials::token_hash(&session.token)).await?;
        if let Some(since) = token.refused_ms {
            let since = since.timestamp().unwrap_or_default();
            check.warnings.push(format!(
                "ClientTether has refused the access token since {since}, so no brand is synced; replace the token in the portal \
                 or in CLIENTTETHER_ACCESS_TOKEN"
            ));
        }
        // The refusal may be over, so the requests are made anyway.
        self.crm.budgets.accept(&session.token);
        self.check_datasets(tenant, &session, &mut check).await;
        Ok(check)
    }

    /// Warns if another brand has the same CRM users: then the two web keys probably belong to one account.
    async fn same_users(&self, tenant: &Tenant) -> Result<Option<String>, StoreError> {
        // One user with an email can be the same consultant in two accounts.
        const FEWEST_USERS: usize = 2;
        let conn = self.store.conn();
        let users = async |tenant: &Tenant| -> Result<BTreeSet<(String, String)>, StoreError> {
            let users = lookups::crm_users(conn, tenant.id).await?;
            Ok(users.into_iter().map(|user| (user.crm_id, user.email.to_lowercase())).collect())
        };
        let own = users(tenant).await?;
        if own.iter().filter(|(_, email)| !email.is_empty()).count() < FEWEST_USERS {
            return Ok(None);
        }
        for other in tenants::list(conn).await?.iter().filter(|other| other.id != tenant.id) {
            if users(other).await? == own {
                return Ok(Some(format!(
                    "{} has the same ClientTether users, so both web keys may belong to one account; check the web key of each brand",
                    other.name
                )));
            }
        }
        Ok(None)
    }

    async fn check_datasets(&self, tenant: &Tenant, session: &CrmSession, check: &mut AccountCheck) {
        let mut checker = Checker { session, time: TimeCheck::default() };
        let calendar = CalendarWindow::around(&tenant.source_time(), self.clock.now());
        let stages = checker.check(Dataset::Stages, ReadStages::new()).await.0;
        let sources = checker.check(Dataset::Sources, ReadSources::new()).await.0;
        let users = checker.check(Dataset::Users, ReadUsers::new()).await.0;
        let (contacts, page) = checker.check(Dataset::Contacts, ReadContacts::new()).await;
        let deals = checker.check(Dataset::Deals, ReadDeals::new()).await.0;
        let events = checker.check::<ReadEvents>(Dataset::Events, calendar.request()).await.0;
        let contact = page.and_then(|page| page.rows.iter().find_map(|row| row.id.clone()));
        let notes = match contact {
            Some(contact) => checker.check(Dataset::Notes, ReadNotes::for_contact(&contact)).await.0,
            None => DatasetCheck::not_requested(Dataset::Notes),
        };
        check.datasets = vec![stages, sources, users, contacts, deals, events, notes];
        check.warnings.extend(checker.time.warnings(tenant, self.clock.now()));
    }
}

impl QualityFinding {
    fn of(warning: &QualityWarning) -> Self {
        let QualityWarning { dataset, kind, amount, since_ms, .. } = *warning;
        Self { dataset, kind, amount, since_ms: since_ms.0, meaning: warning.clause() }
    }
}

/// Requests the first page of datasets, and collects what they show of the CRM's time.
struct Checker<'a> {
    session: &'a CrmSession,
    time: TimeCheck,
}

impl Checker<'_> {
    async fn check<R: ListRequest>(&mut self, dataset: Dataset, request: R) -> (DatasetCheck, Option<Page>) {
        let CrmSession { client, mapping, .. } = self.session;
        let path = request.path_and_query(0);
        match client.single_try().page(request, 0).await {
            Ok(page) => {
                self.time.add(&page, dataset, mapping);
                (DatasetCheck::of(&page, dataset, mapping), Some(page))
            }
            Err(error) => {
                let class = error.class();
                let fault = DatasetFault {
                    class: class.as_str(),
                    meaning: class.meaning(),
                    cure: class.remedy(),
                    message: chain(&error),
                };
                let check = DatasetCheck { request: Some(path), fault: Some(fault), ..DatasetCheck::not_requested(dataset) };
                (check, None)
            }
        }
    }
}

impl DatasetCheck {
    fn not_requested(dataset: Dataset) -> Self {
        Self {
            dataset,
            request: None,
            fault: None,
            result_code: None,
            total: None,
            rows: 0,
            rows_without_id: 0,
            rows_not_objects: 0,
            fields: Vec::new(),
            unknown_keys: Vec::new(),
        }
    }

    fn of(page: &Page, dataset: Dataset, mapping: &Mapping) -> Self {
        let is_object = |row: &&[u8]| row.first() == Some(&b'{');
        let rows: Vec<&[u8]> = page.rows.iter().map(|row| page.row(row)).filter(is_object).collect();
        let mut unknown_keys: Vec<String> = Vec::new();
        for key in rows.iter().flat_map(|row| mapping.unmapped_keys(dataset, row)) {
            if !unknown_keys.contains(&key) {
                unknown_keys.push(key);
            }
        }
        let without_id = page.rows.iter().filter(|row| row.id.is_none()).count();
        Self {
            dataset,
            request: Some(page.request.clone()),
            fault: None,
            result_code: Some(page.envelope.result_code.to_string()),
            total: page.envelope.total,
            rows: page.rows.len(),
            rows_without_id: without_id,
            rows_not_objects: page.rows.len() - rows.len(),
            fields: fields_of(dataset)
                .iter()
                .map(|field| FieldCheck::of(field.name, field.label, dataset, mapping, &rows))
                .collect(),
            unknown_keys,
        }
    }
}

impl FieldCheck {
    fn of(field: &'static str, label: &'static str, dataset: Dataset, mapping: &Mapping, rows: &[&[u8]]) -> Self {
        let mut check = Self { field, label, filled: 0, unreadable: 0, unreadable_shape: None, places: Vec::new() };
        for row in rows {
            let preview = mapping.preview(dataset, field, row);
            match preview.value {
                Ok(Some(_)) => check.filled += 1,
                Ok(None) => continue,
                Err(_) => {
                    check.unreadable += 1;
                    check.unreadable_shape = check.unreadable_shape.or_else(|| preview.raw.as_deref().map(shape));
                }
            }
            check.places.extend(preview.place.filter(|place| !check.places.contains(place)));
        }
        check
    }
}

/// The format of a value without the value, cut to 60 characters.
fn shape(value: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_digit() => '9',
        c if c.is_alphabetic() => 'a',
        c => c,
    };
    value.chars().take(60).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_shows_the_format_and_hides_the_value() {
        assert_eq!(shape("\"03/08/2026 02:30 PM\""), "\"99/99/9999 99:99 aa\"");
        assert_eq!(shape("\"Ada Ash\""), "\"aaa aaa\"");
    }
}
