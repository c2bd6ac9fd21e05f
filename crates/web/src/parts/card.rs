//! A number on a card: what it means, how it changed, and the rows that it leads to.

use maud::{Markup, html};

use crate::parts::format::{change, counted};
use crate::parts::icon;

/// A number with its meaning, its change and where it leads.
pub(crate) struct Card {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) link: Option<(String, i64)>,
    pub(crate) meaning: &'static str,
    pub(crate) counted: String,
    pub(crate) spark: Markup,
    pub(crate) below: Markup,
}

impl Card {
    pub(crate) fn render(&self, as_of: Option<&str>) -> Markup {
        html! {
            div.stat {
                div.k {
                    span { (self.name) }
                    details.def id=(format!("def-{}", self.id)) {
                        summary aria-label=(format!("What {} means", self.name)) { (icon("info", 14)) }
                        div.def-panel {
                            b { (self.name) }
                            p { (self.meaning) }
                            dl { dt { "Counted" } dd { (self.counted) } @if let Some(as_of) = as_of { dt { "As of" } dd { (as_of) } } }
                            @if let Some((url, count)) = &self.link { a href=(url) data-count=(count) { "See the " (counted(*count, "record", "records")) } }
                        }
                    }
                }
                @match &self.link {
                    Some((url, count)) => a.v href=(url) data-count=(count) aria-label=(format!("{}: {}", self.name, self.value)) { (self.value) },
                    None => span.v { (self.value) },
                }
                (self.spark)
                span.d { (self.below) }
            }
        }
    }
}

/// A change in words; green when it is plainly good.
pub(crate) fn delta(now: i64, before: i64, than: &str) -> Markup {
    let (class, picture) = match now - before {
        0 => return html! { span.delta { "as many" } " as " (than) },
        1.. => ("delta up", "arrow-up"),
        _ => ("delta", "arrow-down"),
    };
    html! { span class=(class) { (icon(picture, 13)) (change(now, before)) } " than " (than) }
}
