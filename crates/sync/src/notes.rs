//! Notes: the CRM gives them contact by contact, so every run reads those of some, and says how many are current.

use std::collections::{HashMap, HashSet, VecDeque};

use futures::StreamExt;
use futures::stream::FuturesOrdered;
use tetherboard_clienttether::{Client, Page, ReadNotes, ReadOutcome};
use tetherboard_crm_records::Mapping;
use tetherboard_domain::{ContactId, Dataset, DatasetStatus, FaultClass, RunId};
use tetherboard_metrics::Board;
use tetherboard_store::notes::{self, ReadReason};
use tetherboard_store::records::{self, Absence, RecordMeta, Scope};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_store::snapshots::{Recorder, RowNo, RowReader};
use tetherboard_store::{Store, Tx, hot_list};

use crate::apply::take_away;
use crate::capture::{begin, count, flush, keep_page, keep_unread, told_of};
use crate::normalise::{Context, NoteRow};
use crate::removal::Absences;
use crate::run::{Step, SyncError};

/// Of those whose notes are current, so many are read again in each run: a note can be new although its contact's
/// record is not. Half of them have open deals, the rest is whoever was read longest ago: so everybody has a turn.
const REFRESHED: i64 = 200;

/// After so many contacts in a row whose notes could not be read, one from the other end is asked: a few can fail for
/// ever, and those behind them have their turn. When it fails too, the rest is left for the next run.
const PATIENCE: usize = 5;

/// How often what was read so far is told.
const TOLD_EVERY: usize = 25;

/// The rows of one contact's notes.
pub(crate) struct ContactNotes {
    pub(crate) client_id: ContactId,
    pub(crate) rows: Vec<RowNo>,
    /// Whether a note that is not among them is not there.
    pub(crate) whole: bool,
}

impl Step<'_> {
    /// Reads the notes of the contacts whose turn it is, and applies them together.
    pub(crate) async fn notes(&self, report: &mut DatasetReport) -> Result<(), SyncError> {
        let started_ms = self.syncer.clock.now_ms();
        report.status = DatasetStatus::Reading;
        report.started_ms = Some(started_ms);
        self.tell(report).await?;
        let turns = self.turns().await?;
        let read = self.read_notes(turns, report).await?;
        report.status = match &report.error {
            None => DatasetStatus::Succeeded,
            Some(_) if read.is_empty() => DatasetStatus::Failed,
            Some(_) => DatasetStatus::Partial,
        };
        report.finished_ms = Some(self.syncer.clock.now_ms());
        if report.status == DatasetStatus::Failed {
            return self.tell(report).await;
        }
        let context = self.context(Dataset::Notes).await?;
        let tx = begin(&self.syncer.store, self.lease).await?;
        let decoded_by = decoded_by(self.tenant.mapping_version);
        let mut writer = Writer {
            tx: &tx,
            run: self.run,
            mapping: &self.mapping,
            context: &context,
            reader: RowReader::new(self.tenant.id),
            decoded_by,
            accept_removals: self.accepts(Dataset::Notes),
            replay: false,
        };
        writer.apply(&read, report).await?;
        let whole: Vec<ContactId> = read.iter().filter(|read| read.whole).map(|read| read.client_id.clone()).collect();
        notes::set_read(&tx, self.tenant.id, &whole, started_ms).await?;
        let is_whole = report.status == DatasetStatus::Succeeded;
        runs::set_dataset_age(&tx, self.tenant.id, Dataset::Notes, started_ms, is_whole).await?;
        if !read.is_empty() {
            hot_list::mark_stale(&tx, self.tenant.id).await?;
        }
        runs::report(&tx, self.tenant.id, self.run, report, context.now_ms).await?;
        Ok(Store::commit(tx).await?)
    }

    /// Contacts that changed since their notes were read, then those never read, then some of those read longest ago.
    async fn turns(&self) -> Result<VecDeque<ContactId>, SyncError> {
        let conn = self.syncer.store.conn();
        let board = Board::load(conn, self.tenant.id).await?;
        let open: Vec<String> = board.open_keys().into_iter().map(|key| key.0).collect();
        let mut left = i64::try_from(self.syncer.notes_calls_per_run).unwrap_or(i64::MAX);
        let mut turns = VecDeque::new();
        for turn in [ReadReason::Changed, ReadReason::NeverRead] {
            let contacts = notes::next_to_read(conn, self.tenant.id, turn, &open, left).await?;
            left -= count(contacts.len());
            turns.extend(contacts);
        }
        let share = left.min(REFRESHED);
        let refreshed = notes::next_to_read(conn, self.tenant.id, ReadReason::OldestOpen, &open, share / 2).await?;
        let oldest = notes::next_to_read(conn, self.tenant.id, ReadReason::Oldest, &open, share).await?;
        let others = oldest.into_iter().filter(|contact| !refreshed.contains(contact)).collect::<Vec<_>>();
        turns.extend(refreshed.into_iter().chain(others).take(usize::try_from(share).unwrap_or(0)));
        Ok(turns)
    }

    /// Contact by contact, some side by side, until the run's calls are spent.
    async fn read_notes(
        &self,
        mut turns: VecDeque<ContactId>,
        report: &mut DatasetReport,
    ) -> Result<Vec<ContactNotes>, SyncError> {
        let Self { syncer, .. } = self;
        let mut recorder = Recorder::new(syncer.store.conn(), self.tenant.id, self.run.clone(), Dataset::Notes).await?;
        let mut under_way = FuturesOrdered::new();
        let (mut read, mut calls, mut failed_in_a_row) = (Vec::new(), 0, 0);
        let mut last_hope: Option<ContactId> = None;
        loop {
            while last_hope.is_none()
                && under_way.len() < self.client.max_in_flight()
                && calls + under_way.len() < syncer.notes_calls_per_run
                && let Some(client_id) = turns.pop_front()
            {
                under_way.push_back(of_contact(&self.client, client_id));
            }
            let Some((client_id, pages, outcome)) = under_way.next().await else { break };
            calls += pages.len().max(1) + outcome.retries;
            let mut rows = Vec::new();
            for page in &pages {
                rows.extend(keep_page(&syncer.store, &mut recorder, page).await?);
                report.pages += 1;
                report.read += count(page.rows.len());
            }
            keep_unread(&syncer.store, &mut recorder, outcome.unreadable.as_ref()).await?;
            if recorder.is_full() {
                flush(&syncer.store, self.lease, &mut recorder).await?;
            }
            report.retries += count(outcome.retries);
            let is_last_hope = last_hope.as_ref() == Some(&client_id);
            match &outcome.fault {
                Some(error) => {
                    failed_in_a_row += 1;
                    report.error.get_or_insert_with(|| told_of(error));
                }
                None => (failed_in_a_row, last_hope) = (0, None),
            }
            if outcome.fault.is_none() || !rows.is_empty() {
                read.push(ContactNotes { client_id, rows, whole: outcome.complete });
            }
            let stops = report.error.as_ref().is_some_and(|error| {
                error.class == FaultClass::Credentials
                    || error.retry_after.is_some_and(|wait| wait > syncer.crm.limits.max_retry_wait)
            });
            if stops || (is_last_hope && outcome.fault.is_some()) {
                break;
            }
            if failed_in_a_row >= PATIENCE && last_hope.is_none() {
                let may_ask =
                    calls + under_way.len() < syncer.notes_calls_per_run && !self.client.outage_tolerance_left().is_zero();
                let Some(other_end) = turns.pop_back().filter(|_| may_ask) else { break };
                last_hope = Some(other_end.clone());
                under_way.push_back(of_contact(&self.client, other_end));
            }
            if read.len() % TOLD_EVERY == 0 {
                self.tell(report).await?;
            }
        }
        flush(&syncer.store, self.lease, &mut recorder).await?;
        Ok(read)
    }
}

async fn of_contact(client: &Client, client_id: ContactId) -> (ContactId, Vec<Page>, ReadOutcome) {
    let mut pages = client.pages(ReadNotes::for_contact(client_id.as_str()));
    let mut read = Vec::new();
    while let Some(page) = pages.next().await {
        read.push(page);
    }
    (client_id, read, pages.finish())
}

pub(crate) fn decoded_by(mapping_version: i64) -> i64 {
    mapping_version + (NoteRow::VERSION << 32)
}

/// Writes the notes of contacts in one transaction.
pub(crate) struct Writer<'a> {
    pub(crate) tx: &'a Tx,
    pub(crate) run: &'a RunId,
    pub(crate) mapping: &'a Mapping,
    pub(crate) context: &'a Context,
    pub(crate) reader: RowReader,
    pub(crate) decoded_by: i64,
    pub(crate) accept_removals: bool,
    /// Whether the rows were read before: then none of them overrules what was read since.
    pub(crate) replay: bool,
}

const CONTACTS_AT_ONCE: usize = 200;

impl Writer<'_> {
    pub(crate) async fn apply(&mut self, read: &[ContactNotes], report: &mut DatasetReport) -> Result<(), SyncError> {
        let mut absent = Vec::new();
        let mut live = 0;
        for part in read.chunks(CONTACTS_AT_ONCE) {
            let Shown { ids: shown, unclear } = self.write(part, report).await?;
            if self.replay {
                continue;
            }
            let judged = part.iter().filter(|contact| contact.whole && !unclear.contains(&contact.client_id));
            let contacts = judged.map(|contact| contact.client_id.clone()).collect();
            let known = records::live_ids(self.tx, self.context.tenant, Dataset::Notes, &Scope::Of { contacts }).await?;
            live += known.len();
            let (back, missed): (Vec<_>, Vec<_>) = known.into_iter().partition(|(id, _)| shown.contains(id));
            let back: Vec<String> = back.into_iter().filter(|(_, missing_ms)| missing_ms.is_some()).map(|(id, _)| id).collect();
            records::set_absence(self.tx, self.context.tenant, Dataset::Notes, &back, Absence::Back).await?;
            absent.extend(missed);
        }
        let all = records::live_count(self.tx, self.context.tenant, Dataset::Notes, &Scope::All).await?;
        let before = |live: usize| live.saturating_sub(usize::try_from(report.added).unwrap_or(0));
        let absences = Absences {
            live: before(live),
            all: before(usize::try_from(all).unwrap_or(0)),
            absent: absent.len(),
            whole: true,
            accepted: self.accept_removals,
        };
        take_away(self.tx, self.context.tenant, Dataset::Notes, absences, absent, self.context.now_ms, report).await
    }

    /// What the notes of these contacts are.
    async fn write<'a>(&mut self, part: &'a [ContactNotes], report: &mut DatasetReport) -> Result<Shown<'a>, SyncError> {
        let (tx, tenant) = (self.tx, self.context.tenant);
        let (mut decoded, mut unclear) = (Vec::new(), HashSet::new());
        for contact in part {
            let mut of_contact: HashMap<String, (RowNo, NoteRow)> = HashMap::new();
            for row_no in &contact.rows {
                match NoteRow::decode(self.reader.row(tx, *row_no).await?, self.mapping) {
                    Ok(row) => {
                        // Of a note that came in two versions the one first seen last stands.
                        let id = format!("{}/{}", contact.client_id, row.note_id());
                        let stands = of_contact.get(&id).is_none_or(|(known, _)| known <= row_no);
                        if stands {
                            of_contact.insert(id, (*row_no, row));
                        }
                    }
                    Err(why) => {
                        unclear.insert(&contact.client_id);
                        report.set_aside += 1;
                        runs::set_aside(tx, tenant, self.run, Dataset::Notes, &[(*row_no, why.to_string())]).await?;
                    }
                }
            }
            decoded.extend(of_contact.into_iter().map(|(id, (row_no, row))| (id, row_no, row, &contact.client_id)));
        }
        let ids: Vec<String> = decoded.iter().map(|(id, ..)| id.clone()).collect();
        let known = records::stored(tx, tenant, Dataset::Notes, &ids).await?;
        let mut written = Vec::new();
        for (id, row_no, row, client_id) in decoded {
            let known = known.get(&id);
            let is_live = known.is_some_and(|known| known.gone_ms.is_none());
            let is_same = known.is_some_and(|known| known.row_no == row_no && known.mapping_version == self.decoded_by);
            let is_newer = self.replay
                && known.is_some_and(|known| {
                    known.gone_ms.is_some() || (known.row_no != row_no && known.changed_ms > self.context.now_ms)
                });
            if (is_live && is_same) || is_newer {
                report.unchanged += 1;
                continue;
            }
            *(if is_live { &mut report.changed } else { &mut report.added }) += 1;
            let book = RecordMeta {
                crm_id: id,
                row_no,
                mapping_version: self.decoded_by,
                changed_ms: known.filter(|known| known.row_no == row_no).map_or(self.context.now_ms, |known| known.changed_ms),
                modified_ms: None,
                filled: i64::try_from(row.filled()).unwrap_or(i64::MAX),
            };
            written.push((book, row.record(client_id, self.context)));
        }
        notes::put(tx, tenant, &written, &[]).await?;
        Ok(Shown { ids: ids.into_iter().collect(), unclear })
    }
}

struct Shown<'a> {
    /// Of the notes that are there.
    ids: HashSet<String>,
    /// Contacts with a row that has no readable id: it could be any of their notes that are not there.
    unclear: HashSet<&'a ContactId>,
}
