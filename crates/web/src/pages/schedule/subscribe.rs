//! The address by which a calendar program reads a person's appointments: made, replaced and revoked here, and shown once.

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

pub(super) async fn page(brand: BrandViewer, State(portal): State<Portal>, theme: Theme) -> HttpResult<Markup> {
    let shell = Shell::load(&portal, &brand, theme).await?;
    let feed = calendar_feeds::get(portal.store.conn(), brand.viewer.user.id, brand.tenant.id).await?;
    Ok(render(&shell, feed.as_ref(), None))
}

#[derive(Deserialize)]
pub(super) struct Act {
    #[serde(default)]
    act: String,
}

pub(super) async fn act(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    headers: HeaderMap,
    Form(form): Form<Act>,
) -> HttpResult<Response> {
    match form.act.as_str() {
        "make" => make(&brand, &portal, theme, &headers).await,
        "revoke" => revoke(&brand, &portal).await,
        _ => Err(HttpError::bad_request("Say what to do with the calendar’s address: make or revoke.")),
    }
}

/// The answer to the form alone shows the address; no page shows it again.
async fn make(brand: &BrandViewer, portal: &Portal, theme: Theme, headers: &HeaderMap) -> HttpResult<Response> {
    let (user, tenant, now_ms) = (brand.viewer.user.id, brand.tenant.id, portal.clock.now_ms());
    let secret = new_calendar_secret();
    let tx = portal.store.begin().await?;
    let replaced = calendar_feeds::replace(&tx, user, tenant, &hash_token(&secret), now_ms).await?;
    let what = if replaced { "replaced the address of their calendar" } else { "made an address of their calendar" };
    audit::record(&tx, Some(user), Some(tenant), what, "", now_ms).await?;
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
        audit::record(conn, Some(user), Some(tenant), "revoked the address of their calendar", "", now_ms).await?;
    }
    Ok(Redirect::to(&links::subscribe(&brand.tenant.slug)).into_response())
}

fn render(shell: &Shell<'_>, feed: Option<&CalendarFeed>, address: Option<&SecretString>) -> Markup {
    let slug = &shell.tenant().slug;
    let body = html! {
        div.sched-head { a.btn.icon href=(links::schedule(slug).url()) aria-label="Back to the schedule" { (icon("arrow-left", 15)) } h1 { "Subscribe in a calendar program" } }
        section.card.subscribe {
            @if let Some(address) = address { (new_address(address.expose_secret())) }
            @else { div id="new-address" hx-preserve="true" {} (standing(shell, feed)) }
            p.sub { "Add the link to Outlook, Google Calendar or Apple Calendar, and it shows the appointments of " (shell.tenant().name) ", with changes and cancellations, by itself. It only reads: nothing that you do there comes back here." }
            p.sub { "Anyone with the link can see these appointments without signing in, as long as you may see this brand. If it leaks, create a new one." }
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

/// A sync that lands meanwhile refreshes the page and leaves this in its place, for no other answer knows it.
fn new_address(address: &str) -> Markup {
    let program = address.split_once("://").map_or(address, |(_, rest)| rest);
    html! {
        div.new-address id="new-address" hx-preserve="true" {
            h2 { (icon("circle-check", 16)) "Your calendar link is ready" }
            p { b { "It is shown only now." } " Copy it into your calendar program under “subscribe” or “add from URL”." }
            input.input readonly aria-label="Your calendar link" value=(address) spellcheck="false";
            div.chips {
                button.btn.primary type="button" data-copy-text=(address) { (icon("copy", 15)) span data-words { "Copy the link" } }
                a.btn href=(format!("webcal://{program}")) { (icon("calendar-check", 15)) "Open in a calendar program" }
            }
        }
    }
}

fn standing(shell: &Shell<'_>, feed: Option<&CalendarFeed>) -> Markup {
    let (zone, now) = (&shell.tenant().zone, shell.now);
    let action = links::subscribe(&shell.tenant().slug);
    html! {
        @match feed {
            None => {
                h2 { "No calendar link yet" }
                form method="post" action=(action) { input type="hidden" name="act" value="make"; button.btn.primary { (icon("rss", 15)) "Create a calendar link" } }
            }
            Some(feed) => {
                h2 { "You have a calendar link" }
                p {
                    @if let Some(made) = time::moment(feed.created_ms) { "Made " (time::in_sentence(made, now, zone)) ". " }
                    @match feed.used_ms.and_then(time::moment) {
                        Some(used) => { "A program last asked for it " (time::in_sentence(used, now, zone)) ", give or take an hour." }
                        None => "No program has asked for it yet.",
                    }
                    " It cannot be shown again."
                }
                div.chips {
                    form method="post" action=(action) { input type="hidden" name="act" value="make"; button.btn { (icon("rotate-ccw", 15)) "Create a new link" } }
                    form method="post" action=(action) { input type="hidden" name="act" value="revoke"; button.btn { (icon("x", 15)) "Revoke it" } }
                }
                p.sub { "A new link takes the old one’s place: programs that use the old one get nothing any more." }
            }
        }
    }
}
