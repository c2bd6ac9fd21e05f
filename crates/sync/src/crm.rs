//! Access to the CRM: the agency's token, each tenant's web key, and one request budget for all tenants.

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

/// How this installation connects to the CRM.
#[derive(Clone)]
pub struct Crm {
    pub base_url: Url,
    /// The token from the environment; overrides the one that the agency saved in the portal.
    pub access_token: Option<SecretString>,
    pub budgets: Budgets,
    pub limits: Limits,
}

/// Why no request can be made for a tenant.
#[derive(Debug, thiserror::Error)]
pub enum CrmError {
    #[error("this brand has no web key, so it cannot be synced; set it with: tetherboard tenant set --slug {0} --web-key-stdin")]
    NoWebKey(String),
    #[error(
        "this brand has the same web key as {brand}, so it would show that brand's data; set the key of its own account with: \
         tetherboard tenant set --slug {slug} --web-key-stdin"
    )]
    SharedWebKey { brand: String, slug: String },
    #[error("no access token is set, so no brand can be synced; set CLIENTTETHER_ACCESS_TOKEN")]
    NoAccessToken,
    #[error("a saved key could not be decrypted, so it cannot be used; save it again in the portal")]
    Sealed(#[from] tetherboard_store::CipherError),
    #[error("the access token, the web key, or the CRM's address is not valid; correct it and try again")]
    Config(#[from] tetherboard_clienttether::ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A client for one tenant, with the credentials and the mapping it uses.
pub struct CrmSession {
    pub client: Client,
    pub token: SecretString,
    pub mapping: Arc<Mapping>,
}

impl Crm {
    /// Opens a session for a tenant. Makes no request.
    ///
    /// # Errors
    /// If the token or the web key is missing or not valid.
    pub async fn session(&self, store: &Store, tenant: &Tenant, clock: &Clock) -> Result<CrmSession, CrmError> {
        let token = match &self.access_token {
            Some(token) => token.clone(),
            None => agency::access_token(store.conn(), store.cipher()).await?.ok_or(CrmError::NoAccessToken)??,
        };
        let web_key = web_key(store, tenant).await?;
        // Keys saved by an earlier version were not compared.
        if let Some(brand) = tenants::brand_with_web_key(store.conn(), store.cipher(), &web_key, tenant.id).await? {
            return Err(CrmError::SharedWebKey { brand, slug: tenant.slug.clone() });
        }
        let mapping = Arc::new(load_mapping(store, tenant).await?);
        let client = self.client(web_key, clock, &token, Arc::clone(&mapping))?;
        Ok(CrmSession { client, token, mapping })
    }

    /// The agency's token; `None` if there is none or it cannot be decrypted.
    pub(crate) async fn token(&self, store: &Store) -> Result<Option<SecretString>, StoreError> {
        match &self.access_token {
            Some(token) => Ok(Some(token.clone())),
            None => Ok(agency::access_token(store.conn(), store.cipher()).await?.and_then(Result::ok)),
        }
    }

    /// A client with the given token and the web key of `tenant`.
    pub(crate) async fn client_with(
        &self,
        store: &Store,
        tenant: &Tenant,
        clock: &Clock,
        token: &SecretString,
    ) -> Result<Client, CrmError> {
        self.client(web_key(store, tenant).await?, clock, token, Arc::default())
    }

    fn client(
        &self,
        web_key: SecretString,
        clock: &Clock,
        token: &SecretString,
        mapping: Arc<Mapping>,
    ) -> Result<Client, CrmError> {
        let (base_url, limits) = (self.base_url.clone(), self.limits.clone());
        let config = ClientConfig { base_url, access_token: token.clone(), web_key, limits, mapping };
        Ok(Client::new(config, &self.budgets, clock.clone())?.for_run())
    }
}

/// A brand's key.
async fn web_key(store: &Store, tenant: &Tenant) -> Result<SecretString, CrmError> {
    let key = tenants::web_key(store.conn(), store.cipher(), tenant.id).await?;
    Ok(key.ok_or_else(|| CrmError::NoWebKey(tenant.slug.clone()))??)
}

/// The built-in mapping with the brand's own rules. A rule that this version does not support is logged and ignored.
///
/// # Errors
/// If the database fails.
pub async fn load_mapping(store: &Store, tenant: &Tenant) -> Result<Mapping, StoreError> {
    let (mapping, ignored) = Mapping::from_rules(field_rules::rules(store.conn(), tenant.id).await?);
    for error in &ignored {
        tracing::error!(tenant.id = %tenant.id, error = %chain(error), "ignored a field rule that this version does not support");
    }
    Ok(mapping)
}

impl fmt::Debug for Crm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crm").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for CrmSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmSession").field("client", &self.client).finish_non_exhaustive()
    }
}
