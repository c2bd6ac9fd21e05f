//! Pipeline: deals by stage, their value and odds, what changed them, and the list of deals.

mod address;
mod board;
mod cards;
mod conversion;
mod flow;
mod forecast;
mod list;
mod movement;
mod over_time;
mod past;
mod rows;
mod stages;
mod time_in_stage;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_store::deals::DealRow;
use tetherboard_store::tenants::Tenant;

use self::address::{Layout, PipelineAddress};
use crate::address::as_of::AsOfView;
use crate::address::links::{self, Link, Tab};
use crate::address::query::Format;
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::actions::{copy_link_button, csv_button};
use crate::parts::period::picker;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::stages::unconfirmed_notice;
use crate::parts::table::{PAGE, no_such_page};
use crate::parts::{icon, toned_icon};
use crate::read::deal_list::{DealPage, deal_page};
use crate::read::numbers::{Numbers, numbers};
use crate::read::pipeline_history::{DealBenchmarks, PeriodHistory, benchmarks, history, period_history};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/pipeline", get(page)).route("/t/{brand}/pipeline/rows", get(rows::page))
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    address: PipelineAddress,
    format: Format,
) -> HttpResult<Response> {
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    let numbers = numbers(&portal, tenant, now).await?;
    let mut notice = None;
    if address.as_of.is_set() {
        let history = history(&portal, tenant, &numbers.board, now).await?;
        match address.as_of.resolve(tenant, now, &history)? {
            AsOfView::Now => {}
            AsOfView::Unknown(why) if format == Format::Csv => return Err(HttpError::bad_request(why)),
            AsOfView::Day(day) if format == Format::Csv => return Err(past::no_csv(&tenant.slug, day)),
            AsOfView::Unknown(why) => notice = Some(why),
            AsOfView::Day(day) => {
                let shell = Shell::load(&portal, &brand, theme).await?;
                return Ok(past::page(&shell, &numbers, &history, day, address.period).await?.into_response());
            }
        }
    }
    if format == Format::Csv {
        return list::as_csv(&portal, tenant, &numbers.board, &address.deals, now).await;
    }
    let view = PipelineView::load(&portal, tenant, numbers, address, notice, now).await?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    Ok(view.render(&shell).into_response())
}

/// What the page shows.
struct PipelineView {
    numbers: Arc<Numbers>,
    history: Arc<PeriodHistory>,
    benchmarks: Arc<DealBenchmarks>,
    address: PipelineAddress,
    deals: Arc<DealPage>,
    /// The cards of the board, if the deals are shown as one.
    board_cards: Option<Arc<Vec<DealRow>>>,
    /// Why a past day cannot be shown.
    notice: Option<String>,
}

impl PipelineView {
    async fn load(
        portal: &Portal,
        tenant: &Tenant,
        numbers: Arc<Numbers>,
        address: PipelineAddress,
        notice: Option<String>,
        now: Timestamp,
    ) -> HttpResult<Self> {
        let part = (address.page.offset(PAGE), PAGE);
        let deals = deal_page(portal, tenant, &numbers.board, &address.deals, part, now).await?;
        if deals.rows.is_empty() && !address.page.is_first() {
            return Err(no_such_page());
        }
        let period = (address.period.period(), address.period.compare);
        Ok(Self {
            history: period_history(portal, tenant, &numbers, period, now).await?,
            benchmarks: benchmarks(portal, tenant, &numbers, now).await?,
            board_cards: match address.layout {
                Layout::Board => Some(board::load(portal, tenant, now).await?),
                Layout::Table => None,
            },
            numbers,
            address,
            deals,
            notice,
        })
    }

    fn render(&self, shell: &Shell<'_>) -> Markup {
        let address = &self.address;
        shell.render(&Page {
            tab: Tab::Pipeline,
            bar: bar(shell, self),
            body: body(shell, self),
            address: address.url(&shell.tenant().slug),
            filters: address.deals.add_filters_to(address.add_base_to(Link::to(""))).url(),
            period: address.period.add_to(Link::to("")).url(),
        })
    }
}

fn bar(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let tenant = shell.tenant();
    let today = tenant.zone.date(shell.now);
    let address = PipelineAddress { period: view.address.period.reset(), ..view.address.clone() };
    let base = address.deals.add_filters_to(address.base(&tenant.slug));
    html! {
        (picker(view.address.period, view.history.period.as_ref(), today, &tenant.zone, &base))
        div.push.flex {
            (past::menu(&tenant.slug, None, view.benchmarks.history_start, today))
            (copy_link_button())
            (csv_button(&list::csv_url(&tenant.slug, view), view.deals.total))
        }
    }
}

fn body(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let address = &view.address;
    let is_agency = shell.brand.viewer.is_agency();
    let list = list::section(shell, view);
    // Whoever filters the list, turns its page, or opens the board wants to see it; otherwise the charts come first.
    let list_first = address.deals.is_filtered() || !address.page.is_first() || address.layout == Layout::Board;
    html! {
        @if let Some(why) = &view.notice {
            div.notice.warning { (toned_icon("info", 15)) span { (why) " Showing today’s pipeline instead." } }
        }
        h1.sr { "Pipeline" }
        @if list_first { (list) }
        @if let Some(notice) = unconfirmed_notice(&view.numbers.board, &view.numbers.pipeline, is_agency) { (notice) }
        (cards::cards(shell, view))
        (stages::stages(shell, view))
        div.cols.even { (forecast::forecast(shell, view)) (over_time::over_time(shell, view)) }
        (movement::movement(shell, view))
        (cards::outcomes(shell, view))
        div.cols.even { (conversion::conversion(shell, view)) (time_in_stage::time_in_stage(shell, view)) }
        (flow::flow(shell, view))
        @if !list_first { (list) }
    }
}

/// A card with a title, a subtitle, and a body; `more` links to its rows.
fn card(class: &str, title: &str, subtitle: &Markup, more: Option<(Link, String)>, body: &Markup) -> Markup {
    html! {
        section class=(format!("card {class}")) {
            div.card-head {
                h2 { (title) } span.sub { (subtitle) }
                @if let Some((link, label)) = more { a.more href=(link.url()) { (label) " " (icon("arrow-right", 13)) } }
            }
            div.card-body { (body) }
        }
    }
}

/// The address of the rows behind a number of the page's period.
fn rows_link(shell: &Shell<'_>, view: &PipelineView, show: &str) -> Link {
    view.address.period.add_to(links::pipeline_rows(&shell.tenant().slug, show))
}
