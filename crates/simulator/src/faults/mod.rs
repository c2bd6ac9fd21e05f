//! Faults: what can be wrong with a response, how faults are written as text, and what they do to rows.

pub(crate) mod fault;
pub(crate) mod fault_set;
pub(crate) mod gzip;
pub(crate) mod rows;
pub(crate) mod spelling;
