//! What every page of a brand has around it: whose it is, where one is, how fresh it is.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use tetherboard_metrics::{Freshness, freshness};
use tetherboard_store::agency::{self, Setting};
use tetherboard_store::tenants::Tenant;

use super::format::initials;
use super::{freshness, icon, time};
use crate::address::links::{self, Link, Tab};
use crate::http::assets;
use crate::http::error::HttpResult;
use crate::http::viewer::{BrandViewer, Viewer};
use crate::parts::accent::Accent;
use crate::state::Portal;

/// Light, dark, or the system's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
    #[default]
    System,
}

pub(crate) const THEME: &str = "tb_theme";

impl Theme {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Theme {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(CookieJar::from_headers(&parts.headers).get(THEME).map_or(Self::System, |cookie| Self::named(cookie.value())))
    }
}

/// The document around a page's body.
pub(crate) struct Document<'a> {
    pub(crate) title: &'a str,
    pub(crate) theme: Theme,
    pub(crate) accent: Option<&'a str>,
    pub(crate) now: Option<(Timestamp, f64)>,
    pub(crate) charts: bool,
}

impl Document<'_> {
    pub(crate) fn render(&self, body: &Markup) -> Markup {
        let accent = self.accent.and_then(|accent| Accent::parse(accent).ok()).map(Accent::style);
        let theme = (self.theme != Theme::System).then(|| self.theme.as_str());
        html! {
            (DOCTYPE)
            html lang="en" data-theme=[theme] style=[accent] data-now-ms=[self.now.map(|(now, _)| now.as_millisecond())]
                data-clock-speed=[self.now.map(|(_, speed)| speed)] {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) }
                    link rel="preload" href=(assets::url("inter.woff2")) as="font" type="font/woff2" crossorigin;
                    link rel="icon" href=(assets::url("favicon.svg")) type="image/svg+xml";
                    link rel="stylesheet" href=(assets::url("app.css"));
                    @if self.charts { link rel="modulepreload" href=(assets::url("charts.js")); }
                    script type="module" src=(assets::url("app.js")) {}
                }
                body { (body) }
            }
        }
    }
}

/// What a brand's page is rendered with.
pub(crate) struct Shell<'a> {
    pub(crate) portal: &'a Portal,
    pub(crate) brand: &'a BrandViewer,
    pub(crate) theme: Theme,
    pub(crate) now: Timestamp,
    pub(crate) fresh: Freshness,
    agency: String,
    contact: Option<String>,
}

/// One page inside the shell.
pub(crate) struct Page {
    pub(crate) tab: Tab,
    /// The bar under the tabs: dates on the left, actions on the right.
    pub(crate) bar: Markup,
    pub(crate) body: Markup,
    /// The page's own address, to refresh itself by.
    pub(crate) address: Link,
    /// What stays when the brand is switched: a query with its `?`, or nothing.
    pub(crate) kept: String,
    /// What stays when the tab is: the period, in the same form.
    pub(crate) period: String,
}

impl<'a> Shell<'a> {
    pub(crate) async fn load(portal: &'a Portal, brand: &'a BrandViewer, theme: Theme) -> HttpResult<Self> {
        let conn = portal.store.conn();
        let now = portal.clock.now();
        Ok(Self {
            portal,
            brand,
            theme,
            now,
            fresh: freshness(conn, &brand.tenant, now).await?,
            agency: agency_name(portal).await?,
            contact: agency::get(conn, Setting::Contact).await?,
        })
    }

    pub(crate) fn tenant(&self) -> &Tenant {
        &self.brand.tenant
    }

    pub(crate) fn render(&self, page: &Page) -> Markup {
        self.render_as(page.tab.label(), page)
    }

    /// A page that has a name of its own.
    pub(crate) fn render_as(&self, name: &str, page: &Page) -> Markup {
        let tenant = self.tenant();
        let address = page.address.clone().url();
        let body = html! {
            a.btn.skip href="#main" { "Skip to content" }
            header.top { div.wrap {
                div.top-row {
                    (agency_mark(&self.agency, self.brand.viewer.is_agency()))
                    span.top-rule {}
                    (self.switcher(page))
                    div.top-end {
                        (self.search())
                        (freshness::chip(tenant, &self.fresh, self.now, self.brand.viewer.is_agency()))
                        (account(&self.brand.viewer, self.theme))
                    }
                }
                nav.tabs aria-label="Views" {
                    @for tab in Tab::ALL {
                        a href=(format!("{}{}", tab.url(&tenant.slug), page.period)) data-key=(tab.key()) aria-current=[(tab == page.tab).then_some("page")] { (tab.label()) }
                    }
                }
            } }
            div.filters role="region" aria-label="Period and actions" { div.wrap { div.filters-row { (page.bar) } } }
            main id="main" class="wrap main" data-live=(links::live(&tenant.slug)) data-version=(tenant.data_version) hx-get=(address) hx-trigger="data-landed from:body" hx-select="#main" hx-target="this" hx-swap="outerHTML" {
                (freshness::banner(tenant, &self.fresh, self.now, self.contact.as_deref()))
                (page.body)
                @if let Some(as_of) = self.fresh.as_of { p.print-only { "Data as of " (time::exact(as_of, &tenant.zone)) } }
            }
            (keys())
        };
        let title = format!("{name} · {}", tenant.name);
        Document {
            title: &title,
            theme: self.theme,
            accent: tenant.accent.as_deref(),
            now: Some((self.now, self.portal.settings.clock_speed)),
            charts: true,
        }
        .render(&body)
    }

    fn switcher(&self, page: &Page) -> Markup {
        let tenant = self.tenant();
        let others = &self.brand.viewer.tenants;
        if others.len() < 2 && !self.brand.viewer.is_agency() {
            return html! { span.switch { (brand_tile(tenant)) span { (tenant.name) } } };
        }
        html! {
            details.menu.switcher id="brand-switcher" {
                summary.switch { (brand_tile(tenant)) span { (tenant.name) } span.sr { ", change brand" } (icon("chevrons-up-down", 14)) }
                div.menu-panel.wide {
                    div.menu-find { label.search {
                        (icon("search", 15)) span.sr { "Find a brand" }
                        input type="search" placeholder="Find a brand" data-filter-list autocomplete="off";
                    } }
                    ul.menu-list {
                        @for other in others {
                            li { a.menu-item href=(format!("{}{}", page.tab.url(&other.slug), page.kept)) aria-current=[(other.id == tenant.id).then_some("true")] {
                                (brand_tile(other)) span.t title=(other.name) { (other.name) }
                                @if other.id == tenant.id { svg.tick width="14" height="14" aria-hidden="true" { use href=(format!("{}#i-check", assets::url("icons.svg"))) {} } }
                            } }
                        }
                    }
                    p.menu-p data-filter-empty hidden { "No brand has that name." }
                    @if self.brand.viewer.is_agency() {
                        hr;
                        a.menu-item href=(links::AGENCY) { "All brands" }
                        a.menu-item href=(links::mapping(&tenant.slug).url()) { "Field mapping of this brand" }
                    }
                }
            }
        }
    }

    fn search(&self) -> Markup {
        let slug = &self.tenant().slug;
        let leads = Tab::Leads.url(slug);
        // With scripts the box is a combobox, which a field of type `search` may not be.
        html! {
            form.search.search-top.no-tab role="search" aria-label="All candidates" method="get" action=(leads) data-matches=(links::candidates(slug).with("part", "matches").url()) {
                (icon("search", 15))
                input type="text" name="q" enterkeyhint="search" autocomplete="off" aria-label="Find a candidate" placeholder="Find a candidate";
                kbd { "/" }
            }
            a.btn.plain.icon.only-tab href=(format!("{leads}#list")) data-find aria-label="Find a candidate" { (icon("search", 16)) }
        }
    }
}

pub(crate) async fn agency_name(portal: &Portal) -> HttpResult<String> {
    Ok(agency::get(portal.store.conn(), Setting::Name).await?.unwrap_or_else(|| "Tetherboard".to_owned()))
}

/// The agency's mark and name; for its people the way to all brands.
pub(crate) fn agency_mark(name: &str, leads_home: bool) -> Markup {
    let (first, rest) = name.split_once(' ').unwrap_or((name, ""));
    let mark = html! {
        svg.mark width="22" height="22" aria-hidden="true" { use href=(format!("{}#i-mark", assets::url("icons.svg"))) {} }
        span.word { (first) @if !rest.is_empty() { " " small { (rest) } } }
    };
    html! {
        @if leads_home { a.logo href=(links::AGENCY) aria-label=(format!("{name}, all brands")) { (mark) } }
        @else { span.logo { (mark) } }
    }
}

/// A brand's logo, or its letters on its colour.
pub(crate) fn brand_tile(tenant: &Tenant) -> Markup {
    if tenant.has_logo {
        return html! { img.tile src=(links::logo(&tenant.slug)) alt="" width="26" height="26"; };
    }
    let style = tenant.accent.as_deref().and_then(|accent| Accent::parse(accent).ok()).map(|accent| {
        let (ground, letters) = accent.tile();
        format!("--tile:{ground};--on-tile:{letters}")
    });
    html! { span.tile aria-hidden="true" style=[style] { (initials(&tenant.name)) } }
}

pub(crate) fn account(viewer: &Viewer, theme: Theme) -> Markup {
    let letters = initials(&viewer.user.name);
    html! {
        details.menu.end id="account" {
            summary.avatar aria-label=(format!("{letters}, account of {}", viewer.user.name)) { (letters) }
            div.menu-panel {
                p.me { b { (viewer.user.name) } span { (viewer.user.email) } }
                hr;
                form method="post" action="/theme" {
                    p.menu-h id="theme-h" { "Theme" }
                    div.themes role="group" aria-labelledby="theme-h" {
                        @for (choice, picture, label) in [(Theme::Light, "sun", "Light"), (Theme::Dark, "moon", "Dark"), (Theme::System, "monitor", "System")] {
                            button name="theme" value=(choice.as_str()) data-set-theme=(choice.as_str()) aria-pressed=(choice == theme) {
                                (icon(picture, 14)) (label)
                            }
                        }
                    }
                }
                hr;
                button.menu-item type="button" data-show-keys { (icon("keyboard", 14)) "Keys" span.end { kbd { "?" } } }
                form method="post" action=(links::SIGN_OUT) { button.menu-item { (icon("log-out", 14)) "Sign out" } }
            }
        }
    }
}

fn keys() -> Markup {
    html! {
        dialog.keys id="keys" aria-labelledby="keys-h" {
            header {
                h2 id="keys-h" { "Keys" }
                form method="dialog" { button.btn.plain.icon aria-label="Close" { (icon("x", 15)) } }
            }
            dl {
                dt { "Find a candidate" } dd { kbd { "/" } }
                @for tab in Tab::ALL { dt { (tab.label()) } dd { kbd { "g" } kbd { (tab.key()) } } }
                dt { "In the calendar, a day or a week further" } dd { @for key in ["←", "→", "↑", "↓"] { kbd { (key) } } }
                dt { "This help" } dd { kbd { "?" } }
            }
        }
    }
}

/// Nothing.
pub(crate) const EMPTY: Markup = PreEscaped(String::new());
