//! The JSON envelope around the rows, in each request's own style or broken by a fault.

use std::borrow::Cow;
use std::sync::Arc;

use crate::faults::fault::Fault;
use crate::request::Request;
use crate::wire::pages::Page;
use crate::world::json_writer::push_text;
use crate::world::quirks::StatedTotal;

/// How a request's envelope is written. The CRM is inconsistent, so a client must accept every variant.
#[derive(Clone, Copy)]
struct EnvelopeStyle {
    /// Whether codes are written as `CT_200` rather than `CT200`.
    underscore: bool,
    /// Whether `TotalRecord` is a string rather than a number.
    total_is_text: bool,
    /// What `data` is when there are no rows.
    empty_data: EmptyData,
}

#[derive(Clone, Copy)]
enum EmptyData {
    Missing,
    Null,
    EmptyList,
    EmptyText,
}

enum Total {
    Missing,
    Number(i64),
    Text(String),
    Json(String),
}

enum Data {
    Missing,
    Verbatim(&'static str),
    /// A list of the rows.
    Rows,
    /// An object with the rows under `"0"`, `"1"`, and so on.
    KeyedRows,
}

/// The response to a read: the rows, or code 515 if there are none.
pub(crate) fn for_page(page: &Page, request: Request, fault: Option<&Fault>) -> Vec<u8> {
    let style = EnvelopeStyle::of(request);
    let is_empty = page.rows.is_empty() || fault == Some(&Fault::Empty);
    let number = if fault == Some(&Fault::Empty) { 0 } else { page.total as i64 };
    let total = match fault {
        Some(Fault::TotalMissing) => Total::Missing,
        Some(Fault::TotalWrong(wrong)) => style.total(*wrong),
        Some(Fault::TotalText(text)) => Total::Text(text.clone()),
        _ => match &page.stated_total {
            StatedTotal::Length => style.total(number),
            StatedTotal::Missing => Total::Missing,
            StatedTotal::Json(json) => Total::Json(json.clone()),
        },
    };
    let data = match fault {
        Some(Fault::DataMissing) => Data::Missing,
        Some(Fault::DataNull) => Data::Verbatim("null"),
        Some(Fault::DataEmptyText) => Data::Verbatim("\"\""),
        Some(Fault::DataEmptyObject) => Data::Verbatim("{}"),
        _ if is_empty => match style.empty_data {
            EmptyData::Missing => Data::Missing,
            EmptyData::Null => Data::Verbatim("null"),
            EmptyData::EmptyList => Data::Verbatim("[]"),
            EmptyData::EmptyText => Data::Verbatim("\"\""),
        },
        Some(Fault::DataKeyedObject) => Data::KeyedRows,
        _ => Data::Rows,
    };
    let (code, message) = if is_empty { ("515", "No record found") } else { ("200", "Success") };
    write(&style.code(code), message, &total, &data, &page.rows)
}

/// An error response: a result code and its message, without data. The HTTP status is 200 even so.
pub(crate) fn for_code(code: &str, request: Option<Request>) -> Vec<u8> {
    let style = EnvelopeStyle::of(request.unwrap_or(Request::Contacts));
    let message = match code.trim_start_matches("CT").trim_start_matches('_') {
        "200" => "Success",
        "400" => "Bad request",
        "404" => "Request not found",
        "501" => "Required key missing",
        "512" => "Cannot delete, record is in use",
        "515" => "No record found",
        "520" => "Duplicate entry",
        "525" => "Insert failed",
        _ => "Unknown error",
    };
    write(&style.code(code), message, &Total::Missing, &Data::Missing, &[])
}

impl EnvelopeStyle {
    fn of(request: Request) -> Self {
        let (underscore, total_is_text, empty_data) = match request {
            Request::Stages => (true, false, EmptyData::Missing),
            Request::Sources => (false, true, EmptyData::EmptyList),
            Request::Users => (true, false, EmptyData::Null),
            Request::Contacts => (true, false, EmptyData::EmptyList),
            Request::Deals => (false, true, EmptyData::EmptyText),
            Request::Events => (true, true, EmptyData::Missing),
            Request::Notes => (false, false, EmptyData::Null),
        };
        Self { underscore, total_is_text, empty_data }
    }

    fn code(self, code: &str) -> Cow<'_, str> {
        match (code.starts_with("CT"), self.underscore) {
            (true, _) => code.into(),
            (false, true) => format!("CT_{code}").into(),
            (false, false) => format!("CT{code}").into(),
        }
    }

    fn total(self, total: i64) -> Total {
        if self.total_is_text { Total::Text(total.to_string()) } else { Total::Number(total) }
    }
}

fn write(code: &str, message: &str, total: &Total, data: &Data, rows: &[Arc<[u8]>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + rows.iter().map(|row| row.len() + 8).sum::<usize>());
    out.extend_from_slice(b"{\"ResultCode\":");
    push_text(&mut out, code);
    out.extend_from_slice(b",\"Message\":");
    push_text(&mut out, message);
    match total {
        Total::Missing => {}
        Total::Json(json) => out.extend_from_slice(format!(",\"TotalRecord\":{json}").as_bytes()),
        Total::Number(number) => out.extend_from_slice(format!(",\"TotalRecord\":{number}").as_bytes()),
        Total::Text(text) => {
            out.extend_from_slice(b",\"TotalRecord\":");
            push_text(&mut out, text);
        }
    }
    match data {
        Data::Missing => {}
        Data::Verbatim(json) => out.extend_from_slice(format!(",\"data\":{json}").as_bytes()),
        Data::Rows => push_rows(&mut out, rows, b"[", b"]", false),
        Data::KeyedRows => push_rows(&mut out, rows, b"{", b"}", true),
    }
    out.push(b'}');
    out
}

fn push_rows(out: &mut Vec<u8>, rows: &[Arc<[u8]>], open: &[u8], close: &[u8], keyed: bool) {
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(open);
    for (nth, row) in rows.iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        if keyed {
            out.extend_from_slice(format!("\"{nth}\":").as_bytes());
        }
        out.extend_from_slice(row);
    }
    out.extend_from_slice(close);
}
