//! Confines the direction characters of CRM text, such as U+202E, to the text that has them, in every page at once: each text
//! between two tags and each attribute that people read is isolated from the rest.

use axum::body::{Body, HttpBody, to_bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use tetherboard_domain::isolated;

/// Attributes that people read. Others are for machines and stay as they are.
const READ: [&str; 6] = ["title", "aria-label", "aria-description", "alt", "placeholder", "data-said"];

/// Elements whose content is not markup, or is sent back as it is.
const RAW: [&str; 3] = ["script", "style", "textarea"];

/// Isolates the texts of a page. Other responses pass.
pub(crate) async fn isolate_page(response: Response) -> Response {
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    // A rendered page has an exact size; a stream has none.
    if !is_page || response.body().size_hint().exact().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(page) = to_bytes(body, usize::MAX).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    match has_direction_control(&page).then(|| std::str::from_utf8(&page)) {
        Some(Ok(html)) => {
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(isolate(html)))
        }
        _ => Response::from_parts(parts, Body::from(page)),
    }
}

/// Whether UTF-8 text contains a direction control. Nearly no page does, and every page is searched, so this compares bytes.
fn has_direction_control(text: &[u8]) -> bool {
    memchr::memchr_iter(0xe2, text).any(|at| matches!(text.get(at + 1..at + 3), Some([0x80, 0xaa..=0xae] | [0x81, 0xa6..=0xa9])))
}

fn isolate(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + 256);
    let (mut rest, mut is_raw) = (html, false);
    while !rest.is_empty() {
        let (text, tag_and_rest) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        if is_raw {
            out.push_str(text)
        } else {
            out.push_str(&isolated(text))
        }
        let (tag, after) = tag_and_rest.split_at(tag_length(tag_and_rest));
        let name = tag.trim_start_matches('<').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        is_raw = RAW.contains(&name);
        push_tag(tag, &mut out);
        rest = after;
    }
    out
}

/// The length of a tag, up to the `>` outside of its attributes' values.
pub(crate) fn tag_length(tag: &str) -> usize {
    let mut is_quoted = false;
    for (at, byte) in tag.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'>' if !is_quoted => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

/// Appends a tag. Values are in double quotes, so every second piece between quotes is one, and its name precedes it.
fn push_tag(tag: &str, out: &mut String) {
    let mut is_read = false;
    for (at, piece) in tag.split('"').enumerate() {
        if at > 0 {
            out.push('"');
        }
        match at % 2 {
            0 => {
                is_read =
                    piece.strip_suffix('=').and_then(|before| before.rsplit(' ').next()).is_some_and(|name| READ.contains(&name));
                out.push_str(piece);
            }
            _ if is_read => out.push_str(&isolated(piece)),
            _ => out.push_str(piece),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tetherboard_domain::is_direction_control;

    use super::*;

    #[test]
    fn the_bytes_of_exactly_the_direction_controls_are_found() {
        for c in '\0'..=char::MAX {
            assert_eq!(has_direction_control(format!("a{c}").as_bytes()), is_direction_control(c), "{c:?}");
        }
    }

    #[rstest]
    #[case::text("<td>a\u{202e}b</td>", "<td>\u{2068}a\u{202e}b\u{202c}\u{2069}</td>")]
    #[case::title("<title>\u{202e}b</title>", "<title>\u{2068}\u{202e}b\u{202c}\u{2069}</title>")]
    #[case::tooltip(
        "<a href=\"/x\" title=\"\u{202e}>b\">c</a>",
        "<a href=\"/x\" title=\"\u{2068}\u{202e}>b\u{202c}\u{2069}\">c</a>"
    )]
    #[case::value("<option value=\"\u{202e}b\">c</option>", "<option value=\"\u{202e}b\">c</option>")]
    #[case::data(
        "<p data-chart=\"{\u{202e}}\" data-title=\"\u{202e}\">",
        "<p data-chart=\"{\u{202e}}\" data-title=\"\u{202e}\">"
    )]
    #[case::field("<textarea>\u{202e}b</textarea>c\u{202e}", "<textarea>\u{202e}b</textarea>\u{2068}c\u{202e}\u{202c}\u{2069}")]
    #[case::other_text("<p>“a” — שלום</p>", "<p>“a” — שלום</p>")]
    fn each_text_and_each_attribute_that_people_read_is_isolated(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(isolate(html), expected);
    }
}
