//! The way into the CRM for each tenant: the agency's token, the tenant's key, and one budget for all.

use std::fmt;

use secrecy::SecretString;
use tetherboard_clienttether::{Budgets, Client, ClientConfig, Limits};
use tetherboard_domain::Clock;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Store, StoreError, agency, tenants};
use url::Url;

/// How this installation reaches the CRM.
#[derive(Clone)]
pub struct Crm {
    pub base_url: Url,
    /// From the environment; it wins over the one that the agency set in the portal.
    pub access_token: Option<SecretString>,
    pub budgets: Budgets,
    pub limits: Limits,
}

/// Why a tenant cannot be asked for.
#[derive(Debug, thiserror::Error)]
pub enum CrmError {
    #[error("no web key is set for this brand; set it with: tetherboard tenant set --slug {0} --web-key-stdin")]
    NoWebKey(String),
    #[error("no access token is set; set CLIENTTETHER_ACCESS_TOKEN")]
    NoAccessToken,
    #[error("a stored key could not be opened")]
    Sealed(#[from] tetherboard_store::CipherError),
    #[error("a key or the address cannot be used")]
    Config(#[from] tetherboard_clienttether::ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Crm {
    pub(crate) async fn client(&self, store: &Store, tenant: &Tenant, clock: &Clock) -> Result<Client, CrmError> {
        let web_key = tenants::web_key(store.conn(), store.cipher(), tenant.id).await?;
        let web_key = web_key.ok_or_else(|| CrmError::NoWebKey(tenant.slug.clone()))??;
        let access_token = match &self.access_token {
            Some(token) => token.clone(),
            None => agency::access_token(store.conn(), store.cipher()).await?.ok_or(CrmError::NoAccessToken)??,
        };
        let config = ClientConfig { base_url: self.base_url.clone(), access_token, web_key, limits: self.limits.clone() };
        Ok(Client::new(config, &self.budgets, clock.clone())?.for_run())
    }
}

impl fmt::Debug for Crm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crm").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}
