//! Who makes a request, and which brands they may see: checked before a handler runs.

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
use crate::http::error::{HttpError, HttpResult, NOT_FOUND};
use crate::state::Portal;

/// The session cookie.
pub(crate) const SESSION: &str = "tb_session";
/// The session cookie over HTTPS; its prefix binds it to this host.
pub(crate) const SECURE_SESSION: &str = "__Host-tb_session";

/// A person who is signed in, by cookie or by API token.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    pub(crate) user: User,
    /// The brands they may see.
    pub(crate) tenants: Vec<Tenant>,
    credential: Credential,
}

/// The hash of what a person signed in with.
#[derive(Clone)]
enum Credential {
    Session(Vec<u8>),
    ApiToken(Vec<u8>),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

impl Viewer {
    /// Whether they belong to the agency, and so see every brand.
    pub(crate) fn is_agency(&self) -> bool {
        self.user.role == UserRole::AgencyAdmin
    }

    /// Which notes they may read.
    pub(crate) fn audience(&self) -> Audience {
        if self.is_agency() { Audience::Agency } else { Audience::Brand }
    }

    /// The same person with their current access; `None` if they have signed out or their access was removed.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn reload(&self, portal: &Portal) -> Result<Option<Self>> {
        Self::by_credential(portal, self.credential.clone()).await
    }

    async fn by_credential(portal: &Portal, credential: Credential) -> Result<Option<Self>> {
        let conn = portal.store.conn();
        let user = match &credential {
            Credential::ApiToken(hash) => users::by_api_token(conn, hash).await?,
            Credential::Session(hash) => users::by_session(conn, hash, portal.clock.machine_ms()).await?,
        };
        let Some(user) = user else { return Ok(None) };
        let tenants = match user.role {
            UserRole::AgencyAdmin => tenants::list(conn).await?,
            UserRole::TenantAdmin | UserRole::TenantViewer => tenants::of_user(conn, user.id).await?,
        };
        Ok(Some(Self { user, tenants, credential }))
    }
}

impl FromRequestParts<Portal> for Viewer {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let credential = match bearer(parts) {
            Some(token) => Some(Credential::ApiToken(hash_token(&token))),
            None => session(parts).map(|token| Credential::Session(hash_token(&token))),
        };
        let viewer = match credential {
            Some(credential) => Self::by_credential(portal, credential).await?,
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

/// The session token of a request.
pub(crate) fn session(parts: &Parts) -> Option<SecretString> {
    session_in(&CookieJar::from_headers(&parts.headers))
}

/// The session token in cookies.
pub(crate) fn session_in(cookies: &CookieJar) -> Option<SecretString> {
    let cookie = cookies.get(SECURE_SESSION).or_else(|| cookies.get(SESSION))?;
    Some(SecretString::from(cookie.value()))
}

/// A signed-in person and the brand in the path, which they may see. Any other brand is not found, exactly like one that does not
/// exist.
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
            None => Err(HttpError::not_found(NOT_FOUND)),
        }
    }
}

/// The brand named by the first parameter of the path.
async fn brand_in_path(parts: &mut Parts, portal: &Portal, viewer: &Viewer) -> Option<Tenant> {
    let Path(path): Path<Vec<(String, String)>> = Path::from_request_parts(parts, portal).await.ok()?;
    let (_, slug) = path.into_iter().next()?;
    viewer.tenants.iter().find(|tenant| tenant.slug == slug).cloned()
}

/// A person of the agency. For anyone else, its pages are not found.
#[derive(Clone, Debug)]
pub(crate) struct AgencyViewer(pub(crate) Viewer);

impl FromRequestParts<Portal> for AgencyViewer {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let viewer = Viewer::from_request_parts(parts, portal).await?;
        if viewer.is_agency() { Ok(Self(viewer)) } else { Err(HttpError::not_found(NOT_FOUND)) }
    }
}

/// A person of the agency, and the brand in the path.
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
            None => Err(HttpError::not_found(NOT_FOUND)),
        }
    }
}
