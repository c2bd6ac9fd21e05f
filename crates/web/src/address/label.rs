//! Filters by a value that the CRM spells: a stage or a source.

use tetherboard_metrics::{Board, StagePlace};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::links::Link;
use super::pairs::Pairs;
use super::query::{Param, Parsed};

/// The value that rows must have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Label {
    /// Blank means rows without one.
    Named(String),
    /// The CRM's value is not text.
    NotText,
}

impl Label {
    /// The label of a row's own value, where `None` is one that is not text.
    pub(crate) fn of(value: Option<&str>) -> Self {
        value.map_or(Self::NotText, |text| Self::Named(text.to_owned()))
    }

    /// The place on the board of the stage it names.
    pub(crate) fn place(&self, board: &Board) -> StagePlace {
        match self {
            Self::Named(name) => board.place_named(name),
            Self::NotText => StagePlace::NotText,
        }
    }

    /// Adds it to a link: `stage=FDD+Sent`, or `stage-not-text=1`.
    pub(crate) fn add_to(&self, key: &str, link: Link) -> Link {
        match self {
            Self::Named(name) => link.with(key, name),
            Self::NotText => link.with(&not_text(key), "1"),
        }
    }
}

/// Adds a row's own value to a link, where `None` is one that is not text.
pub(crate) fn with_label(link: Link, key: &str, value: Option<&str>) -> Link {
    Label::of(value).add_to(key, link)
}

fn not_text(key: &str) -> String {
    format!("{key}-not-text")
}

impl Param for Option<Label> {
    fn parse(pairs: &Pairs, key: &str) -> Parsed<Self> {
        Ok(match pairs.get(&not_text(key)) {
            Some("1") => Some(Label::NotText),
            _ => pairs.name(key).map(Label::Named),
        })
    }

    fn add_to(&self, key: &str, link: Link) -> Link {
        self.as_ref().map_or(link.clone(), |label| label.add_to(key, link))
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).into()
    }
}
