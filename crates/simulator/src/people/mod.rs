//! The candidates.

pub(crate) mod candidate;
pub(crate) mod hostile_text;
pub(crate) mod names;
pub(crate) mod persona;
pub(crate) mod places;
pub(crate) mod words;
