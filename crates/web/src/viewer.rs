//! Who is asking, and which brand they may see: proved before a handler runs.

use axum::extract::{FromRequestParts, Path};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use secrecy::SecretString;
use tetherboard_domain::UserRole;
use tetherboard_store::access::{self, User};
use tetherboard_store::tenants::{self, Tenant};

use crate::Portal;
use crate::auth::hash_token;
use crate::error::Refusal;

/// The session's cookie. Over https its prefix binds it to this very host.
pub(crate) const SESSION: &str = "tb_session";
pub(crate) const SECURE_SESSION: &str = "__Host-tb_session";

/// Somebody who is signed in, by cookie or by API token.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    pub(crate) user: User,
    /// The brands that they may see.
    pub(crate) tenants: Vec<Tenant>,
}

impl Viewer {
    pub(crate) fn is_agency(&self) -> bool {
        self.user.role == UserRole::AgencyAdmin
    }
}

impl FromRequestParts<Portal> for Viewer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Refusal> {
        let conn = portal.store.conn();
        let user = match bearer(parts) {
            Some(token) => access::by_api_token(conn, &hash_token(&token)).await?,
            None => match session(parts) {
                Some(token) => access::by_session(conn, &hash_token(&token), portal.clock.machine_ms()).await?,
                None => None,
            },
        };
        let user = user.ok_or_else(|| Refusal::not_signed_in(parts))?;
        let tenants = match user.role {
            UserRole::AgencyAdmin => tenants::list(conn).await?,
            UserRole::TenantAdmin | UserRole::TenantViewer => tenants::of_user(conn, user.id).await?,
        };
        Ok(Self { user, tenants })
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
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Refusal> {
        let viewer = Viewer::from_request_parts(parts, portal).await?;
        let path: Result<Path<Vec<(String, String)>>, _> = Path::from_request_parts(parts, portal).await;
        let slug = path.ok().and_then(|Path(path)| path.into_iter().next()).map(|(_, slug)| slug);
        let tenant = viewer.tenants.iter().find(|tenant| Some(&tenant.slug) == slug.as_ref()).cloned();
        match tenant {
            Some(tenant) => Ok(Self { viewer, tenant }),
            None => Err(Refusal::not_found(parts, "There is no such brand, or it is not one of yours.")),
        }
    }
}

/// Somebody of the agency. Its pages are not there for others.
#[derive(Clone, Debug)]
pub(crate) struct AgencyViewer(pub(crate) Viewer);

impl FromRequestParts<Portal> for AgencyViewer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Refusal> {
        let viewer = Viewer::from_request_parts(parts, portal).await?;
        if viewer.is_agency() { Ok(Self(viewer)) } else { Err(Refusal::not_found(parts, "There is no such page.")) }
    }
}
