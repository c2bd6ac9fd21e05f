//! All of one note. A very long one is read in parts, so that neither the page nor the portal's memory grows with it.

use axum::extract::State;
use maud::{Markup, html};
use tetherboard_domain::TenantId;
use tetherboard_store::notes::{self, Audience, FullNote};
use tetherboard_store::{Conn, Result as StoreResult};

use super::feed::kind_and_author;
use crate::address::links::{self, Tab};
use crate::address::notes::NoteAddress;
use crate::address::query::Param;
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

/// Characters per page.
const PART: i32 = 40_000;

/// One page of a note.
struct NotePart {
    note: FullNote,
    text: String,
    /// `None` if the note does not fit a page.
    html: Option<String>,
    page: i64,
    pages: i64,
}

/// The page of one note.
pub(super) async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    address: NoteAddress,
) -> HttpResult<Markup> {
    let tenant = &brand.tenant;
    let part = NotePart::load(portal.store.conn(), tenant.id, brand.viewer.audience(), &address).await?;
    let part = part.ok_or_else(|| HttpError::not_found("We can’t find that note. It may have been deleted in ClientTether."))?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let page = Page {
        tab: Tab::Notes,
        bar: html! { a.btn.plain href=(links::notes(&tenant.slug).url()) { (icon("arrow-left", 15)) "All notes" } },
        body: body(&shell, &part),
        address: address.page.add_to("page", links::note(&tenant.slug, &part.note.crm_id)),
        filters: String::new(),
        period: String::new(),
    };
    Ok(shell.render_as(&format!("Note about {}", part.note.name), &page))
}

impl NotePart {
    /// `None` if there is no such note or page, or the audience may not see it.
    async fn load<C: Conn>(conn: &C, tenant: TenantId, audience: Audience, address: &NoteAddress) -> StoreResult<Option<Self>> {
        let (id, page) = (address.id.text(), address.page.0);
        let Some(note) = notes::get(conn, tenant, audience, id).await? else { return Ok(None) };
        let pages = ((note.letters + i64::from(PART) - 1) / i64::from(PART)).max(1);
        if page > pages {
            return Ok(None);
        }
        let from = i32::try_from(address.page.offset(i64::from(PART)) + 1).unwrap_or(i32::MAX);
        let part = notes::text_part(conn, tenant, audience, id, from, PART).await?;
        Ok(part.map(|(text, html)| Self { note, text, html: html.filter(|_| page == 1), page, pages }))
    }
}

fn body(shell: &Shell<'_>, part: &NotePart) -> Markup {
    let (slug, zone) = (&shell.tenant().slug, &shell.tenant().zone);
    let NotePart { note, pages, .. } = part;
    let created = note.created_ms.and_then(time::moment);
    html! {
        article.card.note-whole {
            header.drawer-sec {
                h1 { (candidate_name(slug, Some(&note.client_id), &note.name)) }
                p.sub {
                    (kind_and_author(&note.kind, &note.author)) ", "
                    @match created {
                        Some(created) => (time::exact_of_year(created, zone.date(shell.now), zone)),
                        None => "date unknown",
                    }
                    ", " (number(note.letters)) " characters"
                }
                @if shell.brand.viewer.is_agency() { (hide_form(slug, &note.crm_id, note.hidden, note.hidden_kind)) }
            }
            div.drawer-sec {
                @match &part.html { Some(html) => (rich(html)), None => p.note-text { (part.text) } }
            }
            @if *pages > 1 { (pager(slug, part)) }
        }
    }
}

fn pager(slug: &str, part: &NotePart) -> Markup {
    let NotePart { note, page, pages, .. } = part;
    let at = |page: i64| links::note(slug, &note.crm_id).with("page", &page.to_string()).url();
    html! {
        div.card-foot {
            span { "Part " (number(*page)) " of " (number(*pages)) }
            div.push.flex {
                @if *page > 1 { a.btn href=(at(page - 1)) rel="prev" { (icon("chevron-left", 15)) "Previous" } }
                @if page < pages { a.btn href=(at(page + 1)) rel="next" { "Next" (icon("chevron-right", 15)) } }
            }
        }
    }
}
