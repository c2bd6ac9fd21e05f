//! The frame of the agency's pages.

use maud::{Markup, html};
use tetherboard_store::tenants::Tenant;

use super::icon;
use super::shell::{Document, Theme, account, agency_mark, agency_name, brand_tile};
use crate::address::links::{self, Link};
use crate::http::error::HttpResult;
use crate::http::viewer::Viewer;
use crate::state::Portal;

/// A view of the agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgencyTab {
    Brands,
    Sync,
    Quality,
}

impl AgencyTab {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Brands, "Brands", links::AGENCY),
        (Self::Sync, "Sync", links::SYNC),
        (Self::Quality, "Data quality", links::QUALITY),
    ];
}

/// A page inside the frame.
pub(crate) struct AgencyPage {
    pub(crate) tab: AgencyTab,
    pub(crate) title: String,
    pub(crate) body: Markup,
    /// The page's own address, from which it refreshes itself.
    pub(crate) address: Link,
    /// The stream that reports a newer version, and the version shown; `None` for a page that never changes.
    pub(crate) live: Option<(Link, String)>,
}

impl AgencyPage {
    /// The whole document.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn render(self, portal: &Portal, viewer: &Viewer, theme: Theme) -> HttpResult<Markup> {
        let agency = agency_name(portal).await?;
        let (live, version) = self.live.map(|(live, version)| (live.url(), version)).unzip();
        let body = html! {
            a.btn.skip href="#main" { "Skip to content" }
            header.top { div.wrap {
                div.top-row { (agency_mark(&agency, true)) div.top-end { (account(viewer, theme)) } }
                nav.tabs aria-label="Agency" {
                    @for (tab, name, address) in AgencyTab::ALL {
                        a href=(address) aria-current=[(tab == self.tab).then_some("page")] { (name) }
                    }
                }
            } }
            main id="main" class="wrap main" data-live=[live] data-version=[version] hx-get=(self.address.url())
                hx-trigger="data-landed from:body" hx-select="#main" hx-target="this" hx-swap="outerHTML" {
                (self.body)
            }
        };
        let title = format!("{} · {agency}", self.title);
        let now = Some((portal.clock.now(), portal.settings.clock_speed));
        Ok(Document { title: &title, theme, accent: None, now, charts: false }.render(&body))
    }
}

/// Breadcrumbs from the Sync tab to the current page, which comes last and has no link.
pub(crate) fn crumbs(tenant: &Tenant, steps: &[(String, Option<Link>)]) -> Markup {
    let brand = (tenant.name.clone(), (!steps.is_empty()).then(|| links::sync_of(&tenant.slug)));
    html! {
        nav.sub.crumbs aria-label="Breadcrumb" {
            a href=(links::SYNC) { "Sync" }
            @for (name, link) in [&brand].into_iter().chain(steps) {
                (icon("chevron-right", 13))
                @match link {
                    Some(link) => a href=(link.clone().url()) { (name) },
                    None => span aria-current="page" { (name) },
                }
            }
        }
    }
}

/// A page's title with the brand's tile, its status, and its actions.
pub(crate) fn title(tenant: &Tenant, title: &Markup, badge: &Markup, actions: &Markup) -> Markup {
    html! {
        div.flex.wrapf.page-title { (brand_tile(tenant)) h1 { (title) } (badge) div.push.flex.wrapf { (actions) } }
    }
}
