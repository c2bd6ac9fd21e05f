//! Where the next part of a list begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::query::Pairs;

/// Rows in a part.
pub(super) const PART: i64 = 100;

/// The place that a request's cursor names; the beginning where there is none.
///
/// # Errors
/// What is wrong with it, for whoever sent it.
pub(super) fn offset(pairs: &Pairs) -> Result<i64, String> {
    match pairs.get("cursor").filter(|cursor| !cursor.is_empty()) {
        Some(cursor) => {
            offset_of(cursor).ok_or_else(|| "This cursor is not one of ours; take it from `next` of the part before.".to_owned())
        }
        None => Ok(0),
    }
}

/// The cursor of the part behind this one. It is a place in the list, which a sync between two parts may shift.
pub(super) fn next(offset: i64, rows: usize, total: i64) -> Option<String> {
    let until = offset + PART;
    (until < total && rows > 0).then(|| URL_SAFE_NO_PAD.encode(format!("at:{until}")))
}

fn offset_of(cursor: &str) -> Option<i64> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    plain.strip_prefix("at:")?.parse().ok().filter(|offset| (0..=i64::MAX - PART).contains(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_a_made_up_one_does_not() {
        assert_eq!(next(200, 100, 301).and_then(|cursor| offset_of(&cursor)), Some(300));
        assert_eq!((next(200, 100, 300), next(200, 0, 900)), (None, None));
        for made_up in ["300", "!!", "YXQ6LTU", "YXQ6OTIyMzM3MjAzNjg1NDc3NTgwNw", ""] {
            assert_eq!(offset_of(made_up), None, "{made_up}");
        }
    }
}
