//! The calendar link: a secret address from which a calendar app reads the brand's appointments. It is created, replaced, and
//! revoked here, and shown only once.

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tetherboard_store::calendar_feeds::{self, CalendarFeed};
use tetherboard_store::{Store, audit};

use crate::address::links::{self, Link, Tab};
use crate::http::auth::{hash_token, new_calendar_secret};
use crate::http::error::{HttpError, HttpResult};
use crate::http::site::site;
use crate::http::viewer::BrandViewer;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::{icon, time};
use crate::state::Portal;

/// The page without a new link.
pub(super) async fn page(brand: BrandViewer, State(portal): State<Portal>, theme: Theme) -> HttpResult<Markup> {
    let shell = Shell::load(&portal, &brand, theme).await?;
    let feed = calendar_feeds::get(portal.store.conn(), brand.viewer.user.id, brand.tenant.id).await?;
    Ok(render(&shell, feed.as_ref(), None))
}

#[derive(Deserialize)]
pub(super) struct SubscribeForm {
    /// `make` or `revoke`.
    #[serde(default, rename = "act")]
    action: String,
}

/// Creates, replaces, or revokes the link.
pub(super) async fn submit(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    headers: HeaderMap,
    Form(form): Form<SubscribeForm>,
) -> HttpResult<Response> {
    match form.action.as_str() {
        "make" => create(&brand, &portal, theme, &headers).await,
        "revoke" => revoke(&brand, &portal).await,
        _ => Err(HttpError::bad_request("The form is incomplete. Go back, reload the page, and try again.")),
    }
}

/// Only this response shows the address.
async fn create(brand: &BrandViewer, portal: &Portal, theme: Theme, headers: &HeaderMap) -> HttpResult<Response> {
    let (user, tenant, now_ms) = (brand.viewer.user.id, brand.tenant.id, portal.clock.now_ms());
    let secret = new_calendar_secret();
    let tx = portal.store.begin().await?;
    let replaced = calendar_feeds::replace(&tx, user, tenant, &hash_token(&secret), now_ms).await?;
    let action = if replaced { "replaced their calendar link" } else { "created a calendar link" };
    audit::record(&tx, Some(user), Some(tenant), action, "", now_ms).await?;
    Store::commit(tx).await?;
    let address = format!("{}{}", site(portal, headers), links::calendar_feed(secret.expose_secret()));
    let shell = Shell::load(portal, brand, theme).await?;
    let feed = calendar_feeds::get(portal.store.conn(), user, tenant).await?;
    let mut response = render(&shell, feed.as_ref(), Some(&SecretString::from(address))).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn revoke(brand: &BrandViewer, portal: &Portal) -> HttpResult<Response> {
    let (user, tenant, now_ms) = (brand.viewer.user.id, brand.tenant.id, portal.clock.now_ms());
    let conn = portal.store.conn();
    if calendar_feeds::revoke(conn, user, tenant, now_ms).await? {
        audit::record(conn, Some(user), Some(tenant), "revoked their calendar link", "", now_ms).await?;
    }
    Ok(Redirect::to(&links::subscribe(&brand.tenant.slug)).into_response())
}

fn render(shell: &Shell<'_>, feed: Option<&CalendarFeed>, address: Option<&SecretString>) -> Markup {
    let slug = &shell.tenant().slug;
    let body = html! {
        div.sched-head {
            a.btn.icon href=(links::schedule(slug).url()) aria-label="Back to the schedule" { (icon("arrow-left", 15)) }
            h1 { "Subscribe from your calendar app" }
        }
        section.card.subscribe {
            @if let Some(address) = address { (new_address(address.expose_secret())) }
            @else { div id="new-address" hx-preserve="true" {} (current_link(shell, feed)) }
            p.sub {
                "Add the link to Outlook, Google Calendar, or Apple Calendar to see the appointments of " (shell.tenant().name)
                " there, including changes and cancellations. The calendar is read-only."
            }
            p.sub {
                "Anyone with the link can see these appointments without signing in, as long as you have access to this brand. "
                "If the link gets into the wrong hands, create a new one."
            }
        }
    };
    shell.render_as(
        "Subscribe",
        &Page {
            tab: Tab::Schedule,
            bar: EMPTY,
            body,
            address: Link::to(links::subscribe(slug)),
            filters: String::new(),
            period: String::new(),
        },
    )
}

/// The new link. It stays when a sync refreshes the page, because no other response contains it.
fn new_address(address: &str) -> Markup {
    let without_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    html! {
        div.new-address id="new-address" hx-preserve="true" {
            h2 { (icon("circle-check", 16)) "Your calendar link is ready" }
            p { b { "It is shown only once." } " Copy it into your calendar app, under “Subscribe” or “Add from URL”." }
            input.input readonly aria-label="Your calendar link" value=(address) spellcheck="false";
            div.chips {
                button.btn.primary type="button" data-copy-text=(address) {
                    (icon("copy", 15)) span data-words { "Copy link" }
                }
                a.btn href=(format!("webcal://{without_scheme}")) { (icon("calendar-check", 15)) "Open in your calendar app" }
            }
        }
    }
}

fn current_link(shell: &Shell<'_>, feed: Option<&CalendarFeed>) -> Markup {
    let (zone, now) = (&shell.tenant().zone, shell.now);
    let action = links::subscribe(&shell.tenant().slug);
    html! {
        @match feed {
            None => {
                h2 { "No calendar link yet" }
                form method="post" action=(action) {
                    input type="hidden" name="act" value="make";
                    button.btn.primary { (icon("rss", 15)) "Create a calendar link" }
                }
            }
            Some(feed) => {
                h2 { "You have a calendar link" }
                p {
                    @if let Some(made) = time::moment(feed.created_ms) { "Created " (time::in_sentence(made, now, zone)) ". " }
                    @match feed.used_ms.and_then(time::moment) {
                        Some(used) => { "Last used " (time::in_sentence(used, now, zone)) ", within an hour." }
                        None => "Not used yet.",
                    }
                    " The link cannot be shown again."
                }
                div.chips {
                    form method="post" action=(action) {
                        input type="hidden" name="act" value="make";
                        button.btn { (icon("rotate-ccw", 15)) "Create a new link" }
                    }
                    form method="post" action=(action) {
                        input type="hidden" name="act" value="revoke";
                        button.btn { (icon("x", 15)) "Revoke link" }
                    }
                }
                p.sub { "A new link replaces the old one: calendar apps that use the old link stop updating." }
            }
        }
    }
}
