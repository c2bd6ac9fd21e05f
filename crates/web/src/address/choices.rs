//! Filters that every list understands alike: stage role, group of stages, state of the market, close month.

use tetherboard_domain::{ContactId, Role, StageRole, UsState};
use tetherboard_metrics::{CloseBucket, LeadGroup};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::links::Link;
use super::pairs::Pairs;
use super::query::{Choice, InvalidQuery, Param, Parsed};

impl Choice for LeadGroup {
    const NAMES: &'static [(&'static str, Self)] =
        &[("pipeline", Self::Pipeline), ("qualified", Self::Qualified), ("open", Self::Open), ("inactive", Self::Inactive)];
}

/// Adds [`Param`] for an optional value that is one word of text.
macro_rules! word_param {
    ($type:ty, $parse:expr, $word:expr) => {
        impl Param for Option<$type> {
            fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
                let parse: fn(&str, &str) -> Parsed<$type> = $parse;
                pairs.filled(key).map(|word| parse(key, word)).transpose()
            }

            fn add_to(&self, key: &str, link: Link) -> Link {
                let word: fn($type) -> String = $word;
                link.maybe(key, self.map(word).as_deref())
            }

            fn is_set(&self) -> bool {
                self.is_some()
            }

            fn schema() -> Schema {
                ObjectBuilder::new().schema_type(Type::String).into()
            }
        }
    };
}

word_param!(StageRole, parse_role, |role| role.as_str().to_owned());
word_param!(UsState, parse_state, |state| state.code().to_owned());
word_param!(CloseBucket, parse_closing, CloseBucket::word);

fn parse_role(key: &str, word: &str) -> Parsed<StageRole> {
    match word {
        "unlisted" => Ok(StageRole::Unlisted),
        "unconfirmed" => Ok(StageRole::Unconfirmed(Role::Working)),
        word => word.parse().map(StageRole::Confirmed).map_err(|error| InvalidQuery(format!("`{key}`: {error}."))),
    }
}

fn parse_state(key: &str, code: &str) -> Parsed<UsState> {
    let unknown = || InvalidQuery(format!("`{key}={code}` is not a US state. Write its two letters, like CO."));
    UsState::from_code(code).ok_or_else(unknown)
}

fn parse_closing(key: &str, word: &str) -> Parsed<CloseBucket> {
    let unknown = || InvalidQuery(format!("`{key}={word}` is not an option. Use a month like 2026-03, overdue, or none."));
    CloseBucket::named(word).ok_or_else(unknown)
}

/// Several roles, any of which may match; none means all.
impl Param for Vec<StageRole> {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        pairs.all(key)?.iter().filter(|word| !word.is_empty()).map(|word| parse_role(key, word)).collect()
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        self.iter().fold(link, |link, role| link.with(key, role.as_str()))
    }

    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn schema() -> Schema {
        <Vec<String> as Param>::schema()
    }
}

/// Several contacts, any of which may match; none means all.
impl Param for Vec<ContactId> {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        Ok(pairs.all(key)?.iter().filter(|id| !id.is_empty()).map(|id| ContactId::from(id.as_str())).collect())
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        self.iter().fold(link, |link, id| link.with(key, id.as_str()))
    }

    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn schema() -> Schema {
        <Vec<String> as Param>::schema()
    }
}
