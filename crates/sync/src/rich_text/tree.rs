//! Nests elements as a browser would read them, so that what is written is what is shown. Nothing is opened again after it
//! was closed, and nothing is moved: that keeps the cost proportional to the text.

use super::element::{Kind, Tag};
use super::writer::{BYTE_ORDER_MARK, HtmlWriter, TextWriter};

/// The deepest nesting that is written; deeper elements leave their text. Browsers stop at 512.
const MAX_DEPTH: usize = 64;

/// How many levels a table needs for its first cell.
const TABLE_DEPTH: usize = 4;

const SECTION: Tag = Tag { name: "tbody", kind: Kind::Section };
const ROW: Tag = Tag { name: "tr", kind: Kind::Row };
const CELL: Tag = Tag { name: "td", kind: Kind::Cell };

/// Characters that break a line although HTML has no line break there, such as Word's.
pub(super) const LINE_SEPARATORS: [char; 4] = ['\u{b}', '\u{85}', '\u{2028}', '\u{2029}'];

/// The open elements, and what was written so far.
pub(super) struct Tree {
    pub(super) html: HtmlWriter,
    pub(super) text: TextWriter,
    open: Vec<OpenElement>,
    /// Line breaks to write before the next words, unless a block begins first.
    breaks: usize,
    /// Whether nothing that is shown was written since the line began.
    is_line_start: bool,
    is_empty: bool,
    /// Whether `pre` has just begun: browsers drop a line break there.
    is_pre_start: bool,
}

struct OpenElement {
    tag: Tag,
    /// Whether its end was read while a block inside it was open; then it ends with that block.
    has_ended: bool,
}

impl Tree {
    pub(super) fn new(html: HtmlWriter) -> Self {
        let (text, open) = (TextWriter::new(), Vec::new());
        Self { html, text, open, breaks: 0, is_line_start: true, is_empty: true, is_pre_start: false }
    }

    /// Ends all open elements.
    pub(super) fn finish(mut self) -> (Option<String>, String) {
        self.close_to(0);
        (self.html.finish(), self.text.finish())
    }

    /// Begins an element.
    pub(super) fn start(&mut self, tag: Tag, href: Option<&str>) {
        match tag.kind {
            // Between the cells of a table, formatting has nothing to format.
            Kind::Inline | Kind::Link if self.is_in_table_frame() => {}
            Kind::Inline | Kind::Link => {
                if tag.kind == Kind::Link {
                    self.close_link();
                }
                if self.open.len() < MAX_DEPTH {
                    self.write_breaks();
                    self.push(tag, href);
                }
            }
            Kind::Section | Kind::Row | Kind::Cell => self.start_table_part(tag),
            _ => {
                self.open_cell();
                self.make_room_for(tag.kind);
                let depth = if tag.kind == Kind::Table { TABLE_DEPTH } else { 1 };
                match self.open.len() + depth <= MAX_DEPTH {
                    true => self.push(tag, None),
                    false => self.block(),
                }
            }
        }
    }

    /// Ends an element, if it is open here.
    pub(super) fn end(&mut self, tag: Tag) {
        match self.ended_by(tag) {
            Some(index) if tag.kind.is_inline() && self.open[index + 1..].iter().any(|inner| !inner.tag.kind.is_inline()) => {
                self.open[index].has_ended = true;
            }
            Some(index) => self.close_to(index),
            None if tag.kind.is_inline() => {}
            None => self.block(),
        }
    }

    /// Begins or ends a block that is not written: the next words begin a line.
    pub(super) fn block(&mut self) {
        self.text.block();
        if !self.is_line_start {
            self.breaks = self.breaks.max(1);
        }
    }

    /// A line break that was typed. Those before the first and after the last word are left out.
    pub(super) fn typed_break(&mut self) {
        self.text.line_break();
        self.breaks += 1;
    }

    /// A line break of the HTML.
    pub(super) fn line_break(&mut self) {
        if !self.is_in_table_frame() {
            self.write_breaks();
            self.html.line_break();
            self.text.line_break();
            self.begin_line();
        }
    }

    /// A line across the text.
    pub(super) fn rule(&mut self) {
        self.open_cell();
        self.make_room_for(Kind::Block);
        self.html.rule();
        self.text.block();
        self.begin_line();
    }

    /// Text without line breaks. Spaces where a line begins are left out.
    pub(super) fn text(&mut self, text: &str) {
        let text = if self.html.is_empty() { text.trim_start_matches(BYTE_ORDER_MARK) } else { text };
        let is_blank = text.bytes().all(|byte| byte.is_ascii_whitespace());
        if is_blank && (self.is_line_start || self.breaks > 0) && !self.is_preformatted() {
            return;
        }
        self.open_cell();
        self.write_breaks();
        self.html.text(text);
        self.text.text(text, is_blank);
        self.is_line_start &= is_blank;
        (self.is_empty, self.is_pre_start) = (false, false);
    }

    /// Preformatted text, with its line breaks.
    pub(super) fn preformatted(&mut self, text: &str) {
        let text = if self.is_pre_start { text.trim_start_matches('\n') } else { text };
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.html.text("\n");
                // A block that ends here has begun the line already.
                if std::mem::take(&mut self.breaks) == 0 {
                    self.text.line_break();
                }
                (self.is_line_start, self.is_pre_start) = (true, false);
            }
            if !line.is_empty() {
                self.text(line);
            }
        }
    }

    /// Whether line breaks are shown here.
    pub(super) fn is_preformatted(&self) -> bool {
        self.in_cell().any(|(_, open)| open.tag.kind == Kind::Preformatted)
    }

    fn start_table_part(&mut self, tag: Tag) {
        let Some(table) = self.open.iter().rposition(|open| open.tag.kind == Kind::Table) else { return self.block() };
        let frame = match tag.kind {
            Kind::Section => &[][..],
            Kind::Row => &[SECTION],
            _ => &[SECTION, ROW],
        };
        self.close_to(table + 1 + frame.len());
        // Everything below the table that is still open is part of its frame.
        let missing = self.open.len() - table - 1;
        frame[missing..].iter().for_each(|part| self.push(*part, None));
        self.push(tag, None);
    }

    /// Opens a cell, if this is in a table but in no cell.
    fn open_cell(&mut self) {
        while let Some(frame) = self.open.last().map(|open| open.tag.kind).filter(|kind| kind.is_table_frame()) {
            let next = match frame {
                Kind::Table => SECTION,
                Kind::Section => ROW,
                _ => CELL,
            };
            self.push(next, None);
        }
    }

    /// Closes what a browser closes when a block begins.
    fn make_room_for(&mut self, kind: Kind) {
        if kind == Kind::Item {
            let passes =
                |open: &OpenElement| open.tag.kind.is_inline() || open.tag.kind == Kind::Paragraph || open.tag.name == "div";
            let item = self.in_cell().find(|(_, open)| !passes(open)).filter(|(_, open)| open.tag.kind == Kind::Item);
            self.close_found(item.map(|(index, _)| index));
        }
        let paragraph = self.in_cell().find(|(_, open)| open.tag.kind == Kind::Paragraph);
        self.close_found(paragraph.map(|(index, _)| index));
        if kind == Kind::Heading {
            let around = self.in_cell().find(|(_, open)| !open.tag.kind.is_inline());
            self.close_found(around.filter(|(_, open)| open.tag.kind == Kind::Heading).map(|(index, _)| index));
        }
    }

    /// A link cannot contain a link.
    fn close_link(&mut self) {
        let link = self.in_cell().find(|(_, open)| open.tag.kind == Kind::Link);
        self.close_found(link.map(|(index, _)| index));
    }

    fn close_found(&mut self, found: Option<usize>) {
        if let Some(index) = found {
            self.close_to(index);
        }
    }

    /// The open elements up to the cell or table that this is in, innermost first, each with its depth.
    fn in_cell(&self) -> impl Iterator<Item = (usize, &OpenElement)> {
        self.open.iter().enumerate().rev().take_while(|(_, open)| !is_table_part(open.tag.kind))
    }

    /// The depth of the element that an end tag ends.
    fn ended_by(&self, tag: Tag) -> Option<usize> {
        let is_end_of = |open: &OpenElement| {
            let is_same = || open.tag.name == tag.name || tag.kind == Kind::Heading;
            open.tag.kind == tag.kind && !open.has_ended && is_same()
        };
        let ends_scope = |kind: Kind| match tag.kind {
            Kind::Table => false,
            Kind::Section | Kind::Row | Kind::Cell => kind == Kind::Table,
            Kind::Item => kind == Kind::List || is_table_part(kind),
            _ => is_table_part(kind),
        };
        for (index, open) in self.open.iter().enumerate().rev() {
            if is_end_of(open) {
                return Some(index);
            }
            if ends_scope(open.tag.kind) {
                return None;
            }
        }
        None
    }

    fn is_in_table_frame(&self) -> bool {
        self.open.last().is_some_and(|open| open.tag.kind.is_table_frame())
    }

    fn push(&mut self, tag: Tag, href: Option<&str>) {
        self.html.start(tag, href);
        if !tag.kind.is_inline() {
            self.text.block();
            self.begin_line();
        }
        self.is_pre_start = tag.kind == Kind::Preformatted;
        self.open.push(OpenElement { tag, has_ended: false });
    }

    /// Closes the open elements from a depth on.
    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth || self.open.last().is_some_and(|open| open.has_ended) {
            let Some(closed) = self.open.pop() else { return };
            self.html.end(closed.tag);
            if !closed.tag.kind.is_inline() {
                self.text.block();
                self.begin_line();
            }
            self.is_pre_start = false;
        }
    }

    fn begin_line(&mut self) {
        (self.breaks, self.is_line_start, self.is_empty, self.is_pre_start) = (0, true, false, false);
    }

    fn write_breaks(&mut self) {
        let breaks = std::mem::take(&mut self.breaks);
        if !self.is_empty && breaks > 0 {
            (0..breaks).for_each(|_| self.html.line_break());
            self.is_line_start = true;
        }
    }
}

fn is_table_part(kind: Kind) -> bool {
    kind.is_table_frame() || kind == Kind::Cell
}
