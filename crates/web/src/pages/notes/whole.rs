//! One note, all of it. A very long one is read in parts, so that neither the page nor the portal grows with it.

use axum::extract::State;
use maud::{Markup, html};
use tetherboard_domain::TenantId;
use tetherboard_store::notes::{self, Audience, FullNote};
use tetherboard_store::{Conn, Result as StoreResult};

use super::feed::written_by;
use crate::address::links::{self, Tab};
use crate::address::pairs::Pairs;
use crate::address::query::{Page as PageQuery, PageNumber};
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::candidate::candidate_name;
use crate::parts::format::number;
use crate::parts::hide_note::hide_form;
use crate::parts::icon;
use crate::parts::rich_text::rich;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::time;
use crate::state::Portal;

/// Letters to a page.
const PART: i32 = 40_000;

/// Where the sync cuts what it keeps of a note's text.
const KEPT: i64 = 1 << 20;

struct Part {
    text: String,
    /// Of a note that fits a page.
    html: Option<String>,
}

pub(super) async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    PageQuery(PageNumber(page)): PageQuery,
    pairs: Pairs,
) -> HttpResult<Markup> {
    let missing = || HttpError::not_found("This brand has no such note, or no such page of it.");
    let (conn, tenant, audience) = (portal.store.conn(), &brand.tenant, brand.viewer.audience());
    let id = pairs.get("id").unwrap_or_default();
    let note = notes::get(conn, tenant.id, audience, id).await?.ok_or_else(missing)?;
    let pages = (note.letters + i64::from(PART) - 1) / i64::from(PART);
    if page > pages.max(1) {
        return Err(missing());
    }
    let part = part(conn, tenant.id, audience, id, page).await?.ok_or_else(missing)?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let link = links::note(&tenant.slug, id);
    let body = body(&shell, &note, &part, page, pages);
    let bar = html! { a.btn.plain href=(links::notes(&tenant.slug).url()) { (icon("arrow-left", 15)) "All notes" } };
    let address = if page > 1 { link.with("page", &page.to_string()) } else { link };
    let name = format!("Note about {}", note.name);
    Ok(shell.render_as(&name, &Page { tab: Tab::Notes, bar, body, address, filters: String::new(), period: String::new() }))
}

async fn part<C: Conn>(conn: &C, tenant: TenantId, audience: Audience, id: &str, page: i64) -> StoreResult<Option<Part>> {
    let from = i32::try_from((page - 1) * i64::from(PART) + 1).unwrap_or(i32::MAX);
    let found = notes::text_part(conn, tenant, audience, id, from, PART).await?;
    Ok(found.map(|(text, html)| Part { text, html: html.filter(|_| page == 1) }))
}

fn body(shell: &Shell<'_>, note: &FullNote, part: &Part, page: i64, pages: i64) -> Markup {
    let slug = &shell.tenant().slug;
    let zone = &shell.tenant().zone;
    let at = |page: i64| links::note(slug, &note.crm_id).with("page", &page.to_string()).url();
    let created = note.created_ms.and_then(time::moment);
    html! {
        article.card.note-whole {
            header.drawer-sec {
                h1 { (candidate_name(slug, Some(&note.client_id), &note.name)) }
                p.sub {
                    (written_by(&note.kind, &note.author)) ", "
                    @match created { Some(created) => (time::exact_of_year(created, zone.date(shell.now), zone)), None => "date not known" }
                    ", " (number(note.letters)) " letters"
                }
                @if shell.brand.viewer.is_agency() { (hide_form(slug, &note.crm_id, note.hidden, note.hidden_kind)) }
            }
            div.drawer-sec {
                @match &part.html { Some(html) => (rich(html)), None => p.note-text { (part.text) } }
                @if page == pages && note.letters >= KEPT / 2 { p.sub { "A note is kept up to a megabyte; what may follow is in ClientTether." } }
            }
            @if pages > 1 {
                div.card-foot {
                    span { "Part " (number(page)) " of " (number(pages)) }
                    div.push.flex {
                        @if page > 1 { a.btn href=(at(page - 1)) rel="prev" { (icon("chevron-left", 15)) "Back" } }
                        @if page < pages { a.btn href=(at(page + 1)) rel="next" { "Go on" (icon("chevron-right", 15)) } }
                    }
                }
            }
        }
    }
}
