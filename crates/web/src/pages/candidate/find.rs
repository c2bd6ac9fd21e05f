//! Candidate search in the header: the first matches while typing, and the lead list for all of them.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use tetherboard_metrics::Board;
use tetherboard_store::candidates::SearchMatch;
use tetherboard_store::tenants::Tenant;

use crate::address::links::{self, leads};
use crate::address::query::{Choice, SearchText, query};
use crate::http::error::HttpResult;
use crate::http::viewer::BrandViewer;
use crate::parts::format::{count, counted, number};
use crate::parts::shell::EMPTY;
use crate::parts::stages::stage;
use crate::read::candidate_search::find_candidates;
use crate::state::Portal;

/// How many matches are shown; the lead list has all of them.
const SHOWN: usize = 8;

query! {
    /// A candidate search.
    pub(super) struct FindQuery {
        /// Text in name, company, email, phone, or market.
        text: SearchText = "q",
        /// `matches`: the first matches, for scripts.
        part: Option<Part> = "part",
    }
}

/// The part of a page that scripts load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Matches,
}

impl Choice for Part {
    const NAMES: &'static [(&'static str, Self)] = &[("matches", Self::Matches)];
}

/// Scripts load the first matches; without scripts, the lead list shows all of them.
pub(super) async fn find(brand: BrandViewer, State(portal): State<Portal>, query: FindQuery) -> HttpResult<Response> {
    let tenant = &brand.tenant;
    let text = query.text.as_deref();
    if query.part.is_none() {
        return Ok(Redirect::to(&leads(&tenant.slug).maybe("q", text).url()).into_response());
    }
    let Some(text) = text else { return Ok(EMPTY.into_response()) };
    let conn = portal.store.conn();
    let (found, total) = find_candidates(&portal, tenant, text, SHOWN, portal.clock.now()).await?;
    let board = Board::load(conn, tenant.id).await?;
    Ok(list(tenant, &board, text, &found, total).into_response())
}

fn list(tenant: &Tenant, board: &Board, text: &str, found: &[SearchMatch], total: i64) -> Markup {
    if found.is_empty() {
        return html! { p.menu-p data-said="No matches." { "No matches for “" (text) "”." } };
    }
    let all = leads(&tenant.slug).with("q", text).url();
    let shown = count(found.len());
    let announcement = match shown == total {
        true => counted(total, "match", "matches"),
        false => format!("{} of {}", number(shown), counted(total, "match", "matches")),
    };
    html! {
        div role="listbox" id="matches" aria-label="Candidates" data-said=(announcement) {
            @for (at, one) in found.iter().enumerate() { (option(tenant, board, at, one)) }
            @if total > shown {
                a.menu-item.match.all role="option" id="match-all" aria-selected="false" tabindex="-1" href=(all)
                    data-count=(total) { "All " (number(total)) " in the lead list" }
            }
        }
    }
}

fn option(tenant: &Tenant, board: &Board, at: usize, one: &SearchMatch) -> Markup {
    let place = board.place(one.stage.as_deref());
    let details = [one.company.as_str(), one.market.as_str()].into_iter();
    let details: Vec<&str> = details.filter(|text| !text.is_empty() && *text != one.name).collect();
    html! {
        a.menu-item.match role="option" id=(format!("match-{at}")) aria-selected="false" tabindex="-1"
            href=(links::candidate(&tenant.slug, &one.crm_id).url()) data-candidate {
            span.match-who {
                span.t title=(one.name) { (one.name) }
                @if !details.is_empty() { span.l2.t { (details.join(" · ")) } }
            }
            (stage(board.label(&place), board.role(&place)))
        }
    }
}
