//! What people wrote about all candidates, the newest first, with the candidates' moves and appointments between.
//!
//! A feed is held whole and without its texts, so that every filter's count costs one walk through it. What is hidden from a
//! brand's people is left out by whom one says that one asks for.

use std::cmp::Reverse;
use std::collections::HashMap;

use tetherboard_domain::{ContactId, Dataset, EpochMs, StageRole, TenantId};
use tetherboard_store::notes::{self, Audience};
use tetherboard_store::{Conn, Result, history, schedule};

use crate::board::{Board, StagePlace};

/// What a feed of notes is and what its counts count.
pub const NOTE_FEED: &str = "Notes of contacts that are in ClientTether, by the moment that ClientTether gives them. A period ends \
     where the data does. A filter’s count is what it would show together with the other filters.";

#[derive(Clone, Debug, Default)]
pub struct NoteFeed {
    kinds: Vec<NoteKind>,
    authors: Vec<String>,
    stages: Vec<StagePlace>,
    contacts: Vec<FeedContact>,
    /// The newest first, those without a date last.
    notes: Vec<FeedNote>,
    moves: Vec<FeedMove>,
    appointments: Vec<FeedAppointment>,
}

/// A kind of note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKind {
    /// By which kinds are compared.
    pub key: String,
    /// As the CRM spells it.
    pub name: String,
}

#[derive(Clone, Debug)]
struct FeedContact {
    crm_id: ContactId,
    stage: u32,
}

#[derive(Clone, Copy, Debug)]
struct FeedNote {
    /// `EpochMs::MIN`: without a date.
    at_ms: EpochMs,
    no: i64,
    contact: u32,
    kind: u32,
    author: u32,
    hidden: bool,
}

#[derive(Clone, Copy, Debug)]
struct FeedMove {
    at_ms: EpochMs,
    contact: u32,
    from: u32,
    to: u32,
}

#[derive(Clone, Debug)]
struct FeedAppointment {
    at_ms: EpochMs,
    contact: u32,
    name: String,
    owner: String,
    cancelled: bool,
}

/// Which part of a feed is meant. Of each list of values one must fit; an empty list means all.
#[derive(Clone, Debug, Default)]
pub struct FeedFilter {
    /// The numbers of the notes in which a search found its words.
    pub found: Option<Vec<i64>>,
    /// By their keys.
    pub kinds: Vec<String>,
    pub authors: Vec<String>,
    pub roles: Vec<StageRole>,
    pub stages: Vec<StagePlace>,
    /// Contacts' ids.
    pub clients: Vec<ContactId>,
    pub from_ms: Option<EpochMs>,
    pub until_ms: Option<EpochMs>,
}

/// How many candidates a selection names of its own.
pub const CLIENTS_NAMED: usize = 8;

/// A note of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selected {
    pub no: i64,
    pub at_ms: Option<EpochMs>,
}

/// What fits a filter, and what each of its values would show with the other filters as they are. Values that would show
/// nothing are left out, unless they are in the filter.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub notes: Vec<Selected>,
    pub kinds: Vec<(NoteKind, i64)>,
    pub authors: Vec<(String, i64)>,
    pub roles: Vec<(StageRole, i64)>,
    pub stages: Vec<(StagePlace, i64)>,
    /// By contact id, those with the most first: [`CLIENTS_NAMED`] of them, and those in the filter.
    pub clients: Vec<(ContactId, i64)>,
    /// Moves and appointments of the candidates, in the stages and in the period meant; they have no text, kind or author.
    pub moves: i64,
    pub appointments: i64,
}

/// What happened between notes.
#[derive(Clone, Debug)]
pub struct Between {
    pub at_ms: EpochMs,
    pub client_id: ContactId,
    pub what: Happened,
}

#[derive(Clone, Debug)]
pub enum Happened {
    Moved { from: StagePlace, to: StagePlace },
    Appointment { name: String, owner: String, cancelled: bool },
}

impl NoteFeed {
    /// Approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        let text = size_of::<String>() + 16;
        size_of::<Self>()
            + self.kinds.len() * 2 * text
            + self.authors.len() * text
            + size_of_val(&*self.stages)
            + size_of_val(&*self.contacts)
            + self.contacts.len() * text
            + size_of_val(&*self.notes)
            + size_of_val(&*self.moves)
            + size_of_val(&*self.appointments)
            + self.appointments.len() * 4 * text
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn load<C: Conn>(conn: &C, tenant: TenantId, board: &Board) -> Result<Self> {
        let mut loading = Loading::default();
        notes::each_contact(conn, tenant, |crm_id, stage| {
            let stage = loading.stages.of(board.place(stage.as_deref()));
            loading.known.insert(crm_id, (stage, None));
        })
        .await?;
        let mut feed = Self::default();
        let mut kinds = Numbered::default();
        let mut authors = Numbered::default();
        notes::each_summary(conn, tenant, |note| {
            let Some(contact) = loading.contact(note.client_id.as_str()) else { return };
            let kind = kinds.of(note.kind_key);
            if feed.kinds.len() <= kind as usize {
                feed.kinds.push(NoteKind { key: String::new(), name: note.kind.trim().to_owned() });
            }
            let at_ms = note.created_ms.unwrap_or(EpochMs::MIN);
            let author = authors.of(note.author);
            feed.notes.push(FeedNote { at_ms, no: note.no, contact, kind, author, hidden: note.hidden });
        })
        .await?;
        history::each_transition(conn, tenant, Dataset::Contacts, |seen| {
            let (from, to) = (board.place(seen.from.as_deref()), board.place(seen.to.as_deref()));
            // A renamed stage is no news.
            let is_told = matches!((&from, &to), (StagePlace::Listed(_), StagePlace::Listed(_)));
            if is_told && let Some(contact) = loading.contact(&seen.crm_id) {
                let (from, to) = (loading.stages.of(from), loading.stages.of(to));
                feed.moves.push(FeedMove { at_ms: seen.at_ms, contact, from, to });
            }
        })
        .await?;
        for one in schedule::event_summaries(conn, tenant).await? {
            if let Some(contact) = loading.contact(one.client_id.as_str()) {
                let name = if one.title.trim().is_empty() { one.kind } else { one.title };
                let (at_ms, owner, cancelled) = (one.starts_ms, one.owner, one.cancelled);
                feed.appointments.push(FeedAppointment { at_ms, contact, name, owner, cancelled });
            }
        }
        for (kind, key) in feed.kinds.iter_mut().zip(kinds.values) {
            kind.key = key;
        }
        (feed.authors, feed.stages, feed.contacts) = (authors.values, loading.stages.values, loading.contacts);
        feed.notes.sort_by_key(|note| (Reverse(note.at_ms), note.no));
        feed.moves.sort_by_key(|seen| Reverse(seen.at_ms));
        feed.appointments.sort_by_key(|one| Reverse(one.at_ms));
        Ok(feed)
    }

    /// How many notes an audience may see in all.
    pub fn total(&self, audience: Audience) -> usize {
        self.notes.iter().filter(|note| sees(audience, note.hidden)).count()
    }

    /// Every kind that notes have, with how many have it, whoever may see them.
    pub fn kinds(&self) -> Vec<(NoteKind, i64)> {
        let mut counts = vec![0; self.kinds.len()];
        self.notes.iter().for_each(|note| counts[note.kind as usize] += 1);
        self.kinds.iter().cloned().zip(counts).collect()
    }

    /// `now_ms` ends the appointments: those to come are no news.
    pub fn select(&self, board: &Board, audience: Audience, filter: &FeedFilter, now_ms: EpochMs) -> Selection {
        let fits = Fits::new(self, board, filter);
        let mut notes = Vec::new();
        let (mut kinds, mut authors) = (vec![0; self.kinds.len()], vec![0; self.authors.len()]);
        let (mut by_role, mut by_stage) = (vec![0; self.stages.len()], vec![0; self.stages.len()]);
        let mut clients = vec![0; self.contacts.len()];
        for note in self.notes.iter().filter(|note| sees(audience, note.hidden) && fits.time(note.at_ms) && fits.words(note.no)) {
            let stage = self.contacts[note.contact as usize].stage as usize;
            let (kind, author, contact) = (note.kind as usize, note.author as usize, note.contact as usize);
            let checks = [fits.kinds[kind], fits.authors[author], fits.roles[stage], fits.stages[stage], fits.contacts[contact]];
            let counts =
                [&mut kinds[kind], &mut authors[author], &mut by_role[stage], &mut by_stage[stage], &mut clients[contact]];
            match checks.iter().filter(|fits| !**fits).count() {
                0 => {
                    counts.into_iter().for_each(|count| *count += 1);
                    notes.push(Selected { no: note.no, at_ms: Some(note.at_ms).filter(|ms| *ms != EpochMs::MIN) });
                }
                // It fits all filters but one: that filter's values count it.
                1 => counts.into_iter().zip(checks).filter(|(_, fits)| !fits).for_each(|(count, _)| *count += 1),
                _ => {}
            }
        }
        let moves = self.moves.iter().filter(|seen| fits.moved(seen)).count();
        let appointments = self.appointments.iter().filter(|one| fits.met(one, now_ms)).count();
        let mut roles: Vec<(StageRole, i64)> = Vec::new();
        for (place, count) in self.stages.iter().zip(by_role) {
            let role = board.role(place);
            match roles.iter_mut().find(|(known, _)| known.as_str() == role.as_str()) {
                Some((_, sum)) => *sum += count,
                None => roles.push((role, count)),
            }
        }
        // That there is a kind or an author of hidden notes alone is nobody's business but the agency's.
        let (mut told_kinds, mut told_authors) = (vec![false; self.kinds.len()], vec![false; self.authors.len()]);
        for note in self.notes.iter().filter(|note| sees(audience, note.hidden)) {
            told_kinds[note.kind as usize] = true;
            told_authors[note.author as usize] = true;
        }
        let chosen = |place: &StagePlace| filter.stages.contains(place);
        let mut stages: Vec<(StagePlace, i64)> =
            self.stages.iter().cloned().zip(by_stage).filter(|(place, count)| *count > 0 || chosen(place)).collect();
        stages.sort();
        roles.retain(|(role, count)| *count > 0 || filter.roles.iter().any(|known| known.as_str() == role.as_str()));
        roles.sort_by_key(|(role, _)| (role.confirmed().is_none(), role.likely()));
        Selection {
            notes,
            kinds: ranked(&self.kinds, &kinds, |at, kind| told_kinds[at] && filter.kinds.contains(&kind.key)),
            authors: ranked(&self.authors, &authors, |at, author| told_authors[at] && filter.authors.contains(author)),
            roles,
            stages,
            clients: self.clients_named(&clients, filter),
            moves: i64::try_from(moves).unwrap_or(i64::MAX),
            appointments: i64::try_from(appointments).unwrap_or(i64::MAX),
        }
    }

    /// Naming fifty thousand would take longer than counting their notes.
    fn clients_named(&self, counts: &[i64], filter: &FeedFilter) -> Vec<(ContactId, i64)> {
        let chosen = |at: usize| filter.clients.contains(&self.contacts[at].crm_id);
        let counted = counts.iter().enumerate().filter(|(at, count)| **count > 0 || chosen(*at));
        let mut order: Vec<(Reverse<i64>, usize)> = counted.map(|(at, count)| (Reverse(*count), at)).collect();
        if order.len() > CLIENTS_NAMED {
            order.select_nth_unstable(CLIENTS_NAMED);
            let rest = order.split_off(CLIENTS_NAMED);
            order.extend(rest.into_iter().filter(|(_, at)| chosen(*at)));
        }
        order.sort_unstable();
        order.into_iter().map(|(Reverse(count), at)| (self.contacts[at].crm_id.clone(), count)).collect()
    }

    /// The moves that fit, after one moment and up to another, the newest first, so many at most; and whether there are more.
    pub fn moves_between(
        &self,
        board: &Board,
        filter: &FeedFilter,
        (after, until): (EpochMs, EpochMs),
        most: usize,
    ) -> (Vec<Between>, bool) {
        let fits = Fits::new(self, board, filter);
        let mut found = self.moves.iter().filter(|seen| seen.at_ms > after && seen.at_ms <= until && fits.moved(seen));
        let shown = found.by_ref().take(most).map(|seen| Between {
            at_ms: seen.at_ms,
            client_id: self.contacts[seen.contact as usize].crm_id.clone(),
            what: Happened::Moved { from: self.stages[seen.from as usize].clone(), to: self.stages[seen.to as usize].clone() },
        });
        (shown.collect(), found.next().is_some())
    }

    /// The appointments that began, in the same way.
    pub fn appointments_between(
        &self,
        board: &Board,
        filter: &FeedFilter,
        (after, until): (EpochMs, EpochMs),
        now_ms: EpochMs,
        most: usize,
    ) -> (Vec<Between>, bool) {
        let fits = Fits::new(self, board, filter);
        let within = |one: &&FeedAppointment| one.at_ms > after && one.at_ms <= until && fits.met(one, now_ms);
        let mut found = self.appointments.iter().filter(within);
        let shown = found.by_ref().take(most).map(|one| Between {
            at_ms: one.at_ms,
            client_id: self.contacts[one.contact as usize].crm_id.clone(),
            what: Happened::Appointment { name: one.name.clone(), owner: one.owner.clone(), cancelled: one.cancelled },
        });
        (shown.collect(), found.next().is_some())
    }
}

fn sees(audience: Audience, hidden: bool) -> bool {
    audience == Audience::Agency || !hidden
}

/// Those with the most first; those without any only where they were chosen.
fn ranked<T: Clone>(values: &[T], counts: &[i64], chosen: impl Fn(usize, &T) -> bool) -> Vec<(T, i64)> {
    let counted = values.iter().zip(counts).enumerate().filter(|(at, (value, count))| **count > 0 || chosen(*at, value));
    let mut ranked: Vec<(T, i64)> = counted.map(|(_, (value, count))| (value.clone(), *count)).collect();
    ranked.sort_by_key(|(_, count)| Reverse(*count));
    ranked
}

/// A filter, answered for each value that the feed knows.
struct Fits<'a> {
    filter: &'a FeedFilter,
    found: Option<Vec<i64>>,
    kinds: Vec<bool>,
    authors: Vec<bool>,
    roles: Vec<bool>,
    stages: Vec<bool>,
    contacts: Vec<bool>,
    /// Of a contact: it and its stage.
    whom: Vec<bool>,
}

impl<'a> Fits<'a> {
    fn new(feed: &NoteFeed, board: &Board, filter: &'a FeedFilter) -> Self {
        let is_role = |place: &StagePlace| {
            let role = board.role(place);
            filter.roles.is_empty() || filter.roles.iter().any(|wanted| wanted.as_str() == role.as_str())
        };
        let roles: Vec<bool> = feed.stages.iter().map(is_role).collect();
        let stages: Vec<bool> =
            feed.stages.iter().map(|place| filter.stages.is_empty() || filter.stages.contains(place)).collect();
        let contacts: Vec<bool> =
            feed.contacts.iter().map(|contact| filter.clients.is_empty() || filter.clients.contains(&contact.crm_id)).collect();
        let whom = feed.contacts.iter().zip(&contacts).map(|(contact, fits)| {
            let stage = contact.stage as usize;
            *fits && roles[stage] && stages[stage]
        });
        Self {
            found: filter.found.clone().map(|mut found| {
                found.sort_unstable();
                found
            }),
            kinds: feed.kinds.iter().map(|kind| filter.kinds.is_empty() || filter.kinds.contains(&kind.key)).collect(),
            authors: feed.authors.iter().map(|author| filter.authors.is_empty() || filter.authors.contains(author)).collect(),
            whom: whom.collect(),
            roles,
            stages,
            contacts,
            filter,
        }
    }

    fn time(&self, at_ms: EpochMs) -> bool {
        self.filter.from_ms.is_none_or(|from| at_ms >= from)
            && self.filter.until_ms.is_none_or(|until| at_ms < until && at_ms != EpochMs::MIN)
    }

    fn words(&self, no: i64) -> bool {
        self.found.as_ref().is_none_or(|found| found.binary_search(&no).is_ok())
    }

    fn moved(&self, seen: &FeedMove) -> bool {
        self.whom[seen.contact as usize] && self.time(seen.at_ms)
    }

    fn met(&self, one: &FeedAppointment, now_ms: EpochMs) -> bool {
        one.at_ms <= now_ms && self.whom[one.contact as usize] && self.time(one.at_ms)
    }
}

/// Values by the order in which they first came.
struct Numbered<T> {
    numbers: HashMap<T, u32>,
    values: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    fn of(&mut self, value: T) -> u32 {
        if let Some(no) = self.numbers.get(&value) {
            return *no;
        }
        let no = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.numbers.insert(value.clone(), no);
        self.values.push(value);
        no
    }
}

/// The contacts while a feed is read: their stage, and their place in the feed once something is in it about them.
#[derive(Default)]
struct Loading {
    stages: Numbered<StagePlace>,
    known: HashMap<ContactId, (u32, Option<u32>)>,
    contacts: Vec<FeedContact>,
}

impl Loading {
    /// `None`: it is gone.
    fn contact(&mut self, crm_id: &str) -> Option<u32> {
        let (stage, place) = self.known.get_mut(crm_id)?;
        if place.is_none() {
            *place = u32::try_from(self.contacts.len()).ok();
            self.contacts.push(FeedContact { crm_id: crm_id.into(), stage: *stage });
        }
        *place
    }
}
