//! Rich text from the CRM, in its own block.

use maud::{Markup, PreEscaped, html};

/// The text as markup. `sanitized` must come from a sync, which allows only certain elements and attributes. Links open in a
/// new tab. Headings become plain blocks, so that the page's own outline stays intact.
pub(crate) fn rich(sanitized: &str) -> Markup {
    // In a sanitized text, every `<` begins a tag, and quotes inside attributes are entities.
    let mut text = sanitized.replace("<a href=\"", "<a target=\"_blank\" href=\"");
    for level in 1..=6 {
        text = text.replace(&format!("<h{level}>"), "<div class=\"h\">").replace(&format!("</h{level}>"), "</div>");
    }
    html! { div.rich { (PreEscaped(text)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_open_in_a_new_tab_and_headings_become_blocks() {
        const ADDRESS: &str = r#"href="https://a.example/?x=&lt;a href=&quot;" rel="noopener noreferrer nofollow""#;
        let text = format!("<h2>Plan</h2><p>1 &lt; 2 <a {ADDRESS}>a</a></p>");
        let expected =
            format!(r#"<div class="rich"><div class="h">Plan</div><p>1 &lt; 2 <a target="_blank" {ADDRESS}>a</a></p></div>"#);
        assert_eq!(rich(&text).into_string(), expected);
    }
}
