//! The attributes of a tag, and whether they are attributes at all: people also type `a <b and c> d`.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

/// How many `<` the quoted values of a tag may contain. A tag that fails is scanned again from the next `<`, so this keeps the
/// cost linear.
const MAX_QUOTED_TAGS: usize = 16;

/// Reads the attributes of a tag.
pub(super) struct Attributes<'a> {
    text: &'a str,
    /// Where reading is or, once it has ended, the position after the tag's `>`.
    pub(super) at: usize,
    /// The value of `href`.
    pub(super) href: Option<&'a str>,
    quoted_tags: usize,
}

impl<'a> Attributes<'a> {
    /// The attributes in a text from a position, which is after a tag's name.
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, href: None, quoted_tags: 0 }
    }

    /// Reads to the end of the tag; `None` if this is not a tag.
    pub(super) fn read(&mut self) -> Option<()> {
        loop {
            self.skip(|byte| is_space(byte) || byte == b'/');
            if self.byte()? == b'>' {
                self.at += 1;
                return Some(());
            }
            let name = &self.text[self.skip(is_of_name)];
            if name.is_empty() {
                return None;
            }
            self.skip(is_space);
            if self.byte() != Some(b'=') {
                if !is_flag(name) {
                    return None;
                }
                continue;
            }
            self.at += 1;
            self.skip(is_space);
            let value = match self.byte()? {
                quote @ (b'"' | b'\'') => self.quoted(quote)?,
                _ if !is_known(name) => return None,
                _ => self.skip(|byte| !is_space(byte) && !matches!(byte, b'>' | b'<')),
            };
            if name.eq_ignore_ascii_case("href") {
                self.href.get_or_insert(&self.text[value]);
            }
        }
    }

    /// The value in quotes. Where the second quote is missing, the next one is usually that of another tag, and followed by a
    /// letter.
    fn quoted(&mut self, quote: u8) -> Option<Range<usize>> {
        let start = self.at + 1;
        let mut is_odd = false;
        loop {
            self.at += 1;
            match self.byte()? {
                byte if byte == quote => break,
                b'<' => {
                    self.quoted_tags += 1;
                    is_odd = true;
                }
                b'>' | b'\n' => is_odd = true,
                _ => {}
            }
            if self.quoted_tags > MAX_QUOTED_TAGS {
                return None;
            }
        }
        let value = start..self.at;
        self.at += 1;
        let is_separated = self.byte().is_some_and(|byte| is_space(byte) || matches!(byte, b'/' | b'>'));
        (is_separated || !is_odd).then_some(value)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Moves past the bytes that are something; returns where they are.
    fn skip(&mut self, is: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        while self.byte().is_some_and(&is) {
            self.at += 1;
        }
        start..self.at
    }
}

/// Whether the standard separates attributes by this.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.' | b'-' | b'@')
}

/// The attributes that may have no value. A person's word is rarely one.
static FLAGS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "allowfullscreen async autofocus autoplay checked compact controls declare default defer disabled download \
    formnovalidate hidden inert ismap itemscope loop multiple muted nohref nomodule noresize noshade novalidate nowrap open \
    playsinline popover readonly required reversed sandbox selected srcdoc truespeed"
        .split_ascii_whitespace()
        .collect()
});

/// The attributes that may have a value without quotes.
static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "abbr accept accesskey action align alink allow alt archive autocapitalize autocomplete axis background \
    behavior bgcolor border bordercolor cellpadding cellspacing char charset cite class classid clear code codebase codetype \
    color cols colspan content contenteditable coords crossorigin data datetime decoding dir direction dirname draggable dynsrc \
    enctype enterkeyhint face for form formaction formmethod formtarget frame frameborder headers height high href hreflang \
    hspace http-equiv id imagesizes imagesrcset inputmode integrity is itemid itemprop itemref itemtype kind label lang language \
    link list longdesc low lowsrc marginheight marginwidth max maxlength media method min minlength name nonce optimum pattern \
    ping placeholder poster preload profile referrerpolicy rel rev role rows rowspan rules scope scrolling shape size sizes slot \
    span spellcheck src srclang srcset start step style summary tabindex target text title translate type usemap valign value \
    valuetype version vlink vspace width wrap"
        .split_ascii_whitespace()
        .collect()
});

fn is_flag(name: &str) -> bool {
    is_one_of(name, &FLAGS) || starts_with(name, "data-") || starts_with(name, "aria-")
}

/// Names with a colon are those of XML, which Word writes.
fn is_known(name: &str) -> bool {
    let is_handler = || starts_with(name, "on") && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_flag(name) || is_one_of(name, &NAMES) || is_handler() || name.contains(':')
}

fn is_one_of(name: &str, names: &HashSet<&str>) -> bool {
    // As long as the longest name.
    let mut lowercase = [0; 16];
    let Some(lowercase) = lowercase.get_mut(..name.len()) else { return false };
    lowercase.copy_from_slice(name.as_bytes());
    lowercase.make_ascii_lowercase();
    std::str::from_utf8(lowercase).is_ok_and(|name| names.contains(name))
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::none(">x")]
    #[case::several(" class=\"a b\" id='c' width=5 nowrap>x")]
    #[case::slashes("/onload=alert(1)/>x")]
    #[case::no_space_between(" a=\"b\"c=\"d\">x")]
    #[case::a_tag_in_a_value(" title=\"<b>\" id=a>x")]
    #[case::lines(" style='a:b;\n  c:d'\n>x")]
    #[case::word(" style='mso-x:y' lang=EN-US o:gfxdata=\"z\">x")]
    fn attributes_end_with_the_tag(#[case] text: &str) {
        let mut attributes = Attributes::new(text, 0);
        assert_eq!(attributes.read(), Some(()));
        assert_eq!(&text[attributes.at..], "x");
    }

    #[rstest]
    #[case::prose(" and c> d")]
    #[case::a_list(" 1, 2>")]
    #[case::prose_with_equals(" fee=90 thousand>")]
    #[case::a_made_up_name(" fee=90>")]
    #[case::no_end(" class=a")]
    #[case::no_second_quote(" href=\"http://a.example>link</a> and more")]
    #[case::the_quote_of_another_tag(" href=\"http://a.example>link</a> <a href=\"http://b.example\">b</a>")]
    #[case::an_apostrophe("='90>")]
    #[case::a_tag(" <b>")]
    fn what_a_person_typed_is_no_attribute(#[case] text: &str) {
        assert_eq!(Attributes::new(text, 0).read(), None);
    }

    #[rstest]
    #[case::quoted(" HREF=\"a b\" x='y'>", "a b")]
    #[case::unquoted(" href=a/b?c=d>", "a/b?c=d")]
    #[case::the_first(" href='a' href='b'>", "a")]
    fn the_address_is_found(#[case] text: &str, #[case] href: &str) {
        let mut attributes = Attributes::new(text, 0);
        assert_eq!((attributes.read(), attributes.href), (Some(()), Some(href)));
    }
}
