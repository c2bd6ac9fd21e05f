//! How a typed query is declared, and the kinds of values it can hold.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

use super::links::Link;
use super::pairs::Pairs;
use crate::http::error::HttpError;

/// The error for a value that cannot be read: a sentence that names it and the options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidQuery(pub(crate) String);

impl From<InvalidQuery> for HttpError {
    fn from(error: InvalidQuery) -> Self {
        Self::bad_request(error.0)
    }
}

/// The result of reading a value.
pub(crate) type Parsed<T> = Result<T, InvalidQuery>;

/// One value of a query: how it is parsed, printed, and described.
pub(crate) trait Param: Sized {
    /// Whether a value that is set shows fewer rows. Order and page do not.
    const IS_FILTER: bool = true;

    /// Reads the value of `key`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self>;

    /// Adds the value to a link, unless it is the default.
    fn add_to(&self, key: &str, link: Link) -> Link;

    /// Whether the value differs from the default.
    fn is_set(&self) -> bool;

    /// Its type in OpenAPI.
    fn schema() -> Schema;
}

/// Declares a query: a struct whose fields are [`Param`]s, each with its key and its description in OpenAPI.
macro_rules! query {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $key:literal, )+
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        $vis struct $name {
            $( $(#[doc = $doc])+ pub(crate) $field: $type, )+
        }

        #[allow(dead_code, reason = "a query need not use everything that a declaration provides")]
        impl $name {
            /// Reads the query.
            ///
            /// # Errors
            /// When a value cannot be read.
            pub(crate) fn parse(pairs: &$crate::address::pairs::Pairs) -> $crate::address::query::Parsed<Self> {
                Ok(Self { $( $field: $crate::address::query::Param::parse(pairs, $key)?, )+ })
            }

            /// Adds everything that differs from the default to a link.
            pub(crate) fn add_to(&self, mut link: $crate::address::links::Link) -> $crate::address::links::Link {
                $( link = $crate::address::query::Param::add_to(&self.$field, $key, link); )+
                link
            }

            /// Adds the filters to a link, without order and page.
            pub(crate) fn add_filters_to(&self, mut link: $crate::address::links::Link) -> $crate::address::links::Link {
                $( if <$type as $crate::address::query::Param>::IS_FILTER {
                    link = $crate::address::query::Param::add_to(&self.$field, $key, link);
                } )+
                link
            }

            /// Whether a filter is set.
            pub(crate) fn is_filtered(&self) -> bool {
                false $( || (<$type as $crate::address::query::Param>::IS_FILTER
                    && $crate::address::query::Param::is_set(&self.$field)) )+
            }
        }

        impl<S: Sync> axum::extract::FromRequestParts<S> for $name {
            type Rejection = $crate::http::error::HttpError;

            async fn from_request_parts(
                parts: &mut axum::http::request::Parts,
                state: &S,
            ) -> Result<Self, Self::Rejection> {
                let Ok(pairs) = $crate::address::pairs::Pairs::from_request_parts(parts, state).await;
                Ok(Self::parse(&pairs)?)
            }
        }

        impl utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                vec![ $( $crate::address::query::parameter::<$type>($key, concat!($($doc),+)), )+ ]
            }
        }
    };
}
pub(crate) use query;

/// A query parameter as OpenAPI describes it.
pub(crate) fn parameter<P: Param>(key: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(key)
        .parameter_in(ParameterIn::Query)
        .description(Some(description.trim()))
        .schema(Some(P::schema()))
        .build()
}

fn text_schema() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).into()
}

/// A value with a few names in an address.
pub(crate) trait Choice: Copy + PartialEq + 'static {
    const NAMES: &'static [(&'static str, Self)];

    /// Its name in an address.
    fn word(self) -> &'static str {
        Self::NAMES.iter().find(|(_, choice)| *choice == self).map_or("", |(name, _)| name)
    }
}

/// The names of a choice, for an error: `a, b, or c`.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, second] => format!("{first} or {second}"),
        [others @ .., last] => format!("{}, or {last}", others.join(", ")),
    }
}

impl<T: Choice> Param for Option<T> {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        let Some(word) = pairs.filled(key) else { return Ok(None) };
        match T::NAMES.iter().find(|(name, _)| *name == word) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => {
                let choices = names(T::NAMES.iter().map(|(name, _)| *name));
                Err(InvalidQuery(format!("`{key}={word}` is not an option. Use {choices}.")))
            }
        }
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        link.maybe(key, self.map(T::word))
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(T::NAMES.iter().map(|(name, _)| *name))).into()
    }
}

/// Words to search for; blank means none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct SearchText(pub(crate) Option<String>);

impl SearchText {
    /// The words, if there are any.
    pub(crate) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl Param for SearchText {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        Ok(Self(pairs.filled(key).map(str::to_owned)))
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        link.maybe(key, self.as_deref())
    }

    fn is_set(&self) -> bool {
        self.0.is_some()
    }

    fn schema() -> Schema {
        text_schema()
    }
}

/// A value that rows must have, ignoring case; blank means rows without one. `None` means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ExactText(pub(crate) Option<String>);

impl ExactText {
    /// Whether a row with this text is listed.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|value| same_text(value, text.trim()))
    }
}

/// Whether two texts differ only in case.
pub(crate) fn same_text(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { a.to_lowercase() == b.to_lowercase() }
}

impl Param for ExactText {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        Ok(Self(pairs.name(key)))
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        link.maybe(key, self.0.as_deref())
    }

    fn is_set(&self) -> bool {
        self.0.is_some()
    }

    fn schema() -> Schema {
        text_schema()
    }
}

/// Several values of one key, any of which may match; none means all.
impl Param for Vec<String> {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        pairs.all(key)
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        self.iter().fold(link, |link, value| link.with(key, value))
    }

    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn schema() -> Schema {
        ArrayBuilder::new().items(RefOr::T(text_schema())).into()
    }
}

/// The column a list is sorted by: `created`, or `-created` from last to first. `None` is the list's own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sort<T>(pub(crate) Option<(T, bool)>);

impl<T> Default for Sort<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Choice> Sort<T> {
    /// Column and direction, where `true` is descending.
    pub(crate) fn or(self, column: T, descending: bool) -> (T, bool) {
        self.0.unwrap_or((column, descending))
    }
}

/// Reads the name of a column, with `-` before it for descending order.
///
/// # Errors
/// When there is no such column.
pub(crate) fn parse_sort<T: Copy>(pairs: &Pairs, key: &str, columns: &[(&str, T)]) -> Parsed<Option<(T, bool)>> {
    let Some(word) = pairs.filled(key) else { return Ok(None) };
    let (name, descending) = word.strip_prefix('-').map_or((word, false), |name| (name, true));
    match columns.iter().find(|(column, _)| *column == name) {
        Some((_, column)) => Ok(Some((*column, descending))),
        None => {
            let columns = names(columns.iter().map(|(column, _)| *column));
            Err(InvalidQuery(format!("`{key}={word}` is not a column. Use {columns}, with - in front to reverse the order.")))
        }
    }
}

impl<T: Choice> Param for Sort<T> {
    const IS_FILTER: bool = false;

    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        parse_sort(pairs, key, T::NAMES).map(Self)
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        let word = self.0.map(|(column, descending)| format!("{}{}", if descending { "-" } else { "" }, column.word()));
        link.maybe(key, word.as_deref())
    }

    fn is_set(&self) -> bool {
        self.0.is_some()
    }

    fn schema() -> Schema {
        let both = T::NAMES.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")]);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(both)).into()
    }
}

/// A page of a list, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageNumber(pub(crate) i64);

impl Default for PageNumber {
    fn default() -> Self {
        Self(1)
    }
}

impl PageNumber {
    /// How many rows come before this page.
    pub(crate) fn offset(self, rows_per_page: i64) -> i64 {
        (self.0 - 1) * rows_per_page
    }

    /// Whether it is the first page.
    pub(crate) fn is_first(self) -> bool {
        self.0 == 1
    }
}

impl Param for PageNumber {
    const IS_FILTER: bool = false;

    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        let Some(text) = pairs.filled(key) else { return Ok(Self::default()) };
        let page = text.parse().ok().filter(|page| (1..=1_000_000).contains(page));
        page.map(Self).ok_or_else(|| InvalidQuery(format!("`{key}={text}` is not a page number. Pages count from 1.")))
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        if self.is_first() { link } else { link.with(key, &self.0.to_string()) }
    }

    fn is_set(&self) -> bool {
        !self.is_first()
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::Integer).into()
    }
}

/// The part of a query that says which page of a list is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Page(pub(crate) PageNumber);

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        Ok(Self(PageNumber::parse(&pairs_of(parts, state).await, "page")?))
    }
}

/// Whether a list is rendered as a page or as CSV: `format=csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Page,
    Csv,
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        match pairs_of(parts, state).await.filled("format") {
            None => Ok(Self::Page),
            Some("csv") => Ok(Self::Csv),
            Some(other) => Err(HttpError::bad_request(format!("`format={other}` is not an option. Use csv."))),
        }
    }
}

async fn pairs_of<S: Sync>(parts: &mut Parts, state: &S) -> Pairs {
    let Ok::<_, Infallible>(pairs) = Pairs::from_request_parts(parts, state).await;
    pairs
}
