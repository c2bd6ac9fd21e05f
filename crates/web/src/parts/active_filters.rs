//! The filters of a list, as chips: each links to the list without it.

use maud::{Markup, html};

use super::icon;

/// Chips of `(name, link without it)`, and a link that clears all of them.
pub(crate) fn active_filters(chips: &[(String, String)], clear_all: &str, class: &str) -> Markup {
    html! {
        @if !chips.is_empty() {
            div class=(format!("in-force {class}")) {
                span { "Filters:" }
                @for (name, without) in chips {
                    a.chip.on href=(without) aria-label=(format!("Remove filter {name}")) {
                        span.t title=(name) { (name) } (icon("x", 13))
                    }
                }
                @if chips.len() > 1 { a.btn.plain href=(clear_all) { "Clear all" } }
            }
        }
    }
}
