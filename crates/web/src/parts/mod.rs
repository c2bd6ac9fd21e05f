//! The pieces that pages are made of: plain functions from data to markup.

pub(crate) mod agency;
pub(crate) mod card;
pub(crate) mod figure;
pub(crate) mod fresh;
pub(crate) mod marked;
pub(crate) mod period;
pub(crate) mod rich;
pub(crate) mod runs;
pub(crate) mod shell;
pub(crate) mod spark;
pub(crate) mod stages;
pub(crate) mod standing;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod time;
pub(crate) mod words;

use maud::{Markup, html};

use crate::assets;

/// An icon beside words that say the same.
pub(crate) fn icon(name: &str, size: u8) -> Markup {
    html! {
        svg width=(size) height=(size) aria-hidden="true" { use href=(format!("{}#i-{name}", assets::url("icons.svg"))) {} }
    }
}

/// An icon in a status colour.
pub(crate) fn toned_icon(name: &str, size: u8) -> Markup {
    html! {
        svg.ico width=(size) height=(size) aria-hidden="true" { use href=(format!("{}#i-{name}", assets::url("icons.svg"))) {} }
    }
}
