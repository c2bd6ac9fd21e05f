//! Hiding a note from a brand's users: the agency's form, and the badge of a hidden note.

use maud::{Markup, html};

use super::icon;
use crate::address::links;

/// The badge of a hidden note and the button that hides or shows it, for the agency. A note whose type is hidden cannot be
/// shown by itself.
pub(crate) fn hide_form(slug: &str, crm_id: &str, hidden: bool, hidden_kind: bool) -> Markup {
    html! {
        form.note-acts method="post" action=(links::hide(slug, "note")) {
            (hidden_badge(hidden, hidden_kind))
            input type="hidden" name="what" value=(crm_id);
            @if !hidden_kind {
                button.btn.plain.small name="do" value=(if hidden { "show" } else { "hide" }) {
                    @if hidden { (icon("eye", 13)) "Show to brand" } @else { (icon("eye-off", 13)) "Hide from brand" }
                }
            }
        }
    }
}

/// The badge of a hidden note, or of a note whose type is hidden.
pub(crate) fn hidden_badge(hidden: bool, hidden_kind: bool) -> Markup {
    let label = if hidden_kind { "Type hidden from the brand" } else { "Hidden from the brand" };
    html! { @if hidden { span.badge.quiet { (icon("eye-off", 13)) (label) } } }
}
