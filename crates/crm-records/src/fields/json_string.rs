//! The content of a JSON string, even when it is not valid Unicode.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

/// A JSON string's unescaped bytes. Asked for bytes, the parser also returns a string that is not valid Unicode.
pub(crate) struct JsonStringBytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for JsonStringBytes {
    fn deserialize<D: Deserializer<'de>>(string: D) -> Result<Self, D::Error> {
        struct BytesVisitor;

        impl Visitor<'_> for BytesVisitor {
            type Value = JsonStringBytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<JsonStringBytes, E> {
                Ok(JsonStringBytes(bytes.to_vec()))
            }
        }

        string.deserialize_bytes(BytesVisitor)
    }
}

/// Text that both databases accept: U+0000 and lone surrogates become U+FFFD.
pub(crate) fn database_text(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).unwrap_or_else(|error| replace_surrogates(error.into_bytes()));
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// The parser returns a lone surrogate as three bytes that are not UTF-8; U+FFFD is also three bytes long.
fn replace_surrogates(mut bytes: Vec<u8>) -> String {
    for at in 0..bytes.len().saturating_sub(2) {
        if bytes[at] == 0xed && bytes[at + 1] >= 0xa0 {
            bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
