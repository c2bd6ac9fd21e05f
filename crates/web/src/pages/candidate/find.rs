//! Who is meant by what somebody types into the header's box.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use tetherboard_metrics::Board;
use tetherboard_store::candidates::{self, SearchMatch};
use tetherboard_store::tenants::Tenant;

use crate::address::links::{self, leads};
use crate::address::pairs::Pairs;
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::format::{count, counted, number};
use crate::parts::stages::stage;
use crate::state::Portal;

/// How many are shown before the lead list takes over.
const SHOWN: i64 = 8;

/// The lead list is where all are found; scripts ask for the first few, as a part of a page.
pub(super) async fn find(brand: BrandViewer, State(portal): State<Portal>, pairs: Pairs) -> HttpResult<Response> {
    let tenant = &brand.tenant;
    let text = pairs.filled("q");
    match pairs.filled("part") {
        None => return Ok(Redirect::to(&leads(&tenant.slug).maybe("q", text).url()).into_response()),
        Some("matches") => {}
        Some(other) => {
            return Err(HttpError::bad_request(format!("`part={other}` is not known; only matches is.")));
        }
    }
    let Some(text) = text else { return Ok(html! {}.into_response()) };
    let conn = portal.store.conn();
    let (found, fitting) = candidates::search(conn, tenant.id, text, SHOWN).await?;
    let board = Board::load(conn, tenant.id).await?;
    Ok(list(tenant, &board, text, &found, fitting).into_response())
}

fn list(tenant: &Tenant, board: &Board, text: &str, found: &[SearchMatch], fitting: i64) -> Markup {
    if found.is_empty() {
        return html! { p.menu-p data-said="Nobody fits." { "Nobody here fits “" (text) "”." } };
    }
    let all = leads(&tenant.slug).with("q", text).url();
    let shown = count(found.len());
    let said = match shown == fitting {
        true => counted(fitting, "candidate fits", "candidates fit"),
        false => format!("{} of {} that fit", number(shown), counted(fitting, "candidate", "candidates")),
    };
    html! {
        div role="listbox" id="matches" aria-label="Candidates" data-said=(said) {
            @for (at, one) in found.iter().enumerate() {
                @let place = board.place(one.stage.as_deref());
                @let about: Vec<&str> = [one.company.as_str(), one.market.as_str()].into_iter().filter(|text| !text.is_empty() && *text != one.name).collect();
                a.menu-item.match role="option" id=(format!("match-{at}")) aria-selected="false" tabindex="-1" href=(links::candidate(&tenant.slug, &one.crm_id).url()) data-candidate {
                    span.match-who { span.t title=(one.name) { (one.name) } @if !about.is_empty() { span.l2.t { (about.join(" · ")) } } }
                    (stage(board.label(&place), board.role(&place)))
                }
            }
            @if fitting > shown {
                a.menu-item.match.all role="option" id="match-all" aria-selected="false" tabindex="-1" href=(all) data-count=(fitting) { "All " (number(fitting)) " in the lead list" }
            }
        }
    }
}
