//! Sanitizes rich text that people typed into the CRM, and extracts its plain text. Treat the text as hostile until then.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::Builder;

/// The version of [`safe`] and [`plain`]. A newer version makes their results again from the raw row.
pub(crate) const VERSION: i64 = 1;

/// Longer text is cut, in bytes; the saved response still has all of it.
const MAX_BYTES: usize = 1 << 20;

/// The allowed elements: text, emphasis, lists, tables, and links. No script, style, form, frame, image, or attribute that
/// could do something; links send no referrer.
static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "del",
        "div",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "ins",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ];
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(tags))
        .add_tag_attributes("a", ["href"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .clean_content_tags(HashSet::from(["script", "style", "template", "noscript", "iframe", "object", "svg", "math"]))
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// The deepest nesting that is parsed: parsing time grows with each level, and text typed by a person has only a few.
const MAX_DEPTH: usize = 200;

/// Sanitizes HTML so that it can be shown in a page. Sanitizing twice changes nothing. HTML that is nested too deeply is
/// shown as plain text.
pub fn safe(html: &str) -> String {
    let html = cut(html);
    let safe = if is_too_deep(html) { ammonia::clean_text(html) } else { SANITIZER.clean(html).to_string() };
    // The parser drops a byte order mark at the start of a text, but only one, and not one that is left there by a removed
    // tag: so sanitizing twice would change the text again.
    match safe.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => rest.trim_start_matches(BYTE_ORDER_MARK).to_owned(),
        None => safe,
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Whether HTML is nested too deeply, found by counting tags. Elements that are often left open do not count.
fn is_too_deep(html: &str) -> bool {
    const FLAT: [&str; 12] = ["br", "hr", "img", "input", "p", "li", "td", "th", "tr", "dd", "dt", "col"];
    let mut depth = 0_usize;
    html.split('<').skip(1).any(|tag| {
        let closes = tag.starts_with('/');
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        match name {
            "" => {}
            name if FLAT.iter().any(|flat| flat.eq_ignore_ascii_case(name)) => {}
            _ if closes => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
        depth > MAX_DEPTH
    })
}

/// The text of HTML without its tags; a block or line break starts a new line.
pub fn plain(html: &str) -> String {
    let safe = safe(html);
    let mut text = String::with_capacity(safe.len());
    let mut rest = safe.as_str();
    while let Some(start) = rest.find('<') {
        unescape(&rest[..start], &mut text);
        let end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
        let name = rest[start..end].trim_start_matches(['<', '/']).split(|c: char| !c.is_ascii_alphanumeric()).next();
        if !matches!(
            name,
            Some("a" | "b" | "code" | "del" | "em" | "i" | "ins" | "s" | "small" | "span" | "strong" | "sub" | "sup" | "u")
        ) {
            text.push('\n');
        }
        rest = &rest[end..];
    }
    unescape(rest, &mut text);
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Replaces the five entities that the sanitizer writes.
fn unescape(escaped: &str, into: &mut String) {
    let text = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", "\u{a0}");
    into.push_str(&text.replace("&amp;", "&"));
}

fn cut(html: &str) -> &str {
    let mut end = MAX_BYTES.min(html.len());
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    &html[..end]
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::script("<script>alert(1)</script>a", "a")]
    #[case::handler(r#"<b onclick="x()">a</b>"#, "<b>a</b>")]
    #[case::image(r#"a<img src="https://track.example/1.gif">"#, "a")]
    #[case::javascript(r#"<a href="javascript:x()">a</a>"#, r#"<a rel="noopener noreferrer nofollow">a</a>"#)]
    #[case::a_link(
        r#"<a href="https://a.example" target=_top style="x">a</a>"#,
        r#"<a href="https://a.example" rel="noopener noreferrer nofollow">a</a>"#
    )]
    #[case::a_relative_link(r#"<a href="/sign-out">a</a>"#, r#"<a rel="noopener noreferrer nofollow">a</a>"#)]
    #[case::style("<style>p{}</style><p style='x' class=y id=z>a</p>", "<p>a</p>")]
    #[case::form("<form action=x><input name=a><button>b</button></form>", "b")]
    #[case::frame("<iframe src=x>a</iframe>b", "b")]
    #[case::svg("<svg><script>x</script></svg>b", "b")]
    #[case::cut("<p><b>a", "<p><b>a</b></p>")]
    #[case::comment("a<!-- <script> -->b", "ab")]
    #[case::no_markup("1 < 2 & 3", "1 &lt; 2 &amp; 3")]
    fn active_content_is_removed(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(safe(html), expected);
    }

    #[rstest]
    #[case::paragraphs("<p>a <b>b</b>c</p><p>d</p>", "a bc\nd")]
    #[case::breaks("a<br>b<br/>c", "a\nb\nc")]
    #[case::a_list("<ul><li>a</li><li>b</li></ul>", "a\nb")]
    #[case::entities("&lt;b&gt; &amp;amp; &nbsp;c&eacute;", "<b> &amp; cé")]
    #[case::script("<script>alert(1)</script>a", "a")]
    fn the_plain_text_is_extracted(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(plain(html), expected);
    }

    #[rstest]
    #[case::deep("<div><b>")]
    #[case::deep_in_paragraphs("<p><i>")]
    fn deeply_nested_html_is_shown_as_plain_text(#[case] tags: &str) {
        let deep = tags.repeat(50_000);
        assert!(safe(&deep).starts_with("&lt;"));
        assert!(safe(&"<p>a<br>".repeat(50_000)).starts_with("<p>a<br>"));
    }

    #[rstest]
    #[case::several("\u{feff}\u{feff}", "")]
    #[case::after_a_removed_tag("<x>\u{feff}\u{feff}a", "a")]
    #[case::as_an_entity("&#xFEFF;&#xFEFF;a", "a")]
    #[case::inside_a_text("a\u{feff}b", "a\u{feff}b")]
    fn byte_order_marks_at_the_start_are_removed_the_first_time(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(safe(html), expected);
        assert_eq!(safe(expected), expected);
    }

    proptest::proptest! {
        #[test]
        fn sanitizing_twice_changes_nothing(html in ".{0,60}|(<[a-z]{1,6} ?[a-z]{0,4}=?\"?[a-z:]{0,9}\"?>|&[a-z]{2,4};|[a-z<>&\"' ]{0,5}){0,9}") {
            let once = safe(&html);
            proptest::prop_assert_eq!(safe(&once), once);
        }
    }
}
