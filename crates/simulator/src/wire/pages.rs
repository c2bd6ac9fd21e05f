//! Cutting a page out of a list.

use std::sync::Arc;

use axum::http::Uri;

use crate::faults::fault::Fault;
use crate::faults::rows;
use crate::request::Request;
use crate::world::World;
use crate::world::records::Appointment;
use crate::world::render;
use crate::world::table::{Row, Table};

/// The most rows that one answer holds.
pub(crate) const MOST: usize = 100;

/// What a caller asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) client_id: Option<String>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
    /// How many redirects led here.
    pub(crate) hop: usize,
    from_date: Option<String>,
    end_date: Option<String>,
    event_type: Option<String>,
}

/// Rows of a list, and how many the whole list has.
pub(crate) struct Page {
    pub(crate) rows: Vec<Arc<[u8]>>,
    pub(crate) total: usize,
}

/// A bound of the calendar that cannot be read.
pub(crate) struct BadRequest;

impl Asked {
    pub(crate) fn new(request: Request, client_id: Option<&str>, uri: &Uri) -> Self {
        let query = axum::extract::Query::<std::collections::HashMap<String, String>>::try_from_uri(uri);
        let mut query = query.map(|query| query.0).unwrap_or_default();
        let number = |text: Option<&String>| text.and_then(|text| text.trim().parse::<usize>().ok());
        Self {
            request,
            client_id: client_id.map(str::to_owned),
            offset: number(query.get("offset")).unwrap_or(0),
            limit: number(query.get("limit")).filter(|limit| *limit > 0).unwrap_or(MOST).min(MOST),
            hop: number(query.get("hop")).unwrap_or(0),
            from_date: query.remove("from_date"),
            end_date: query.remove("end_date"),
            event_type: query.remove("event_type"),
        }
    }
}

impl World {
    /// The page asked for, as a list under `fault` would give it.
    pub(crate) fn page(&self, asked: &Asked, fault: Option<&Fault>) -> Result<Page, BadRequest> {
        let Asked { offset, limit, .. } = *asked;
        // Of a list that moves before every page but the first.
        let moves = offset.div_ceil(limit);
        match fault {
            Some(Fault::RowsInserted) => self.moved(asked, offset.saturating_sub(moves), to_i64(moves)),
            Some(Fault::RowsRemoved) => self.moved(asked, offset + moves, -to_i64(moves)),
            Some(Fault::TotalDrifts(by)) => self.moved(asked, offset, by.saturating_mul(to_i64(moves))),
            Some(Fault::RepeatedPages) => self.slice(asked, 0, limit),
            Some(Fault::FirstPageOnly) => {
                let page = self.slice(asked, 0, limit)?;
                Ok(Page { total: page.rows.len(), ..page })
            }
            Some(Fault::EndlessPages) => {
                let page = self.slice(asked, offset, limit)?;
                let first = if page.rows.is_empty() { self.slice(asked, 0, limit)?.rows } else { Vec::new() };
                let new = first.iter().zip(offset..).map(|(row, serial)| rows::renamed(row, asked.request, serial));
                Ok(Page { rows: page.rows.into_iter().chain(new).collect(), total: offset.saturating_add(2 * limit) })
            }
            Some(Fault::ShiftingPages) if offset > 0 => self.slice(asked, offset - 1, limit),
            Some(Fault::PageHole) if offset > 0 => self.slice(asked, offset + 1, limit),
            Some(Fault::ShortPages(most)) => self.slice(asked, offset, limit.min(*most)),
            Some(Fault::DuplicateIds) => {
                let mut page = self.slice(asked, offset, limit)?;
                let beyond = (offset + page.rows.len()).saturating_sub(page.total);
                if offset + page.rows.len() >= page.total {
                    let again = self.slice(asked, beyond, rows::DUPLICATES.saturating_sub(beyond))?;
                    let room = limit - page.rows.len();
                    page.rows.extend(again.rows.iter().take(room).map(|row| rows::stale(row)));
                }
                Ok(page)
            }
            _ => self.slice(asked, offset, limit),
        }
    }

    /// Every row of a list, the oldest first; of the notes, contact by contact.
    pub(crate) fn records(&self, request: Request) -> Vec<Arc<[u8]>> {
        fn texts<T>(table: &Table<T>) -> Vec<Arc<[u8]>> {
            table.rows().iter().map(Row::text).collect()
        }
        match request {
            Request::Stages => texts(&self.stages),
            Request::Sources => texts(&self.sources),
            Request::Users => texts(&self.users),
            Request::Contacts => texts(&self.contacts),
            Request::Deals => texts(&self.deals),
            Request::Events => texts(&self.appointments),
            Request::Notes => {
                let of = self.contacts.rows().iter().flat_map(|row| row.item.notes.iter().map(move |note| (note, row)));
                of.map(|(note, row)| render::note(&self.scene, note, row).into()).collect()
            }
        }
    }

    /// The rows from `offset` on, of a list that has `more` rows now.
    fn moved(&self, asked: &Asked, offset: usize, more: i64) -> Result<Page, BadRequest> {
        let page = self.slice(asked, offset, asked.limit)?;
        let total = usize::try_from(to_i64(page.total).saturating_add(more)).unwrap_or(0);
        Ok(Page { total, ..page })
    }

    fn slice(&self, asked: &Asked, offset: usize, limit: usize) -> Result<Page, BadRequest> {
        Ok(match asked.request {
            Request::Stages => in_order(&self.stages, offset, limit),
            Request::Sources => in_order(&self.sources, offset, limit),
            Request::Users => in_order(&self.users, offset, limit),
            Request::Contacts => newest_first(&self.contacts, offset, limit),
            Request::Deals => newest_first(&self.deals, offset, limit),
            Request::Events => self.events(asked, offset, limit)?,
            Request::Notes => self.notes(asked.client_id.as_deref().unwrap_or_default(), offset, limit),
        })
    }

    fn events(&self, asked: &Asked, offset: usize, limit: usize) -> Result<Page, BadRequest> {
        let bound = |text: &Option<String>, upper| match text.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => self.scene.calendar.bound(text, upper).map(Some).ok_or(BadRequest),
        };
        let from = bound(&asked.from_date, false)?.unwrap_or(i64::MIN);
        let end = bound(&asked.end_date, true)?.unwrap_or(i64::MAX);
        let kind = asked.event_type.as_deref().unwrap_or("appt");
        let within = |row: &&Row<Appointment>| kind == "appt" && (from..=end).contains(&row.item.starts);
        let found: Vec<&Row<Appointment>> = self.appointments.rows().iter().filter(within).collect();
        let rows = found.iter().skip(offset).take(limit).map(|row| row.text()).collect();
        Ok(Page { rows, total: found.len() })
    }

    fn notes(&self, client_id: &str, offset: usize, limit: usize) -> Page {
        let contact = self.contacts.serial_of(client_id).and_then(|serial| self.contacts.get(serial));
        let Some(contact) = contact else { return Page { rows: Vec::new(), total: 0 } };
        let notes = &contact.item.notes;
        let newest_first = notes.iter().rev().skip(offset).take(limit);
        let rows = newest_first.map(|note| render::note(&self.scene, note, contact).into()).collect();
        Page { rows, total: notes.len() }
    }
}

fn to_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn in_order<T>(table: &Table<T>, offset: usize, limit: usize) -> Page {
    Page { rows: table.rows().iter().skip(offset).take(limit).map(Row::text).collect(), total: table.len() }
}

/// A new record moves every other one down by a place.
fn newest_first<T>(table: &Table<T>, offset: usize, limit: usize) -> Page {
    Page { rows: table.rows().iter().rev().skip(offset).take(limit).map(Row::text).collect(), total: table.len() }
}
