//! Signing in and out, the first page after it, and the choice of theme.

use axum::Router;
use axum::extract::{Form, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::CookieJar;
use maud::{Markup, html};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tetherboard_domain::DAY;
use tetherboard_store::users;

use crate::address::links::{self, Tab};
use crate::address::pairs::without_nul;
use crate::address::query::query;
use crate::address::verbatim::Verbatim;
use crate::http::auth::{SignIn, hash_token, new_session_token};
use crate::http::error::{HttpError, HttpResult};
use crate::http::referer::safe_back;
use crate::http::viewer::{SECURE_SESSION, SESSION, Viewer, session_in};
use crate::parts::icon;
use crate::parts::shell::{Document, THEME, Theme, agency_mark, agency_name};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/", get(start))
        .route("/sign-in", get(form).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/theme", post(theme))
}

/// The first page after signing in.
async fn start(viewer: Viewer) -> HttpResult<Redirect> {
    if viewer.is_agency() {
        return Ok(Redirect::to(links::AGENCY));
    }
    match viewer.tenants.first() {
        Some(tenant) => Ok(Redirect::to(&Tab::Overview.url(&tenant.slug))),
        None => Err(HttpError::forbidden("Your account does not have access to a brand yet. Ask your agency to add you to one.")),
    }
}

query! {
    /// Where to go after signing in.
    struct BackQuery {
        /// A path of the portal.
        back: Verbatim = "back",
    }
}

async fn form(State(portal): State<Portal>, theme: Theme, query: BackQuery) -> HttpResult<Markup> {
    let agency = agency_name(&portal).await?;
    Ok(page(&agency, theme, query.back.text(), "", None))
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: SecretString,
    #[serde(default)]
    back: String,
}

const SESSION_DAYS: i64 = 14;

const INCORRECT: &str = "Incorrect email or password.";
const TOO_MANY: &str = "Too many sign-in attempts for this email. Wait a minute, then try again.";

async fn sign_in(
    State(portal): State<Portal>,
    theme: Theme,
    cookies: CookieJar,
    Form(credentials): Form<Credentials>,
) -> HttpResult<Response> {
    let conn = portal.store.conn();
    let user = users::by_email(conn, &without_nul(&credentials.email)).await?.filter(|user| !user.disabled);
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let user = match (portal.sign_ins.check(&credentials.email, credentials.password, hash).await, user) {
        (SignIn::Correct, Some(user)) => user,
        (result, _) => {
            let (status, why) = match result {
                SignIn::TooMany => (StatusCode::TOO_MANY_REQUESTS, TOO_MANY),
                SignIn::Correct | SignIn::Incorrect => (StatusCode::UNAUTHORIZED, INCORRECT),
            };
            let agency = agency_name(&portal).await?;
            return Ok((status, page(&agency, theme, &credentials.back, &credentials.email, Some(why))).into_response());
        }
    };
    if let Some(old) = session_in(&cookies) {
        users::close_session(conn, &hash_token(&old)).await?;
    }
    let token = new_session_token();
    let now_ms = portal.clock.machine_ms();
    users::open_session(conn, &hash_token(&token), user.id, now_ms, now_ms + SESSION_DAYS * DAY).await?;
    let cookie = session_cookie(&portal, token.expose_secret(), SESSION_DAYS * 86_400);
    Ok((cookie, Redirect::to(safe_back(&credentials.back))).into_response())
}

async fn sign_out(State(portal): State<Portal>, cookies: CookieJar) -> HttpResult<Response> {
    if let Some(token) = session_in(&cookies) {
        users::close_session(portal.store.conn(), &hash_token(&token)).await?;
    }
    Ok((session_cookie(&portal, "", 0), Redirect::to("/sign-in")).into_response())
}

/// A cookie that scripts cannot read and that requests from other sites do not carry. Zero seconds delete it.
fn session_cookie(portal: &Portal, value: &str, seconds: i64) -> HeaderMap {
    let (name, secure) = if portal.is_secure() { (SECURE_SESSION, "; Secure") } else { (SESSION, "") };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        headers.insert(SET_COOKIE, value);
    }
    headers
}

#[derive(Deserialize)]
struct ThemeForm {
    theme: String,
}

/// Sets the theme without scripts, and returns to the page.
async fn theme(headers: HeaderMap, Form(form): Form<ThemeForm>) -> Response {
    let back = headers.get("referer").and_then(|from| from.to_str().ok()).and_then(|from| url::Url::parse(from).ok());
    let back = back.map_or("/".to_owned(), |from| match from.query() {
        Some(query) => format!("{}?{query}", from.path()),
        None => from.path().to_owned(),
    });
    let cookie = format!("{THEME}={}; Path=/; Max-Age=31536000; SameSite=Lax", Theme::named(&form.theme).as_str());
    let mut response = Redirect::to(safe_back(&back)).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}

fn page(agency: &str, theme: Theme, back: &str, email: &str, why: Option<&str>) -> Markup {
    let body = html! {
        main id="main" { div.signin {
            div.si-form {
                (agency_mark(agency, false))
                form method="post" action="/sign-in" {
                    h1 { "Sign in" }
                    @if let Some(why) = why { p.notice.danger role="alert" { (icon("circle-alert", 15)) span { (why) } } }
                    div.field {
                        label for="email" { "Email" }
                        input.input id="email" name="email" type="email" autocomplete="username" required autofocus value=(email);
                    }
                    div.field {
                        label for="password" { "Password" }
                        input.input id="password" name="password" type="password" autocomplete="current-password" required;
                    }
                    input type="hidden" name="back" value=(safe_back(back));
                    button.btn.primary.tall { "Sign in" }
                    p.sub { "Forgot your password, or don’t have an account? Contact " (agency) "." }
                }
                p.sub { "Tetherboard" @if agency != "Tetherboard" { " for " (agency) } }
            }
            div.si-art {
                p.hero { b { "Every candidate, from first call to signed agreement." } " Updated every hour." }
                div.si-bars aria-hidden="true" {
                    @for (at, role) in BARS.iter().enumerate() {
                        i class=(format!("r-{role}")) style=(format!("height:{}%", bar_height(at))) {}
                    }
                }
            }
        } }
    };
    let title = format!("Sign in · {agency}");
    Document { title: &title, theme, accent: None, now: None, charts: false }.render(&body)
}

/// The decorative bars, by the color of a stage role.
const BARS: [&str; 17] = [
    "new",
    "working",
    "working",
    "working",
    "working",
    "working",
    "qualified",
    "qualified",
    "qualified",
    "qualified",
    "late",
    "late",
    "late",
    "late",
    "late",
    "late",
    "awarded",
];

/// The height of a bar in percent: from 9 to 100, rising ever faster.
fn bar_height(at: usize) -> u32 {
    let along = at as f64 / (BARS.len() - 1) as f64;
    (9.0 + 91.0 * along.powf(1.7)).round() as u32
}
