//! What tables share: headers that sort, and the way through pages.

use maud::{Markup, html};

use super::format::number;
use super::icon;
use crate::address::links::Link;
use crate::http::error::HttpError;

pub(crate) const PAGE: i64 = 25;

/// A header that sorts by its column, or turns the order round. `list` is the address without sort and page.
pub(crate) struct Sorting<'a> {
    pub(crate) list: &'a Link,
    pub(crate) column: &'a str,
    pub(crate) descending: bool,
}

impl Sorting<'_> {
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
    HttpError::not_found("This list has no such page. It may have become shorter.")
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
