//! The rows behind the numbers of the pipeline's history: every count links here, to as many rows.

mod address;
mod names;
mod query;
mod table;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_metrics::{Board, LeadGroup};
use tetherboard_store::tenants::Tenant;

use self::address::RowsAddress;
use self::names::Names;
use self::query::{Row, RowQuery};
use super::past;
use crate::address::as_of::{AsOf, AsOfView, history_start};
use crate::address::deals::DealQuery;
use crate::address::label::Label;
use crate::address::links::{self, Link, Tab};
use crate::address::period::PeriodQuery;
use crate::address::query::{Choice, Format};
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::actions::{copy_link_button, csv_button};
use crate::parts::active_filters::active_filters;
use crate::parts::empty_state::empty_list;
use crate::parts::format::{count, number};
use crate::parts::period::picker;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::stages::stage_name;
use crate::parts::table::{PAGE, no_such_page, pager};
use crate::parts::{icon, time};
use crate::read::numbers::{Numbers, numbers};
use crate::read::pipeline_history::history;
use crate::state::Portal;

pub(super) async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    address: RowsAddress,
    format: Format,
) -> HttpResult<Response> {
    let tenant = &brand.tenant;
    let view = RowsView::load(&portal, tenant, address, format, portal.clock.now()).await?;
    if format == Format::Csv {
        return Ok(table::as_csv(&view, tenant, tenant.zone.date(portal.clock.now())));
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    let page = Page {
        tab: Tab::Pipeline,
        bar: bar(&shell, &view),
        body: body(&shell, &view),
        address: view.address.url(&tenant.slug),
        filters: String::new(),
        period: view.address.period.add_to(Link::to("")).url(),
    };
    Ok(shell.render(&page).into_response())
}

/// What the page shows.
struct RowsView {
    numbers: Arc<Numbers>,
    /// The stages of the past day, or those of today.
    board: Board,
    address: RowsAddress,
    /// The past day that is shown, if any.
    as_of: Option<AsOf>,
    history_start: Option<Date>,
    /// Every row, in order.
    rows: Vec<Row>,
    /// The names of the shown rows, or of all if the list is CSV or sorted by name.
    names: Names,
}

impl RowsView {
    async fn load(portal: &Portal, tenant: &Tenant, address: RowsAddress, format: Format, now: Timestamp) -> HttpResult<Self> {
        let conn = portal.store.conn();
        let numbers = numbers(portal, tenant, now).await?;
        let history = history(portal, tenant, &numbers.board, now).await?;
        let as_of = match address.as_of.resolve(tenant, now, &history)? {
            AsOfView::Now => None,
            AsOfView::Day(day) => Some(day),
            AsOfView::Unknown(why) => return Err(HttpError::bad_request(why)),
        };
        let query = RowQuery { address: &address, as_of, numbers: &numbers, history: &history, tenant, now };
        let rows = query.rows();
        let board = query.board().clone();
        let history_start = history_start(&history, tenant);
        let mut view = Self { numbers, board, address, as_of, history_start, rows, names: Names::default() };
        let board = &view.board;
        match view.address.sort {
            Some(order @ (0, _)) => {
                view.names = Names::load(conn, tenant.id, &view.rows).await?;
                query::sort(&mut view.rows, &view.names, board, order);
            }
            order => {
                if let Some(order) = order {
                    query::sort(&mut view.rows, &view.names, board, order);
                }
                let named = if format == Format::Csv { &view.rows[..] } else { view.shown() };
                view.names = Names::load(conn, tenant.id, named).await?;
            }
        }
        if format == Format::Page && !view.address.page.is_first() && view.shown().is_empty() {
            return Err(no_such_page());
        }
        Ok(view)
    }

    fn total(&self) -> i64 {
        count(self.rows.len())
    }

    /// The rows of the page.
    fn shown(&self) -> &[Row] {
        let offset = usize::try_from(self.address.page.offset(PAGE)).unwrap_or(usize::MAX);
        let end = self.rows.len().min(offset.saturating_add(usize::try_from(PAGE).unwrap_or(0)));
        self.rows.get(offset..end).unwrap_or_default()
    }
}

fn bar(shell: &Shell<'_>, view: &RowsView) -> Markup {
    let (tenant, now) = (shell.tenant(), shell.now);
    let (address, slug, today) = (&view.address, &tenant.slug, tenant.zone.date(now));
    let as_of = view.numbers.pipeline.as_of;
    html! {
        @if address.show.has_period() {
            @let resolved = as_of.and_then(|as_of| address.period.period().resolve(&tenant.zone, now, as_of));
            @let base = RowsAddress { period: PeriodQuery { chosen: None, ..address.period }, ..address.clone() }.list(slug);
            (picker(address.period, resolved.as_ref(), today, &tenant.zone, &base))
        } @else if let Some(as_of) = view.as_of {
            (past::menu(slug, Some(as_of.day), view.history_start, today))
        } @else {
            p.dates { @match as_of { Some(as_of) => { "As of " (time::exact(as_of, &tenant.zone)) } None => "Not synced yet" } }
        }
        div.push.flex { (copy_link_button()) (csv_button(&address.sorted(slug).with("format", "csv").url(), view.total())) }
    }
}

fn body(shell: &Shell<'_>, view: &RowsView) -> Markup {
    let slug = &shell.tenant().slug;
    let back = match view.as_of {
        Some(as_of) => links::pipeline(slug).with("asof", &as_of.day.to_string()),
        None => view.address.period.add_to(links::pipeline(slug)),
    };
    html! {
        section.card id="list" {
            div.toolbar {
                h1 { (view.address.show.title()) }
                span.sub {
                    (number(view.total()))
                    @if let Some(as_of) = view.as_of.filter(|_| view.address.show.is_of_one_day()) { " at the end of " (time::full_day(as_of.day)) }
                }
                div.push.flex.wrapf { a.btn href=(back.url()) { (icon("arrow-left", 14)) "Pipeline" } }
            }
            (filter_chips(slug, &view.address))
            p.sub.inset { (view.address.show.meaning()) }
            @if view.rows.is_empty() {
                (empty_list("funnel", "No rows", &html! { p { "No rows in this period match these filters." } }))
            } @else {
                (table::table(shell, view))
                (pager(&view.address.sorted(slug), view.address.page.0, view.total()))
            }
        }
    }
}

/// The filters in use, each with a link that removes it.
fn filter_chips(slug: &str, address: &RowsAddress) -> Markup {
    let name = |label: &Label| match label {
        Label::Named(name) => stage_name(Some(name)).to_owned(),
        Label::NotText => stage_name(None).to_owned(),
    };
    let deals = &address.deals;
    let with_deals = |deals: DealQuery| RowsAddress { deals, ..address.clone() };
    let with_ends = |ends: [Option<Label>; 2]| RowsAddress { ends, ..address.clone() };
    let group_name = |group: LeadGroup| if group == LeadGroup::Open { "Only open" } else { group.word() };
    let [from, to] = &address.ends;
    let chips = [
        deals
            .stage
            .as_ref()
            .map(|stage| (format!("Stage: {}", name(stage)), with_deals(DealQuery { stage: None, ..deals.clone() }))),
        deals.group.map(|group| (group_name(group).to_owned(), with_deals(DealQuery { group: None, ..deals.clone() }))),
        deals.fee.map(|_| ("Fee known".to_owned(), with_deals(DealQuery { fee: None, ..deals.clone() }))),
        from.as_ref().map(|label| (format!("From {}", name(label)), with_ends([None, to.clone()]))),
        to.as_ref().map(|label| (format!("To {}", name(label)), with_ends([from.clone(), None]))),
    ];
    let chips: Vec<(String, String)> =
        chips.into_iter().flatten().map(|(name, without)| (name, without.list(slug).url())).collect();
    active_filters(&chips, &links::pipeline_rows(slug, address.show.word()).url(), "")
}
