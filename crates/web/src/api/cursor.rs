//! The cursor of a list: where its next part begins.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::address::links::Link;
use crate::address::pairs::Pairs;
use crate::address::query::{InvalidQuery, Param, Parsed, parameter};
use crate::http::error::HttpError;

/// Rows per part.
const PART: i64 = 100;

/// The requested part of a list: a position, which a sync between two requests may shift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    offset: i64,
}

impl Cursor {
    /// Offset and limit.
    pub(super) fn part(self) -> (i64, i64) {
        (self.offset, PART)
    }

    /// The cursor of the next part; `None` at the end. This part has `rows` rows of `total`.
    pub(super) fn next(self, rows: usize, total: i64) -> Option<String> {
        let until = self.offset + PART;
        (until < total && rows > 0).then(|| URL_SAFE_NO_PAD.encode(format!("at:{until}")))
    }

    fn decode(cursor: &str) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let offset = plain.strip_prefix("at:")?.parse().ok().filter(|offset| (0..=i64::MAX - PART).contains(offset))?;
        Some(Self { offset })
    }
}

impl Param for Cursor {
    const IS_FILTER: bool = false;

    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        let Some(text) = pairs.filled(key) else { return Ok(Self::default()) };
        let unknown =
            || InvalidQuery(format!("`{key}` is not a cursor from this API. Take it from `next` of the previous part."));
        Self::decode(text).ok_or_else(unknown)
    }

    fn add_to(&self, _: &str, link: Link) -> Link {
        link
    }

    fn is_set(&self) -> bool {
        self.offset > 0
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).into()
    }
}

impl<S: Sync> FromRequestParts<S> for Cursor {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        Ok(Self::parse(&pairs, "cursor")?)
    }
}

impl IntoParams for Cursor {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter::<Self>("cursor", "Where the part begins: `next` of the previous part. Absent: the first part.")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_parsed_and_an_invented_one_is_rejected() {
        let next = |offset: i64, rows: usize, total: i64| Cursor { offset }.next(rows, total);
        assert_eq!(next(200, 100, 301).and_then(|cursor| Cursor::decode(&cursor)), Some(Cursor { offset: 300 }));
        assert_eq!((next(200, 100, 300), next(200, 0, 900)), (None, None));
        for invented in ["300", "!!", "YXQ6LTU", "YXQ6OTIyMzM3MjAzNjg1NDc3NTgwNw", ""] {
            assert_eq!(Cursor::decode(invented), None, "{invented}");
        }
    }
}
