//! Leads: how many came in, from which sources, their current status, and the list of contacts.

mod address;
mod cards;
mod current_status;
mod filters;
mod list;
mod period_leads;
mod sources;
mod states;
mod trend;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_metrics::{FirstTouch, first_touch};
use tetherboard_store::tenants::Tenant;

use crate::address::links::{self, Link, Tab};
use crate::address::query::Format;
use crate::http::error::HttpResult;
use crate::http::viewer::BrandViewer;
use crate::parts::actions::{copy_link_button, csv_button};
use crate::parts::period::picker;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::table::{PAGE, no_such_page};
use crate::read::lead_list::{LeadPage, lead_page};
use crate::read::numbers::{NewLeadsIn, Numbers, numbers};
use crate::state::Portal;
use address::{LeadsAddress, SourceSort};
use period_leads::{FirstTouchKey, PeriodLeads, PeriodLeadsKey};

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/leads", get(page))
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    address: LeadsAddress,
    format: Format,
) -> HttpResult<Response> {
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    if format == Format::Csv {
        return list::as_csv(&portal, tenant, &address, now).await;
    }
    let view = LeadsView::load(&portal, tenant, address, now).await?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let address = &view.address;
    let page = Page {
        tab: Tab::Leads,
        bar: bar(&shell, &view),
        body: body(&shell, &view),
        address: address.url(&tenant.slug),
        filters: address.list.add_filters_to(address.add_base_to(Link::to(""))).url(),
        period: address.period.add_to(Link::to("")).url(),
    };
    Ok(shell.render(&page).into_response())
}

/// What the page shows.
struct LeadsView {
    numbers: Arc<Numbers>,
    address: LeadsAddress,
    /// `None` if there is no data in the period yet.
    new: Option<(NewLeadsIn, Arc<PeriodLeads>)>,
    touch: Option<FirstTouch>,
    list: Arc<LeadPage>,
}

impl LeadsView {
    async fn load(portal: &Portal, tenant: &Tenant, address: LeadsAddress, now: Timestamp) -> HttpResult<Self> {
        let numbers = numbers(portal, tenant, now).await?;
        let query = address.list_in_period(tenant.zone.date(now));
        let list = lead_page(portal, tenant, &numbers.board, &query, (address.page.offset(PAGE), PAGE), now).await?;
        if list.rows.is_empty() && !address.page.is_first() {
            return Err(no_such_page());
        }
        let (mut new, mut touch) = (None, None);
        if let Some(in_period) = numbers.new_leads(tenant, address.period.period(), address.period.compare, now) {
            let key = PeriodLeadsKey { period: address.period, by: address.by };
            let leads = async || Ok(PeriodLeads::of(&numbers, &in_period, address.by, address.period.compare, &tenant.zone));
            new = Some((in_period, portal.cache.get(tenant, now, key, leads).await?));
            let key = FirstTouchKey { period: address.period.period() };
            let first_touch = || first_touch(portal.store.conn(), tenant.id, in_period.period.window);
            touch = Some(*portal.cache.get(tenant, now, key, first_touch).await?);
        }
        Ok(Self { numbers, address, new, touch, list })
    }

    /// The period's new leads, and what the charts show of them.
    fn new_leads(&self) -> Option<(&NewLeadsIn, &PeriodLeads)> {
        self.new.as_ref().map(|(new, leads)| (new, leads.as_ref()))
    }
}

fn bar(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let tenant = shell.tenant();
    let base = view.address.list.add_filters_to(view.address.add_charts_to(links::leads(&tenant.slug)));
    let resolved = view.new_leads().map(|(new, _)| new.period);
    html! {
        (picker(view.address.period, resolved.as_ref(), tenant.zone.date(shell.now), &tenant.zone, &base))
        div.push.flex { (copy_link_button()) (csv_button(&list::csv_url(&tenant.slug, view), view.list.total)) }
    }
}

fn body(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let slug = &shell.tenant().slug;
    let list = list::list(shell, view);
    // Whoever filters the list or turns its page wants to see it; otherwise the charts come first.
    let list_first = view.address.list.is_filtered() || !view.address.page.is_first();
    html! {
        h1.sr { "Leads" }
        @if list_first { (list) }
        (cards::cards(shell, view))
        (trend::trend(shell, view))
        div.cols.even {
            div.c-7.stack { (sources::sources(slug, view)) (states::states(slug, view)) }
            (current_status::current_status(slug, view))
        }
        (sources::outcomes(slug, view))
        @if !list_first { (list) }
    }
}
