//! Values of the agency's and the record pages: IDs and texts exactly as they are in the address, and pages of a list.

use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::links::Link;
use super::pairs::Pairs;
use super::query::{Param, Parsed};

/// A value exactly as it is in the address, without trimming.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Verbatim(pub(crate) Option<String>);

impl Verbatim {
    pub(crate) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The value; empty if it is absent.
    pub(crate) fn text(&self) -> &str {
        self.as_deref().unwrap_or_default()
    }
}

impl Param for Verbatim {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        Ok(Self(pairs.get(key).map(str::to_owned)))
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        link.maybe(key, self.as_deref())
    }

    fn is_set(&self) -> bool {
        self.0.is_some()
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).into()
    }
}

/// A page of a list that may have become shorter: a number that cannot be read, or beyond the end, is not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClampedPage(pub(crate) i64);

impl Default for ClampedPage {
    fn default() -> Self {
        Self(1)
    }
}

impl ClampedPage {
    /// The page, or the last one of a list of `total` rows.
    pub(crate) fn within(self, total: i64, rows_per_page: i64) -> i64 {
        self.0.min((total + rows_per_page - 1) / rows_per_page).max(1)
    }
}

impl Param for ClampedPage {
    const IS_FILTER: bool = false;

    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        let page = pairs.get(key).and_then(|text| text.parse().ok()).filter(|page| (1..1_000_000).contains(page));
        Ok(page.map(Self).unwrap_or_default())
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        if self.0 == 1 { link } else { link.with(key, &self.0.to_string()) }
    }

    fn is_set(&self) -> bool {
        self.0 != 1
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::Integer).into()
    }
}
