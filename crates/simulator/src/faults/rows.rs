//! Faults that change the rows of a page.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::dice::Dice;
use crate::faults::fault::Fault;
use crate::request::Request;

/// How many rows [`Fault::DuplicateIds`] repeats.
pub(crate) const DUPLICATES: usize = 3;

/// Changes the rows of the page at `offset` as the fault says. Faults of other kinds change nothing.
pub(crate) fn corrupt(rows: &mut [Arc<[u8]>], fault: &Fault, request: Request, offset: usize) {
    match fault {
        Fault::NumbersForText => edit_rows(rows, |row| row.values_mut().for_each(text_to_number)),
        Fault::RowsNotObjects => {
            const REPLACEMENTS: [&[u8]; 4] = [b"\"no row\"", b"17", b"null", b"[\"1\",\"2\"]"];
            for (nth, row) in rows.iter_mut().skip(1).step_by(3).enumerate() {
                *row = Arc::from(REPLACEMENTS[nth % REPLACEMENTS.len()]);
            }
        }
        Fault::RowsWithoutId(count) => {
            let affected = count.saturating_sub(offset).min(rows.len());
            edit_rows(&mut rows[..affected], |row| drop(row.remove(request.id_field())));
        }
        Fault::DuplicateKeys => add_duplicate_keys(rows, request),
        Fault::HugeIds => replace_ids(rows, request, |id| quote(huge_id(id).as_bytes())),
        Fault::HugeNumberIds => replace_ids(rows, request, |id| huge_id(id).into_bytes()),
        Fault::NumberIds => replace_ids(rows, request, |id| id.as_bytes().to_vec()),
        Fault::ObjectIds => replace_ids(rows, request, |id| format!("{{\"id\":\"{id}\"}}").into_bytes()),
        Fault::FarDates => edit_rows(first(rows), |row| {
            row.insert("created".to_owned(), "0001-01-01 00:00:00".into());
            row.insert("last_modified_date".to_owned(), "9999-12-31 23:59:59".into());
        }),
        Fault::LongTexts(length) => lengthen_texts(first(rows), request, *length),
        _ => corrupt_first_row(rows, fault, request),
    }
}

/// Replaces fields of the first row with bytes that no JSON library would write.
fn corrupt_first_row(rows: &mut [Arc<[u8]>], fault: &Fault, request: Request) {
    let free_text = [request.free_text_field()];
    let texts = [request.free_text_field(), "firstName"];
    match fault {
        Fault::HugeField(bytes) => replace_in_first(rows, &free_text, &quote(&b"x".repeat(*bytes))),
        Fault::DeepJson(levels) => replace_in_first(rows, &["extra"], &[b"[".repeat(*levels), b"]".repeat(*levels)].concat()),
        Fault::DeepObjects(levels) => {
            replace_in_first(rows, &["extra"], &[b"{\"x\":".repeat(*levels), b"0".to_vec(), b"}".repeat(*levels)].concat());
        }
        Fault::HugeNumbers => {
            replace_in_first(rows, &["deal_size", "likelihood_to_close", "sales_cycle_order"], &b"9".repeat(400));
        }
        Fault::BareWord(word) => replace_in_first(rows, &["deal_size"], word.as_bytes()),
        Fault::LoneSurrogates => replace_in_first(rows, &texts, &quote(br"\ud800 and \udfff\udc00")),
        Fault::NulText => replace_in_first(rows, &texts, &quote(br"nothing\u0000nothing")),
        Fault::ControlCharacters => replace_in_first(rows, &texts, &quote(b"one\r\ntwo\tthree\x01")),
        Fault::Latin1 => replace_in_first(rows, &free_text, &quote("Café Zoë, naïve".as_bytes())),
        Fault::InvalidUtf8 => replace_in_first(rows, &free_text, &quote(b"caf\xE9 \xFF\xFE na\xC3")),
        _ => {}
    }
}

/// An older copy of a row, under the same ID.
pub(crate) fn older_copy(row: &[u8]) -> Arc<[u8]> {
    let mut copy = [Arc::from(row)];
    edit_rows(&mut copy, |row| {
        for (field, old) in [("last_modified_date", "2001-01-01 00:00:00"), ("firstName", "Stale")] {
            if let Some(value) = row.get_mut(field) {
                *value = old.into();
            }
        }
    });
    let [copy] = copy;
    copy
}

/// A copy of a row, under an ID that no record of the account has.
pub(crate) fn copy_with_new_id(row: &[u8], request: Request, serial: usize) -> Arc<[u8]> {
    let mut copy = [Arc::from(row)];
    replace_ids(&mut copy, request, |_| quote(format!("77{serial:010}").as_bytes()));
    let [copy] = copy;
    copy
}

/// Texts as they are, in upper case, percent-encoded, and in base64, as a server's dump of headers would have them.
pub(crate) fn spellings(texts: &[&str]) -> String {
    let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let all = texts.iter().map(|text| {
        let base64 = STANDARD.encode(format!("X-Header: {text}"));
        format!("X-HEADER: {text}; {}; {}; {base64}", text.to_uppercase(), percent(text))
    });
    all.collect::<Vec<_>>().join("; ")
}

/// Replaces the free text of the first row.
pub(crate) fn set_free_text(rows: &mut [Arc<[u8]>], request: Request, text: &str) {
    edit_rows(first(rows), |row| drop(row.insert(request.free_text_field().to_owned(), text.into())));
}

fn edit_rows(rows: &mut [Arc<[u8]>], edit: impl Fn(&mut Map<String, Value>)) {
    for row in rows {
        if let Ok(Value::Object(mut fields)) = serde_json::from_slice(row) {
            edit(&mut fields);
            *row = Value::Object(fields).to_string().into_bytes().into();
        }
    }
}

/// Converts a numeric string that has exactly one spelling. A ZIP code with a leading zero stays a string.
fn text_to_number(value: &mut Value) {
    if let Some(number) = value.as_str().and_then(|text| text.parse::<i64>().ok().filter(|n| n.to_string() == text)) {
        *value = number.into();
    }
}

fn lengthen_texts(rows: &mut [Arc<[u8]>], request: Request, length: usize) {
    const UNCHANGED: [&str; 3] = ["contact_type", "created", "last_modified_date"];
    let (id, long) = (request.id_field(), Value::String(incompressible_text(length)));
    let stays = |field: &str| field == id || UNCHANGED.contains(&field);
    edit_rows(rows, |row| {
        row.iter_mut().filter(|(field, value)| value.is_string() && !stays(field)).for_each(|(_, v)| *v = long.clone());
    });
}

fn add_duplicate_keys(rows: &mut [Arc<[u8]>], request: Request) {
    let field = request.id_field();
    let id = |row: &Arc<[u8]>| serde_json::from_slice::<Map<String, Value>>(row).ok()?.remove(field);
    let ids: Vec<_> = rows.iter().map(id).collect();
    let next_ids = ids.iter().cycle().skip(1);
    for (row, id) in rows.iter_mut().zip(next_ids) {
        let Some(id) = id else { continue };
        let with_id = append_field(row, field, id.to_string().as_bytes());
        *row = append_field(&with_id, "firstName", b"\"Twice\"").into();
    }
}

fn replace_ids(rows: &mut [Arc<[u8]>], request: Request, json: impl Fn(&str) -> Vec<u8>) {
    let field = request.id_field();
    for row in rows {
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(row) else { continue };
        let Some(Value::String(id)) = fields.remove(field) else { continue };
        *row = append_field(Value::Object(fields).to_string().as_bytes(), field, &json(&id)).into();
    }
}

fn replace_in_first(rows: &mut [Arc<[u8]>], fields: &[&str], json: &[u8]) {
    let Some(first) = rows.first_mut() else { return };
    let Ok(Value::Object(mut row)) = serde_json::from_slice(first) else { return };
    fields.iter().for_each(|field| drop(row.remove(*field)));
    let row = Value::Object(row).to_string().into_bytes();
    *first = fields.iter().fold(row, |row, field| append_field(&row, field, json)).into();
}

/// Appends a field to a row, even if it has one of that name.
fn append_field(row: &[u8], field: &str, json: &[u8]) -> Vec<u8> {
    let open = row.strip_suffix(b"}").unwrap_or(row);
    let comma: &[u8] = if open.len() > 1 { b"," } else { b"" };
    [open, comma, b"\"", field.as_bytes(), b"\":", json, b"}"].concat()
}

fn first(rows: &mut [Arc<[u8]>]) -> &mut [Arc<[u8]>] {
    let first = rows.len().min(1);
    &mut rows[..first]
}

fn quote(bytes: &[u8]) -> Vec<u8> {
    [b"\"", bytes, b"\""].concat()
}

fn huge_id(id: &str) -> String {
    format!("9{id:0>39}")
}

fn incompressible_text(length: usize) -> String {
    let mut dice = Dice::of(&[0x10E6]);
    let words = std::iter::repeat_with(|| URL_SAFE_NO_PAD.encode(dice.next().to_be_bytes()));
    let mut text = String::with_capacity(length + 11);
    words.take(length / 11 + 1).for_each(|word| text.push_str(&word));
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_replace_strings_only_where_nothing_is_lost() {
        let mut rows: Vec<Arc<[u8]>> = vec![Arc::from(&br#"{"zip":"01609","contact_type":"1","deal_size":"0.00"}"#[..])];
        corrupt(&mut rows, &Fault::NumbersForText, Request::Contacts, 0);
        let row: Value = serde_json::from_slice(&rows[0]).unwrap();
        assert_eq!(row, serde_json::json!({"zip": "01609", "contact_type": 1, "deal_size": "0.00"}));
    }
}
