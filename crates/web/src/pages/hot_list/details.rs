//! The details of one candidate: the reasons of the score, and what to know before a call.

use maud::{Markup, html};
use tetherboard_metrics::{FDD_CAUTION, HotListItem};
use tetherboard_store::notes::PREVIEW_CHARS;

use super::HotListView;
use crate::address::links;
use crate::parts::candidate::{is_plain_email, phone};
use crate::parts::format::source_name;
use crate::parts::score::reasons;
use crate::parts::shell::Shell;
use crate::parts::table::or_unknown;
use crate::parts::{icon, time};

/// The reasons of the score, the waiting period, the latest note, and the ways to get in touch.
pub(super) fn details(shell: &Shell<'_>, view: &HotListView<'_>, item: &HotListItem) -> Markup {
    html! {
        div.reasons {
            (reasons(view.format, item, &view.data.rules))
            div.known {
                dl.facts {
                    div { dt { "Close date" } dd { (or_unknown(item.close_date.map(time::full_day))) } }
                    div { dt { "Source" } dd { (source_name(item.source.as_deref().or(Some("")))) } }
                    div { dt { "Phone" } dd { (phone(&item.phone)) } }
                }
                @if let Some(clock) = item.fdd {
                    div { h2 { "Waiting period" } p.said { (view.format.clock(clock)) ". " span.muted { (FDD_CAUTION) } } }
                }
                div { h2 { "Latest note" } (latest_note(shell, view, item)) }
                (actions(shell, view, item))
            }
        }
    }
}

fn latest_note(shell: &Shell<'_>, view: &HotListView<'_>, item: &HotListItem) -> Markup {
    let note = item.contact_id.as_ref().and_then(|contact| view.notes.get(contact));
    html! {
        @match note {
            Some(note) => p.said {
                "“" (note.body.trim()) @if note.body.chars().count() >= PREVIEW_CHARS { "…" } "” "
                span.muted {
                    @if !note.author.trim().is_empty() { (note.author) ", " }
                    @if let Some(at) = time::moment(note.created_ms) { (time::aging(at, shell.now, &shell.tenant().zone)) }
                }
            },
            None if item.notes_known_ms.is_some() => p.said.muted { "No notes." },
            None => p.said.muted { "Notes not synced since this candidate last changed." },
        }
    }
}

fn actions(shell: &Shell<'_>, view: &HotListView<'_>, item: &HotListItem) -> Markup {
    let owner = view.data.addresses.get(&item.owner.trim().to_lowercase()).filter(|address| is_plain_email(address));
    html! {
        div.flex.wrapf {
            @match &item.contact_id {
                Some(contact) => {
                    a.btn href=(links::candidate(&shell.tenant().slug, contact).url()) data-candidate { "Open candidate" }
                }
                None => span.sub { "This deal is not linked to a contact in ClientTether." },
            }
            @if let Some(address) = owner {
                a.btn.plain href=(format!("mailto:{address}")) { (icon("mail", 15)) "Email owner" }
            }
        }
    }
}
