//! Sanitizes text that people typed into the CRM, which may be HTML. Treat it as hostile until then.
//!
//! A [`Scanner`] finds the tags of HTML elements; everything else is text, whatever its signs. A [`Tree`] nests the allowed
//! elements and writes them from its own list of names, so nothing of the typed text ends up in a page except escaped text
//! and checked addresses of links. Parsers that build the document a browser would build repair wrong nesting by copying
//! elements, which can take gigabytes for a short text, and they drop what they do not know.

mod attributes;
mod element;
mod reference;
mod scanner;
mod tree;
mod writer;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use url::Url;

use self::element::{Element, Kind};
use self::reference::decode;
use self::scanner::{Piece, Scanner};
use self::tree::{LINE_SEPARATORS, Tree};
use self::writer::HtmlWriter;

/// The version of [`RichText`]. A newer version makes the stored texts again from their raw rows.
pub(crate) const VERSION: i64 = 2;

/// HTML that would be longer is kept as plain text, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// The longest address of a link, in bytes. A longer one is left out.
const MAX_ADDRESS: usize = 8 << 10;

/// A text as it can be shown. Everything that a person typed is in both forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RichText {
    /// HTML with only allowed elements: text, emphasis, lists, tables, and links that send no referrer. Sanitizing it again
    /// changes nothing.
    pub(crate) html: String,
    /// Without its tags; a block or line break starts a new line.
    pub(crate) text: String,
}

impl RichText {
    /// Sanitizes a text. Time and memory are proportional to its length.
    pub(crate) fn of(typed: &str) -> Self {
        Self::with_steps(typed).0
    }

    /// As [`Self::of`], with how many bytes were looked at.
    pub(crate) fn with_steps(typed: &str) -> (Self, usize) {
        let mut scanner = Scanner::new(typed);
        let is_html = scanner.has_elements();
        let mut steps = scanner.steps;
        let mut tree = Tree::new(HtmlWriter::new(typed.len(), MAX_BYTES));
        if is_html {
            let mut scanner = Scanner::new(typed);
            scanner.by_ref().for_each(|piece| add(&mut tree, piece));
            steps += scanner.steps;
        } else {
            add_plain(&mut tree, typed);
        }
        let (html, text) = tree.finish();
        (Self { html: html.unwrap_or_else(|| lines_as_html(&text)), text }, steps)
    }
}

/// Sanitizes text so that it can be shown in a page. Sanitizing twice changes nothing.
pub fn safe(typed: &str) -> String {
    RichText::of(typed).html
}

/// The text without its tags; a block or line break starts a new line.
pub fn plain(typed: &str) -> String {
    RichText::of(typed).text
}

fn add(tree: &mut Tree, piece: Piece<'_>) {
    match piece {
        Piece::Text(text) => add_text(tree, text),
        Piece::Start(Element::Kept(tag), href) => {
            let href = href.filter(|_| tag.kind == Kind::Link).and_then(|href| address(&decode(href)));
            tree.start(tag, href.as_deref());
        }
        Piece::End(Element::Kept(tag)) => tree.end(tag),
        // `</br>` is a line break for browsers too.
        Piece::Start(Element::LineBreak, _) | Piece::End(Element::LineBreak) => tree.line_break(),
        Piece::Start(Element::Rule, _) => tree.rule(),
        Piece::Start(Element::Block, _) | Piece::End(Element::Block) => tree.block(),
        Piece::Start(..) | Piece::End(..) | Piece::Nothing => {}
    }
}

/// Text of HTML, where a line break is a space unless the text is preformatted.
fn add_text(tree: &mut Tree, text: &str) {
    let text = without_nul(decode(text));
    if tree.is_preformatted() {
        let is_break = |c: char| c == '\r' || c == '\x0c' || LINE_SEPARATORS.contains(&c);
        let text = if text.contains(is_break) { Cow::Owned(text.replace("\r\n", "\n").replace(is_break, "\n")) } else { text };
        return tree.preformatted(&text);
    }
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\x0c');
    let text = if text.contains(is_break) { Cow::Owned(text.replace(is_break, " ")) } else { text };
    for (index, line) in text.split(LINE_SEPARATORS).enumerate() {
        if index > 0 {
            tree.line_break();
        }
        if !line.is_empty() {
            tree.text(line);
        }
    }
}

/// Text without HTML, which keeps its line breaks.
fn add_plain(tree: &mut Tree, text: &str) {
    let text = without_nul(decode(text));
    let mut rest = text.as_ref();
    loop {
        let end = rest.find(|c: char| matches!(c, '\n' | '\r' | '\x0c') || LINE_SEPARATORS.contains(&c));
        let line = &rest[..end.unwrap_or(rest.len())];
        if !line.is_empty() {
            tree.text(line);
        }
        let Some(after) = end.map(|end| &rest[end..]) else { return };
        tree.typed_break();
        let length = after.chars().next().map_or(0, char::len_utf8);
        rest = after.strip_prefix("\r\n").unwrap_or(&after[length..]);
    }
}

/// The databases accept no U+0000.
fn without_nul(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { text }
}

/// Plain text as HTML.
fn lines_as_html(text: &str) -> String {
    let mut html = HtmlWriter::new(text.len(), usize::MAX);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            html.line_break();
        }
        html.text(line);
    }
    html.finish().unwrap_or_default()
}

/// The address of a link, if it leads out of the portal: absolute, and of a scheme that only opens a page, a message, or a
/// call.
fn address(href: &str) -> Option<String> {
    // What browsers ignore in an address.
    let href: String = href.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let (scheme, rest) = href.split_once(':')?;
    let is_allowed = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest.starts_with("//"),
        "mailto" | "tel" => true,
        _ => false,
    };
    (is_allowed && href.len() <= MAX_ADDRESS && Url::parse(&href).is_ok())
        .then_some(href)
        .map(|href| href.replace('\0', "\u{fffd}"))
}
