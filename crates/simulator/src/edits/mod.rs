//! Changes that a test makes.

pub(crate) mod apply_edit;
pub(crate) mod edit;
