//! The way into the CRM for each tenant: the agency's token, the tenant's key, and one budget for all.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use tetherboard_clienttether::{Budgets, Client, ClientConfig, Limits};
use tetherboard_crm_records::Mapping;
use tetherboard_domain::Clock;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Store, StoreError, agency, field_rules, tenants};
use url::Url;

use crate::report::chain;

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

/// A tenant's client, with what it was made of.
pub struct Door {
    pub client: Client,
    pub token: SecretString,
    pub mapping: Arc<Mapping>,
}

impl Crm {
    /// # Errors
    /// When a key or the token is missing or cannot be used, or the database does not answer.
    pub async fn door(&self, store: &Store, tenant: &Tenant, clock: &Clock) -> Result<Door, CrmError> {
        let token = match &self.access_token {
            Some(token) => token.clone(),
            None => agency::access_token(store.conn(), store.cipher()).await?.ok_or(CrmError::NoAccessToken)??,
        };
        let mapping = Arc::new(load_mapping(store, tenant).await?);
        let client = self.client(store, tenant, clock, &token, Arc::clone(&mapping)).await?;
        Ok(Door { client, token, mapping })
    }

    /// The agency's token, if there is one that can be used.
    pub(crate) async fn token(&self, store: &Store) -> Result<Option<SecretString>, StoreError> {
        match &self.access_token {
            Some(token) => Ok(Some(token.clone())),
            None => Ok(agency::access_token(store.conn(), store.cipher()).await?.and_then(Result::ok)),
        }
    }

    /// The same token with another tenant's key.
    pub(crate) async fn client_with(
        &self,
        store: &Store,
        tenant: &Tenant,
        clock: &Clock,
        token: &SecretString,
    ) -> Result<Client, CrmError> {
        self.client(store, tenant, clock, token, Arc::default()).await
    }

    async fn client(
        &self,
        store: &Store,
        tenant: &Tenant,
        clock: &Clock,
        token: &SecretString,
        mapping: Arc<Mapping>,
    ) -> Result<Client, CrmError> {
        let web_key = tenants::web_key(store.conn(), store.cipher(), tenant.id).await?;
        let web_key = web_key.ok_or_else(|| CrmError::NoWebKey(tenant.slug.clone()))??;
        let (base_url, limits) = (self.base_url.clone(), self.limits.clone());
        let config = ClientConfig { base_url, access_token: token.clone(), web_key, limits, mapping };
        Ok(Client::new(config, &self.budgets, clock.clone())?.for_run())
    }
}

/// The built-in places, and the brand's own rules over them. A rule that this version cannot follow is left out, and said.
///
/// # Errors
/// When the database does not answer.
pub async fn load_mapping(store: &Store, tenant: &Tenant) -> Result<Mapping, StoreError> {
    let (mapping, left_out) = Mapping::from_rules(field_rules::rules(store.conn(), tenant.id).await?);
    for left in &left_out {
        tracing::error!(tenant.id = %tenant.id, error = %chain(left), "a field's rule cannot be followed");
    }
    Ok(mapping)
}

impl fmt::Debug for Crm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crm").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("client", &self.client).finish_non_exhaustive()
    }
}
