//! Sortable table headers, and links to the pages of a list.

use std::fmt::Display;

use maud::{Markup, html};

use super::format::number;
use super::icon;
use crate::address::links::Link;
use crate::http::error::HttpError;

/// Rows on a page of a list.
pub(crate) const PAGE: i64 = 25;

/// The headers of a table that can be sorted: a click sorts by the column, or reverses the order.
pub(crate) struct Sorting<'a> {
    /// The list's address without its order and page.
    pub(crate) list: &'a Link,
    /// The column that the list is sorted by.
    pub(crate) column: &'a str,
    pub(crate) descending: bool,
}

impl Sorting<'_> {
    /// The header of a column; `descends_first` is the order that the first click gives.
    pub(crate) fn header(&self, label: &str, column: &str, class: &str, descends_first: bool) -> Markup {
        self.header_by("sort", label, column, class, descends_first)
    }

    /// The same for one of several tables on a page, each with its own key in the address.
    pub(crate) fn header_by(&self, key: &str, label: &str, column: &str, class: &str, descends_first: bool) -> Markup {
        let current = self.column == column;
        let next = match current {
            true if self.descending => column.to_owned(),
            true => format!("-{column}"),
            false if descends_first => format!("-{column}"),
            false => column.to_owned(),
        };
        let order = current.then_some(if self.descending { "descending" } else { "ascending" });
        html! {
            th scope="col" class=(class) aria-sort=[order] {
                a.sort href=(self.list.clone().with(key, &next).url()) {
                    (label)
                    @if current { (icon(if self.descending { "arrow-down" } else { "arrow-up" }, 12)) }
                }
            }
        }
    }
}

/// The error for a page beyond the end of a list.
pub(crate) fn no_such_page() -> HttpError {
    HttpError::not_found("That page of the list does not exist. The list may have gotten shorter.")
}

/// Links to the pages of a list. `list` is its address without the page.
pub(crate) fn pager(list: &Link, page: i64, total: i64) -> Markup {
    pager_by("page", "Pages", list, page, total)
}

/// The same for one of several lists on a page, each with its own key in the address.
pub(crate) fn pager_by(key: &str, label: &str, list: &Link, page: i64, total: i64) -> Markup {
    let pages = (total + PAGE - 1) / PAGE;
    let first = (page - 1) * PAGE + 1;
    let last = (page * PAGE).min(total);
    let at = |page: i64| if page == 1 { list.clone().url() } else { list.clone().with(key, &page.to_string()).url() };
    html! {
        div.card-foot {
            span { (number(first.min(last))) "–" (number(last)) " of " (number(total)) }
            @if pages > 1 {
                nav.pager aria-label=(label) {
                    @if page > 1 {
                        a.btn.icon href=(at(page - 1)) aria-label="Previous page" rel="prev" { (icon("chevron-left", 15)) }
                    } @else {
                        span.btn.icon aria-disabled="true" { (icon("chevron-left", 15)) }
                    }
                    span.here { "Page " (number(page)) " of " (number(pages)) }
                    @if page < pages {
                        a.btn.icon href=(at(page + 1)) aria-label="Next page" rel="next" { (icon("chevron-right", 15)) }
                    } @else {
                        span.btn.icon aria-disabled="true" { (icon("chevron-right", 15)) }
                    }
                }
            }
        }
    }
}

/// A count linked to its rows; a plain zero if there are none.
pub(crate) fn count_link(count: i64, link: Link) -> Markup {
    html! {
        @if count > 0 { a.who-plain data-count=(count) href=(link.url()) { (number(count)) } }
        @else { span.zero { "0" } }
    }
}

/// A horizontal bar in the color of a role; `percent` is its width.
pub(crate) fn role_bar(role_class: &str, percent: i64) -> Markup {
    let class = if percent > 0 { format!("r-{role_class}") } else { format!("r-{role_class} none") };
    html! { span.bar.plain { i class=(class) style=(format!("width:{percent}%")) {} } }
}

/// Text, or a dash for `None`.
pub(crate) fn or_dash(text: Option<impl Display>) -> Markup {
    html! { @match text { Some(text) => (text.to_string()), None => span.muted { "—" } } }
}

/// Text, or "unknown" for `None`.
pub(crate) fn or_unknown(text: Option<impl Display>) -> Markup {
    html! { @match text { Some(text) => (text.to_string()), None => span.muted { "unknown" } } }
}
