//! Buttons and forms that several pages share: copy link, print, CSV, search, and a menu of filters.

use maud::{Markup, html};

use super::format::counted;
use super::icon;
use crate::address::links::Link;

/// Copies the page's address.
pub(crate) fn copy_link_button() -> Markup {
    html! { button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } } }
}

/// Downloads a list as CSV; `rows` is the length of the list.
pub(crate) fn csv_button(url: &str, rows: i64) -> Markup {
    html! { a.btn href=(url) { (icon("download", 15)) "CSV, " (counted(rows, "row", "rows")) } }
}

/// Downloads a list as CSV, without its length.
pub(crate) fn short_csv_button(url: &str) -> Markup {
    html! { a.btn href=(url) { (icon("download", 15)) "CSV" } }
}

/// Clears the filters of an empty list.
pub(crate) fn clear_filters_button(url: &str, label: &str) -> Markup {
    html! { div.chips { a.btn href=(url) { (icon("x", 14)) (label) } } }
}

/// The query of a link as hidden fields, so that a form keeps it.
pub(crate) fn hidden_fields(query: &Link) -> Markup {
    html! { @for (key, value) in query.pairs() { input type="hidden" name=(key) value=(value); } }
}

/// The search box of a list.
pub(crate) struct SearchBox<'a> {
    pub(crate) action: &'a str,
    /// What is searched, such as "leads".
    pub(crate) what: &'a str,
    pub(crate) text: Option<&'a str>,
    /// The fields that are searched.
    pub(crate) hint: &'a str,
    /// The rest of the list's query.
    pub(crate) query: &'a Link,
}

impl SearchBox<'_> {
    /// The form's markup.
    pub(crate) fn render(&self) -> Markup {
        let label = format!("Search these {}", self.what);
        html! {
            form method="get" action=(self.action) role="search" aria-label=(format!("Search {}", self.what)) {
                label.search.in-card {
                    (icon("search", 15)) span.sr { (label) }
                    input type="search" name="q" id="q" data-absent="" value=(self.text.unwrap_or_default())
                        placeholder=(label) title=(self.hint);
                    (hidden_fields(self.query))
                }
                noscript { button.btn { "Search" } }
            }
        }
    }
}

/// The button that opens a menu of filters; `chosen` is how many are set.
pub(crate) fn filters_summary(label: &str, chosen: usize) -> Markup {
    html! {
        summary.btn {
            (icon("list-filter", 15)) (label)
            @if chosen > 0 { " · " b { (chosen) } }
            (icon("chevron-down", 14))
        }
    }
}

/// Opens the print dialog.
pub(crate) fn print_button(class: &str) -> Markup {
    html! { button class=(class) type="button" data-print { (icon("printer", 15)) "Print" } }
}
