//! Cuts a page out of a list, and moves the list between pages if a fault says so.

use std::sync::Arc;

use crate::faults::fault::Fault;
use crate::faults::rows;
use crate::request::Request;
use crate::wire::page_query::PageQuery;
use crate::world::World;
use crate::world::quirks::{Quirks, StatedTotal};
use crate::world::records::Appointment;
use crate::world::render;
use crate::world::table::{Row, Table};

/// Some rows of a list.
pub(crate) struct Page {
    pub(crate) rows: Vec<Arc<[u8]>>,
    /// The length of the whole list.
    pub(crate) total: usize,
    pub(crate) stated_total: StatedTotal,
}

impl Page {
    fn new(rows: Vec<Arc<[u8]>>, total: usize) -> Self {
        Self { rows, total, stated_total: StatedTotal::Length }
    }
}

/// A date of the query cannot be parsed.
pub(crate) struct BadRequest;

impl World {
    /// The requested page, as a list with the fault would give it.
    pub(crate) fn page(&self, query: &PageQuery, fault: Option<&Fault>) -> Result<Page, BadRequest> {
        let PageQuery { offset, limit, .. } = *query;
        // The list moves before each page after the first.
        let moves = offset.div_ceil(limit);
        match fault {
            Some(Fault::RowsInserted) => self.moved_page(query, offset.saturating_sub(moves), to_i64(moves)),
            Some(Fault::RowsRemoved) => self.moved_page(query, offset + moves, -to_i64(moves)),
            Some(Fault::TotalDrifts(by)) => self.moved_page(query, offset, by.saturating_mul(to_i64(moves))),
            Some(Fault::RepeatedPages) => self.slice(query, 0, limit),
            Some(Fault::FirstPageOnly) => {
                let page = self.slice(query, 0, limit)?;
                Ok(Page { total: page.rows.len(), ..page })
            }
            Some(Fault::EndlessPages) => {
                let page = self.slice(query, offset, limit)?;
                let first = if page.rows.is_empty() { self.slice(query, 0, limit)?.rows } else { Vec::new() };
                let new = first.iter().zip(offset..).map(|(row, serial)| rows::copy_with_new_id(row, query.request, serial));
                Ok(Page::new(page.rows.into_iter().chain(new).collect(), offset.saturating_add(2 * limit)))
            }
            Some(Fault::ShiftingPages) if offset > 0 => self.slice(query, offset - 1, limit),
            Some(Fault::PageHole) if offset > 0 => self.slice(query, offset + 1, limit),
            Some(Fault::ShortPages(most)) => self.slice(query, offset, limit.min(*most)),
            Some(Fault::DuplicateIds) => self.page_with_duplicates(query),
            _ => self.slice(query, offset, limit),
        }
    }

    /// The rows from `offset` on, with the total changed by `more`.
    fn moved_page(&self, query: &PageQuery, offset: usize, more: i64) -> Result<Page, BadRequest> {
        let page = self.slice(query, offset, query.limit)?;
        let total = usize::try_from(to_i64(page.total).saturating_add(more)).unwrap_or(0);
        Ok(Page { total, ..page })
    }

    /// The page of a list that ends with older copies of its first rows.
    fn page_with_duplicates(&self, query: &PageQuery) -> Result<Page, BadRequest> {
        let PageQuery { offset, limit, .. } = *query;
        let mut page = self.slice(query, offset, limit)?;
        let beyond = (offset + page.rows.len()).saturating_sub(page.total);
        if offset + page.rows.len() >= page.total {
            let repeated = self.slice(query, beyond, rows::DUPLICATES.saturating_sub(beyond))?;
            let room = limit - page.rows.len();
            page.rows.extend(repeated.rows.iter().take(room).map(|row| rows::older_copy(row)));
        }
        Ok(page)
    }

    fn slice(&self, query: &PageQuery, offset: usize, limit: usize) -> Result<Page, BadRequest> {
        if self.quirks == Quirks::default() {
            return self.records_of(query, offset, limit);
        }
        let all = self.records_of(query, 0, usize::MAX)?.rows;
        Ok(self.quirks.page(&all, query.request, offset, limit, self.now))
    }

    fn records_of(&self, query: &PageQuery, offset: usize, limit: usize) -> Result<Page, BadRequest> {
        Ok(match query.request {
            Request::Stages => in_order(&self.stages, offset, limit),
            Request::Sources => in_order(&self.sources, offset, limit),
            Request::Users => in_order(&self.users, offset, limit),
            Request::Contacts => newest_first(&self.contacts, offset, limit),
            Request::Deals => newest_first(&self.deals, offset, limit),
            Request::Events => self.events(query, offset, limit)?,
            Request::Notes => self.notes(query.client_id.as_deref().unwrap_or_default(), offset, limit),
        })
    }

    fn events(&self, query: &PageQuery, offset: usize, limit: usize) -> Result<Page, BadRequest> {
        let bound = |text: &Option<String>, upper| match text.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => self.context.calendar.parse_bound(text, upper).map(Some).ok_or(BadRequest),
        };
        let from = bound(&query.from_date, false)?.unwrap_or(i64::MIN);
        let end = bound(&query.end_date, true)?.unwrap_or(i64::MAX);
        let kind = query.event_type.as_deref().unwrap_or("appt");
        let matches = |row: &&Row<Appointment>| kind == "appt" && (from..=end).contains(&row.item.starts);
        let found: Vec<&Row<Appointment>> = self.appointments.rows().iter().filter(matches).collect();
        let rows = found.iter().skip(offset).take(limit).map(|row| row.json()).collect();
        Ok(Page::new(rows, found.len()))
    }

    fn notes(&self, client_id: &str, offset: usize, limit: usize) -> Page {
        let contact = self.contacts.serial_of(client_id).and_then(|serial| self.contacts.get(serial));
        let Some(contact) = contact else { return Page::new(Vec::new(), 0) };
        let notes = &contact.item.notes;
        let newest_first = notes.iter().rev().skip(offset).take(limit);
        let rows = newest_first.map(|note| render::note(&self.context, note, contact).into()).collect();
        Page::new(rows, notes.len())
    }
}

fn to_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn in_order<T>(table: &Table<T>, offset: usize, limit: usize) -> Page {
    Page::new(table.rows().iter().skip(offset).take(limit).map(Row::json).collect(), table.len())
}

/// In this order, a new record moves all others down by one.
fn newest_first<T>(table: &Table<T>, offset: usize, limit: usize) -> Page {
    Page::new(table.rows().iter().rev().skip(offset).take(limit).map(Row::json).collect(), table.len())
}
