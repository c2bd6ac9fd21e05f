//! Writes what a text shows: as HTML for pages, and as plain text for search and lists.

use super::element::{Kind, Tag};

/// A parser may drop it at the start.
pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Text and elements as HTML that a browser reads exactly as written. Longer HTML than the limit is given up.
pub(super) struct HtmlWriter {
    html: String,
    max_bytes: usize,
    is_too_long: bool,
}

impl HtmlWriter {
    pub(super) fn new(expected: usize, max_bytes: usize) -> Self {
        Self { html: String::with_capacity(expected.min(max_bytes)), max_bytes, is_too_long: false }
    }

    /// The HTML; `None` if it is too long.
    pub(super) fn finish(self) -> Option<String> {
        (!self.is_too_long).then_some(self.html)
    }

    pub(super) fn start(&mut self, tag: Tag, href: Option<&str>) {
        self.push("<");
        self.push(tag.name);
        if let Some(href) = href {
            self.push(" href=\"");
            self.escape(href, "&quot;");
            self.push("\"");
        }
        self.push(if tag.kind == Kind::Link { " rel=\"noopener noreferrer nofollow\">" } else { ">" });
    }

    pub(super) fn end(&mut self, tag: Tag) {
        self.push("</");
        self.push(tag.name);
        self.push(">");
    }

    pub(super) fn line_break(&mut self) {
        self.push("<br>");
    }

    pub(super) fn rule(&mut self) {
        self.push("<hr>");
    }

    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.html.is_empty() && !self.is_too_long
    }

    /// Text without line breaks outside preformatted text.
    pub(super) fn text(&mut self, text: &str) {
        self.escape(text, "\"");
    }

    fn escape(&mut self, text: &str, quote: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\u{a0}']) {
            let (before, after) = rest.split_at(at);
            let (written, length) = match after.as_bytes().first() {
                Some(b'&') => ("&amp;", 1),
                Some(b'<') => ("&lt;", 1),
                Some(b'>') => ("&gt;", 1),
                Some(b'"') => (quote, 1),
                _ => ("&nbsp;", '\u{a0}'.len_utf8()),
            };
            self.push(before);
            self.push(written);
            rest = &after[length..];
        }
        self.push(rest);
    }

    fn push(&mut self, part: &str) {
        self.is_too_long |= self.html.len() + part.len() > self.max_bytes;
        if !self.is_too_long {
            self.html.push_str(part);
        } else if self.html.capacity() > 0 {
            // Frees the memory, because nobody will ask for it.
            self.html = String::new();
        }
    }
}

/// Text in lines without surrounding spaces, each space one character; no empty line first or last.
pub(super) struct TextWriter {
    text: String,
    /// Line breaks since the last word.
    breaks: usize,
    has_space: bool,
    line_is_empty: bool,
}

impl TextWriter {
    pub(super) fn new() -> Self {
        Self { text: String::new(), breaks: 0, has_space: false, line_is_empty: true }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    pub(super) fn line_break(&mut self) {
        self.breaks += 1;
        (self.has_space, self.line_is_empty) = (false, true);
    }

    /// Begins a new line, unless this one is empty.
    pub(super) fn block(&mut self) {
        if !self.line_is_empty {
            self.line_break();
        }
    }

    /// Words and spaces. A text that is not blank fills its line, even if it is only a no-break space.
    pub(super) fn text(&mut self, text: &str, is_blank: bool) {
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.trim_start();
            self.has_space |= word.len() < rest.len();
            let end = word.find(char::is_whitespace).unwrap_or(word.len());
            self.word(&word[..end]);
            rest = &word[end..];
        }
        self.line_is_empty &= is_blank;
    }

    fn word(&mut self, word: &str) {
        let word = if self.text.is_empty() { word.trim_start_matches(BYTE_ORDER_MARK) } else { word };
        if word.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.extend(std::iter::repeat_n('\n', self.breaks));
            if self.has_space && self.breaks == 0 {
                self.text.push(' ');
            }
        }
        self.text.push_str(word);
        (self.breaks, self.has_space, self.line_is_empty) = (0, false, false);
    }
}
