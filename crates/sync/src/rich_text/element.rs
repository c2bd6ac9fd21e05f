//! The elements of the HTML standard, obsolete ones included, and what becomes of each.

/// What the sanitizer makes of an element. Text that only looks like an element has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// Is in the output, without attributes other than a link's.
    Kept(Tag),
    /// `br`.
    LineBreak,
    /// `hr`.
    Rule,
    /// Disappears with its content: `script` and `style`.
    Hidden(&'static str),
    /// Leaves its text.
    Inline,
    /// Leaves its text, on lines of its own.
    Block,
    /// Leaves nothing, because it has no text and separates none.
    Nothing,
    /// Leaves its text; the elements inside are those of another language.
    Foreign(&'static str),
}

/// An element of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// How an element of the output nests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Inline,
    Link,
    Block,
    Paragraph,
    Heading,
    Preformatted,
    List,
    Item,
    Table,
    Section,
    Row,
    Cell,
}

impl Kind {
    pub(super) fn is_inline(self) -> bool {
        matches!(self, Self::Inline | Self::Link)
    }

    /// Whether it may only contain other parts of a table.
    pub(super) fn is_table_frame(self) -> bool {
        matches!(self, Self::Table | Self::Section | Self::Row)
    }
}

impl Element {
    /// The element with this name, in any case; `None` if the HTML standard has none.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut lowercase = [0; 12];
        let lowercase = lowercase.get_mut(..name.len())?;
        lowercase.copy_from_slice(name.as_bytes());
        lowercase.make_ascii_lowercase();
        let at = ELEMENTS.binary_search_by(|(known, _)| known.as_bytes().cmp(lowercase)).ok()?;
        Some(ELEMENTS[at].1)
    }
}

const fn kept(name: &'static str, kind: Kind) -> Element {
    Element::Kept(Tag { name, kind })
}

/// Every element, by name.
const ELEMENTS: [(&str, Element); 143] = [
    ("a", kept("a", Kind::Link)),
    ("abbr", Element::Inline),
    ("acronym", Element::Inline),
    ("address", Element::Block),
    ("applet", Element::Block),
    ("area", Element::Nothing),
    ("article", Element::Block),
    ("aside", Element::Block),
    ("audio", Element::Block),
    ("b", kept("b", Kind::Inline)),
    ("base", Element::Nothing),
    ("basefont", Element::Nothing),
    ("bdi", Element::Inline),
    ("bdo", Element::Inline),
    ("bgsound", Element::Nothing),
    ("big", Element::Inline),
    ("blink", Element::Inline),
    ("blockquote", kept("blockquote", Kind::Block)),
    ("body", Element::Block),
    ("br", Element::LineBreak),
    ("button", Element::Block),
    ("canvas", Element::Block),
    ("caption", Element::Block),
    ("center", Element::Block),
    ("cite", Element::Inline),
    ("code", kept("code", Kind::Inline)),
    ("col", Element::Nothing),
    ("colgroup", Element::Nothing),
    ("data", Element::Inline),
    ("datalist", Element::Block),
    ("dd", Element::Block),
    ("del", kept("del", Kind::Inline)),
    ("details", Element::Block),
    ("dfn", Element::Inline),
    ("dialog", Element::Block),
    ("dir", kept("ul", Kind::List)),
    ("div", kept("div", Kind::Block)),
    ("dl", Element::Block),
    ("dt", Element::Block),
    ("em", kept("em", Kind::Inline)),
    ("embed", Element::Nothing),
    ("fieldset", Element::Block),
    ("figcaption", Element::Block),
    ("figure", Element::Block),
    ("font", Element::Inline),
    ("footer", Element::Block),
    ("form", Element::Block),
    ("frame", Element::Nothing),
    ("frameset", Element::Block),
    ("h1", kept("h1", Kind::Heading)),
    ("h2", kept("h2", Kind::Heading)),
    ("h3", kept("h3", Kind::Heading)),
    ("h4", kept("h4", Kind::Heading)),
    ("h5", kept("h5", Kind::Heading)),
    ("h6", kept("h6", Kind::Heading)),
    ("head", Element::Block),
    ("header", Element::Block),
    ("hgroup", Element::Block),
    ("hr", Element::Rule),
    ("html", Element::Block),
    ("i", kept("i", Kind::Inline)),
    ("iframe", Element::Block),
    ("img", Element::Nothing),
    ("input", Element::Nothing),
    ("ins", kept("ins", Kind::Inline)),
    ("isindex", Element::Nothing),
    ("kbd", Element::Inline),
    ("keygen", Element::Nothing),
    ("label", Element::Inline),
    ("legend", Element::Block),
    ("li", kept("li", Kind::Item)),
    ("link", Element::Nothing),
    ("listing", kept("pre", Kind::Preformatted)),
    ("main", Element::Block),
    ("map", Element::Inline),
    ("mark", Element::Inline),
    ("marquee", Element::Block),
    ("math", Element::Foreign("math")),
    ("menu", kept("ul", Kind::List)),
    ("menuitem", Element::Block),
    ("meta", Element::Nothing),
    ("meter", Element::Inline),
    ("multicol", Element::Block),
    ("nav", Element::Block),
    ("nextid", Element::Nothing),
    ("nobr", Element::Inline),
    ("noembed", Element::Block),
    ("noframes", Element::Block),
    ("noscript", Element::Block),
    ("object", Element::Block),
    ("ol", kept("ol", Kind::List)),
    ("optgroup", Element::Block),
    ("option", Element::Block),
    ("output", Element::Inline),
    ("p", kept("p", Kind::Paragraph)),
    ("param", Element::Nothing),
    ("picture", Element::Inline),
    ("plaintext", kept("pre", Kind::Preformatted)),
    ("pre", kept("pre", Kind::Preformatted)),
    ("progress", Element::Inline),
    ("q", Element::Inline),
    ("rb", Element::Inline),
    ("rp", Element::Inline),
    ("rt", Element::Inline),
    ("rtc", Element::Inline),
    ("ruby", Element::Inline),
    ("s", kept("s", Kind::Inline)),
    ("samp", Element::Inline),
    ("script", Element::Hidden("script")),
    ("search", Element::Block),
    ("section", Element::Block),
    ("select", Element::Block),
    ("slot", Element::Inline),
    ("small", kept("small", Kind::Inline)),
    ("source", Element::Nothing),
    ("spacer", Element::Nothing),
    ("span", kept("span", Kind::Inline)),
    ("strike", kept("s", Kind::Inline)),
    ("strong", kept("strong", Kind::Inline)),
    ("style", Element::Hidden("style")),
    ("sub", kept("sub", Kind::Inline)),
    ("summary", Element::Block),
    ("sup", kept("sup", Kind::Inline)),
    ("svg", Element::Foreign("svg")),
    ("table", kept("table", Kind::Table)),
    ("tbody", kept("tbody", Kind::Section)),
    ("td", kept("td", Kind::Cell)),
    ("template", Element::Block),
    ("textarea", kept("pre", Kind::Preformatted)),
    ("tfoot", kept("tbody", Kind::Section)),
    ("th", kept("th", Kind::Cell)),
    ("thead", kept("thead", Kind::Section)),
    ("time", Element::Inline),
    ("title", Element::Block),
    ("tr", kept("tr", Kind::Row)),
    ("track", Element::Nothing),
    ("tt", kept("code", Kind::Inline)),
    ("u", kept("u", Kind::Inline)),
    ("ul", kept("ul", Kind::List)),
    ("var", Element::Inline),
    ("video", Element::Block),
    ("wbr", Element::Nothing),
    ("xmp", kept("pre", Kind::Preformatted)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_sorted_and_found_in_any_case() {
        assert!(ELEMENTS.is_sorted_by(|(a, _), (b, _)| a < b));
        for (name, element) in ELEMENTS {
            assert_eq!((Element::named(name), Element::named(&name.to_uppercase())), (Some(element), Some(element)));
        }
        for name in ["", "x", "section8", "o:p", "blockquotes", "ninety", "a-b"] {
            assert_eq!(Element::named(name), None, "{name}");
        }
    }
}
