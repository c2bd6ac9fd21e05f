//! A stored text, formatted for reading.

use maud::{Markup, html};
use serde_json::value::RawValue;

use super::bytes;
use crate::parts::icon;

/// How much of a text a page shows, in bytes; the download has all of it.
const MAX_BYTES: usize = 300_000;

/// A text for reading: JSON with line breaks, with every character and digit unchanged. A long text is cut, and says so.
pub(super) fn formatted(raw: &[u8], label: &str) -> Markup {
    let text = String::from_utf8_lossy(raw);
    let is_json = serde_json::from_str::<&RawValue>(&text).is_ok();
    let text = if is_json { indented(&text) } else { text.replace('\0', "\u{fffd}") };
    let is_cut = text.len() > MAX_BYTES;
    let end = (0..=MAX_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    html! {
        @if raw.is_empty() { p.sub { "Empty: no bytes were received." } }
        @else {
            @if !is_json { div.notice { (icon("info", 15)) span { "This is not JSON, so it is shown as received." } } }
            @if is_cut {
                div.notice { (icon("info", 15)) span {
                    "Showing the first " (bytes(end)) " of " (bytes(text.len())) ". Download the response to see all of it."
                } }
            }
            pre.code.tall.mt2 tabindex="0" role="region" aria-label=(label) { (text[..end]) }
        }
    }
}

/// JSON with line breaks and indents. Only white space outside strings changes: a parser would drop a repeated key and round a
/// long number.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 3 / 2);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let mut rest = json.trim().chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if in_string => {
                out.push(c);
                in_string = is_escaped || c != '"';
                is_escaped = c == '\\' && !is_escaped;
            }
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while rest.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
        if out.len() > 2 * MAX_BYTES && !in_string {
            break;
        }
    }
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(40)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_without_losing_a_repeated_key_a_digit_or_a_space_in_a_string() {
        let text = indented("{\"a\":1.00000000000000000001,\"a\" : [ ], \"t\":\"{, \\\" }\",\"o\":{\"x\":null}}");
        assert_eq!(
            text,
            "{\n  \"a\": 1.00000000000000000001,\n  \"a\": [],\n  \"t\": \"{, \\\" }\",\n  \"o\": {\n    \"x\": null\n  }\n}"
        );
    }

    #[test]
    fn a_text_that_is_not_json_or_too_long_says_so() {
        let text = |raw: &[u8]| formatted(raw, "x").into_string();
        assert!(text(b"<html>down</html>").contains("not JSON") && text(b"<html>").contains("&lt;html&gt;"));
        assert!(text(b"").contains("Empty"));
        assert!(text(&[b'"', 0xff, b'"']).contains('\u{fffd}'));
        let long = format!("[{}1]", "\"é\",".repeat(200_000));
        let long = text(long.as_bytes());
        assert!(long.contains("first 299.9 KB") || long.contains("first 300.0 KB"), "{}", &long[..300]);
        assert!(long.len() < 400_000 * 7, "{}", long.len());
    }
}
