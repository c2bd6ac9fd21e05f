//! Which notes the agency hides from a brand's users: note types, and single notes. Each change is recorded in the audit log.

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

/// The form that hides or shows a note or a note type.
#[derive(Deserialize)]
pub(super) struct VisibilityForm {
    /// The note's ID, or the note type.
    #[serde(default, rename = "what")]
    subject: Option<String>,
    /// `hide` or `show`.
    #[serde(default, rename = "do")]
    action: String,
}

impl VisibilityForm {
    /// The subject, and whether to hide it.
    fn read(self) -> HttpResult<(String, bool)> {
        let hides = match self.action.as_str() {
            "hide" => Some(true),
            "show" => Some(false),
            _ => None,
        };
        let invalid = || HttpError::bad_request("The form is incomplete. Go back, reload the page, and try again.");
        Ok((without_nul(&self.subject.ok_or_else(invalid)?), hides.ok_or_else(invalid)?))
    }
}

/// Hides or shows one note.
pub(super) async fn set_note(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    referer: Referer,
    Form(form): Form<VisibilityForm>,
) -> HttpResult<Redirect> {
    let (crm_id, hides) = form.read()?;
    let (tenant, user, now_ms) = (&brand.tenant, brand.viewer.user.id, portal.clock.now_ms());
    let tx = portal.store.begin().await?;
    if notes::get(&tx, tenant.id, Audience::Agency, &crm_id).await?.is_none() {
        return Err(HttpError::not_found("We can’t find that note. It may have been deleted in ClientTether."));
    }
    let is_changed = match hides {
        true => notes::hide_note(&tx, tenant.id, &crm_id, Some(user), now_ms).await?,
        false => notes::show_note(&tx, tenant.id, &crm_id).await?,
    };
    if is_changed {
        let action = if hides { "hid a note" } else { "showed a note" };
        audit::record(&tx, Some(user), Some(tenant.id), action, &format!("note {crm_id}"), now_ms).await?;
        tenants::publish(&tx, tenant.id).await?;
    }
    Store::commit(tx).await?;
    Ok(referer.or(|| links::notes(&tenant.slug).url()))
}

/// Hides or shows a note type.
pub(super) async fn set_type(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    referer: Referer,
    Form(form): Form<VisibilityForm>,
) -> HttpResult<Redirect> {
    let (kind, hides) = form.read()?;
    let (tenant, user, now_ms) = (&brand.tenant, brand.viewer.user.id, portal.clock.now_ms());
    let tx = portal.store.begin().await?;
    let is_changed = match hides {
        true => notes::hide_kind(&tx, tenant.id, &kind, Some(user), now_ms).await?,
        false => notes::show_kind(&tx, tenant.id, &kind).await?,
    };
    if is_changed {
        let action = if hides { "hid a note type" } else { "showed a note type" };
        audit::record(&tx, Some(user), Some(tenant.id), action, &format!("type “{}”", kind.trim()), now_ms).await?;
        tenants::publish(&tx, tenant.id).await?;
    }
    Store::commit(tx).await?;
    Ok(referer.or(|| links::notes(&tenant.slug).url()))
}

// Markup ---------------------------------------------------------------------------------------------------------------

const MEANING: &str = "The brand’s users do not see hidden types anywhere: lists, search, counts, CSV, the API, or candidate \
    pages. Hidden notes still count as a touch. The agency sees all types.";

/// Which note types the brand's users see.
pub(super) fn settings(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let slug = &shell.tenant().slug;
    let mut kinds = view.notes.feed.kinds();
    kinds.sort_by_key(|(kind, _)| kind.name.to_lowercase());
    let hidden_by = |key: &str| {
        let hidden = view.hidden_kinds.iter().find(|hidden| hidden.kind_key == key);
        hidden.map(|hidden| hidden.person.clone().unwrap_or_default())
    };
    // A type stays hidden even if no note has it now.
    let is_unused = |hidden: &&notes::HiddenKind| !kinds.iter().any(|(kind, _)| kind.key == hidden.kind_key);
    let unused: Vec<_> = view.hidden_kinds.iter().filter(is_unused).collect();
    let hidden = count(view.hidden_kinds.len());
    html! {
        details.card.note-types id="note-types" {
            summary {
                (icon("settings", 15)) b { "Note types visible to " (shell.tenant().name) }
                span.sub { @if hidden == 0 { "all" } @else { (counted(hidden, "type", "types")) " hidden" } }
            }
            p.sub { (MEANING) }
            @if kinds.is_empty() && unused.is_empty() { p.sub { "No notes have been read yet." } }
            ul role="list" {
                @for (kind, count) in &kinds {
                    (type_row(slug, &kind.name, &counted(*count, "note", "notes"), hidden_by(&kind.key)))
                }
                @for hidden in unused {
                    (type_row(slug, &hidden.kind, "no notes now", Some(hidden.person.clone().unwrap_or_default())))
                }
            }
        }
    }
}

/// `hidden_by` is the person who hid the type; `None` if it is visible.
fn type_row(slug: &str, kind: &str, notes: &str, hidden_by: Option<String>) -> Markup {
    let name = if kind_key(kind).is_empty() { "No type" } else { kind };
    let (action, label) = if hidden_by.is_some() { ("show", "Show") } else { ("hide", "Hide") };
    html! {
        li.flex.wrapf {
            span.t title=(name) { (name) } span.sub { (notes) }
            @match &hidden_by {
                Some(person) => span.badge.quiet { (icon("eye-off", 13)) "Hidden" @if !person.is_empty() { " by " (person) } },
                None => span.badge.success { (icon("eye", 13)) "Visible" },
            }
            form.push method="post" action=(links::hide(slug, "type")) {
                input type="hidden" name="what" value=(kind);
                button.btn name="do" value=(action) aria-label=(format!("{label} {name}")) { (label) }
            }
        }
    }
}
