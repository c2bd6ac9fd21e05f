//! Reads notes, which the CRM returns contact by contact: each run reads those of some contacts.

use std::collections::{HashSet, VecDeque};

use futures::StreamExt;
use futures::stream::FuturesOrdered;
use jiff::SignedDuration;
use tetherboard_clienttether::{Client, Page, Pages, ReadNotes, ReadOutcome};
use tetherboard_domain::{ContactId, DataQualityKind, Dataset, DatasetStatus, FaultClass};
use tetherboard_metrics::{Board, hot_list_at};
use tetherboard_store::notes::{self, ReadReason};
use tetherboard_store::records::Scope;
use tetherboard_store::runs::DatasetReport;
use tetherboard_store::snapshots::Recorder;

use crate::capture::{CapturedList, client_error, count, flush, save_page, save_unreadable};
use crate::completeness::needs_second_pass;
use crate::data_quality::Oddities;
use crate::dataset_reader::{DatasetReader, ReadExtent};
use crate::dedup::ReadRows;
use crate::normalize::{Normalize, Notes};
use crate::run::SyncError;

/// How many contacts whose notes are current are read again in each run, because a new note leaves its contact's record
/// unchanged. Half of them have open deals; the others were read longest ago, so that every contact has its turn.
const REFRESHED_PER_RUN: usize = 200;

/// How far away an appointment may be for its contact's notes to be read by every run.
const APPOINTMENT_DISTANCE: SignedDuration = SignedDuration::from_hours(48);

/// After this many failed contacts in a row, one contact from the end of the queue is tried: a few contacts can fail
/// forever, and must not block those behind them. If it fails too, the rest is left to the next run.
const MAX_FAILURES_IN_A_ROW: usize = 5;

/// How many contacts are read between two progress reports.
const CONTACTS_PER_REPORT: usize = 25;

impl DatasetReader<'_> {
    /// Reads the notes of the contacts that are due and applies them together.
    ///
    /// # Errors
    /// If the lease is lost. A fault of the CRM goes into `report`.
    pub(crate) async fn read_notes(&self, report: &mut DatasetReport) -> Result<(), SyncError> {
        let started_ms = self.start(report).await?;
        let queue = self.notes_queue().await?;
        let (rows, contacts) = NotesReader::new(self, queue).await?.read(report).await?;
        report.status = match &report.error {
            None => DatasetStatus::Succeeded,
            Some(_) if contacts.is_empty() => DatasetStatus::Failed,
            Some(_) => DatasetStatus::Partial,
        };
        report.finished_ms = Some(self.syncer.clock.now_ms());
        if report.status == DatasetStatus::Failed {
            return self.save(report).await;
        }
        let complete: Vec<ContactNotes> = contacts.into_iter().filter(|contact| contact.complete).collect();
        let wrong_totals = complete.iter().filter(|contact| contact.total_is_too_high).count();
        let contacts: Vec<ContactId> = complete.into_iter().map(|contact| contact.client_id).collect();
        let scope = Scope::Of { contacts: contacts.clone() };
        // A run that reads no notes says nothing about their totals.
        let found = vec![(DataQualityKind::TotalTooHigh, count(wrong_totals))];
        let oddities = (!contacts.is_empty()).then(|| Oddities::confirmed(found));
        let complete = report.status == DatasetStatus::Succeeded;
        let list = CapturedList { rows, complete, has_bad_page: false, oddities };
        self.apply::<Notes>(list, ReadExtent { started_ms, scope, contacts }, report).await
    }

    /// Contacts that changed since their notes were read, then those whose notes matter now, then contacts never read, then
    /// some of those read longest ago.
    async fn notes_queue(&self) -> Result<VecDeque<ContactId>, SyncError> {
        let (conn, tenant) = (self.syncer.store.conn(), self.tenant.id);
        let board = Board::load(conn, tenant).await?;
        let open: Vec<String> = board.open_keys().into_iter().map(|key| key.0).collect();
        let next = async |reason, limit: usize| notes::next_to_read(conn, tenant, reason, &open, count(limit)).await;
        let mut queue = ReadingQueue { contacts: VecDeque::new(), left: self.syncer.notes_calls_per_run };
        queue.extend(next(ReadReason::Changed, queue.left).await?, queue.left);
        queue.extend(self.urgent_contacts().await?, queue.left);
        queue.extend(next(ReadReason::NeverRead, queue.needed(queue.left)).await?, queue.left);
        let share = queue.left.min(REFRESHED_PER_RUN);
        let limit = queue.needed(share);
        let refreshed = queue.extend(next(ReadReason::OldestOpen, limit).await?, share / 2);
        queue.extend(next(ReadReason::Oldest, queue.needed(share)).await?, share - refreshed);
        Ok(queue.contacts)
    }

    /// The candidates of the hot list and everyone with an appointment around now, whose statuses depend on their notes.
    async fn urgent_contacts(&self) -> Result<Vec<ContactId>, SyncError> {
        let (conn, now) = (self.syncer.store.conn(), self.syncer.clock.now());
        // The stored list is that of the previous run.
        let (hot, _) = hot_list_at(conn, self.tenant, now, true).await?;
        let around = (now - APPOINTMENT_DISTANCE, now + APPOINTMENT_DISTANCE);
        let meeting = notes::contacts_with_appointments(conn, self.tenant.id, (around.0.into(), around.1.into())).await?;
        Ok(hot.into_iter().filter_map(|item| item.contact_id).chain(meeting).collect())
    }
}

/// The contacts whose notes a run reads, in that order, each once.
struct ReadingQueue {
    contacts: VecDeque<ContactId>,
    /// How many more the run may read.
    left: usize,
}

impl ReadingQueue {
    /// How many contacts to ask for so that `more` of them are not in the queue yet.
    fn needed(&self, more: usize) -> usize {
        self.contacts.len().saturating_add(more)
    }

    /// Adds at most `most` of these contacts; returns how many.
    fn extend(&mut self, contacts: Vec<ContactId>, most: usize) -> usize {
        let mut known: HashSet<ContactId> = self.contacts.iter().cloned().collect();
        let before = self.contacts.len();
        let new = contacts.into_iter().filter(|contact| known.insert(contact.clone()));
        self.contacts.extend(new.take(most.min(self.left)));
        let added = self.contacts.len() - before;
        self.left -= added;
        added
    }
}

/// What a read of one contact's notes showed.
struct ContactNotes {
    client_id: ContactId,
    /// Whether every note was read, so that a note which is not among them may be gone.
    complete: bool,
    /// Whether two passes gave the same notes, fewer than their total.
    total_is_too_high: bool,
}

/// The responses with one contact's notes.
struct NotesRead {
    client_id: ContactId,
    pages: Vec<Page>,
    outcome: ReadOutcome,
    /// The outcome of a second pass, and whether it gave the same notes.
    second: Option<(ReadOutcome, bool)>,
}

/// One read of notes: several contacts side by side, until the run's requests are spent.
struct NotesReader<'a> {
    reader: &'a DatasetReader<'a>,
    recorder: Recorder,
    queue: VecDeque<ContactId>,
    requests: usize,
    failures_in_a_row: usize,
    /// The contact that is tried after too many failures in a row.
    retry_contact: Option<ContactId>,
    rows: ReadRows<ContactId>,
    contacts: Vec<ContactNotes>,
}

impl<'a> NotesReader<'a> {
    async fn new(reader: &'a DatasetReader<'a>, queue: VecDeque<ContactId>) -> Result<Self, SyncError> {
        let conn = reader.syncer.store.conn();
        let recorder = Recorder::new(conn, reader.tenant.id, reader.run.clone(), Dataset::Notes).await?;
        let (rows, contacts) = (ReadRows::default(), Vec::new());
        Ok(Self { reader, recorder, queue, requests: 0, failures_in_a_row: 0, retry_contact: None, rows, contacts })
    }

    async fn read(mut self, report: &mut DatasetReport) -> Result<(ReadRows<ContactId>, Vec<ContactNotes>), SyncError> {
        let DatasetReader { syncer, client, lease, .. } = self.reader;
        let mut in_flight = FuturesOrdered::new();
        loop {
            while let Some(client_id) = self.next_contact(in_flight.len()) {
                in_flight.push_back(NotesRead::of(client, client_id));
            }
            let Some(read) = in_flight.next().await else { break };
            let is_retry_contact = self.retry_contact.as_ref() == Some(&read.client_id);
            let has_failed = read.fault().is_some();
            self.save(read, report).await?;
            if self.must_stop(report) || (is_retry_contact && has_failed) {
                break;
            }
            if self.failures_in_a_row >= MAX_FAILURES_IN_A_ROW && self.retry_contact.is_none() {
                self.retry_contact = self.last_contact(in_flight.len());
                let Some(client_id) = self.retry_contact.clone() else { break };
                in_flight.push_back(NotesRead::of(client, client_id));
            }
            if self.contacts.len().is_multiple_of(CONTACTS_PER_REPORT) {
                self.reader.save(report).await?;
            }
        }
        flush(&syncer.store, lease, &mut self.recorder).await?;
        Ok((self.rows, self.contacts))
    }

    fn next_contact(&mut self, in_flight: usize) -> Option<ContactId> {
        let may_request = self.retry_contact.is_none()
            && in_flight < self.reader.client.max_in_flight()
            && self.requests + in_flight < self.reader.syncer.notes_calls_per_run;
        if may_request { self.queue.pop_front() } else { None }
    }

    fn last_contact(&mut self, in_flight: usize) -> Option<ContactId> {
        let may_request = self.requests + in_flight < self.reader.syncer.notes_calls_per_run
            && !self.reader.client.outage_tolerance_left().is_zero();
        if may_request { self.queue.pop_back() } else { None }
    }

    /// Saves the responses of one contact.
    async fn save(&mut self, read: NotesRead, report: &mut DatasetReport) -> Result<(), SyncError> {
        let DatasetReader { syncer, lease, fingerprints, .. } = self.reader;
        let retries = read.outcomes().map(|outcome| outcome.retries).sum::<usize>();
        self.requests += read.pages.len().max(1) + retries;
        for page in &read.pages {
            let row_nos = save_page(&syncer.store, &mut self.recorder, page).await?;
            for (row, row_no) in page.rows.iter().zip(row_nos) {
                let id = row.id.as_deref().map(|id| fingerprints.of(&Notes::record_id(&read.client_id, id)));
                self.rows.push(row_no, read.client_id.clone(), id);
            }
            report.pages += 1;
        }
        report.read += count(read.outcome.rows);
        for outcome in read.outcomes() {
            save_unreadable(&syncer.store, &mut self.recorder, outcome.unreadable.as_ref()).await?;
        }
        if self.recorder.is_full() {
            flush(&syncer.store, lease, &mut self.recorder).await?;
        }
        report.retries += count(retries);
        match read.fault() {
            Some(error) => {
                self.failures_in_a_row += 1;
                report.error.get_or_insert_with(|| client_error(error));
            }
            None => (self.failures_in_a_row, self.retry_contact) = (0, None),
        }
        if read.fault().is_none() || read.outcome.rows > 0 {
            let (complete, total_is_too_high) = (read.is_complete(), read.total_is_too_high());
            self.contacts.push(ContactNotes { client_id: read.client_id, complete, total_is_too_high });
        }
        Ok(())
    }

    /// Whether the CRM refused the request or asked for a longer wait than a run can make.
    fn must_stop(&self, report: &DatasetReport) -> bool {
        let longest = self.reader.syncer.crm.limits.max_retry_wait;
        report
            .error
            .as_ref()
            .is_some_and(|error| error.class == FaultClass::Credentials || error.retry_after.is_some_and(|wait| wait > longest))
    }
}

impl NotesRead {
    /// Reads a contact's notes, and once more if their total or their end says that notes are missing.
    async fn of(client: &Client, client_id: ContactId) -> Self {
        let request = ReadNotes::for_contact(client_id.as_str());
        let mut pages = Vec::new();
        let outcome = read_all(client.pages(request.clone()), &mut pages).await;
        let mut second = None;
        if needs_second_pass(&outcome, None) {
            let ids = |pages: &[Page]| pages.iter().flat_map(|page| &page.rows).filter_map(|row| row.id.clone()).collect();
            let (first, mut again): (HashSet<String>, _) = (ids(&pages), Vec::new());
            let outcome = read_all(client.pages_again(request), &mut again).await;
            second = Some((outcome, first == ids(&again)));
            pages.append(&mut again);
        }
        Self { client_id, pages, outcome, second }
    }

    fn outcomes(&self) -> impl Iterator<Item = &ReadOutcome> {
        std::iter::once(&self.outcome).chain(self.second.as_ref().map(|(outcome, _)| outcome))
    }

    fn fault(&self) -> Option<&tetherboard_clienttether::Error> {
        self.outcomes().find_map(|outcome| outcome.fault.as_ref())
    }

    fn is_complete(&self) -> bool {
        let is_confirmed = self.second.as_ref().is_some_and(|(_, same_notes)| *same_notes);
        self.fault().is_none() && (self.outcome.complete || is_confirmed)
    }

    fn total_is_too_high(&self) -> bool {
        self.is_complete() && self.outcome.total.is_some_and(|total| total > self.outcome.listed as u64)
    }
}

async fn read_all(mut pages: Pages, read: &mut Vec<Page>) -> ReadOutcome {
    while let Some(page) = pages.next().await {
        read.push(page);
    }
    pages.finish()
}
