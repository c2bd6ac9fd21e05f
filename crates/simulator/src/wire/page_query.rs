//! The parameters of a read request.

use std::collections::HashMap;

use axum::extract::Query;
use axum::http::Uri;

use crate::request::Request;

/// The largest number of rows in a page.
const MAX_LIMIT: usize = 100;

/// A read request with its parameters.
#[derive(Clone, Debug)]
pub(crate) struct PageQuery {
    pub(crate) request: Request,
    /// The contact whose notes are requested.
    pub(crate) client_id: Option<String>,
    pub(crate) offset: usize,
    /// From 1 through 100.
    pub(crate) limit: usize,
    /// The number of redirects that led here, which the simulator adds to the URL.
    pub(crate) hop: usize,
    pub(crate) from_date: Option<String>,
    pub(crate) end_date: Option<String>,
    pub(crate) event_type: Option<String>,
}

impl PageQuery {
    /// Parses the query string. Like the CRM, it ignores values that it cannot read.
    pub(crate) fn new(request: Request, client_id: Option<&str>, uri: &Uri) -> Self {
        let query = Query::<HashMap<String, String>>::try_from_uri(uri);
        let mut query = query.map(|query| query.0).unwrap_or_default();
        let number = |text: Option<&String>| text.and_then(|text| text.trim().parse::<usize>().ok());
        Self {
            request,
            client_id: client_id.map(str::to_owned),
            offset: number(query.get("offset")).unwrap_or(0),
            limit: number(query.get("limit")).filter(|limit| *limit > 0).unwrap_or(MAX_LIMIT).min(MAX_LIMIT),
            hop: number(query.get("hop")).unwrap_or(0),
            from_date: query.remove("from_date"),
            end_date: query.remove("end_date"),
            event_type: query.remove("event_type"),
        }
    }
}
