//! `GET /tenants`: the brands the caller may see.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tetherboard_metrics::freshness;
use utoipa::ToSchema;

use crate::http::error::HttpResult;
use crate::http::viewer::Viewer;
use crate::state::Portal;

/// A brand.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tenant {
    slug: String,
    name: String,
    /// IANA time zone.
    zone: String,
    sync: SyncBrief,
}

/// The state of a brand's sync.
#[derive(Serialize, ToSchema)]
pub(crate) struct SyncBrief {
    /// running, never, failing, late, or on_time.
    state: &'static str,
    /// When the oldest of the datasets was last read in full; null until all have been.
    as_of: Option<String>,
}

/// The brands the caller may see.
#[utoipa::path(get, path = "/api/v1/tenants", responses((status = 200, body = Vec<Tenant>)))]
pub(crate) async fn tenants(viewer: Viewer, State(portal): State<Portal>) -> HttpResult<Json<Vec<Tenant>>> {
    let mut found = Vec::with_capacity(viewer.tenants.len());
    for tenant in viewer.tenants {
        let fresh = freshness(portal.store.conn(), &tenant, portal.clock.now()).await?;
        found.push(Tenant {
            slug: tenant.slug,
            name: tenant.name,
            zone: tenant.zone.name().to_owned(),
            sync: SyncBrief { state: fresh.state.as_str(), as_of: fresh.as_of.map(super::text) },
        });
    }
    Ok(Json(found))
}
