//! A candidate: facts, deals, appointments, history, and notes. Scripts show this page as a drawer over the list it was opened
//! from.
//!
//! A contact that was removed from ClientTether keeps its page, with status 200, because an open page refreshes itself and only
//! accepts 200.

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
use tetherboard_domain::{ContactId, DAY, Dataset, PlausibleDates, TenantId, Zone};
use tetherboard_metrics::Board;
use tetherboard_store::candidates::{self, Candidate, CandidateAppointment, CandidateDeal, CandidateNote};
use tetherboard_store::history::{self, ValueChange};
use tetherboard_store::notes::Audience;
use tetherboard_store::{Conn, Result as StoreResult};

use self::timeline::TimelineEntry;
use crate::address::links::{self, Tab};
use crate::address::pairs::without_nul;
use crate::address::query::{Choice, query};
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::{icon, time};
use crate::read::hot_list::{HotListData, hot_list};
use crate::read::note_feed::EXCERPT_CHARS;
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
    /// Newest first.
    history: Vec<TimelineEntry>,
    hot_list: Arc<HotListData>,
    /// Changes of the whiteboard, newest first.
    whiteboards: Vec<ValueChange>,
    /// Whether all notes and the full history are shown.
    shows_all: bool,
}

/// How many notes and history entries are shown, unless all are requested.
const NOTES: i64 = 30;
const HISTORY: usize = 40;
/// How many notes the page shows at most; the Notes page has all of them.
const ALL_NOTES: i64 = 1_000;

impl CandidateView {
    async fn load<C: Conn>(
        conn: &C,
        tenant: TenantId,
        audience: Audience,
        candidate: Candidate,
        hot_list: Arc<HotListData>,
        dates: PlausibleDates,
        shows_all: bool,
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
        let limit = if shows_all { ALL_NOTES } else { NOTES };
        let (notes, notes_total) = candidates::notes(conn, tenant, audience, &contact, dates, limit, EXCERPT_CHARS).await?;
        Ok(Self { candidate, board, deals, appointments, notes, notes_total, history, hot_list, whiteboards, shows_all })
    }

    fn is_prospect(&self) -> bool {
        self.candidate.contact_type == Some(1)
    }
}

query! {
    /// How much of the candidate is shown.
    struct CandidateQuery {
        /// `all`: all notes, and the full history.
        extent: Option<Extent> = "show",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Extent {
    All,
}

impl Choice for Extent {
    const NAMES: &'static [(&'static str, Self)] = &[("all", Self::All)];
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    Path((_, contact)): Path<(String, String)>,
    query: CandidateQuery,
    theme: Theme,
) -> HttpResult<Markup> {
    let (conn, tenant) = (portal.store.conn(), &brand.tenant);
    let contact = ContactId(without_nul(&contact));
    let Some(candidate) = candidates::get(conn, tenant.id, &contact).await? else {
        return Err(HttpError::not_found("We can’t find that candidate. Search for a name, or open the lead list."));
    };
    let hot_list = hot_list(&portal, tenant, portal.clock.now()).await?;
    let dates = PlausibleDates::at(portal.clock.now());
    let (audience, shows_all) = (brand.viewer.audience(), query.extent.is_some());
    let view = CandidateView::load(conn, tenant.id, audience, candidate, hot_list, dates, shows_all).await?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let address = query.add_to(links::candidate(&tenant.slug, &contact));
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
                None => "Not synced yet",
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

/// The top of the drawer, hidden on the page itself.
fn drawer_head() -> Markup {
    html! {
        div.drawer-head data-drawer-head hidden {
            span.sub data-drawer-place {}
            div.push.flex {
                (drawer_button("previous", "Previous candidate", "chevron-up"))
                (drawer_button("next", "Next candidate", "chevron-down"))
                button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
                (drawer_button("close", "Close", "x"))
            }
        }
    }
}

fn drawer_button(action: &str, label: &str, icon_name: &str) -> Markup {
    html! {
        button.btn.plain.icon type="button" data-drawer=(action) aria-label=(label) title=(label) { (icon(icon_name, 16)) }
    }
}

fn raw_record(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let link = links::raw_record(&shell.tenant().slug, Dataset::Contacts, view.candidate.crm_id.as_str()).url();
    html! {
        footer.card-foot {
            span { "ClientTether ID " code { (view.candidate.crm_id) } }
            a.more.push href=(link) { (icon("file-json", 14)) "Original data from ClientTether" }
        }
    }
}

/// A link to the page with all notes and the full history.
fn show_all(shell: &Shell<'_>, view: &CandidateView, label: &str) -> Markup {
    let link = links::candidate(&shell.tenant().slug, &view.candidate.crm_id).with("show", "all").url();
    html! { p { a.btn href=(link) { (label) } } }
}

// Words ----------------------------------------------------------------------------------------------------------------

/// `Thu Mar 12, 10:30 AM CDT`, with the year if it is not the current one.
fn dated(moment: Timestamp, now: Timestamp, zone: &Zone) -> String {
    time::exact_of_year(moment, zone.date(now), zone)
}

/// The moment, and how long ago it was.
fn dated_and_aging(moment: Timestamp, now: Timestamp, zone: &Zone) -> Markup {
    html! {
        time datetime=(moment) { (dated(moment, now, zone)) }
        @if moment <= now { span.muted { " · " (time::aging(moment, now, zone)) } }
    }
}

/// A duration in whole days.
fn days(ms: i64) -> String {
    match ms.max(0) / DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{} days", crate::parts::format::number(days)),
    }
}

/// A duration that may be a minimum. "At least less than a day" means nothing.
fn days_or_more(ms: i64, is_minimum: bool) -> String {
    let at_least = if is_minimum && ms >= DAY { "at least " } else { "" };
    format!("{at_least}{}", days(ms))
}

/// A dash, for a missing value.
fn unknown() -> Markup {
    html! { span.muted { "—" } }
}

/// A text, or a dash if it is blank.
fn text(text: &str) -> Markup {
    if text.trim().is_empty() {
        unknown()
    } else {
        html! { (text) }
    }
}
