//! Decompression that goes by the bytes, not by the label: JSON never begins with gzip's two magic bytes, so a body
//! that does is gzip, labelled or not, and one that does not is plain, whatever its label says.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use tokio_util::bytes::Bytes;

use crate::error::Cause;

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A proxy can compress what was compressed already; more layers than that are somebody's joke.
const LAYERS: usize = 2;

pub(crate) fn plain(body: Bytes, cap: usize) -> Result<Bytes, Cause> {
    let mut body = body;
    for _ in 0..LAYERS {
        if !body.starts_with(&MAGIC) {
            break;
        }
        body = inflate(&body, cap)?.into();
    }
    Ok(body)
}

/// Stops at the cap, so that a small body that unpacks into a huge one costs no more than the cap.
fn inflate(packed: &[u8], cap: usize) -> Result<Vec<u8>, Cause> {
    let mut plain = Vec::with_capacity(packed.len().saturating_mul(4).min(cap));
    let mut rest = MultiGzDecoder::new(packed).take(cap as u64 + 1);
    rest.read_to_end(&mut plain).map_err(Cause::Gzip)?;
    if plain.len() > cap { Err(Cause::TooLarge { limit: cap }) } else { Ok(plain) }
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
    fn one_layer_and_two_are_unpacked_and_plain_text_is_left_alone() {
        let text = br#"{"ResultCode":"CT_200"}"#;
        for packed in [text.to_vec(), gzip(text), gzip(&gzip(text))] {
            assert_eq!(plain(packed.into(), 1000).unwrap().as_ref(), text);
        }
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bomb = gzip(&vec![b' '; 10 << 20]);
        assert!(bomb.len() < 20_000);
        assert!(matches!(plain(bomb.into(), 1 << 20), Err(Cause::TooLarge { limit: 1_048_576 })));
    }

    #[test]
    fn a_cut_stream_is_a_fault() {
        let mut packed = gzip(b"{\"ResultCode\":\"CT_200\",\"data\":[]}");
        packed.truncate(packed.len() - 12);
        assert!(matches!(plain(packed.into(), 1000), Err(Cause::Gzip(_))));
    }
}
