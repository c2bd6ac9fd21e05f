//! Filters that a rule computes: candidates who need attention, and candidates with a recent change.

use jiff::civil::Date;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::dates::parse_day;
use super::links::Link;
use super::pairs::Pairs;
use super::query::{Choice, InvalidQuery, Param, Parsed};

/// `show`, and `since` where the rule needs a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ComputedFilter {
    NeedsAttention,
    BecameInactive {
        since: Date,
    },
    /// A Discovery Day in the future was booked.
    DiscoveryDay {
        since: Date,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Attention,
    Inactive,
    Discovery,
}

impl Choice for Kind {
    const NAMES: &'static [(&'static str, Self)] =
        &[("attention", Self::Attention), ("became-inactive", Self::Inactive), ("discovery-day", Self::Discovery)];
}

impl Param for Option<ComputedFilter> {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        let since = || {
            let missing = || InvalidQuery(format!("`{key}` needs `since`, a date like 2026-03-09."));
            parse_day("since", pairs.filled("since").ok_or_else(missing)?)
        };
        let kind: Option<Kind> = Param::parse(pairs, key)?;
        Ok(match kind {
            None => None,
            Some(Kind::Attention) => Some(ComputedFilter::NeedsAttention),
            Some(Kind::Inactive) => Some(ComputedFilter::BecameInactive { since: since()? }),
            Some(Kind::Discovery) => Some(ComputedFilter::DiscoveryDay { since: since()? }),
        })
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        let (kind, since) = match *self {
            None => return link,
            Some(ComputedFilter::NeedsAttention) => (Kind::Attention, None),
            Some(ComputedFilter::BecameInactive { since }) => (Kind::Inactive, Some(since)),
            Some(ComputedFilter::DiscoveryDay { since }) => (Kind::Discovery, Some(since)),
        };
        link.with(key, kind.word()).maybe("since", since.map(|day| day.to_string()).as_deref())
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Kind::NAMES.iter().map(|(name, _)| *name))).into()
    }
}
