//! Rich text that people typed into the CRM, and what of it may be in a page.

use tetherboard_sync::{sanitize_html, text_of_html};

/// What is left has no element and no attribute that could act. Sanitizing twice may move an element, since the second
/// parser closes what the first one had nested, but must not let anything through either.
pub(crate) fn rich_text(data: &[u8]) {
    let typed = crate::text(data);
    let safe = sanitize_html(&typed);
    assert_harmless(&safe);
    assert_harmless(&sanitize_html(&safe));
    assert!(!safe.starts_with('\u{feff}'), "{safe:?}");
    let plain = text_of_html(&typed);
    assert!(!plain.lines().any(|line| line.trim() != line || line.is_empty()), "{plain:?}");
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
                "title" | "lang" => true,
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
