//! A number on a card: its definition, its change, and a link to its rows.

use maud::{Markup, html};

use crate::parts::format::{change, counted};
use crate::parts::icon;

/// A number with its definition, its change, and its link.
pub(crate) struct Card {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// The list of the counted rows, and how many there are.
    pub(crate) link: Option<(String, i64)>,
    pub(crate) meaning: &'static str,
    /// What the number is based on, for its definition.
    pub(crate) counted: String,
    pub(crate) spark: Markup,
    /// The line below the number, usually its change.
    pub(crate) below: Markup,
}

impl Card {
    /// The card's markup; `as_of` is the date of its data.
    pub(crate) fn render(&self, as_of: Option<&str>) -> Markup {
        html! {
            div.stat {
                div.k {
                    span { (self.name) }
                    details.def id=(format!("def-{}", self.id)) {
                        summary aria-label=(format!("Definition of {}", self.name)) { (icon("info", 14)) }
                        div.def-panel {
                            b { (self.name) }
                            p { (self.meaning) }
                            dl {
                                dt { "Based on" } dd { (self.counted) }
                                @if let Some(as_of) = as_of { dt { "As of" } dd { (as_of) } }
                            }
                            @if let Some((url, count)) = &self.link {
                                a href=(url) data-count=(count) { "View " (counted(*count, "record", "records")) }
                            }
                        }
                    }
                }
                @match &self.link {
                    Some((url, count)) => {
                        a.v href=(url) data-count=(count) aria-label=(format!("{}: {}", self.name, self.value)) { (self.value) }
                    }
                    None => span.v { (self.value) },
                }
                (self.spark)
                span.d { (self.below) }
            }
        }
    }
}

/// A row of cards.
pub(crate) fn cards(label: &str, cards: &[Card], as_of: Option<&str>) -> Markup {
    html! { section.card.stats aria-label=(label) { @for card in cards { (card.render(as_of)) } } }
}

/// `3 more than last week` with an arrow; an increase is green.
pub(crate) fn delta(now: i64, before: i64, than: &str) -> Markup {
    let (class, icon_name) = match now - before {
        0 => return html! { span.delta { "same" } " as " (than) },
        1.. => ("delta up", "arrow-up"),
        _ => ("delta", "arrow-down"),
    };
    html! { span class=(class) { (icon(icon_name, 13)) (change(now, before)) } " than " (than) }
}
