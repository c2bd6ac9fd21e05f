//! Decompression by content instead of by header. JSON never begins with gzip's two magic bytes, so a body that does is gzip,
//! and any other body is plain, whatever its `Content-Encoding`.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use tokio_util::bytes::Bytes;

use crate::error::Cause;

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A proxy may compress a body again; more layers are not expected.
const MAX_LAYERS: usize = 2;

/// Decompresses a body to at most `limit` bytes.
pub(crate) fn decompress(body: Bytes, limit: usize) -> Result<Bytes, Cause> {
    let mut body = body;
    for _ in 0..MAX_LAYERS {
        if !body.starts_with(&MAGIC) {
            break;
        }
        body = inflate(&body, limit)?.into();
    }
    Ok(body)
}

/// Stops at the limit, so that a decompression bomb costs no more than that.
fn inflate(compressed: &[u8], limit: usize) -> Result<Vec<u8>, Cause> {
    let mut plain = Vec::with_capacity(compressed.len().saturating_mul(4).min(limit));
    let mut rest = MultiGzDecoder::new(compressed).take(limit as u64 + 1);
    rest.read_to_end(&mut plain).map_err(Cause::Gzip)?;
    if plain.len() > limit { Err(Cause::TooLarge { limit }) } else { Ok(plain) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn up_to_two_layers_are_decompressed() {
        let text = br#"{"ResultCode":"CT_200"}"#;
        for body in [text.to_vec(), gzip(text), gzip(&gzip(text))] {
            assert_eq!(decompress(body.into(), 1000).unwrap().as_ref(), text);
        }
    }

    #[test]
    fn a_decompression_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![b' '; 10 << 20]);
        assert!(bomb.len() < 20_000);
        assert!(matches!(decompress(bomb.into(), 1 << 20), Err(Cause::TooLarge { limit: 1_048_576 })));
    }

    #[test]
    fn a_truncated_stream_is_a_fault() {
        let mut compressed = gzip(b"{\"ResultCode\":\"CT_200\",\"data\":[]}");
        compressed.truncate(compressed.len() - 12);
        assert!(matches!(decompress(compressed.into(), 1000), Err(Cause::Gzip(_))));
    }
}
