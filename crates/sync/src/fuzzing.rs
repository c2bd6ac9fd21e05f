//! The entry of the fuzz targets to what is otherwise private.

use crate::rich_text::RichText;

/// How many bytes the sanitizer looked at, which must be at most so many times the text.
pub fn sanitizer_steps(typed: &str) -> usize {
    RichText::with_steps(typed).1
}
