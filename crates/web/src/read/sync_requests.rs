//! Requests for a sync, as the agency makes them on a page or through the API.

use tetherboard_domain::{RunId, Trigger};
use tetherboard_store::runs::{self, RunRequest};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, audit};

use crate::http::viewer::Viewer;
use crate::state::Portal;

/// Requests a run, or finds the one of its kind that is waiting or running; recorded in the audit log.
///
/// # Errors
/// When the database fails.
pub(crate) async fn request_run(portal: &Portal, viewer: &Viewer, tenant: &Tenant, request: RunRequest) -> Result<RunId> {
    let (what, about) = match (&request.replay_of, request.accept_removals.first()) {
        (Some(replayed), _) => ("requested a replay", format!(", of run {replayed}")),
        (None, _) if request.trigger == Trigger::Replay => ("requested a replay", ", of the latest responses".to_owned()),
        (None, Some(dataset)) => ("accepted held removals", format!(", of {dataset}")),
        (None, None) => ("requested a sync", String::new()),
    };
    let (conn, now_ms) = (portal.store.conn(), portal.clock.now_ms());
    let run = runs::request(conn, tenant.id, request, now_ms).await?;
    audit::record(conn, Some(viewer.user.id), Some(tenant.id), what, &format!("run {run}{about}"), now_ms).await?;
    Ok(run)
}
