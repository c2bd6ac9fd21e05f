//! Hiding a note from a brand's people: the agency's form, and the badge of a hidden note.

use maud::{Markup, html};

use super::icon;
use crate::address::links;

/// That a note is hidden, and the way to hide or show it: for the agency.
pub(crate) fn hide_form(slug: &str, crm_id: &str, hidden: bool, hidden_kind: bool) -> Markup {
    html! {
        form.note-acts method="post" action=(links::hide(slug, "note")) {
            (hidden_badge(hidden, hidden_kind))
            input type="hidden" name="what" value=(crm_id);
            @if !hidden_kind {
                button.btn.plain.small name="do" value=(if hidden { "show" } else { "hide" }) {
                    @if hidden { (icon("eye", 13)) "Show to the brand" } @else { (icon("eye-off", 13)) "Hide from the brand" }
                }
            }
        }
    }
}

pub(crate) fn hidden_badge(hidden: bool, hidden_kind: bool) -> Markup {
    html! { @if hidden { span.badge.quiet { (icon("eye-off", 13)) @if hidden_kind { "Type hidden from the brand" } @else { "Hidden from the brand" } } } }
}
