//! What is permanently odd about an account's lists: rows that are not records, repeated rows, wrong totals, and pages of the
//! server's own length.
//!
//! Odd rows belong to records, chosen by the bytes of the record's ID, so they stay the same while the list grows and shrinks.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::dice;
use crate::faults::rows::older_copy;
use crate::request::Request;
use crate::wire::pages::Page;

/// What is permanently odd about an account. Shares are of 1; the default is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quirks {
    /// The share of rows that each list repeats, byte for byte, at its end.
    pub duplicates: f64,
    /// The share of rows of which each list has an older version, at its end.
    pub older_copies: f64,
    /// The share of records after which a list has a row that is not an object.
    pub not_objects: f64,
    /// The share of records after which a list has a row without a readable ID.
    pub without_id: f64,
    /// How the lists' totals are wrong.
    pub total: TotalQuirk,
    /// The most rows that a page has, whatever the limit.
    pub longest_page: Option<usize>,
    /// Whether an offset beyond the list gives its last page instead of none.
    pub repeats_last_page: bool,
}

/// What a list states as its total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TotalQuirk {
    /// The number of records.
    #[default]
    Records,
    /// The number of rows, repeated and odd ones included.
    Rows,
    /// More than there are rows.
    Higher(i64),
    /// Fewer than there are records.
    Lower(i64),
    /// A number of rows with commas: "3,120".
    Commas,
    /// A number of rows with a fraction: 3120.0.
    Fraction,
    Negative,
    Zero,
    Missing,
    Null,
    Words,
    /// More than any integer holds.
    Huge,
    /// Another number for each page.
    ByPage,
    /// Another number for each hour.
    ByHour,
    /// Each list in another of these ways.
    Mixed,
}

/// What a page states as the list's total.
pub(crate) enum StatedTotal {
    /// The list's length, in the style of the request.
    Length,
    Missing,
    /// Verbatim.
    Json(String),
}

impl Quirks {
    /// Every kind of odd row, each for this share of the rows, with totals that are wrong in every way.
    pub fn every_kind(share: f64) -> Self {
        Self {
            duplicates: share,
            older_copies: share,
            not_objects: share,
            without_id: share,
            total: TotalQuirk::Mixed,
            ..Self::default()
        }
    }

    /// The page of a list with these records, as the account gives it.
    pub(crate) fn page(&self, records: &[Arc<[u8]>], request: Request, offset: usize, limit: usize, now_ms: i64) -> Page {
        let rows = self.rows(records, request);
        let limit = limit.min(self.longest_page.unwrap_or(limit)).max(1);
        let start = match self.repeats_last_page && offset + limit > rows.len() {
            true => rows.len().saturating_sub(limit),
            false => offset.min(rows.len()),
        };
        let page = rows[start..(start + limit).min(rows.len())].to_vec();
        let stated_total = self.total.stated(records.len(), rows.len(), request, offset, now_ms);
        Page { rows: page, total: records.len(), stated_total }
    }

    /// The records with the odd rows among them and the repeated ones after them.
    fn rows(&self, records: &[Arc<[u8]>], request: Request) -> Vec<Arc<[u8]>> {
        let (mut rows, mut repeated) = (Vec::with_capacity(records.len() * 5 / 4), Vec::new());
        for record in records {
            let key = record_key(record, request);
            let chosen = |kind: u64, share: f64| (dice::key(&[key, kind]) as f64) < share * u64::MAX as f64;
            rows.push(Arc::clone(record));
            if chosen(1, self.duplicates) {
                repeated.push(Arc::clone(record));
            }
            if chosen(2, self.older_copies) && matches!(request, Request::Contacts | Request::Deals) {
                repeated.push(older_copy(record));
            }
            if chosen(3, self.not_objects) {
                rows.push(not_an_object(key));
            }
            if chosen(4, self.without_id) {
                rows.push(without_id(record, request, key));
            }
        }
        rows.append(&mut repeated);
        rows
    }
}

impl TotalQuirk {
    fn stated(self, records: usize, rows: usize, request: Request, offset: usize, now_ms: i64) -> StatedTotal {
        const MIXED: [TotalQuirk; 7] = [
            TotalQuirk::Higher(42),
            TotalQuirk::Commas,
            TotalQuirk::Negative,
            TotalQuirk::Rows,
            TotalQuirk::Higher(5),
            TotalQuirk::Words,
            TotalQuirk::ByHour,
        ];
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let number = |number: i64| StatedTotal::Json(number.to_string());
        match self {
            Self::Records => StatedTotal::Length,
            Self::Rows => StatedTotal::Json(format!("\"{rows}\"")),
            Self::Higher(by) => number(rows + by),
            Self::Lower(by) => number((records as i64 - by).max(0)),
            Self::Commas => StatedTotal::Json(format!("\"{}\"", tetherboard_domain::grouped(rows.unsigned_abs()))),
            Self::Fraction => StatedTotal::Json(format!("{rows}.0")),
            Self::Negative => number(-12),
            Self::Zero => number(0),
            Self::Missing => StatedTotal::Missing,
            Self::Null => StatedTotal::Json("null".to_owned()),
            Self::Words => StatedTotal::Json("\"about a hundred\"".to_owned()),
            Self::Huge => StatedTotal::Json("99999999999999999999999".to_owned()),
            Self::ByPage => number(rows + (offset as i64 / 10) % 17),
            Self::ByHour => number(rows + now_ms / 3_600_000 % 13),
            Self::Mixed => MIXED[request as usize % MIXED.len()].stated(records, rows as usize, request, offset, now_ms),
        }
    }
}

/// Identifies a record across its changes.
fn record_key(record: &[u8], request: Request) -> u64 {
    let row: Option<Map<String, Value>> = serde_json::from_slice(record).ok();
    let id = row.and_then(|row| row.get(request.id_field()).map(ToString::to_string)).unwrap_or_default();
    id.bytes().fold(request as u64 + 0x0DD, |key, byte| dice::key(&[key, u64::from(byte)]))
}

/// A row that is no object. Some are the same in several places.
fn not_an_object(key: u64) -> Arc<[u8]> {
    let row = match key % 6 {
        0 => "null".to_owned(),
        1 => "\"\"".to_owned(),
        2 => format!("\"row {}\"", key % 997),
        3 => (key % 9_973).to_string(),
        4 => format!("[\"{}\",null]", key % 997),
        _ => "false".to_owned(),
    };
    row.into_bytes().into()
}

/// A copy of a record whose ID is missing or unreadable.
fn without_id(record: &[u8], request: Request, key: u64) -> Arc<[u8]> {
    let Ok(Value::Object(mut row)) = serde_json::from_slice(record) else { return not_an_object(key) };
    let id = match key % 8 {
        0 => None,
        1 => Some(Value::from("")),
        2 => Some(Value::Null),
        3 => Some(Value::from(0)),
        4 => Some(Value::from(7.5)),
        5 => Some(serde_json::json!({ "id": key.to_string() })),
        6 => Some(serde_json::json!([key.to_string()])),
        _ => Some(Value::from(true)),
    };
    match id {
        Some(id) => drop(row.insert(request.id_field().to_owned(), id)),
        None => drop(row.remove(request.id_field())),
    }
    Value::Object(row).to_string().into_bytes().into()
}
