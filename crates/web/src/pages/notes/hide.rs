//! What the agency keeps from a brand's people: kinds of notes, and single notes. Each act is written down.

use axum::extract::{Form, State};
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;
use tetherboard_store::notes::{self, Audience, kind_key};
use tetherboard_store::{Store, audit, tenants};

use super::NotesView;
use crate::address::links;
use crate::address::pairs::without_nul;
use crate::http::error::{HttpError, HttpResult};
use crate::http::referer::Referer;
use crate::http::viewer::AgencyBrand;
use crate::parts::format::{count, counted};
use crate::parts::icon;
use crate::parts::shell::Shell;
use crate::state::Portal;

#[derive(Deserialize)]
pub(super) struct Act {
    /// The note's id, or the kind.
    #[serde(default)]
    what: Option<String>,
    /// `hide` or `show`.
    #[serde(default, rename = "do")]
    act: String,
}

impl Act {
    /// What it is about, and whether it is to be hidden.
    fn read(self) -> HttpResult<(String, bool)> {
        let hides = match self.act.as_str() {
            "hide" => Some(true),
            "show" => Some(false),
            _ => None,
        };
        let bad = || HttpError::bad_request("Say what is to be hidden from the brand’s people, or shown to them.");
        Ok((without_nul(&self.what.ok_or_else(bad)?), hides.ok_or_else(bad)?))
    }
}

pub(super) async fn note(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    referer: Referer,
    Form(act): Form<Act>,
) -> HttpResult<Redirect> {
    let (crm_id, hides) = act.read()?;
    let (tenant, by, now_ms) = (&brand.tenant, brand.viewer.user.id, portal.clock.now_ms());
    let tx = portal.store.begin().await?;
    if notes::get(&tx, tenant.id, Audience::Agency, &crm_id).await?.is_none() {
        return Err(HttpError::not_found("This brand has no such note."));
    }
    let changed = match hides {
        true => notes::hide_note(&tx, tenant.id, &crm_id, Some(by), now_ms).await?,
        false => notes::show_note(&tx, tenant.id, &crm_id).await?,
    };
    if changed {
        audit::record(
            &tx,
            Some(by),
            Some(tenant.id),
            if hides { "hid a note" } else { "showed a note" },
            &format!("note {crm_id}"),
            now_ms,
        )
        .await?;
        tenants::publish(&tx, tenant.id).await?;
    }
    Store::commit(tx).await?;
    Ok(referer.or(|| links::notes(&tenant.slug).url()))
}

pub(super) async fn kind(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    referer: Referer,
    Form(act): Form<Act>,
) -> HttpResult<Redirect> {
    let (kind, hides) = act.read()?;
    let (tenant, by, now_ms) = (&brand.tenant, brand.viewer.user.id, portal.clock.now_ms());
    let tx = portal.store.begin().await?;
    let changed = match hides {
        true => notes::hide_kind(&tx, tenant.id, &kind, Some(by), now_ms).await?,
        false => notes::show_kind(&tx, tenant.id, &kind).await?,
    };
    if changed {
        let what = if hides { "hid a type of notes" } else { "showed a type of notes" };
        audit::record(&tx, Some(by), Some(tenant.id), what, &format!("type “{}”", kind.trim()), now_ms).await?;
        tenants::publish(&tx, tenant.id).await?;
    }
    Store::commit(tx).await?;
    Ok(referer.or(|| links::notes(&tenant.slug).url()))
}

// Markup ---------------------------------------------------------------------------------------------------------------

/// Which types of notes the brand's people see.
pub(super) fn settings(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let slug = &shell.tenant().slug;
    let mut kinds = view.feed.kinds();
    kinds.sort_by_key(|(kind, _)| kind.name.to_lowercase());
    let hidden = |key: &str| view.hidden_kinds.iter().find(|hidden| hidden.kind_key == key);
    // A kind stays hidden when no note has it any more.
    let unused: Vec<_> =
        view.hidden_kinds.iter().filter(|hidden| !kinds.iter().any(|(kind, _)| kind.key == hidden.kind_key)).collect();
    html! {
        details.card.note-types id="note-types" {
            summary { (icon("settings", 15)) b { "Types of notes that " (shell.tenant().name) "’s people see" }
                span.sub { @if view.hidden_kinds.is_empty() { "all" } @else { (counted(count(view.hidden_kinds.len()), "type", "types")) " hidden" } } }
            p.sub { "A hidden type is hidden everywhere: in this list, its search and counts, in CSV, in the API and on the candidate’s page. It still counts as a touch. The agency sees all of them." }
            @if kinds.is_empty() && unused.is_empty() { p.sub { "No note has been read yet." } }
            ul role="list" {
                @for (kind, count) in &kinds { (line(slug, &kind.name, &counted(*count, "note", "notes"), hidden(&kind.key).map(|hidden| hidden.person.clone().unwrap_or_default()))) }
                @for one in unused { (line(slug, &one.kind, "no notes now", Some(one.person.clone().unwrap_or_default()))) }
            }
        }
    }
}

/// `hidden_by` is who hid it, where it is hidden.
fn line(slug: &str, kind: &str, counted: &str, hidden_by: Option<String>) -> Markup {
    let name = if kind_key(kind).is_empty() { "Without a type" } else { kind };
    html! {
        li.flex.wrapf {
            span.t title=(name) { (name) } span.sub { (counted) }
            @match &hidden_by {
                Some(person) => span.badge.quiet { (icon("eye-off", 13)) "Hidden" @if !person.is_empty() { " by " (person) } },
                None => span.badge.success { (icon("eye", 13)) "Shown" },
            }
            form.push method="post" action=(links::hide(slug, "type")) {
                input type="hidden" name="what" value=(kind);
                button.btn name="do" value=(if hidden_by.is_some() { "show" } else { "hide" }) aria-label=(format!("{} {name}", if hidden_by.is_some() { "Show" } else { "Hide" })) {
                    @if hidden_by.is_some() { "Show" } @else { "Hide" }
                }
            }
        }
    }
}
