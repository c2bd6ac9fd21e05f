//! Edits: exact changes to an account, and how they are applied.

pub(crate) mod apply_edit;
pub(crate) mod edit;
