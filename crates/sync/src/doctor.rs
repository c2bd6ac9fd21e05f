//! A look at the CRM before, or when, a sync goes wrong: each read once, and what its rows are like. It writes nothing.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tetherboard_clienttether::{
    Client, ListRequest, Page, ReadContacts, ReadDeals, ReadEvents, ReadNotes, ReadSources, ReadStages, ReadUsers,
};
use tetherboard_crm_records::{FieldKind, Mapping, fields_of};
use tetherboard_domain::Dataset;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{StoreError, credentials};

use crate::crm::CrmError;
use crate::report::chain;
use crate::run::{Calendar, Syncer};

/// What was found of one brand.
#[derive(Debug, Serialize)]
pub struct Checkup {
    pub tenant: String,
    /// Why nothing could be asked at all.
    pub trouble: Option<String>,
    pub datasets: Vec<DatasetCheckup>,
    /// What may be wrong with clocks and zones, in words.
    pub doubts: Vec<String>,
}

/// One read, asked once, one page of it.
#[derive(Debug, Serialize)]
pub struct DatasetCheckup {
    pub dataset: Dataset,
    /// Path and query, without credentials; `None` when there was nothing to ask for.
    pub request: Option<String>,
    pub fault: Option<FaultFound>,
    pub result_code: Option<String>,
    /// The CRM's own total, where it is readable.
    pub total: Option<u64>,
    pub rows: usize,
    pub rows_without_id: usize,
    pub rows_not_objects: usize,
    pub fields: Vec<FieldCheckup>,
    /// Keys of the rows that no field looks at.
    pub unknown_keys: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct FaultFound {
    pub class: &'static str,
    pub meaning: &'static str,
    pub cure: &'static str,
    pub message: String,
}

/// How often a field was found in the rows of a page.
#[derive(Debug, Serialize)]
pub struct FieldCheckup {
    pub field: &'static str,
    pub label: &'static str,
    pub filled: usize,
    pub unreadable: usize,
    /// The shape of one value that could not be read, each digit as 9 and each letter as a: it tells the form, not the value.
    pub unreadable_shape: Option<String>,
    /// The places that gave it.
    pub places: Vec<String>,
}

impl Checkup {
    /// Whether everything asked was answered in a form that is understood.
    pub fn is_well(&self) -> bool {
        let fine = |found: &DatasetCheckup| found.fault.is_none() && found.rows_without_id == 0 && found.rows_not_objects == 0;
        self.trouble.is_none() && self.doubts.is_empty() && self.datasets.iter().all(fine)
    }
}

impl Syncer {
    /// Asks each read of a brand once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_up(&self, tenant: &Tenant) -> Result<Checkup, StoreError> {
        let mut checkup = Checkup { tenant: tenant.slug.clone(), trouble: None, datasets: Vec::new(), doubts: Vec::new() };
        let door = match self.crm.door(&self.store, tenant, &self.clock).await {
            Ok(door) => door,
            Err(CrmError::Store(error)) => return Err(error),
            Err(error) => {
                checkup.trouble = Some(chain(&error));
                return Ok(checkup);
            }
        };
        if let Some(since) = credentials::token_health(self.store.conn(), &credentials::token_hash(&door.token)).await?.refused_ms
        {
            let since = since.timestamp().unwrap_or_default();
            checkup.doubts.push(format!("the access token has been refused for every brand since {since}"));
        }
        // Whoever asks wants to know whether it is still so.
        self.crm.budgets.accept(&door.token);
        let (client, mapping) = (&door.client, &*door.mapping);
        let mut clock = Clocks::default();
        let calendar = Calendar::around(&tenant.source_time(), self.clock.now());
        let stages = look(client, mapping, Dataset::Stages, ReadStages::new(), &mut clock).await;
        let sources = look(client, mapping, Dataset::Sources, ReadSources::new(), &mut clock).await;
        let users = look(client, mapping, Dataset::Users, ReadUsers::new(), &mut clock).await;
        let contacts = look(client, mapping, Dataset::Contacts, ReadContacts::new(), &mut clock).await;
        let deals = look(client, mapping, Dataset::Deals, ReadDeals::new(), &mut clock).await;
        let events: (DatasetCheckup, Option<Page>) =
            look::<ReadEvents>(client, mapping, Dataset::Events, calendar.request(), &mut clock).await;
        let first = contacts.1.as_ref().and_then(|page| page.rows.iter().find_map(|row| row.id.clone()));
        let notes = match first {
            Some(contact) => look(client, mapping, Dataset::Notes, ReadNotes::for_contact(&contact), &mut clock).await.0,
            None => DatasetCheckup::unasked(Dataset::Notes),
        };
        checkup.datasets = [stages, sources, users, contacts, deals, events].into_iter().map(|(found, _)| found).collect();
        checkup.datasets.push(notes);
        checkup.doubts.extend(clock.doubts(tenant, self.clock.now()));
        Ok(checkup)
    }
}

async fn look<R: ListRequest>(
    client: &Client,
    mapping: &Mapping,
    dataset: Dataset,
    request: R,
    clocks: &mut Clocks,
) -> (DatasetCheckup, Option<Page>) {
    let path = request.path_and_query(0);
    match client.single_try().page(request, 0).await {
        Ok(page) => {
            clocks.take(&page, dataset, mapping);
            (DatasetCheckup::of(&page, dataset, mapping), Some(page))
        }
        Err(error) => {
            let class = error.class();
            let fault =
                FaultFound { class: class.as_str(), meaning: class.meaning(), cure: class.cure(), message: chain(&error) };
            let found = DatasetCheckup { request: Some(path), fault: Some(fault), ..DatasetCheckup::unasked(dataset) };
            (found, None)
        }
    }
}

impl DatasetCheckup {
    fn unasked(dataset: Dataset) -> Self {
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
                .map(|field| FieldCheckup::of(field.name, field.label, dataset, mapping, &rows))
                .collect(),
            unknown_keys,
        }
    }
}

impl FieldCheckup {
    fn of(field: &'static str, label: &'static str, dataset: Dataset, mapping: &Mapping, rows: &[&[u8]]) -> Self {
        let mut found = Self { field, label, filled: 0, unreadable: 0, unreadable_shape: None, places: Vec::new() };
        for row in rows {
            let look = mapping.preview(dataset, field, row);
            match look.value {
                Ok(Some(_)) => found.filled += 1,
                Ok(None) => continue,
                Err(_) => {
                    found.unreadable += 1;
                    found.unreadable_shape = found.unreadable_shape.or_else(|| look.raw.as_deref().map(shape));
                }
            }
            found.places.extend(look.place.filter(|place| !found.places.contains(place)));
        }
        found
    }
}

/// The form of a value without the value.
fn shape(value: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_digit() => '9',
        c if c.is_alphabetic() => 'a',
        c => c,
    };
    value.chars().take(60).map(letter).collect()
}

/// What the answers tell of the CRM's time.
#[derive(Default)]
struct Clocks {
    /// How far the CRM's machine is ahead of ours, by its answers' `Date`.
    ahead: Option<SignedDuration>,
    /// The latest local time of something that has happened.
    latest: Option<DateTime>,
    unreadable: Vec<(Dataset, &'static str)>,
}

impl Clocks {
    fn take(&mut self, page: &Page, dataset: Dataset, mapping: &Mapping) {
        if let Some(date) = page.server_date {
            self.ahead = Some(date.duration_since(page.received_at));
        }
        // An appointment may lie ahead; what was created or modified may not.
        let is_past = |field: &str| matches!(field, "created" | "modified");
        for field in fields_of(dataset).iter().filter(|field| field.kind == FieldKind::DateTime && is_past(field.name)) {
            for row in &page.rows {
                match mapping.preview(dataset, field.name, page.row(row)).value {
                    Ok(Some(text)) => self.latest = self.latest.max(text.replace(' ', "T").parse().ok()),
                    Ok(None) => {}
                    Err(_) if self.unreadable.contains(&(dataset, field.label)) => {}
                    Err(_) => self.unreadable.push((dataset, field.label)),
                }
            }
        }
    }

    fn doubts(&self, tenant: &Tenant, now: Timestamp) -> Vec<String> {
        let mut doubts = Vec::new();
        if let Some(ahead) = self.ahead.filter(|ahead| ahead.as_secs().abs() > 120) {
            let minutes = ahead.as_secs().abs() / 60;
            let way = if ahead.is_positive() { "ahead of" } else { "behind" };
            doubts.push(format!("ClientTether's clock is {minutes} min {way} this machine's; one of them is wrong"));
        }
        let zone = tenant.source_time();
        let latest = self.latest.and_then(|local| Some((local, zone.moment_ms(local)?.timestamp()?)));
        if let Some((local, moment)) = latest
            && moment.duration_since(now) > SignedDuration::from_mins(5)
        {
            let hours = (moment.duration_since(now).as_secs() + 1_800) / 3_600;
            doubts.push(format!(
                "a record was changed at {local}, which in {} is about {hours} h from now: the account's times are likely in another \
                 zone; set it with: tetherboard tenant set --slug {} --source-zone ZONE",
                zone.0.name(),
                tenant.slug
            ));
        }
        for (dataset, label) in &self.unreadable {
            doubts.push(format!(
                "{label} of {dataset} is written in a form that the field mapping does not name; add the form there"
            ));
        }
        doubts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_tells_the_form_and_not_the_value() {
        assert_eq!(shape("\"03/08/2026 02:30 PM\""), "\"99/99/9999 99:99 aa\"");
        assert_eq!(shape("\"Ada Ash\""), "\"aaa aaa\"");
    }
}
