//! Filters a note feed and counts its filter values.

use std::cmp::Reverse;

use tetherboard_domain::{ContactId, EpochMs, PlausibleDates, StageRole};
use tetherboard_store::notes::Audience;

use super::{FeedAppointment, FeedFilter, FeedMove, FeedNote, NoteFeed, SelectedNote, Selection, TOP_CLIENTS};
use crate::board::{Board, StagePlace};

impl NoteFeed {
    /// The notes that match a filter, with counts. Appointments after `now_ms` are left out: they have not happened yet.
    pub fn select(&self, board: &Board, audience: Audience, filter: &FeedFilter, now_ms: EpochMs) -> Selection {
        let fits = FilterMatches::new(self, board, filter);
        let mut counts = Counts::new(self);
        let mut notes = Vec::new();
        let plausible = PlausibleDates::at(now_ms).of_past();
        for note in self.notes.iter().filter(|note| sees(audience, note.hidden) && fits.time(note.at_ms) && fits.words(note.no)) {
            if counts.add(self, &fits, note) {
                notes.push(SelectedNote { no: note.no, at_ms: Some(note.at_ms).filter(|ms| plausible.contains(ms)) });
            }
        }
        // A doubtful date must not come first.
        notes.sort_by_key(|note| note.at_ms.is_none());
        let moves = self.moves.iter().filter(|seen| fits.moved(seen)).count();
        let appointments = self.appointments.iter().filter(|one| fits.met(one, now_ms)).count();
        let (visible_kinds, visible_authors) = self.visible_values(audience);
        let chosen = |place: &StagePlace| filter.stages.contains(place);
        let by_stage = self.stages.iter().cloned().zip(counts.stages);
        let mut stages: Vec<(StagePlace, i64)> = by_stage.filter(|(place, count)| *count > 0 || chosen(place)).collect();
        stages.sort();
        let chosen_kind = |at: usize, kind: &super::NoteKind| visible_kinds[at] && filter.kinds.contains(&kind.key);
        let chosen_author = |at: usize, author: &String| visible_authors[at] && filter.authors.contains(author);
        Selection {
            notes,
            kinds: ranked(&self.kinds, &counts.kinds, chosen_kind),
            authors: ranked(&self.authors, &counts.authors, chosen_author),
            roles: self.role_counts(board, &counts.roles, filter),
            stages,
            clients: self.top_clients(&counts.contacts, filter),
            moves: i64::try_from(moves).unwrap_or(i64::MAX),
            appointments: i64::try_from(appointments).unwrap_or(i64::MAX),
        }
    }

    /// Which kinds and authors have a note that the audience can see. That a kind or author of hidden notes exists is known to
    /// the agency only.
    fn visible_values(&self, audience: Audience) -> (Vec<bool>, Vec<bool>) {
        let (mut kinds, mut authors) = (vec![false; self.kinds.len()], vec![false; self.authors.len()]);
        for note in self.notes.iter().filter(|note| sees(audience, note.hidden)) {
            kinds[note.kind as usize] = true;
            authors[note.author as usize] = true;
        }
        (kinds, authors)
    }

    /// The counts by stage, added up by role.
    fn role_counts(&self, board: &Board, by_stage: &[i64], filter: &FeedFilter) -> Vec<(StageRole, i64)> {
        let mut roles: Vec<(StageRole, i64)> = Vec::new();
        for (place, count) in self.stages.iter().zip(by_stage) {
            let role = board.role(place);
            match roles.iter_mut().find(|(known, _)| known.as_str() == role.as_str()) {
                Some((_, sum)) => *sum += count,
                None => roles.push((role, *count)),
            }
        }
        roles.retain(|(role, count)| *count > 0 || filter.roles.iter().any(|known| known.as_str() == role.as_str()));
        roles.sort_by_key(|(role, _)| (role.confirmed().is_none(), role.likely()));
        roles
    }

    /// The candidates with the most notes, and those in the filter. A brand can have fifty thousand candidates, and listing them
    /// all would take longer than counting their notes.
    fn top_clients(&self, counts: &[i64], filter: &FeedFilter) -> Vec<(ContactId, i64)> {
        let chosen = |at: usize| filter.clients.contains(&self.contacts[at].crm_id);
        let counted = counts.iter().enumerate().filter(|(at, count)| **count > 0 || chosen(*at));
        let mut order: Vec<(Reverse<i64>, usize)> = counted.map(|(at, count)| (Reverse(*count), at)).collect();
        if order.len() > TOP_CLIENTS {
            order.select_nth_unstable(TOP_CLIENTS);
            let rest = order.split_off(TOP_CLIENTS);
            order.extend(rest.into_iter().filter(|(_, at)| chosen(*at)));
        }
        order.sort_unstable();
        order.into_iter().map(|(Reverse(count), at)| (self.contacts[at].crm_id.clone(), count)).collect()
    }
}

/// The number of notes per filter value, by the value's index. `roles` is by stage.
struct Counts {
    kinds: Vec<i64>,
    authors: Vec<i64>,
    roles: Vec<i64>,
    stages: Vec<i64>,
    contacts: Vec<i64>,
}

impl Counts {
    fn new(feed: &NoteFeed) -> Self {
        Self {
            kinds: vec![0; feed.kinds.len()],
            authors: vec![0; feed.authors.len()],
            roles: vec![0; feed.stages.len()],
            stages: vec![0; feed.stages.len()],
            contacts: vec![0; feed.contacts.len()],
        }
    }

    /// Counts a note, and returns whether it matches every filter. A note that matches all filters but one counts for that
    /// filter's value only.
    fn add(&mut self, feed: &NoteFeed, fits: &FilterMatches<'_>, note: &FeedNote) -> bool {
        let stage = feed.contacts[note.contact as usize].stage as usize;
        let (kind, author, contact) = (note.kind as usize, note.author as usize, note.contact as usize);
        let checks = [fits.kinds[kind], fits.authors[author], fits.roles[stage], fits.stages[stage], fits.contacts[contact]];
        let counts = [
            &mut self.kinds[kind],
            &mut self.authors[author],
            &mut self.roles[stage],
            &mut self.stages[stage],
            &mut self.contacts[contact],
        ];
        match checks.iter().filter(|matches| !**matches).count() {
            0 => {
                counts.into_iter().for_each(|count| *count += 1);
                true
            }
            1 => {
                counts.into_iter().zip(checks).filter(|(_, matches)| !matches).for_each(|(count, _)| *count += 1);
                false
            }
            _ => false,
        }
    }
}

pub(super) fn sees(audience: Audience, hidden: bool) -> bool {
    audience == Audience::Agency || !hidden
}

/// The values with their counts, highest first. Values with zero notes are included only if chosen.
fn ranked<T: Clone>(values: &[T], counts: &[i64], chosen: impl Fn(usize, &T) -> bool) -> Vec<(T, i64)> {
    let counted = values.iter().zip(counts).enumerate().filter(|(at, (value, count))| **count > 0 || chosen(*at, value));
    let mut ranked: Vec<(T, i64)> = counted.map(|(_, (value, count))| (value.clone(), *count)).collect();
    ranked.sort_by_key(|(_, count)| Reverse(*count));
    ranked
}

/// A filter, evaluated for each value in the feed.
pub(super) struct FilterMatches<'a> {
    filter: &'a FeedFilter,
    found: Option<Vec<i64>>,
    kinds: Vec<bool>,
    authors: Vec<bool>,
    roles: Vec<bool>,
    stages: Vec<bool>,
    contacts: Vec<bool>,
    /// By contact: whether the contact and its stage both match.
    candidates: Vec<bool>,
}

impl<'a> FilterMatches<'a> {
    pub(super) fn new(feed: &NoteFeed, board: &Board, filter: &'a FeedFilter) -> Self {
        let is_role = |place: &StagePlace| {
            let role = board.role(place);
            filter.roles.is_empty() || filter.roles.iter().any(|wanted| wanted.as_str() == role.as_str())
        };
        let roles: Vec<bool> = feed.stages.iter().map(is_role).collect();
        let stages: Vec<bool> =
            feed.stages.iter().map(|place| filter.stages.is_empty() || filter.stages.contains(place)).collect();
        let contacts: Vec<bool> =
            feed.contacts.iter().map(|contact| filter.clients.is_empty() || filter.clients.contains(&contact.crm_id)).collect();
        let candidates = feed.contacts.iter().zip(&contacts).map(|(contact, matches)| {
            let stage = contact.stage as usize;
            *matches && roles[stage] && stages[stage]
        });
        Self {
            found: filter.found.clone().map(|mut found| {
                found.sort_unstable();
                found
            }),
            kinds: feed.kinds.iter().map(|kind| filter.kinds.is_empty() || filter.kinds.contains(&kind.key)).collect(),
            authors: feed.authors.iter().map(|author| filter.authors.is_empty() || filter.authors.contains(author)).collect(),
            candidates: candidates.collect(),
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

    pub(super) fn moved(&self, seen: &FeedMove) -> bool {
        self.candidates[seen.contact as usize] && self.time(seen.at_ms)
    }

    pub(super) fn met(&self, one: &FeedAppointment, now_ms: EpochMs) -> bool {
        one.at_ms <= now_ms && self.candidates[one.contact as usize] && self.time(one.at_ms)
    }
}
