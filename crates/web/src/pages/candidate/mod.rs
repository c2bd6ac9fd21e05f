//! A candidate: who it is, where it stands, and how it came there. A page of its own, which scripts show as a drawer over the
//! list that it was opened from.
//!
//! A contact that left ClientTether keeps its page, which says so, with status 200: an open page refreshes itself, and a
//! refresh takes nothing else.

mod appointments;
mod deals;
mod facts;
mod find;
mod notes;
mod score;
mod timeline;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, DAY, Dataset, TenantId, Zone};
use tetherboard_metrics::Board;
use tetherboard_store::candidates::{self, Candidate, CandidateAppointment, CandidateDeal, CandidateNote};
use tetherboard_store::history::{self, ValueChange};
use tetherboard_store::notes::Audience;
use tetherboard_store::{Conn, Result as StoreResult};

use self::timeline::Told;
use crate::address::links::{self, Tab};
use crate::address::pairs::{Pairs, without_nul};
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::{icon, time};
use crate::read::hot_list::{HotListData, hot_list};
use crate::read::note_feed::EXCERPT_LETTERS;
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/candidates", get(find::find)).route("/t/{brand}/candidates/{contact}", get(page))
}

/// What the page shows.
struct CandidateView {
    candidate: Candidate,
    board: Board,
    deals: Vec<CandidateDeal>,
    appointments: Vec<CandidateAppointment>,
    notes: Vec<CandidateNote>,
    notes_total: i64,
    /// The newest first.
    history: Vec<Told>,
    hot_list: Arc<HotListData>,
    /// Seen changes of the whiteboard, the newest first.
    whiteboards: Vec<ValueChange>,
    /// Whether all notes and all of the history are asked for.
    whole: bool,
}

/// How much of the notes and of the history is shown unless all is asked for.
const NOTES: i64 = 30;
const HISTORY: usize = 40;
/// Few have more, and those are read among all notes; without an end a page could be.
const ALL_NOTES: i64 = 1_000;

impl CandidateView {
    async fn load<C: Conn>(
        conn: &C,
        tenant: TenantId,
        audience: Audience,
        candidate: Candidate,
        hot_list: Arc<HotListData>,
        whole: bool,
    ) -> StoreResult<Self> {
        let contact = candidate.crm_id.clone();
        let mut deals = candidates::deals(conn, tenant, &contact).await?;
        if candidate.gone_ms.is_none() {
            deals.retain(|deal| deal.gone_ms.is_none());
        }
        let board = Board::load(conn, tenant).await?;
        let mut whiteboards = history::values_of(conn, tenant, &candidate.crm_id).await?;
        whiteboards.retain(|change| change.field == "whiteboard");
        whiteboards.reverse();
        let history = timeline::load(conn, tenant, &candidate, &deals, &board).await?;
        let appointments = candidates::appointments(conn, tenant, &contact, candidate.gone_ms.is_some()).await?;
        let (notes, notes_total) =
            candidates::notes(conn, tenant, audience, &contact, if whole { ALL_NOTES } else { NOTES }, EXCERPT_LETTERS).await?;
        Ok(Self { candidate, board, deals, appointments, notes, notes_total, history, hot_list, whiteboards, whole })
    }

    fn is_prospect(&self) -> bool {
        self.candidate.contact_type == Some(1)
    }
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    Path((_, contact)): Path<(String, String)>,
    pairs: Pairs,
    theme: Theme,
) -> HttpResult<Markup> {
    let whole = match pairs.filled("show") {
        None => false,
        Some("all") => true,
        Some(other) => return Err(HttpError::bad_request(format!("`show={other}` is not known; only all is."))),
    };
    let (conn, tenant) = (portal.store.conn(), &brand.tenant);
    let contact = ContactId(without_nul(&contact));
    let Some(candidate) = candidates::get(conn, tenant.id, &contact).await? else {
        return Err(HttpError::not_found("This brand has no such candidate, and had none as long as we have read it."));
    };
    let hot_list = hot_list(&portal, tenant, portal.clock.now()).await?;
    let view = CandidateView::load(conn, tenant.id, brand.viewer.audience(), candidate, hot_list, whole).await?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let address = links::candidate(&tenant.slug, &contact).maybe("show", whole.then_some("all"));
    let page = Page {
        tab: Tab::Leads,
        bar: bar(&shell),
        body: body(&shell, &view),
        address,
        filters: String::new(),
        period: String::new(),
    };
    Ok(shell.render_as(&view.candidate.name, &page))
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn bar(shell: &Shell<'_>) -> Markup {
    let read = shell.fresh.datasets.iter().find(|age| age.dataset == Dataset::Contacts).and_then(|age| age.as_of);
    html! {
        a.btn.plain href=(Tab::Leads.url(&shell.tenant().slug)) { (icon("arrow-left", 15)) "All leads" }
        p.dates {
            @match read {
                Some(read) => { "As of " (time::exact(read, &shell.tenant().zone)) }
                None => "Not read yet",
            }
        }
        div.push.flex { button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } } }
    }
}

fn body(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    html! {
        article.card.candidate aria-labelledby="candidate-name" {
            (drawer_head())
            (facts::head(shell, view))
            div.cand-parts {
                (facts::facts(shell, view))
                (score::section(shell, view))
                (deals::section(shell, view))
                div.cand-aside {
                    (timeline::section(shell, view))
                    (appointments::section(shell, view))
                }
                (notes::whiteboard(shell, view))
                (notes::section(shell, view))
            }
            @if shell.brand.viewer.is_agency() { (raw_record(shell, view)) }
        }
    }
}

/// What a drawer has on top; the page itself needs none of it.
fn drawer_head() -> Markup {
    html! {
        div.drawer-head data-drawer-head hidden {
            span.sub data-drawer-place {}
            div.push.flex {
                button.btn.plain.icon type="button" data-drawer="previous" aria-label="Previous candidate" title="Previous candidate" { (icon("chevron-up", 16)) }
                button.btn.plain.icon type="button" data-drawer="next" aria-label="Next candidate" title="Next candidate" { (icon("chevron-down", 16)) }
                button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
                button.btn.plain.icon type="button" data-drawer="close" aria-label="Close" title="Close" { (icon("x", 16)) }
            }
        }
    }
}

fn raw_record(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let link = links::raw_record(&shell.tenant().slug, Dataset::Contacts, view.candidate.crm_id.as_str()).url();
    html! {
        footer.card-foot {
            span { "ClientTether id " code { (view.candidate.crm_id) } }
            a.more.push href=(link) { (icon("file-json", 14)) "As ClientTether sent it" }
        }
    }
}

/// The way to all of something that is cut.
fn all(shell: &Shell<'_>, view: &CandidateView, words: &str) -> Markup {
    let link = links::candidate(&shell.tenant().slug, &view.candidate.crm_id).with("show", "all").url();
    html! { p { a.btn href=(link) { (words) } } }
}

// Words ----------------------------------------------------------------------------------------------------------------

fn dated(moment: Timestamp, now: Timestamp, zone: &Zone) -> String {
    time::exact_of_year(moment, zone.date(now), zone)
}

/// The absolute moment, and how long ago it was.
fn dated_and_aging(moment: Timestamp, now: Timestamp, zone: &Zone) -> Markup {
    html! {
        time datetime=(moment) { (dated(moment, now, zone)) }
        @if moment <= now { span.muted { " · " (time::aging(moment, now, zone)) } }
    }
}

/// Whole days as people say them.
fn days(ms: i64) -> String {
    match ms.max(0) / DAY {
        0 => "under a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{} days", crate::parts::format::number(days)),
    }
}

/// What was not given.
fn unknown() -> Markup {
    html! { span.muted { "—" } }
}

/// A text, or that there is none.
fn text(text: &str) -> Markup {
    if text.trim().is_empty() {
        unknown()
    } else {
        html! { (text) }
    }
}

/// Nothing where a part is left out.
fn nothing() -> Markup {
    EMPTY
}
