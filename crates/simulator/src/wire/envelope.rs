//! The envelope around the rows: in each request's own dialect, or broken in the way a fault wants.

use std::borrow::Cow;
use std::sync::Arc;

use crate::faults::fault::Fault;
use crate::request::{Dialect, Nothing, Request};
use crate::wire::pages::Page;
use crate::world::json_writer::push_text;

enum Total {
    Missing,
    Number(i64),
    Text(String),
}

enum Data {
    Rows,
    Keyed,
    Missing,
    Verbatim(&'static str),
}

/// The answer to a read: rows, or 515 if there are none.
pub(crate) fn of_page(page: &Page, request: Request, fault: Option<&Fault>) -> Vec<u8> {
    let dialect = request.dialect();
    let nothing = page.rows.is_empty() || fault == Some(&Fault::Empty);
    let number = if fault == Some(&Fault::Empty) { 0 } else { page.total as i64 };
    let total = match fault {
        Some(Fault::TotalMissing) => Total::Missing,
        Some(Fault::TotalWrong(wrong)) => spelled(*wrong, dialect),
        Some(Fault::TotalText(text)) => Total::Text(text.clone()),
        _ => spelled(number, dialect),
    };
    let data = match fault {
        Some(Fault::DataMissing) => Data::Missing,
        Some(Fault::DataNull) => Data::Verbatim("null"),
        Some(Fault::DataEmptyText) => Data::Verbatim("\"\""),
        Some(Fault::DataEmptyObject) => Data::Verbatim("{}"),
        _ if nothing => match dialect.nothing {
            Nothing::Missing => Data::Missing,
            Nothing::Null => Data::Verbatim("null"),
            Nothing::EmptyList => Data::Verbatim("[]"),
            Nothing::EmptyText => Data::Verbatim("\"\""),
        },
        Some(Fault::DataKeyedObject) => Data::Keyed,
        _ => Data::Rows,
    };
    let (code, message) = if nothing { ("515", "No record found") } else { ("200", "Success") };
    write(&spell_code(code, dialect), message, &total, &data, &page.rows)
}

/// An answer that says what went wrong, with HTTP 200 around it.
pub(crate) fn of_code(code: &str, request: Option<Request>) -> Vec<u8> {
    let dialect = request.unwrap_or(Request::Contacts).dialect();
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
    write(&spell_code(code, dialect), message, &Total::Missing, &Data::Missing, &[])
}

fn spell_code(code: &str, dialect: Dialect) -> Cow<'_, str> {
    match (code.starts_with("CT"), dialect.underscore) {
        (true, _) => code.into(),
        (false, true) => format!("CT_{code}").into(),
        (false, false) => format!("CT{code}").into(),
    }
}

fn spelled(total: i64, dialect: Dialect) -> Total {
    if dialect.total_is_text { Total::Text(total.to_string()) } else { Total::Number(total) }
}

fn write(code: &str, message: &str, total: &Total, data: &Data, rows: &[Arc<[u8]>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + rows.iter().map(|row| row.len() + 8).sum::<usize>());
    out.extend_from_slice(b"{\"ResultCode\":");
    push_text(&mut out, code);
    out.extend_from_slice(b",\"Message\":");
    push_text(&mut out, message);
    match total {
        Total::Missing => {}
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
        Data::Keyed => push_rows(&mut out, rows, b"{", b"}", true),
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
