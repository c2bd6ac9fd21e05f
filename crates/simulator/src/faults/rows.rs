//! Faults of rows: the page is right, what stands in it is not.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Crc;
use flate2::{Compress, Compression, FlushCompress};
use serde_json::{Map, Value};

use crate::dice::Dice;
use crate::faults::fault::Fault;
use crate::request::Request;

/// How many rows a list with duplicate ids repeats.
pub(crate) const DUPLICATES: usize = 3;

pub(crate) fn mangle(rows: &mut [Arc<[u8]>], fault: &Fault, request: Request, offset: usize) {
    match fault {
        Fault::NumbersForText => each(rows, |row| row.values_mut().for_each(to_number)),
        Fault::RowsNotObjects => {
            const INSTEAD: [&[u8]; 4] = [b"\"no row\"", b"17", b"null", b"[\"1\",\"2\"]"];
            for (nth, row) in rows.iter_mut().skip(1).step_by(3).enumerate() {
                *row = Arc::from(INSTEAD[nth % INSTEAD.len()]);
            }
        }
        Fault::RowsWithoutId(count) => {
            let theirs = count.saturating_sub(offset).min(rows.len());
            each(&mut rows[..theirs], |row| drop(row.remove(request.id_field())));
        }
        Fault::DuplicateKeys => name_twice(rows, request),
        Fault::HugeIds => each_id(rows, request, |id| text_of(huge(id).as_bytes())),
        Fault::HugeNumberIds => each_id(rows, request, |id| huge(id).into_bytes()),
        Fault::NumberIds => each_id(rows, request, |id| id.as_bytes().to_vec()),
        Fault::ObjectIds => each_id(rows, request, |id| format!("{{\"id\":\"{id}\"}}").into_bytes()),
        Fault::HugeField(bytes) => into_first(rows, &[request.prose_field()], &text_of(&b"x".repeat(*bytes))),
        Fault::DeepJson(levels) => into_first(rows, &["extra"], &[b"[".repeat(*levels), b"]".repeat(*levels)].concat()),
        Fault::DeepObjects(levels) => {
            into_first(rows, &["extra"], &[b"{\"x\":".repeat(*levels), b"0".to_vec(), b"}".repeat(*levels)].concat());
        }
        Fault::LongTexts(letters) => {
            const SHORT: [&str; 3] = ["contact_type", "created", "last_modified_date"];
            let (id, long) = (request.id_field(), Value::String(unlike(*letters)));
            let stays = |field: &str| field == id || SHORT.contains(&field);
            each(first(rows), |row| {
                row.iter_mut().filter(|(field, value)| value.is_string() && !stays(field)).for_each(|(_, v)| *v = long.clone());
            });
        }
        Fault::HugeNumbers => {
            into_first(rows, &["deal_size", "likelihood_to_close", "sales_cycle_order"], &b"9".repeat(400));
        }
        Fault::BareWord(word) => into_first(rows, &["deal_size"], word.as_bytes()),
        Fault::FarDates => each(first(rows), |row| {
            row.insert("created".to_owned(), "0001-01-01 00:00:00".into());
            row.insert("last_modified_date".to_owned(), "9999-12-31 23:59:59".into());
        }),
        Fault::LoneSurrogates => into_first(rows, &awkward(request), &text_of(br"\ud800 and \udfff\udc00")),
        Fault::NulText => into_first(rows, &awkward(request), &text_of(br"nothing\u0000nothing")),
        Fault::ControlCharacters => into_first(rows, &awkward(request), &text_of(b"one\r\ntwo\tthree\x01")),
        Fault::Latin1 => into_first(rows, &[request.prose_field()], &text_of("Café Zoë, naïve".as_bytes())),
        Fault::InvalidUtf8 => into_first(rows, &[request.prose_field()], &text_of(b"caf\xE9 \xFF\xFE na\xC3")),
        _ => {}
    }
}

/// An older copy of a row, under the same id.
pub(crate) fn stale(row: &[u8]) -> Arc<[u8]> {
    let mut copy = [Arc::from(row)];
    each(&mut copy, |row| {
        for (field, old) in [("last_modified_date", "2001-01-01 00:00:00"), ("firstName", "Stale")] {
            if let Some(value) = row.get_mut(field) {
                *value = old.into();
            }
        }
    });
    let [copy] = copy;
    copy
}

fn each(rows: &mut [Arc<[u8]>], change: impl Fn(&mut Map<String, Value>)) {
    for row in rows {
        if let Ok(Value::Object(mut fields)) = serde_json::from_slice(row) {
            change(&mut fields);
            *row = Value::Object(fields).to_string().into_bytes().into();
        }
    }
}

/// Only where nothing is lost: a postcode with a leading zero stays a text.
fn to_number(value: &mut Value) {
    if let Some(number) = value.as_str().and_then(|text| text.parse::<i64>().ok().filter(|n| n.to_string() == text)) {
        *value = number.into();
    }
}

fn text_of(bytes: &[u8]) -> Vec<u8> {
    [b"\"", bytes, b"\""].concat()
}

/// Fields of free text, one of which is searched and shown.
fn awkward(request: Request) -> [&'static str; 2] {
    [request.prose_field(), "firstName"]
}

fn first(rows: &mut [Arc<[u8]>]) -> &mut [Arc<[u8]>] {
    let first = rows.len().min(1);
    &mut rows[..first]
}

/// Puts raw bytes in place of fields of the first row; no parser may touch them.
fn into_first(rows: &mut [Arc<[u8]>], fields: &[&str], json: &[u8]) {
    let Some(first) = rows.first_mut() else { return };
    let Ok(Value::Object(mut row)) = serde_json::from_slice(first) else { return };
    fields.iter().for_each(|field| drop(row.remove(*field)));
    let row = Value::Object(row).to_string().into_bytes();
    *first = fields.iter().fold(row, |row, field| behind(&row, field, json)).into();
}

fn each_id(rows: &mut [Arc<[u8]>], request: Request, json: impl Fn(&str) -> Vec<u8>) {
    let field = request.id_field();
    for row in rows {
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(row) else { continue };
        let Some(Value::String(id)) = fields.remove(field) else { continue };
        *row = behind(Value::Object(fields).to_string().as_bytes(), field, &json(&id)).into();
    }
}

/// A row of its own, under an id that no record of the account has.
pub(crate) fn renamed(row: &[u8], request: Request, serial: usize) -> Arc<[u8]> {
    let mut copy = [Arc::from(row)];
    each_id(&mut copy, request, |_| text_of(format!("77{serial:010}").as_bytes()));
    let [copy] = copy;
    copy
}

fn name_twice(rows: &mut [Arc<[u8]>], request: Request) {
    let field = request.id_field();
    let id = |row: &Arc<[u8]>| serde_json::from_slice::<Map<String, Value>>(row).ok()?.remove(field);
    let ids: Vec<_> = rows.iter().map(id).collect();
    let following = ids.iter().cycle().skip(1);
    for (row, id) in rows.iter_mut().zip(following) {
        let Some(id) = id else { continue };
        let named = behind(row, field, id.to_string().as_bytes());
        *row = behind(&named, "firstName", b"\"Twice\"").into();
    }
}

/// The row with one more field at its end, whether it has one of that name or not.
fn behind(row: &[u8], field: &str, json: &[u8]) -> Vec<u8> {
    let open = row.strip_suffix(b"}").unwrap_or(row);
    let comma: &[u8] = if open.len() > 1 { b"," } else { b"" };
    [open, comma, b"\"", field.as_bytes(), b"\":", json, b"}"].concat()
}

fn huge(id: &str) -> String {
    format!("9{id:0>39}")
}

/// Letters that no compression makes few of.
fn unlike(letters: usize) -> String {
    let mut dice = Dice::of(&[0x10E6]);
    let words = std::iter::repeat_with(|| URL_SAFE_NO_PAD.encode(dice.next().to_be_bytes()));
    let mut text = String::with_capacity(letters + 11);
    words.take(letters / 11 + 1).for_each(|word| text.push_str(&word));
    text.truncate(letters);
    text
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut deflated = Vec::with_capacity(body.len() / 4 + 256);
    deflate(&mut Compress::new(Compression::fast(), false), body, &mut deflated, FlushCompress::Finish);
    let mut crc = Crc::new();
    crc.update(body);
    gzip_frame(&deflated, &crc)
}

/// A valid answer, most of it blanks: one compressed block of them, repeated a thousand times.
pub(crate) fn gzip_bomb() -> Vec<u8> {
    let blanks = vec![b' '; 1 << 20];
    let mut compress = Compress::new(Compression::best(), false);
    let (mut head, mut block, mut tail) = (Vec::new(), Vec::new(), Vec::new());
    let open: &[u8] = b"{\"ResultCode\":\"CT_200\",\"Message\":\"Success\",\"TotalRecord\":1,\"data\":[";
    let close: &[u8] = b"{}]}";
    deflate(&mut compress, open, &mut head, FlushCompress::Full);
    deflate(&mut compress, &blanks, &mut block, FlushCompress::Full);
    deflate(&mut compress, close, &mut tail, FlushCompress::Finish);
    let crc_of = |bytes: &[u8]| {
        let mut crc = Crc::new();
        crc.update(bytes);
        crc
    };
    let (mut crc, blank_crc) = (crc_of(open), crc_of(&blanks));
    (0..1024).for_each(|_| crc.combine(&blank_crc));
    crc.combine(&crc_of(close));
    gzip_frame(&[head, block.repeat(1024), tail].concat(), &crc)
}

fn deflate(compress: &mut Compress, input: &[u8], out: &mut Vec<u8>, flush: FlushCompress) {
    let start = compress.total_in();
    loop {
        out.reserve(32 * 1024);
        let eaten = (compress.total_in() - start) as usize;
        let status = compress.compress_vec(&input[eaten..], out, flush);
        let all_eaten = (compress.total_in() - start) as usize == input.len();
        let room_left = out.capacity() > out.len();
        match status {
            Ok(flate2::Status::StreamEnd) | Err(_) => return,
            Ok(_) if all_eaten && room_left && flush != FlushCompress::Finish => return,
            Ok(_) => {}
        }
    }
}

fn gzip_frame(deflated: &[u8], crc: &Crc) -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];
    [&HEADER[..], deflated, &crc.sum().to_le_bytes(), &crc.amount().to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        let body = b"{\"data\":[1,2,3]}".repeat(9000);
        let mut back = Vec::new();
        GzDecoder::new(&gzip(&body)[..]).read_to_end(&mut back).unwrap();
        assert_eq!(back, body);
    }

    #[test]
    fn the_bomb_is_small_and_unpacks_to_a_gigabyte() {
        let bomb = gzip_bomb();
        assert!(bomb.len() < 3 << 20, "{}", bomb.len());
        let mut head = vec![0; 9 << 20];
        GzDecoder::new(&bomb[..]).read_exact(&mut head).unwrap();
        assert!(head.starts_with(b"{\"ResultCode\"") && head.ends_with(b"   "));
    }

    #[test]
    fn numbers_stand_for_texts_only_where_nothing_is_lost() {
        let mut rows: Vec<Arc<[u8]>> = vec![Arc::from(&br#"{"zip":"01609","contact_type":"1","deal_size":"0.00"}"#[..])];
        mangle(&mut rows, &Fault::NumbersForText, Request::Contacts, 0);
        let row: Value = serde_json::from_slice(&rows[0]).unwrap();
        assert_eq!(row, serde_json::json!({"zip": "01609", "contact_type": 1, "deal_size": "0.00"}));
    }
}
