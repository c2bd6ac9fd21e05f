//! Splits a text into tags and what is between them. What is not a tag of an HTML element is text.

use std::ops::Range;

use super::attributes::{Attributes, is_space};
use super::element::Element;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text, with its character references.
    Text(&'a str),
    /// A start tag, and the value of its `href` with its character references.
    Start(Element, Option<&'a str>),
    End(Element),
    /// A comment, a declaration, or an element that disappears with its content.
    Nothing,
}

/// Splits a text from its start to its end. Each byte is looked at a limited number of times.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Where the latest `svg` or `math` ends.
    foreign_until: usize,
    ends: [NextEnd; 5],
    /// How many bytes were looked at, which shows that the cost is linear.
    pub(super) steps: usize,
}

/// The next place of what ends something, so that a text without it is searched only once.
struct NextEnd {
    name: &'static str,
    searched_from: usize,
    found: Option<Range<usize>>,
    is_known: bool,
}

const COMMENT: &str = "-->";

impl<'a> Scanner<'a> {
    /// Splits a text.
    pub(super) fn new(text: &'a str) -> Self {
        let end = |name| NextEnd { name, searched_from: 0, found: None, is_known: false };
        Self { text, at: 0, foreign_until: 0, ends: ["script", "style", "svg", "math", COMMENT].map(end), steps: 0 }
    }

    /// Whether the text has a tag of an HTML element, even in a comment. Otherwise it is plain text, whatever signs it has.
    pub(super) fn has_elements(&mut self) -> bool {
        let (mut from, mut comment_end) = (0, 0);
        while let Some(at) = self.text[from..].find('<').map(|at| from + at) {
            if self.text[at..].starts_with("<!--") && at >= comment_end {
                comment_end = self.next_end(COMMENT, at + 2).unwrap_or(0);
            }
            if self.tag(at).is_some() || (at < comment_end && self.is_hidden_start(at)) {
                return true;
            }
            from = at + 1;
        }
        self.steps += self.text.len();
        false
    }

    /// Whether `script` or `style` begins at a `<`. Inside a comment it need not end to be markup.
    fn is_hidden_start(&self, at: usize) -> bool {
        let starts = |tag: &&str| self.text[at..].get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
        ["<script>", "<script ", "<style>", "<style "].iter().any(starts)
    }

    /// The tag or declaration that begins at a `<`, and where it ends; `None` if it is text.
    fn markup(&mut self, at: usize) -> Option<(Piece<'a>, usize)> {
        match self.text.as_bytes().get(at + 1)? {
            b'!' | b'?' => Some((Piece::Nothing, self.declaration(at)?)),
            _ => self.tag(at),
        }
    }

    /// The end of a comment or of a declaration as word processors write them.
    fn declaration(&mut self, at: usize) -> Option<usize> {
        const DECLARATIONS: [&str; 4] = ["!doctype", "![if ", "![endif]", "?xml"];
        let rest = &self.text[at + 1..];
        if rest.starts_with("!--") {
            // `<!-->` is a whole comment.
            return self.next_end(COMMENT, at + 2);
        }
        let begins = |start: &&str| rest.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        DECLARATIONS.iter().find(|start| begins(start))?;
        let end = rest.find(['>', '<'])?;
        rest[end..].starts_with('>').then_some(at + 1 + end + 1)
    }

    /// The tag of an element that begins at a `<`.
    fn tag(&mut self, at: usize) -> Option<(Piece<'a>, usize)> {
        let bytes = self.text.as_bytes();
        let is_end = bytes.get(at + 1) == Some(&b'/');
        let start = at + 1 + usize::from(is_end);
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b':').count();
        self.steps += length;
        let name = &self.text[start..start + length];
        let follows = *bytes.get(start + length)?;
        if !(is_space(follows) || matches!(follows, b'/' | b'>')) {
            return None;
        }
        let element = self.element(name, at)?;
        let mut attributes = Attributes::new(self.text, start + length);
        let read = attributes.read();
        self.steps += attributes.at - start;
        read?;
        match element {
            // An end without a start is as little an element as a start without an end.
            Element::Hidden(_) if is_end => None,
            Element::Hidden(name) => Some((Piece::Nothing, self.next_end(name, attributes.at)?)),
            element if is_end => Some((Piece::End(element), attributes.at)),
            Element::Foreign(name) => {
                let end = self.next_end(name, attributes.at);
                self.foreign_until = self.foreign_until.max(end.unwrap_or(0));
                Some((Piece::Start(element, None), attributes.at))
            }
            element => Some((Piece::Start(element, attributes.href), attributes.at)),
        }
    }

    /// The element with a name: of HTML, of an image or formula that this position is in, or of a word processor.
    fn element(&self, name: &str, at: usize) -> Option<Element> {
        let begins = name.as_bytes().first()?.is_ascii_alphabetic();
        let of_office = || match name.split_once(':')? {
            ("o" | "O" | "v" | "V" | "w" | "W" | "st1" | "ST1", name) if !name.is_empty() => Some(Element::Nothing),
            _ => None,
        };
        let of_image = || match name {
            _ if at >= self.foreign_until => None,
            "text" | "desc" | "mtext" => Some(Element::Block),
            _ => Some(Element::Inline),
        };
        Element::named(name).or_else(of_image).or_else(of_office).filter(|_| begins)
    }

    /// The position after the next end of a comment or of an element.
    fn next_end(&mut self, name: &'static str, from: usize) -> Option<usize> {
        let known = self.ends.iter_mut().find(|end| end.name == name)?;
        let is_next = known.found.as_ref().is_none_or(|found| found.start >= from);
        if !(known.is_known && from >= known.searched_from && is_next) {
            let found = if name == COMMENT {
                self.text[from..].find(COMMENT).map(|at| from + at..from + at + COMMENT.len())
            } else {
                end_tag(self.text, name, from)
            };
            self.steps += found.as_ref().map_or(self.text.len(), |found| found.end) - from;
            *known = NextEnd { name, searched_from: from, found, is_known: true };
        }
        known.found.as_ref().map(|found| found.end)
    }
}

/// The next end tag of an element.
fn end_tag(text: &str, name: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += text[at..].find("</")?;
        let end = at + 2 + name.len();
        if bytes.get(at + 2..end).is_some_and(|named| named.eq_ignore_ascii_case(name.as_bytes())) {
            let spaces = bytes[end..].iter().take_while(|byte| is_space(**byte)).count();
            if bytes.get(end + spaces) == Some(&b'>') {
                return Some(at..end + spaces + 1);
            }
        }
        at += 2;
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if *bytes.get(start)? == b'<'
            && let Some((piece, end)) = self.markup(start)
        {
            self.at = end;
            return Some(piece);
        }
        // A `<` that begins no tag belongs to the text.
        let length = bytes[start + 1..].iter().position(|byte| *byte == b'<');
        self.at = length.map_or(self.text.len(), |length| start + 1 + length);
        self.steps += self.at - start;
        Some(Piece::Text(&self.text[start..self.at]))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The text that is not part of a tag, and the number of tags.
    fn text_and_tags(text: &str) -> (String, usize) {
        let mut shown = String::new();
        let mut tags = 0;
        for piece in Scanner::new(text) {
            match piece {
                Piece::Text(text) => shown.push_str(text),
                _ => tags += 1,
            }
        }
        (shown, tags)
    }

    #[rstest]
    #[case::comparisons("1 < 2, a<b and c>d, <3, <-, x<y>z, a <b> c", "1 < 2, a<b and c>d, <3, <-, x<y>z, a  c")]
    #[case::addresses(
        "<jane@example.com> <http://a.example> <p.s.> <image001.png>",
        "<jane@example.com> <http://a.example> <p.s.> <image001.png>"
    )]
    #[case::prose("<section 8> <time to go> <s m l> <i think so> <p/l>", "<section 8> <time to go> <s m l> <i think so> <p/l>")]
    #[case::an_unclosed_tag("a <b", "a <b")]
    #[case::an_unclosed_quote(
        "<a href=\"http://a.example>link</a> more \"text\"",
        "<a href=\"http://a.example>link more \"text\""
    )]
    #[case::script("a<script>b</script>c<STYLE x>d", "ac<STYLE x>d")]
    #[case::a_script_like_end("<script>a</scripty>b</script >c", "c")]
    #[case::an_unclosed_script("use <script> tag <b>x</b>", "use <script> tag x")]
    #[case::the_end_of_no_script("use </script> tag", "use </script> tag")]
    #[case::comments("a<!-- <b> -->b<!-->c<!--d", "abc<!--d")]
    #[case::declarations(
        "<!DOCTYPE html><?xml version=\"1.0\"?>a<![if !mso]>b<![endif]><!now> <?what> <![CDATA[c]]>",
        "ab<!now> <?what> <![CDATA[c]]>"
    )]
    #[case::word("a<o:p></o:p>b<w:Sdt ID=\"1\">c", "abc")]
    #[case::an_image("<svg viewBox=\"0 0\"><path d=\"M0\"/></svg>a<path>", "a<path>")]
    #[case::signs_of_no_tag("< b> <> </> </ b> <&lt;b> <\u{0}b>", "< b> <> </> </ b> <&lt;b> <\u{0}b>")]
    fn what_is_not_a_tag_is_text(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(text_and_tags(text).0, shown);
    }

    #[rstest]
    #[case::plain("1 < 2 <y> <script> <!-- a --> &lt;b&gt;", false)]
    #[case::a_tag("a<BR>b", true)]
    #[case::an_end("a</p>b", true)]
    #[case::in_a_comment("a<!-- <b> -->", true)]
    #[case::a_script("<script></script>", true)]
    fn a_text_is_html_if_it_has_an_element(#[case] text: &str, #[case] is_html: bool) {
        assert_eq!(Scanner::new(text).has_elements(), is_html);
    }
}
