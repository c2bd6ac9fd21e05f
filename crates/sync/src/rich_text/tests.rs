//! What is shown of a text. `ammonia`, which builds the document a browser would build, is the independent judge: it must
//! find nothing to change in the sanitized text.

use std::collections::HashSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use rstest::rstest;

use super::*;

static JUDGE: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    const TAGS: &str = "a b blockquote br code del div em h1 h2 h3 h4 h5 h6 hr i ins li ol p pre s small span strong sub sup \
                        table tbody td th thead tr u ul";
    let mut judge = ammonia::Builder::empty();
    judge
        .tags(TAGS.split_whitespace().collect())
        .add_tag_attributes("a", ["href"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    judge
});

/// Checks what holds for every text.
#[track_caller]
fn assert_sound(typed: &str) {
    let RichText { html, text } = RichText::of(typed);
    assert_eq!(JUDGE.clean(&html).to_string(), html, "a browser reads {typed:?} differently");
    assert_eq!(RichText::of(&html), RichText { html: html.clone(), text: text.clone() }, "sanitizing {typed:?} twice");
    assert!(!html.starts_with('\u{feff}') && !html.contains('\0') && !text.contains('\0'), "{typed:?}");
    assert!(text.lines().all(|line| line.trim() == line) && text.trim() == text, "{text:?} of {typed:?}");
    assert!(html.len() <= 42 * typed.len() && text.len() <= 3 * typed.len(), "{typed:?}");
}

#[rstest]
#[case::script("<script>alert(1)</script>a", "a")]
#[case::handler(r#"<b onclick="x()">a</b>"#, "<b>a</b>")]
#[case::image(r#"a<img src="https://track.example/1.gif">"#, "a")]
#[case::javascript(r#"<a href="javascript:x()">a</a>"#, r#"<a rel="noopener noreferrer nofollow">a</a>"#)]
#[case::a_link(
    r#"<a href="https://a.example" target=_top style="x">a</a>"#,
    r#"<a href="https://a.example" rel="noopener noreferrer nofollow">a</a>"#
)]
#[case::an_address_with_references(
    r#"<a href=" https://a.example/?x=1&amp;y=&quot;z&copy=2 ">a</a>"#,
    r#"<a href="https://a.example/?x=1&amp;y=&quot;z&amp;copy=2" rel="noopener noreferrer nofollow">a</a>"#
)]
#[case::a_relative_link(r#"<a href="/sign-out">a</a>"#, r#"<a rel="noopener noreferrer nofollow">a</a>"#)]
#[case::style("<style>p{}</style><p style='x' class=y id=z>a</p>", "<p>a</p>")]
#[case::form("<form action=x><input name=a><button>b</button></form>", "b")]
#[case::frame("<iframe src=x>a</iframe>b", "a<br>b")]
#[case::svg("<svg><script>x</script></svg>b", "b")]
#[case::cut("<p><b>a", "<p><b>a</b></p>")]
#[case::comment("a<!-- <script> -->b", "ab")]
#[case::no_markup("1 < 2 & 3", "1 &lt; 2 &amp; 3")]
fn active_content_is_removed(#[case] typed: &str, #[case] expected: &str) {
    assert_eq!(safe(typed), expected);
    assert_sound(typed);
}

#[rstest]
#[case::addresses(
    "Spoke with Jane <jane@example.com> about the fee <ninety thousand, wants >2 units",
    "Spoke with Jane &lt;jane@example.com&gt; about the fee &lt;ninety thousand, wants &gt;2 units"
)]
#[case::an_open_bracket("budget <sixty thousand", "budget &lt;sixty thousand")]
#[case::no_element("x<y>z", "x&lt;y&gt;z")]
#[case::no_element_in_html("<b>x</b><y>z", "<b>x</b>&lt;y&gt;z")]
#[case::an_unclosed_script("use <script> tag", "use &lt;script&gt; tag")]
#[case::an_unclosed_style_in_html("<p>use <style> tag", "<p>use &lt;style&gt; tag</p>")]
#[case::lines("one\r\ntwo\n\nfour\u{2028}five", "one<br>two<br><br>four<br>five")]
#[case::lines_around("\n\none\n \n", "one")]
#[case::references("AT&amp;T AT&T &lt;b&gt; ?a=1&copy=2", "AT&amp;T AT&amp;T &lt;b&gt; ?a=1&amp;copy=2")]
#[case::signs("<3 <- <-- -> <= </3 <!-- note", "&lt;3 &lt;- &lt;-- -&gt; &lt;= &lt;/3 &lt;!-- note")]
#[case::a_comment_that_was_typed("a <!-- note --> b", "a &lt;!-- note --&gt; b")]
#[case::prose_in_brackets("a <b and c> d <p 5>", "a &lt;b and c&gt; d &lt;p 5&gt;")]
#[case::byte_order_marks("\u{feff}\u{feff}", "")]
#[case::a_nul("a\0b", "a\u{fffd}b")]
fn nothing_that_was_typed_is_lost(#[case] typed: &str, #[case] expected: &str) {
    assert_eq!(safe(typed), expected);
    assert_sound(typed);
}

#[rstest]
#[case::section("<section>one</section><section>two</section>")]
#[case::definitions("<dl><dt>one<dd>two</dl>")]
#[case::address("one<address>two</address>")]
#[case::center("<center>one</center>two")]
#[case::options("<select><option>one<option>two</select>")]
#[case::legend("<fieldset><legend>one</legend>two</fieldset>")]
#[case::rows_without_a_table("<tr><td>one</td><td>two</td></tr>")]
#[case::caption("<table><caption>one</caption><tr><td>two</table>")]
#[case::details("<details open><summary>one</summary>two</details>")]
#[case::an_end("one</p>two")]
#[case::textarea("one<textarea>two</textarea>")]
#[case::deep(&format!("{}one<section>two", "<div>".repeat(300)))]
fn a_block_leaves_a_break(#[case] typed: &str) {
    assert_eq!(plain(typed), "one\ntwo");
    assert_sound(typed);
}

#[rstest]
#[case::paragraphs("<p>one<p>two", "<p>one</p><p>two</p>")]
#[case::a_block_in_a_paragraph("<p><b>one<div>two</div>", "<p><b>one</b></p><div>two</div>")]
#[case::items("<ul><li>one<li>two<ul><li>three</ul></ul>", "<ul><li>one</li><li>two<ul><li>three</li></ul></li></ul>")]
#[case::cells(
    "<table><tr><td>1<td>2<tr><th>3</table>4",
    "<table><tbody><tr><td>1</td><td>2</td></tr><tr><th>3</th></tr></tbody></table>4"
)]
#[case::text_between_cells(
    "<table>1<tr>2<td>3</table>",
    "<table><tbody><tr><td>1</td></tr><tr><td>2</td><td>3</td></tr></tbody></table>"
)]
#[case::a_table_in_a_cell(
    "<table><td><table><td>1</table>2",
    "<table><tbody><tr><td><table><tbody><tr><td>1</td></tr></tbody></table>2</td></tr></tbody></table>"
)]
#[case::formatting_that_overlaps("<b>1<i>2</b>3</i>4", "<b>1<i>2</i></b>34")]
#[case::formatting_around_a_block("<b>1<p>2</b>3</p>4", "<b>1<p>23</p></b>4")]
#[case::links(
    "<a href=http://a.example>1<a href=http://b.example>2",
    "<a href=\"http://a.example\" rel=\"noopener noreferrer nofollow\">1</a>\
     <a href=\"http://b.example\" rel=\"noopener noreferrer nofollow\">2</a>"
)]
#[case::headings("<h1>1<h2>2</h3>3", "<h1>1</h1><h2>2</h2>3")]
#[case::preformatted("<pre>\n\n a\n\tb</pre>", "<pre> a\n\tb</pre>")]
#[case::source_lines("<p>one\n  two</p>\n<p>three</p>\n", "<p>one   two</p><p>three</p>")]
fn wrong_nesting_is_written_as_a_browser_reads_it(#[case] typed: &str, #[case] expected: &str) {
    assert_eq!(safe(typed), expected);
    assert_sound(typed);
}

#[rstest]
#[case::paragraphs("<p>a <b>b</b>c</p><p>d</p>", "a bc\nd")]
#[case::breaks("a<br>b<br/>c", "a\nb\nc")]
#[case::an_empty_line("<div>a</div><div><br></div><div>b</div>", "a\n\nb")]
#[case::a_list("<ul><li>a</li><li>b</li></ul>", "a\nb")]
#[case::entities("&lt;b&gt; &amp;amp; &nbsp;c&eacute;", "<b> &amp; cé")]
#[case::script("<script>alert(1)</script>a", "a")]
#[case::lines("a  b\r\n\r\nc\rd", "a b\n\nc\nd")]
#[case::preformatted("<pre>a\n  b</pre>c", "a\nb\nc")]
#[case::within_a_word("discus<b>sed</b>, 5<sup>th</sup>, over<font color=red>lap", "discussed, 5th, overlap")]
#[case::a_link("<a href='https://a.example'>site</a>", "site")]
fn the_plain_text_is_extracted(#[case] typed: &str, #[case] expected: &str) {
    assert_eq!(plain(typed), expected);
    assert_sound(typed);
}

/// Vectors of the usual collections, and of attacks on sanitizers whose output a browser reads differently.
#[rstest]
#[case("<img src=x onerror=alert(1)//")]
#[case("<svg/onload=alert(1)>")]
#[case("<svg><p><style><img src=\"</style><img src=x onerror=alert(1)//\">")]
#[case("<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">")]
#[case("<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>")]
#[case("<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">")]
#[case("<a href=\"java\tscript:alert(1)\">a</a><a href=\"&#106;avascript:alert(1)\">b</a><a href=\" \x01javascript:x\">c</a>")]
#[case("<a href=\"http:evil\">a</a><a href=\"https:/evil\">b</a><a href=\"//evil\">c</a><a href=\"data:text/html,x\">d</a>")]
#[case("<a href='https://a.example/\" onclick=\"alert(1)'>a</a>")]
#[case("<scr<script>x</script>ipt>alert(1)</script>")]
#[case("<<script>alert(1)//<</script>")]
#[case("<table><td background=\"javascript:alert(1)\"><b>x")]
#[case("<textarea><script>alert(1)</script></textarea><title></title><img src=x onerror=alert(1)>")]
#[case("<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">")]
#[case("<select><style></select><img src=x onerror=alert(1)></style>")]
#[case("<template><s><template><s><img src=x onerror=alert(1)>@shafigullin</s></template></s></template>")]
#[case("<iframe srcdoc=\"<script>alert(1)</script>\"></iframe><object data=x><embed src=y>")]
#[case("<b><p><a><table><a><td><p><a>x</b>y</p>z</table>")]
#[case("<!--><img src=x onerror=alert(1)>--><![CDATA[><img src=x>]]>")]
#[case("&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x&#62; &amp;lt;b&amp;gt;")]
#[case("<p>&#0;&#13;&#xD800;&#x80;\u{2028}\u{b}\r<pre>\r\n\r\nx")]
#[case("<li><div><li><blockquote><li><p><ul><p>x</li>y")]
#[case("<h1><b><h2></b><i></h1>x<table><h3>y<tr>z")]
#[case("<pre>a</h1>\n<h1><br>b")]
#[case("&#xFEFF;\n</section>a")]
fn a_browser_finds_nothing_active(#[case] typed: &str) {
    assert_sound(typed);
    let html = safe(typed);
    let active = ["<img", "<script", "<svg", "<math", "<style", " on", "<iframe", "<object", "srcdoc"];
    let tags: String = html.split('<').skip(1).filter_map(|tag| tag.split_once('>')).map(|(tag, _)| format!("<{tag}>")).collect();
    // Without the values of attributes, in which quotes are references.
    let tags: String = tags.split('"').step_by(2).collect();
    assert!(!html.contains("href=\"java") && !html.contains("href=\"data"), "{html}");
    assert!(!active.iter().any(|active| tags.contains(active)), "{html}");
}

#[rstest]
#[case::formatting(&format!("<p>{}{}", (1..=4_600).map(|n| format!("<b a{n}></x>")).collect::<String>(), "<p>x".repeat(4_600)))]
#[case::formatting_with_attributes(&format!("<p>{}{}", (1..=4_600).map(|n| format!("<b id=a{n}></x>")).collect::<String>(), "<p>x".repeat(4_600)))]
#[case::definitions(&"<dd><li>".repeat(30_000))]
#[case::deep(&"<div><b>".repeat(30_000))]
#[case::links(&"<a>x".repeat(60_000))]
#[case::tables(&"<table>x".repeat(30_000))]
#[case::cells(&format!("<table>{}", "<td>x".repeat(30_000)))]
#[case::open_scripts(&"<script><style><svg><!--".repeat(10_000))]
#[case::open_quotes(&"<a href=\"<a href='".repeat(10_000))]
#[case::alternating_quotes(&format!("<a p='{}", "\" <a p=' ' <a p=\"".repeat(10_000)))]
#[case::open_values(&"<a href=<a href=".repeat(10_000))]
#[case::open_brackets(&"<".repeat(240_000))]
#[case::ampersands(&"&amp".repeat(60_000))]
#[case::a_long_name(&format!("<{}", "b".repeat(240_000)))]
#[case::end_tags(&format!("{}{}", "<div>".repeat(100), "</p></b></td>".repeat(20_000)))]
fn the_cost_is_proportional_to_the_text(#[case] typed: &str) {
    let (shown, steps) = RichText::with_steps(typed);
    assert!(steps <= 40 * typed.len(), "{steps} steps for {} bytes", typed.len());
    assert!(shown.html.len() <= 42 * typed.len(), "{} bytes of HTML for {}", shown.html.len(), typed.len());
    assert_eq!(safe(&shown.html), shown.html);
}

#[rstest]
#[case::html("<p>one</p>", "one\n")]
#[case::plain("one < two\n", "one < two\n")]
#[case::signs("&<", "&<")]
#[case::links("<a>", "")]
fn a_long_text_is_kept_as_plain_text(#[case] part: &str, #[case] line: &str) {
    let parts = (1 << 20) / part.len() + 1;
    let RichText { html, text } = RichText::of(&part.repeat(parts));
    assert!(text == line.repeat(parts).trim_end());
    assert!(html == text.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "<br>"));
    assert!(safe(&html) == html);
}

const PARTS: &[&str] = &[
    "<b>",
    "</b>",
    "<i>",
    "</i>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<li>",
    "</li>",
    "<ul>",
    "</ul>",
    "<table>",
    "</table>",
    "<tr>",
    "</tr>",
    "<td>",
    "</td>",
    "<tbody>",
    "<thead>",
    "</tbody>",
    "<h1>",
    "</h1>",
    "<h2>",
    "<a href='https://a.example'>",
    "<a>",
    "</a>",
    "<pre>",
    "</pre>",
    "<br>",
    "</br>",
    "<hr>",
    "<blockquote>",
    "</blockquote>",
    "<span>",
    "</span>",
    "<section>",
    "</section>",
    "<dd>",
    "<option>",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<svg>",
    "</svg>",
    "<path>",
    "<!--",
    "-->",
    "<!doctype html>",
    "<y>",
    "<o:p>",
    "<script",
    "<a href=\"",
    "\"",
    "'",
    ">",
    "<",
    "&",
    "&lt;",
    "&amp;",
    "&#10;",
    "&nbsp;",
    "&#xFEFF;",
    "\u{feff}",
    "\n",
    "\r",
    " ",
    "\u{2028}",
    "\u{b}",
    "a",
    "word",
    "é",
    "=",
    "/",
    "<caption>",
    "<textarea>",
    "<center>",
    "\0",
    "\u{a0}",
];

proptest! {
    #[test]
    fn any_text_is_read_by_a_browser_as_it_is_written(typed in any::<String>()) {
        assert_sound(&typed);
    }

    #[test]
    fn any_markup_is_read_by_a_browser_as_it_is_written(parts in prop::collection::vec(prop::sample::select(PARTS), 0..40)) {
        assert_sound(&parts.concat());
    }

    #[test]
    fn no_word_is_lost_or_split(words in prop::collection::vec("[a-z]{3,8}", 1..12), parts in prop::collection::vec(prop::sample::select(PARTS), 12)) {
        let typed: String = words.iter().zip(&parts).map(|(word, part)| format!(" Q{word}Q {part}")).collect();
        let text = plain(&typed);
        let hidden = ["<script", "<style", "<!--"].iter().any(|start| typed.contains(start));
        for word in words.iter().filter(|_| !hidden) {
            prop_assert!(text.split_whitespace().any(|shown| shown.contains(&format!("Q{word}Q"))), "{word} of {typed:?} in {text:?}");
        }
    }
}
