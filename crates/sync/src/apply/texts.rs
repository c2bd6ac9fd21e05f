//! The sanitized texts of rows, which are made off the async threads and kept, compressed, until they are written.

use std::io::{self, Read, Write};

use tokio::task::spawn_blocking;

use crate::rich_text::RichText;
use crate::run::SyncError;

/// The texts of one row as they were typed.
pub(super) struct TypedTexts {
    pub(super) new: Option<String>,
    /// The text of the row that this one replaces.
    pub(super) previous: Option<String>,
}

/// The texts of one row; empty where there is none.
#[derive(Default)]
pub(super) struct RowTexts {
    pub(super) new: RichText,
    pub(super) previous: RichText,
}

/// The texts of several rows, in their order, compressed.
pub(super) struct PackedTexts {
    rows: usize,
    packed: Vec<u8>,
}

impl PackedTexts {
    /// Sanitizes texts on a thread where that disturbs nothing else.
    ///
    /// # Errors
    /// If the process is ending.
    pub(super) async fn sanitize(typed: Vec<TypedTexts>) -> Result<Self, SyncError> {
        match spawn_blocking(move || Self::pack(&typed)).await {
            Ok(packed) => Ok(packed),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(SyncError::Canceled),
        }
    }

    /// The bytes in memory.
    pub(super) fn held_bytes(&self) -> usize {
        self.packed.len()
    }

    /// The texts, row by row.
    pub(super) fn unpack(&self) -> Vec<RowTexts> {
        let mut texts = zstd::Decoder::new(self.packed.as_slice()).unwrap_or_else(unreadable);
        (0..self.rows)
            .map(|_| {
                let mut text = || RichText { html: read(&mut texts), text: read(&mut texts) };
                RowTexts { new: text(), previous: text() }
            })
            .collect()
    }

    fn pack(typed: &[TypedTexts]) -> Self {
        let mut packed = zstd::Encoder::new(Vec::new(), 1).unwrap_or_else(unreadable);
        for TypedTexts { new, previous } in typed {
            let of = |typed: &Option<String>| typed.as_deref().map(RichText::of).unwrap_or_default();
            let new_text = of(new);
            // Mostly the text is as it was, and something else of the row has changed.
            let previous_text = if previous == new { new_text.clone() } else { of(previous) };
            for part in [&new_text.html, &new_text.text, &previous_text.html, &previous_text.text] {
                write(&mut packed, part);
            }
        }
        Self { rows: typed.len(), packed: packed.finish().unwrap_or_else(unreadable) }
    }
}

fn write(packed: &mut impl Write, text: &str) {
    let length = (text.len() as u64).to_le_bytes();
    packed.write_all(&length).and_then(|()| packed.write_all(text.as_bytes())).unwrap_or_else(unreadable);
}

fn read(texts: &mut impl Read) -> String {
    let mut length = [0; 8];
    texts.read_exact(&mut length).unwrap_or_else(unreadable);
    let mut text = String::new();
    texts.by_ref().take(u64::from_le_bytes(length)).read_to_string(&mut text).unwrap_or_else(unreadable);
    text
}

/// Reading and writing memory does not fail.
fn unreadable<T>(error: io::Error) -> T {
    unreachable!("texts in memory could not be packed or unpacked: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn packed_texts_are_what_the_sanitizer_made() {
        let typed = ["<p>one <b>two</b></p>", "", "three\nfour <five"].map(str::to_owned);
        let texts = typed.clone().map(|new| TypedTexts { previous: Some(format!("<i>{new}</i>")), new: Some(new) });
        let none = TypedTexts { new: None, previous: None };
        let packed = PackedTexts::sanitize(texts.into_iter().chain([none]).collect()).await.unwrap();
        let unpacked = packed.unpack();
        assert_eq!(unpacked.len(), 4);
        for (text, typed) in unpacked.iter().zip(&typed) {
            assert_eq!(text.new, RichText::of(typed));
            assert_eq!(text.previous, RichText::of(&format!("<i>{typed}</i>")));
        }
        assert_eq!((&unpacked[3].new, &unpacked[3].previous), (&RichText::default(), &RichText::default()));
    }
}
