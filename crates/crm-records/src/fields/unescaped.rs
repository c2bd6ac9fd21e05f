//! What a JSON string holds, also where that is no Unicode.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

/// A string's bytes: as bytes the parser also gives out what is no Unicode.
pub(crate) struct Unescaped(pub Vec<u8>);

impl<'de> Deserialize<'de> for Unescaped {
    fn deserialize<D: Deserializer<'de>>(string: D) -> Result<Self, D::Error> {
        struct UnescapedVisitor;

        impl Visitor<'_> for UnescapedVisitor {
            type Value = Unescaped;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Unescaped, E> {
                Ok(Unescaped(bytes.to_vec()))
            }
        }

        string.deserialize_bytes(UnescapedVisitor)
    }
}

/// As text that a database takes: U+0000 and lone surrogates become U+FFFD.
pub(crate) fn unicode(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).unwrap_or_else(|error| without_surrogates(error.into_bytes()));
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// A lone surrogate comes out of the parser as three bytes that are no UTF-8, and U+FFFD is three bytes long.
fn without_surrogates(mut bytes: Vec<u8>) -> String {
    for at in 0..bytes.len().saturating_sub(2) {
        if bytes[at] == 0xed && bytes[at + 1] >= 0xa0 {
            bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
