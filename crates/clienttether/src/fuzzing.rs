//! The entry of the fuzz targets to what is otherwise private.

use std::ops::Range;

use crate::envelope;
use crate::error::Cause;

/// Where the rows are in a response body.
///
/// # Errors
/// When the body is not a page.
pub fn row_spans(body: &[u8]) -> Result<Vec<Range<usize>>, Cause> {
    envelope::split(body).map(|page| page.rows)
}
