//! Components that pages are made of: plain functions from data to markup.

pub(crate) mod accent;
pub(crate) mod actions;
pub(crate) mod active_filters;
pub(crate) mod agency;
pub(crate) mod candidate;
pub(crate) mod card;
pub(crate) mod doubtful_date;
pub(crate) mod empty_state;
pub(crate) mod error_page;
pub(crate) mod figure;
pub(crate) mod format;
pub(crate) mod freshness;
pub(crate) mod hide_note;
pub(crate) mod highlight;
pub(crate) mod hot_list;
pub(crate) mod incident;
pub(crate) mod new_leads;
pub(crate) mod period;
pub(crate) mod rich_text;
pub(crate) mod runs;
pub(crate) mod score;
pub(crate) mod shell;
pub(crate) mod sparkline;
pub(crate) mod stages;
pub(crate) mod status;
pub(crate) mod sync_health;
pub(crate) mod table;
pub(crate) mod time;

use maud::{Markup, html};

use crate::http::assets;

/// An icon next to a label.
pub(crate) fn icon(name: &str, size: u8) -> Markup {
    html! {
        svg width=(size) height=(size) aria-hidden="true" { use href=(format!("{}#i-{name}", assets::url("icons.svg"))) {} }
    }
}

/// An icon in its status color.
pub(crate) fn toned_icon(name: &str, size: u8) -> Markup {
    html! {
        svg.ico width=(size) height=(size) aria-hidden="true" { use href=(format!("{}#i-{name}", assets::url("icons.svg"))) {} }
    }
}
