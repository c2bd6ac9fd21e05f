//! Rich text that people typed into the CRM, inside a block of its own.

use maud::{Markup, PreEscaped, html};

/// `sanitised` is what a sync made of it by an allow-list of elements and attributes; no other text may be given. Links lead
/// out of the portal, so they open beside it. Headings are only shown as such, since the page has an order of its own.
pub(crate) fn rich(sanitised: &str) -> Markup {
    // A sanitised text has `<` only where a tag begins, and quotes within an attribute as entities.
    let mut text = sanitised.replace("<a href=\"", "<a target=\"_blank\" href=\"");
    for level in 1..=6 {
        text = text.replace(&format!("<h{level}>"), "<div class=\"h\">").replace(&format!("</h{level}>"), "</div>");
    }
    html! { div.rich { (PreEscaped(text)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_open_beside_the_portal_and_headings_leave_its_outline_alone() {
        let text = r#"<h2>Plan</h2><p>1 &lt; 2 <a href="https://a.example/?x=&lt;a href=&quot;" rel="noopener noreferrer nofollow">a</a></p>"#;
        let shown = r#"<div class="rich"><div class="h">Plan</div><p>1 &lt; 2 <a target="_blank" href="https://a.example/?x=&lt;a href=&quot;" rel="noopener noreferrer nofollow">a</a></p></div>"#;
        assert_eq!(rich(text).into_string(), shown);
    }
}
