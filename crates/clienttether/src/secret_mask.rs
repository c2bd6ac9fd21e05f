//! Masks the credentials in responses, because a misconfigured server may echo the headers of a request.
//!
//! A response is masked before it is parsed, so what is stored and shown is what was parsed. The credentials are recognized
//! as they are, in another case, percent-encoded, escaped for JSON or HTML, in base64 (also within a longer text), in
//! hexadecimal, in UTF-16, and, for their random parts, on their own or cut off.

use std::fmt;
use std::sync::OnceLock;

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::bytes::Bytes;

/// What stands in place of a credential.
const MASK: &[u8] = b"[secret]";

/// The shortest part of a credential that is masked on its own.
const MIN_PART: usize = 12;

/// Of a longer part, this many characters are enough.
const CUT_OFF: usize = 24;

/// The shortest text that is masked.
const MIN_VARIANT: usize = 6;

/// How many bytes of a part are searched for before its variants are compared.
const ANCHOR: usize = 10;

/// Finds the credentials of one tenant in responses.
pub(crate) struct SecretMask {
    /// Whether a body may contain a credential. Nearly none does, so this must be fast. `None` where the processor lacks the
    /// instructions.
    anchors: Option<packed::Searcher>,
    /// How a credential may be written. Empty without credentials.
    variants: Vec<Vec<u8>>,
    /// Finds every variant, in any case. Built when the first body may contain one, because that takes longer than a page.
    finder: OnceLock<Option<AhoCorasick>>,
}

impl SecretMask {
    /// A mask for these credentials.
    pub(crate) fn new(secrets: &[SecretString]) -> Self {
        let secrets: Vec<&str> = secrets.iter().map(|secret| secret.expose_secret().trim()).collect();
        let (mut variants, mut anchors) = (Vec::new(), Vec::new());
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            variants.extend(escaped_variants(secret));
            variants.extend(encoded_variants(secret));
            let parts = random_parts(secret);
            for part in &parts {
                variants.push(part.as_bytes().to_vec());
                variants.push(part.as_bytes()[..part.len().min(CUT_OFF)].to_vec());
                variants.extend(encoded_variants(part));
            }
            // A credential without a long part is searched for as a whole.
            let whole = [*secret];
            let sought = if parts.is_empty() { whole.as_slice() } else { &parts };
            anchors.extend(sought.iter().flat_map(|part| anchors_of(part)));
        }
        // Anything shorter occurs by chance.
        variants.retain(|variant| variant.len() >= MIN_VARIANT);
        anchors.sort_unstable();
        anchors.dedup();
        // Two credentials have more anchors than are searched for by default.
        let anchors = packed::Config::new().heuristic_pattern_limits(false).builder().extend(&anchors).build();
        Self { anchors, variants, finder: OnceLock::new() }
    }

    /// The body without the credentials.
    pub(crate) fn mask(&self, body: Bytes) -> Bytes {
        let may_contain = self.anchors.as_ref().is_none_or(|anchors| anchors.find(&body).is_some());
        match may_contain.then(|| self.finder()).flatten() {
            Some(finder) if finder.is_match(&body[..]) => {
                let masks = vec![MASK; finder.patterns_len()];
                finder.replace_all_bytes(&body, &masks).into()
            }
            _ => body,
        }
    }

    fn finder(&self) -> Option<&AhoCorasick> {
        let build =
            || AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(&self.variants);
        self.finder.get_or_init(|| (!self.variants.is_empty()).then(build).and_then(Result::ok)).as_ref()
    }
}

impl fmt::Debug for SecretMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretMask(…)")
    }
}

/// The parts of a credential that identify it on their own. The first part of a JWT says only how it is signed, so it occurs in
/// other people's tokens as well.
fn random_parts(secret: &str) -> Vec<&str> {
    let is_jwt = secret.starts_with("eyJ") && secret.split('.').count() == 3;
    let parts = secret.split('.').skip(usize::from(is_jwt)).flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
    parts.filter(|part| part.len() >= MIN_PART).collect()
}

/// The text as it is, and as URLs, JSON, and HTML write it.
fn escaped_variants(text: &str) -> Vec<Vec<u8>> {
    let escape = |escaped: &dyn Fn(char) -> bool, with: &dyn Fn(char) -> String| {
        text.chars().map(|c| if escaped(c) { with(c) } else { c.to_string() }).collect::<String>().into_bytes()
    };
    let is_other = |c: char| !c.is_ascii_alphanumeric();
    let is_reserved = |c: char| is_other(c) && !matches!(c, '-' | '.' | '_' | '~');
    let percent = |c: char| format!("%{:02X}", c as u32);
    vec![
        text.as_bytes().to_vec(),
        escape(&is_other, &percent),
        escape(&is_reserved, &percent),
        escape(&is_reserved, &|c| format!("%25{:02X}", c as u32)),
        escape(&|_| true, &percent),
        escape(&|c| c == '/', &|_| "\\/".to_owned()),
        escape(&is_other, &|c| format!("\\u{:04x}", c as u32)),
        escape(&|_| true, &|c| format!("\\u{:04x}", c as u32)),
        escape(&is_other, &|c| format!("&#x{:X};", c as u32)),
        escape(&is_other, &|c| format!("&#{};", c as u32)),
    ]
}

/// The text in base64, also within a longer text, in hexadecimal, in UTF-16, and with every character escaped.
fn encoded_variants(text: &str) -> Vec<Vec<u8>> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let unicode: String = text.bytes().map(|byte| format!("\\u00{byte:02x}")).collect();
    let mut variants =
        vec![hex.into_bytes(), percent.into_bytes(), unicode.into_bytes(), utf_16(text, false), utf_16(text, true)];
    variants.extend((0..3).flat_map(|shift| base64_of(text, shift)));
    variants
}

fn utf_16(text: &str, big_endian: bool) -> Vec<u8> {
    text.bytes().flat_map(|byte| if big_endian { [0, byte] } else { [byte, 0] }).collect()
}

/// The characters of base64, in both alphabets, that this text determines when it begins `shift` bytes after a multiple of three.
fn base64_of(text: &str, shift: usize) -> [Vec<u8>; 2] {
    let bytes: Vec<u8> = std::iter::repeat_n(0, shift).chain(text.bytes()).collect();
    // The first characters also encode what comes before, and the last one what comes after.
    let (from, until) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
    [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
        .map(|encoded| encoded.as_bytes().get(from..until).unwrap_or_default().to_vec())
}

/// The beginnings of a part's variants, in the cases in which they occur.
fn anchors_of(part: &str) -> Vec<Vec<u8>> {
    let beginning = |variant: &[u8]| variant[..variant.len().min(ANCHOR)].to_vec();
    let in_each_case =
        |variant: Vec<u8>| [variant.to_ascii_lowercase(), variant.to_ascii_uppercase(), variant].map(|v| beginning(&v));
    let variants = std::iter::once(part.as_bytes().to_vec()).chain(encoded_variants(part));
    variants.flat_map(in_each_case).filter(|anchor| !anchor.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const TOKEN: &str =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhZ2VuY3kiOiI0ZjJhIiwibGV2ZWwiOjJ9.q83vEjRWeJC/ze8SNFZ4kLzT+mA0y_Zk";
    const KEY: &str = "CT_0a1b2c3d4e5f60718293a4b5c6d7e8f9";

    fn masked(body: &str) -> String {
        let mask = SecretMask::new(&[TOKEN.into(), KEY.into()]);
        String::from_utf8(mask.mask(Bytes::from(body.to_owned())).to_vec()).unwrap()
    }

    /// Whether any run of characters of a secret's random parts is left.
    fn leaks(text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let parts = [TOKEN, KEY].into_iter().flat_map(random_parts).map(str::to_ascii_lowercase).collect::<Vec<_>>();
        parts.iter().any(|part| (0..=part.len() - MIN_PART).any(|at| text.contains(&part[at..at + MIN_PART])))
    }

    #[rstest]
    #[case::as_it_is(format!("X-Access-Token: {TOKEN}; X-Web-Key: {KEY}"))]
    #[case::upper_case(format!("HTTP_X_ACCESS_TOKEN={}&HTTP_X_WEB_KEY={}", TOKEN.to_uppercase(), KEY.to_uppercase()))]
    #[case::percent_encoded(TOKEN.replace('/', "%2F").replace('+', "%2b"))]
    #[case::percent_encoded_twice(TOKEN.replace('/', "%252F").replace('+', "%252B"))]
    #[case::escaped_for_json(TOKEN.replace('/', "\\/"))]
    #[case::escaped_for_json_by_number(TOKEN.replace('/', "\\u002f").replace('+', "\\u002B").replace('.', "\\u002e"))]
    #[case::every_character_escaped(KEY.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<String>())]
    #[case::every_character_percent_encoded(KEY.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>())]
    #[case::escaped_for_html(TOKEN.replace('/', "&#x2F;").replace('+', "&#43;"))]
    #[case::hexadecimal(KEY.bytes().map(|byte| format!("{byte:02X}")).collect::<String>())]
    #[case::without_the_signature(TOKEN.rsplit_once('.').unwrap().0.to_owned())]
    #[case::only_the_signature(TOKEN.rsplit_once('.').unwrap().1.to_owned())]
    #[case::without_the_prefix(KEY[3..].to_owned())]
    #[case::cut_off(format!("{}...", &KEY[..28]))]
    fn a_credential_is_masked_in_every_spelling(#[case] echo: String) {
        let body = format!(r#"{{"ResultCode":"CT_200","data":[{{"client_id":"7","note":"got {echo} here"}}]}}"#);
        let masked = masked(&body);
        assert!(masked.contains("[secret]") && !leaks(&masked), "{masked}");
        assert!(
            masked.starts_with(r#"{"ResultCode":"CT_200","data":[{"client_id":"7","note":"got "#) && masked.ends_with("\"}]}")
        );
    }

    #[rstest]
    fn a_credential_in_base64_is_masked_wherever_it_begins(
        #[values(TOKEN, KEY)] secret: &str,
        #[values(0, 1, 2, 3, 7)] before: usize,
    ) {
        for engine in [base64::engine::general_purpose::STANDARD, base64::engine::general_purpose::URL_SAFE] {
            let echo = engine.encode(format!("{}{secret}: sent", "x".repeat(before)));
            let masked = masked(&format!("\"{echo}\""));
            let decoded =
                String::from_utf8_lossy(&engine.decode(masked.replace("[secret]", "AAAA").trim_matches('"')).unwrap_or_default())
                    .into_owned();
            assert!(masked.contains("[secret]") && !leaks(&decoded), "{masked}: {decoded}");
        }
    }

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn a_body_without_credentials_is_searched_for_their_beginnings_only() {
        let mask = SecretMask::new(&[TOKEN.into(), KEY.into()]);
        mask.mask(Bytes::from_static(br#"{"ResultCode":"CT_200","data":[{"client_id":"7"}]}"#));
        assert!(mask.finder.get().is_none());
        mask.mask(Bytes::from(KEY));
        assert!(mask.finder.get().is_some());
    }

    #[test]
    fn utf_16_is_masked() {
        let mask = SecretMask::new(&[TOKEN.into(), KEY.into()]);
        for big_endian in [true, false] {
            let body = utf_16(&format!("<key>{KEY}</key>"), big_endian);
            let masked = mask.mask(Bytes::from(body));
            assert!(masked.windows(MASK.len()).any(|window| window == MASK), "{masked:?}");
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        let other_token =
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
        for body in ["", "{}", r#"{"ResultCode":"CT_200","data":[]}"#, other_token, "CT_0a1b2c3d", "secret"] {
            assert_eq!(masked(body), body);
        }
    }

    #[test]
    fn a_mask_does_not_print_the_credentials() {
        assert_eq!(format!("{:?}", SecretMask::new(&[TOKEN.into()])), "SecretMask(…)");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_can_be_masked(body: Vec<u8>, secret in "[ -~]{0,40}") {
            let mask = SecretMask::new(&[secret.as_str().into()]);
            let _ = mask.mask(Bytes::from(body));
        }
    }
}
