//! Handles refused credentials, and requests of the CRM to wait.
//!
//! The agency's token is shared by all brands; a web key belongs to one brand. A refusal does not say which one is bad, so
//! one request with another brand's key tells them apart. Refusals and waits bind the schedule, which tries once an hour;
//! a run that a person starts makes one request anyway.

use tetherboard_clienttether::ReadStages;
use tetherboard_domain::{FaultClass, Trigger};
use tetherboard_store::credentials::{self, token_hash};
use tetherboard_store::runs::RunError;
use tetherboard_store::tenants::{self, Tenant};

use crate::capture::client_error;
use crate::crm::{CrmError, CrmSession};
use crate::report::chain;
use crate::run::{SyncError, Syncer};

const MAX_PARK_MS: i64 = 24 * 3_600_000;

impl Syncer {
    /// If the brand or the token is refused or parked, makes one request to see whether the run can go on; returns the
    /// error if it cannot. Otherwise makes no request.
    pub(crate) async fn probe(
        &self,
        tenant: &Tenant,
        trigger: Trigger,
        session: &CrmSession,
    ) -> Result<Option<RunError>, SyncError> {
        let now_ms = self.clock.now_ms();
        let token = credentials::token_health(self.store.conn(), &token_hash(&session.token)).await?;
        let parked = [tenant.parked_until_ms, token.parked_until_ms].into_iter().flatten().max();
        let is_parked = parked.is_some_and(|until| until > now_ms);
        let is_refused = tenant.refused_ms.is_some() || token.refused_ms.is_some();
        if !is_parked && !is_refused {
            if self.crm.budgets.is_refused(&session.token) {
                self.crm.budgets.accept(&session.token);
            }
            return Ok(None);
        }
        if trigger == Trigger::Schedule && is_parked {
            let message = "not requested: ClientTether asked us to wait; the next run after that tries again";
            return Ok(Some(RunError::new(FaultClass::Budget, message)));
        }
        let error = match session.client.probe(ReadStages::new()).await {
            Ok(_) => {
                self.record_acceptance(tenant, session).await?;
                tenants::park(self.store.conn(), tenant.id, None).await?;
                return Ok(None);
            }
            Err(error) => client_error(&error),
        };
        if error.class == FaultClass::Credentials {
            return Ok(Some(self.record_refusal(tenant, session, error).await?));
        }
        self.park_if_asked(tenant, session, &error).await?;
        Ok(Some(error))
    }

    /// Makes one request with the brand's key and stores whether the key is good, for the person who asked.
    pub(crate) async fn check_key(&self, tenant: &Tenant) -> Result<(), SyncError> {
        let fault = match self.crm.session(&self.store, tenant, &self.clock).await {
            Err(CrmError::Store(error)) => return Err(error.into()),
            Err(error) => Some((FaultClass::Credentials, chain(&error))),
            Ok(session) => match session.client.probe(ReadStages::new()).await {
                Ok(_) => {
                    self.record_acceptance(tenant, &session).await?;
                    None
                }
                Err(error) if error.class() == FaultClass::Credentials => {
                    let refusal = self.record_refusal(tenant, &session, client_error(&error)).await?;
                    Some((refusal.class, refusal.message))
                }
                Err(error) => Some((error.class(), chain(&error))),
            },
        };
        let fault = fault.as_ref().map(|(class, message)| (*class, message.as_str()));
        Ok(credentials::answer_key_check(self.store.conn(), tenant.id, fault, self.clock.now_ms()).await?)
    }

    async fn record_acceptance(&self, tenant: &Tenant, session: &CrmSession) -> Result<(), SyncError> {
        credentials::accept_token(self.store.conn(), &token_hash(&session.token)).await?;
        self.crm.budgets.accept(&session.token);
        Ok(tenants::set_refused(self.store.conn(), tenant.id, None).await?)
    }

    /// Finds out which credential is refused and stores the refusal with it; returns the error with that in its message.
    pub(crate) async fn record_refusal(
        &self,
        tenant: &Tenant,
        session: &CrmSession,
        error: RunError,
    ) -> Result<RunError, SyncError> {
        let conn = self.store.conn();
        let now_ms = self.clock.now_ms();
        let credential = if self.crm.budgets.is_refused(&session.token) {
            RefusedCredential::Token
        } else {
            self.find_refused_credential(tenant, session).await?
        };
        match credential {
            RefusedCredential::Token => {
                credentials::refuse_token(conn, &token_hash(&session.token), now_ms).await?;
                self.crm.budgets.refuse(&session.token);
            }
            RefusedCredential::WebKey | RefusedCredential::Unknown => {
                tenants::set_refused(conn, tenant.id, Some(now_ms)).await?;
            }
        }
        let credential = credential.as_str();
        tracing::warn!(tenant.id = %tenant.id, trace = error.trace, credential, "the CRM refused our credentials");
        Ok(RunError { message: format!("{credential}: {}", error.message), ..error })
    }

    async fn find_refused_credential(&self, tenant: &Tenant, session: &CrmSession) -> Result<RefusedCredential, SyncError> {
        let now_ms = self.clock.now_ms();
        for other in tenants::list(self.store.conn()).await? {
            // A brand whose own key is refused would prove nothing, and a parked brand must not be used.
            let is_parked = other.parked_until_ms.is_some_and(|until| until > now_ms);
            if other.id == tenant.id || !other.has_web_key || other.refused_ms.is_some() || is_parked {
                continue;
            }
            let Ok(client) = self.crm.client_with(&self.store, &other, &self.clock, &session.token).await else { continue };
            match client.probe(ReadStages::new()).await {
                Ok(_) => return Ok(RefusedCredential::WebKey),
                Err(error) if error.class() == FaultClass::Credentials => return Ok(RefusedCredential::Token),
                // One extra request is the limit.
                Err(_) => break,
            }
        }
        Ok(RefusedCredential::Unknown)
    }

    /// Parks the brand if the CRM asked for a longer wait than a run can make, for at most a day. If another brand is
    /// parked already, parks the token too, and with it every brand.
    pub(crate) async fn park_if_asked(&self, tenant: &Tenant, session: &CrmSession, error: &RunError) -> Result<(), SyncError> {
        let Some(wait) = error.retry_after.filter(|wait| *wait > self.crm.limits.max_retry_wait) else { return Ok(()) };
        let now_ms = self.clock.now_ms();
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).min(MAX_PARK_MS);
        let until_ms = now_ms + wait_ms;
        let conn = self.store.conn();
        tenants::park(conn, tenant.id, Some(until_ms)).await?;
        let others = tenants::list(conn).await?.into_iter().filter(|other| other.id != tenant.id);
        let parked_until = others.filter_map(|other| other.parked_until_ms).filter(|until| *until > now_ms);
        if let Some(latest) = parked_until.max() {
            credentials::park_token(conn, &token_hash(&session.token), latest.max(until_ms)).await?;
        }
        Ok(())
    }
}

/// Which credential the CRM refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefusedCredential {
    Token,
    WebKey,
    /// No other brand's key could be tried.
    Unknown,
}

impl RefusedCredential {
    fn as_str(self) -> &'static str {
        match self {
            Self::Token => "the agency's access token is refused, for every brand",
            Self::WebKey => "this brand's web key is refused; the access token is good",
            Self::Unknown => "the access token or this brand's web key is refused",
        }
    }
}
