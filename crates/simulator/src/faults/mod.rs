//! What can be wrong with an answer.

pub(crate) mod fault;
pub(crate) mod rows;
pub(crate) mod spelling;
