//! What a card or a list shows when it has nothing to show.

use maud::{Markup, html};

use super::icon;

/// An icon in a tone, a title, and what comes next.
pub(crate) fn empty_state(tone: &str, icon_name: &str, title: &str, body: &Markup) -> Markup {
    html! { div.empty { (content(tone, icon_name, title, body)) } }
}

/// The same for a list, whose total is zero.
pub(crate) fn empty_list(icon_name: &str, title: &str, body: &Markup) -> Markup {
    html! { div.empty data-total="0" { (content("quiet", icon_name, title, body)) } }
}

fn content(tone: &str, icon_name: &str, title: &str, body: &Markup) -> Markup {
    html! { span class=(format!("disc {tone}")) { (icon(icon_name, 20)) } h2 { (title) } (body) }
}
