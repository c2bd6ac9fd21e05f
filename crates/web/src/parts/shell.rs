//! The frame of a brand's pages: brand switcher, tabs, search, freshness, and account menu.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use tetherboard_domain::isolated;
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

/// The cookie that stores the theme.
pub(crate) const THEME: &str = "tb_theme";

impl Theme {
    /// The theme of a name; unknown names mean the system's choice.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// Its name in the cookie and in forms.
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
    /// The server's clock and its speed, for ages that a script keeps current.
    pub(crate) now: Option<(Timestamp, f64)>,
    /// Whether the page preloads the chart bundle.
    pub(crate) charts: bool,
}

impl Document<'_> {
    /// The whole HTML document.
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

/// What every page of a brand is rendered with.
pub(crate) struct Shell<'a> {
    pub(crate) portal: &'a Portal,
    pub(crate) brand: &'a BrandViewer,
    pub(crate) theme: Theme,
    pub(crate) now: Timestamp,
    pub(crate) fresh: Freshness,
    agency: String,
    contact: Option<String>,
}

/// A page inside the frame.
pub(crate) struct Page {
    pub(crate) tab: Tab,
    /// The bar under the tabs: dates on the left, actions on the right.
    pub(crate) bar: Markup,
    pub(crate) body: Markup,
    /// The page's own address, from which it refreshes itself.
    pub(crate) address: Link,
    /// The query that stays when the brand is switched, with its `?`; or nothing.
    pub(crate) filters: String,
    /// The query that stays when the tab is switched, in the same form: the period.
    pub(crate) period: String,
}

impl<'a> Shell<'a> {
    /// Loads what the frame shows.
    ///
    /// # Errors
    /// When the database fails.
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

    /// The brand.
    pub(crate) fn tenant(&self) -> &Tenant {
        &self.brand.tenant
    }

    /// The whole document of a tab's page.
    pub(crate) fn render(&self, page: &Page) -> Markup {
        self.render_as(page.tab.label(), page)
    }

    /// The whole document of a page with its own name.
    pub(crate) fn render_as(&self, name: &str, page: &Page) -> Markup {
        let tenant = self.tenant();
        let body = html! {
            a.btn.skip href="#main" { "Skip to content" }
            (self.header(page))
            div.filters role="region" aria-label="Period and actions" { div.wrap { div.filters-row { (page.bar) } } }
            main id="main" class="wrap main" data-live=(links::live(&tenant.slug)) data-version=(tenant.data_version)
                hx-get=(page.address.clone().url()) hx-trigger="data-landed from:body" hx-select="#main" hx-target="this"
                hx-swap="outerHTML" {
                (freshness::banner(tenant, &self.fresh, self.now, self.contact.as_deref()))
                (page.body)
                @if let Some(as_of) = self.fresh.as_of {
                    p.print-only { "Data as of " (time::exact(as_of, &tenant.zone)) }
                }
            }
            (shortcuts())
        };
        let title = format!("{} · {}", isolated(name), isolated(&tenant.name));
        let now = Some((self.now, self.portal.settings.clock_speed));
        Document { title: &title, theme: self.theme, accent: tenant.accent.as_deref(), now, charts: true }.render(&body)
    }

    fn header(&self, page: &Page) -> Markup {
        let (tenant, viewer) = (self.tenant(), &self.brand.viewer);
        html! {
            header.top { div.wrap {
                div.top-row {
                    (agency_mark(&self.agency, viewer.is_agency()))
                    span.top-rule {}
                    (self.switcher(page))
                    div.top-end {
                        (self.search())
                        (freshness::chip(tenant, &self.fresh, self.now, viewer.is_agency()))
                        (account(viewer, self.theme))
                    }
                }
                nav.tabs aria-label="Views" {
                    @for tab in Tab::ALL {
                        a href=(format!("{}{}", tab.url(&tenant.slug), page.period)) data-key=(tab.key())
                            aria-current=[(tab == page.tab).then_some("page")] { (tab.label()) }
                    }
                }
            } }
        }
    }

    fn switcher(&self, page: &Page) -> Markup {
        let tenant = self.tenant();
        let others = &self.brand.viewer.tenants;
        if others.len() < 2 && !self.brand.viewer.is_agency() {
            return html! { span.switch { (brand_tile(tenant)) span { (tenant.name) } } };
        }
        html! {
            details.menu.switcher id="brand-switcher" {
                summary.switch {
                    (brand_tile(tenant)) span { (tenant.name) } span.sr { ", change brand" } (icon("chevrons-up-down", 14))
                }
                div.menu-panel.wide {
                    div.menu-find { label.search {
                        (icon("search", 15)) span.sr { "Find a brand" }
                        input type="search" placeholder="Find a brand" data-filter-list autocomplete="off";
                    } }
                    ul.menu-list {
                        @for other in others {
                            (brand_item(other, &format!("{}{}", page.tab.url(&other.slug), page.filters), other.id == tenant.id))
                        }
                    }
                    p.menu-p data-filter-empty hidden { "No brands match." }
                    @if self.brand.viewer.is_agency() {
                        hr;
                        a.menu-item href=(links::AGENCY) { "All brands" }
                        a.menu-item href=(links::mapping(&tenant.slug).url()) { "Field mapping for this brand" }
                    }
                }
            }
        }
    }

    fn search(&self) -> Markup {
        let slug = &self.tenant().slug;
        let leads = Tab::Leads.url(slug);
        // Scripts turn the box into a combobox, which an input of type `search` cannot be.
        html! {
            form.search.search-top.no-tab role="search" aria-label="All candidates" method="get" action=(leads)
                data-matches=(links::candidates(slug).with("part", "matches").url()) {
                (icon("search", 15))
                input type="text" name="q" enterkeyhint="search" autocomplete="off" aria-label="Find a candidate"
                    placeholder="Find a candidate";
                kbd { "/" }
            }
            a.btn.plain.icon.only-tab href=(format!("{leads}#list")) data-find aria-label="Find a candidate" {
                (icon("search", 16))
            }
        }
    }
}

/// A brand in the switcher.
fn brand_item(tenant: &Tenant, url: &str, is_current: bool) -> Markup {
    html! {
        li { a.menu-item href=(url) aria-current=[is_current.then_some("true")] {
            (brand_tile(tenant)) span.t title=(tenant.name) { (tenant.name) }
            @if is_current {
                svg.tick width="14" height="14" aria-hidden="true" {
                    use href=(format!("{}#i-check", assets::url("icons.svg"))) {}
                }
            }
        } }
    }
}

/// The agency's name.
///
/// # Errors
/// When the database fails.
pub(crate) async fn agency_name(portal: &Portal) -> HttpResult<String> {
    Ok(agency::get(portal.store.conn(), Setting::Name).await?.unwrap_or_else(|| "Tetherboard".to_owned()))
}

/// The agency's logo and name, linked to all brands for the agency's users.
pub(crate) fn agency_mark(name: &str, is_link: bool) -> Markup {
    let (first, rest) = name.split_once(' ').unwrap_or((name, ""));
    let mark = html! {
        svg.mark width="22" height="22" aria-hidden="true" { use href=(format!("{}#i-mark", assets::url("icons.svg"))) {} }
        span.word { (first) @if !rest.is_empty() { " " small { (rest) } } }
    };
    html! {
        @if is_link { a.logo href=(links::AGENCY) aria-label=(format!("{name}, all brands")) { (mark) } }
        @else { span.logo { (mark) } }
    }
}

/// A brand's logo, or its initials on its color.
pub(crate) fn brand_tile(tenant: &Tenant) -> Markup {
    if tenant.has_logo {
        return html! { img.tile src=(links::logo(&tenant.slug)) alt="" width="26" height="26"; };
    }
    let style = tenant.accent.as_deref().and_then(|accent| Accent::parse(accent).ok()).map(|accent| {
        let (background, letters) = accent.tile();
        format!("--tile:{background};--on-tile:{letters}")
    });
    html! { span.tile aria-hidden="true" style=[style] { (initials(&tenant.name)) } }
}

/// The themes with their icons and labels.
const THEMES: [(Theme, &str, &str); 3] =
    [(Theme::Light, "sun", "Light"), (Theme::Dark, "moon", "Dark"), (Theme::System, "monitor", "System")];

/// The account menu: theme, shortcuts, and sign-out.
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
                        @for (choice, icon_name, label) in THEMES {
                            button name="theme" value=(choice.as_str()) data-set-theme=(choice.as_str())
                                aria-pressed=(choice == theme) {
                                (icon(icon_name, 14)) (label)
                            }
                        }
                    }
                }
                hr;
                button.menu-item type="button" data-show-keys {
                    (icon("keyboard", 14)) "Keyboard shortcuts" span.end { kbd { "?" } }
                }
                form method="post" action=(links::SIGN_OUT) { button.menu-item { (icon("log-out", 14)) "Sign out" } }
            }
        }
    }
}

/// The dialog of keyboard shortcuts.
fn shortcuts() -> Markup {
    html! {
        dialog.keys id="keys" aria-labelledby="keys-h" {
            header {
                h2 id="keys-h" { "Keyboard shortcuts" }
                form method="dialog" { button.btn.plain.icon aria-label="Close" { (icon("x", 15)) } }
            }
            dl {
                dt { "Find a candidate" } dd { kbd { "/" } }
                @for tab in Tab::ALL { dt { (tab.label()) } dd { kbd { "g" } kbd { (tab.key()) } } }
                dt { "Move in the calendar" } dd { @for key in ["←", "→", "↑", "↓"] { kbd { (key) } } }
                dt { "Show shortcuts" } dd { kbd { "?" } }
            }
        }
    }
}

/// Empty markup.
pub(crate) const EMPTY: Markup = PreEscaped(String::new());
