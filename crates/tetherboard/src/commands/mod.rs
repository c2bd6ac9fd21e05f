pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod replay;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod sync;
pub(crate) mod tenant;
pub(crate) mod token;
pub(crate) mod user;

use anyhow::anyhow;
use tetherboard_store::Store;
use tetherboard_store::tenants::{self, Tenant};

/// The brand that a command names.
async fn tenant_named(store: &Store, slug: &str) -> anyhow::Result<Tenant> {
    match tenants::by_slug(store.conn(), slug).await? {
        Some(tenant) => Ok(tenant),
        None => {
            let known: Vec<String> = tenants::list(store.conn()).await?.into_iter().map(|tenant| tenant.slug).collect();
            let known =
                if known.is_empty() { "there is none yet".to_owned() } else { format!("there are: {}", known.join(", ")) };
            Err(anyhow!("there is no brand `{slug}`; {known}"))
        }
    }
}
