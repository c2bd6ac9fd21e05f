//! Gzip bodies, including one that decompresses to a gigabyte.

use flate2::{Compress, Compression, Crc, FlushCompress};

/// Compresses a body.
pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut deflated = Vec::with_capacity(body.len() / 4 + 256);
    deflate(&mut Compress::new(Compression::fast(), false), body, &mut deflated, FlushCompress::Finish);
    let mut crc = Crc::new();
    crc.update(body);
    gzip_frame(&deflated, &crc)
}

/// A valid response that consists mostly of blanks: one compressed block of them, repeated 1,024 times.
pub(crate) fn gzip_bomb() -> Vec<u8> {
    let blanks = vec![b' '; 1 << 20];
    let mut compress = Compress::new(Compression::best(), false);
    let (mut head, mut block, mut tail) = (Vec::new(), Vec::new(), Vec::new());
    let open: &[u8] = b"{\"ResultCode\":\"CT_200\",\"Message\":\"Success\",\"TotalRecord\":1,\"data\":[";
    let close: &[u8] = b"{}]}";
    // A full flush makes the block independent of what comes before it, so it can be repeated.
    deflate(&mut compress, open, &mut head, FlushCompress::Full);
    deflate(&mut compress, &blanks, &mut block, FlushCompress::Full);
    deflate(&mut compress, close, &mut tail, FlushCompress::Finish);
    let crc_of = |bytes: &[u8]| {
        let mut crc = Crc::new();
        crc.update(bytes);
        crc
    };
    let (mut crc, blank_crc) = (crc_of(open), crc_of(&blanks));
    (0..1024).for_each(|_| crc.combine(&blank_crc));
    crc.combine(&crc_of(close));
    gzip_frame(&[head, block.repeat(1024), tail].concat(), &crc)
}

fn deflate(compress: &mut Compress, input: &[u8], out: &mut Vec<u8>, flush: FlushCompress) {
    let start = compress.total_in();
    loop {
        out.reserve(32 * 1024);
        let consumed = (compress.total_in() - start) as usize;
        let status = compress.compress_vec(&input[consumed..], out, flush);
        let all_consumed = (compress.total_in() - start) as usize == input.len();
        let room_left = out.capacity() > out.len();
        match status {
            Ok(flate2::Status::StreamEnd) | Err(_) => return,
            Ok(_) if all_consumed && room_left && flush != FlushCompress::Finish => return,
            Ok(_) => {}
        }
    }
}

fn gzip_frame(deflated: &[u8], crc: &Crc) -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];
    [&HEADER[..], deflated, &crc.sum().to_le_bytes(), &crc.amount().to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn a_compressed_body_decompresses_to_the_original() {
        let body = b"{\"data\":[1,2,3]}".repeat(9000);
        let mut back = Vec::new();
        GzDecoder::new(&gzip(&body)[..]).read_to_end(&mut back).unwrap();
        assert_eq!(back, body);
    }

    #[test]
    fn the_bomb_is_small_and_decompresses_to_a_gigabyte() {
        let bomb = gzip_bomb();
        assert!(bomb.len() < 3 << 20, "{}", bomb.len());
        let mut head = vec![0; 9 << 20];
        GzDecoder::new(&bomb[..]).read_exact(&mut head).unwrap();
        assert!(head.starts_with(b"{\"ResultCode\"") && head.ends_with(b"   "));
    }
}
