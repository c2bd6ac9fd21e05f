//! The query of an address as pairs of keys and values.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use url::form_urlencoded;

use super::query::InvalidQuery;

/// Text as the database stores it: PostgreSQL accepts no NUL, so stored and searched text has U+FFFD instead.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The value of the "All" option in a form that is sent without scripts. Names are trimmed, so none begins with a space.
pub(crate) const ALL: &str = " all";

/// The pairs of a query, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Pairs {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        Ok(Self::of(uri.query().unwrap_or_default()))
    }
}

impl Pairs {
    /// Reads a query such as `stage=FDD+Sent&q=ada`.
    pub(crate) fn of(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), without_nul(&value))).collect())
    }

    /// The last value of a key; a form may send one twice.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The name that a filter asks for, trimmed: any text, and empty for rows without a name. `None` asks for all.
    pub(crate) fn name(&self, key: &str) -> Option<String> {
        self.get(key).filter(|value| *value != ALL).map(|value| value.trim().to_owned())
    }

    /// The last value of a key, trimmed; `None` if nothing is left.
    pub(crate) fn filled(&self, key: &str) -> Option<&str> {
        self.get(key).map(str::trim).filter(|value| !value.is_empty())
    }

    /// All values of a key, trimmed, each once.
    ///
    /// # Errors
    /// When there are more than anyone would choose: each one is compared with every row.
    pub(crate) fn all(&self, key: &str) -> Result<Vec<String>, InvalidQuery> {
        const LIMIT: usize = 30;
        let mut values: Vec<String> = Vec::new();
        for (_, value) in self.0.iter().filter(|(name, _)| name == key) {
            if !values.iter().any(|other| other == value.trim()) {
                values.push(value.trim().to_owned());
            }
            if values.len() > LIMIT {
                return Err(InvalidQuery(format!("`{key}` has more than {LIMIT} values. Choose fewer.")));
            }
        }
        Ok(values)
    }

    /// All pairs except those of some keys.
    pub(crate) fn without(&self, keys: &[&str]) -> Self {
        Self(self.0.iter().filter(|(key, _)| !keys.contains(&key.as_str())).cloned().collect())
    }
}
