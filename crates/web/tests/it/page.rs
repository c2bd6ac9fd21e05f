//! Reads the HTML of a page. The portal escapes `<`, `>`, and quotes in texts and attributes, so this simple parser finds the
//! ends of tags; the tests of hostile text rely on it.

/// A start tag with its attributes.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

pub(crate) fn tags(html: &str) -> Vec<Tag> {
    let starts = html.split('<').skip(1).filter(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()));
    starts.map(|rest| tag(rest.split('>').next().unwrap_or_default())).collect()
}

fn tag(inside: &str) -> Tag {
    let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let mut attributes = Vec::new();
    while let Some(begins) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[begins..];
        let ends = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let name = rest[..ends].to_owned();
        rest = &rest[ends..];
        let value = match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').expect("a quoted attribute ends");
                rest = after;
                value
            }
            None => "",
        };
        attributes.push((name, plain(value)));
    }
    Tag { name: name.to_owned(), attributes }
}

/// The text of a page: without tags, with entities decoded.
pub(crate) fn words(html: &str) -> String {
    let after_tags = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    plain(&after_tags.collect::<Vec<_>>().join(" "))
}

/// The text of the first element whose start tag contains `mark`; empty if there is none.
pub(crate) fn element(html: &str, mark: &str) -> String {
    let Some(at) =
        html.match_indices('<').map(|(at, _)| at).find(|at| html[*at..].split('>').next().is_some_and(|tag| tag.contains(mark)))
    else {
        return String::new();
    };
    let rest = &html[at..];
    let name = rest[1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut deep = 0_i32;
    for (at, _) in rest.match_indices('<') {
        deep += i32::from(rest[at..].starts_with(&open)) - i32::from(rest[at..].starts_with(&close));
        if deep == 0 {
            return squeezed(&words(&rest[..at]));
        }
    }
    squeezed(&words(rest))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
