//! Who is asking, and which brand they may see: proved before a handler runs.

use std::fmt;

use axum::extract::{FromRequestParts, Path};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use secrecy::SecretString;
use tetherboard_domain::UserRole;
use tetherboard_store::Result;
use tetherboard_store::notes::Audience;
use tetherboard_store::tenants::{self, Tenant};
use tetherboard_store::users::{self, User};

use crate::http::auth::hash_token;
use crate::http::error::{HttpError, HttpResult};
use crate::state::Portal;

/// The session's cookie. Over https its prefix binds it to this very host.
pub(crate) const SESSION: &str = "tb_session";
pub(crate) const SECURE_SESSION: &str = "__Host-tb_session";

/// Somebody who is signed in, by cookie or by API token.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    pub(crate) user: User,
    /// The brands that they may see.
    pub(crate) tenants: Vec<Tenant>,
    pass: Pass,
}

/// What somebody is known by; only its hash.
#[derive(Clone)]
enum Pass {
    Session(Vec<u8>),
    ApiToken(Vec<u8>),
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass")
    }
}

impl Viewer {
    pub(crate) fn is_agency(&self) -> bool {
        self.user.role == UserRole::AgencyAdmin
    }

    /// As whom they read notes.
    pub(crate) fn audience(&self) -> Audience {
        if self.is_agency() { Audience::Agency } else { Audience::Brand }
    }

    /// The same person as they stand now; `None` when they have signed out, or were shut out, since.
    pub(crate) async fn again(&self, portal: &Portal) -> Result<Option<Self>> {
        Self::known_by(portal, self.pass.clone()).await
    }

    async fn known_by(portal: &Portal, pass: Pass) -> Result<Option<Self>> {
        let conn = portal.store.conn();
        let user = match &pass {
            Pass::ApiToken(hash) => users::by_api_token(conn, hash).await?,
            Pass::Session(hash) => users::by_session(conn, hash, portal.clock.machine_ms()).await?,
        };
        let Some(user) = user else { return Ok(None) };
        let tenants = match user.role {
            UserRole::AgencyAdmin => tenants::list(conn).await?,
            UserRole::TenantAdmin | UserRole::TenantViewer => tenants::of_user(conn, user.id).await?,
        };
        Ok(Some(Self { user, tenants, pass }))
    }
}

impl FromRequestParts<Portal> for Viewer {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let pass = match bearer(parts) {
            Some(token) => Some(Pass::ApiToken(hash_token(&token))),
            None => session(parts).map(|token| Pass::Session(hash_token(&token))),
        };
        let viewer = match pass {
            Some(pass) => Self::known_by(portal, pass).await?,
            None => None,
        };
        viewer.ok_or_else(|| HttpError::not_signed_in(parts))
    }
}

fn bearer(parts: &Parts) -> Option<SecretString> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| SecretString::from(token.trim()))
}

pub(crate) fn session(parts: &Parts) -> Option<SecretString> {
    session_in(&CookieJar::from_headers(&parts.headers))
}

pub(crate) fn session_in(cookies: &CookieJar) -> Option<SecretString> {
    let cookie = cookies.get(SECURE_SESSION).or_else(|| cookies.get(SESSION))?;
    Some(SecretString::from(cookie.value()))
}

/// A signed-in person and the brand in the path, which is proved to be theirs. Another's is not found, as one that is not there.
#[derive(Clone, Debug)]
pub(crate) struct BrandViewer {
    pub(crate) viewer: Viewer,
    pub(crate) tenant: Tenant,
}

impl FromRequestParts<Portal> for BrandViewer {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let viewer = Viewer::from_request_parts(parts, portal).await?;
        match brand_in_path(parts, portal, &viewer).await {
            Some(tenant) => Ok(Self { viewer, tenant }),
            None => Err(HttpError::not_found("There is no such brand, or it is not one of yours.")),
        }
    }
}

/// The brand that the path begins with.
async fn brand_in_path(parts: &mut Parts, portal: &Portal, viewer: &Viewer) -> Option<Tenant> {
    let Path(path): Path<Vec<(String, String)>> = Path::from_request_parts(parts, portal).await.ok()?;
    let (_, slug) = path.into_iter().next()?;
    viewer.tenants.iter().find(|tenant| tenant.slug == slug).cloned()
}

/// Somebody of the agency. Its pages are not there for others.
#[derive(Clone, Debug)]
pub(crate) struct AgencyViewer(pub(crate) Viewer);

impl FromRequestParts<Portal> for AgencyViewer {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let viewer = Viewer::from_request_parts(parts, portal).await?;
        if viewer.is_agency() { Ok(Self(viewer)) } else { Err(HttpError::not_found("There is no such page.")) }
    }
}

/// Somebody of the agency, and the brand in the path of one of its pages.
#[derive(Clone, Debug)]
pub(crate) struct AgencyBrand {
    pub(crate) viewer: Viewer,
    pub(crate) tenant: Tenant,
}

impl FromRequestParts<Portal> for AgencyBrand {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let AgencyViewer(viewer) = AgencyViewer::from_request_parts(parts, portal).await?;
        match brand_in_path(parts, portal, &viewer).await {
            Some(tenant) => Ok(Self { viewer, tenant }),
            None => Err(HttpError::not_found("There is no such brand.")),
        }
    }
}
