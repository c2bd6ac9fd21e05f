//! One module per command.

pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod replay;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod sync;
pub(crate) mod tenant;
pub(crate) mod token;
pub(crate) mod user;

use anyhow::bail;
use tetherboard_store::Store;
use tetherboard_store::tenants::{self, Tenant};

/// How long `sync` and `replay` wait for another process to release a brand's lease.
const LEASE_WAIT: std::time::Duration = std::time::Duration::from_secs(90);

/// Exit code of a sync or replay whose brand another process still holds after [`LEASE_WAIT`].
const LEASE_HELD: u8 = 5;

/// The brand with this slug.
///
/// # Errors
/// When there is none; the error lists the slugs that exist.
async fn find_tenant(store: &Store, slug: &str) -> anyhow::Result<Tenant> {
    if let Some(tenant) = tenants::by_slug(store.conn(), slug).await? {
        return Ok(tenant);
    }
    let slugs: Vec<String> = tenants::list(store.conn()).await?.into_iter().map(|tenant| tenant.slug).collect();
    if slugs.is_empty() {
        bail!("there is no brand `{slug}`, because no brand has been added yet; add one with: tetherboard tenant add");
    }
    bail!("there is no brand `{slug}`; use one of: {}", slugs.join(", "))
}
