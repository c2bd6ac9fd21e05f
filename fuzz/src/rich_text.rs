//! Rich text that people typed into the CRM, and what of it may be in a page.

use tetherboard_sync::{fuzzing, sanitize_html, text_of_html};

/// What is left has no element and no attribute that could act, sanitizing it again changes nothing, every word is in the
/// plain text, and the work and the result are at most so many times the text.
pub(crate) fn rich_text(data: &[u8]) {
    let typed = crate::text(data);
    let safe = sanitize_html(&typed);
    assert_harmless(&safe);
    assert_eq!(sanitize_html(&safe), safe);
    assert!(!safe.starts_with('\u{feff}') && !safe.contains('\0'), "{safe:?}");
    let plain = text_of_html(&typed);
    assert_eq!(text_of_html(&safe), plain);
    assert!(plain.lines().all(|line| line.trim() == line) && plain.trim() == plain, "{plain:?}");
    assert!(fuzzing::sanitizer_steps(&typed) <= 40 * typed.len(), "of {} bytes", typed.len());
    assert!(safe.len() <= 42 * typed.len() && plain.len() <= 3 * typed.len(), "of {} bytes", typed.len());
    assert_keeps_words(&typed, &plain);
}

/// Checks the words of a text that can hide none: it has no comment, no script, and no style.
fn assert_keeps_words(typed: &str, plain: &str) {
    let lowercase = typed.to_ascii_lowercase();
    if ["<!", "<?", "<script", "<style", "&", "\"", "'"].iter().any(|start| lowercase.contains(start)) {
        return;
    }
    // What follows a `<` may be a tag.
    let words = typed.split('<').map(|part| part.rsplit_once('>').map_or("", |(_, text)| text)).skip(1);
    let first = typed.split('<').next();
    for word in first.into_iter().chain(words).flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric())) {
        assert!(plain.contains(word), "{word:?} of {typed:?} is not in {plain:?}");
    }
}

/// Every `<` of the sanitizer's output begins or ends an element, so that a scan finds them all.
fn assert_harmless(html: &str) {
    const BARE: &str = " b blockquote br code del div em h1 h2 h3 h4 h5 h6 hr i ins li ol p pre s small span strong sub sup table \
                        tbody td th thead tr u ul ";
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let tag = tag.strip_prefix('/').unwrap_or(tag);
        let Some(end) = tag.find(['>', ' ']) else { panic!("an element without an end in {html:?}") };
        let name = &tag[..end];
        rest = &tag[end..];
        assert!(name == "a" || BARE.contains(&format!(" {name} ")), "<{name}> in {html:?}");
        while let Some(attribute) = rest.strip_prefix(' ') {
            let Some((key, value)) = attribute.split_once("=\"") else { panic!("an attribute without a value in {html:?}") };
            let Some((value, after)) = value.split_once('"') else { panic!("a value without an end in {html:?}") };
            let scheme = value.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
            let is_known = match key {
                "href" if name == "a" => matches!(scheme.as_str(), "http" | "https" | "mailto" | "tel"),
                "rel" if name == "a" => value == "noopener noreferrer nofollow",
                _ => false,
            };
            assert!(is_known, "{key}={value:?} in {html:?}");
            rest = after;
        }
        assert!(rest.starts_with('>'), "{rest:?} in {html:?}");
    }
}
