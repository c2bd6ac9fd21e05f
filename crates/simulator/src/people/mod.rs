//! The candidates: who they are, what happens to them, and what is written about them.

pub(crate) mod hostile_text;
pub(crate) mod journey;
pub(crate) mod meetings;
pub(crate) mod names;
pub(crate) mod note_templates;
pub(crate) mod persona;
pub(crate) mod places;
