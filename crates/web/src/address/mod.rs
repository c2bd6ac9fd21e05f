//! What an address means: links to every page, and one typed query for each list.
//!
//! A query is declared once, with [`query!`]: the declaration parses it, prints it as a link, and describes it in OpenAPI.

pub(crate) mod as_of;
pub(crate) mod choices;
pub(crate) mod computed_filter;
pub(crate) mod dates;
pub(crate) mod deals;
pub(crate) mod hot_list;
pub(crate) mod label;
pub(crate) mod leads;
pub(crate) mod links;
pub(crate) mod notes;
pub(crate) mod pairs;
pub(crate) mod period;
pub(crate) mod query;
pub(crate) mod schedule;
pub(crate) mod verbatim;
