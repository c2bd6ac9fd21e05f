//! Whose fault a refusal is, and for whom a wish to be left alone holds.
//!
//! The agency's token is one for all brands, a key is one brand's. Both look alike when they are refused, so one call with
//! another brand's key tells them apart. Refusals and parks bind the schedule, which tries once an hour; a run that a
//! person starts makes one call all the same.

use tetherboard_clienttether::ReadStages;
use tetherboard_domain::{FaultClass, Trigger};
use tetherboard_store::credentials::{self, token_hash};
use tetherboard_store::runs::RunError;
use tetherboard_store::tenants::{self, Tenant};

use crate::capture::{new_trace, told_of};
use crate::crm::{CrmError, Door};
use crate::report::chain;
use crate::run::{SyncError, Syncer};

const LONGEST_PARK_MS: i64 = 24 * 3_600_000;

impl Syncer {
    /// Where something is wrong already, one call decides whether the run goes on; the fault if it does not.
    pub(crate) async fn knock(&self, tenant: &Tenant, trigger: Trigger, door: &Door) -> Result<Option<RunError>, SyncError> {
        let conn = self.store.conn();
        let now_ms = self.clock.now_ms();
        let token = token_hash(&door.token);
        let standing = credentials::token_health(conn, &token).await?;
        let parked = [tenant.parked_until_ms, standing.parked_until_ms].into_iter().flatten().max();
        let is_parked = parked.is_some_and(|until| until > now_ms);
        let is_refused = tenant.refused_ms.is_some() || standing.refused_ms.is_some();
        if !is_parked && !is_refused {
            if self.crm.budgets.is_refused(&door.token) {
                self.crm.budgets.accept(&door.token);
            }
            return Ok(None);
        }
        if trigger == Trigger::Schedule && is_parked {
            return Ok(Some(waiting()));
        }
        match door.client.probe(ReadStages::new()).await {
            Ok(_) => {
                credentials::accept_token(conn, &token).await?;
                self.crm.budgets.accept(&door.token);
                tenants::set_refused(conn, tenant.id, None).await?;
                tenants::park(conn, tenant.id, None).await?;
                Ok(None)
            }
            Err(error) => {
                let told = told_of(&error);
                match told.class {
                    FaultClass::Credentials => Ok(Some(self.refused(tenant, door, told).await?)),
                    _ => {
                        self.park_if_asked(tenant, door, &told).await?;
                        Ok(Some(told))
                    }
                }
            }
        }
    }

    /// One call with the brand's key, for whoever wants to know whether it is good; the answer is stored.
    pub(crate) async fn check_key(&self, tenant: &Tenant) -> Result<(), SyncError> {
        let conn = self.store.conn();
        let fault = match self.crm.door(&self.store, tenant, &self.clock).await {
            Err(CrmError::Store(error)) => return Err(error.into()),
            Err(error) => Some((FaultClass::Credentials, chain(&error))),
            Ok(door) => match door.client.probe(ReadStages::new()).await {
                Ok(_) => {
                    credentials::accept_token(conn, &token_hash(&door.token)).await?;
                    self.crm.budgets.accept(&door.token);
                    tenants::set_refused(conn, tenant.id, None).await?;
                    None
                }
                Err(error) if error.class() == FaultClass::Credentials => {
                    let refused = self.refused(tenant, &door, told_of(&error)).await?;
                    Some((refused.class, refused.message))
                }
                Err(error) => Some((error.class(), chain(&error))),
            },
        };
        let told = fault.as_ref().map(|(class, message)| (*class, message.as_str()));
        Ok(credentials::answer_key_check(conn, tenant.id, told, self.clock.now_ms()).await?)
    }

    /// Writes a refusal down where it belongs, after asking with another brand's key.
    pub(crate) async fn refused(&self, tenant: &Tenant, door: &Door, error: RunError) -> Result<RunError, SyncError> {
        let conn = self.store.conn();
        let now_ms = self.clock.now_ms();
        let whose = if self.crm.budgets.is_refused(&door.token) { Whose::Token } else { self.whose_fault(tenant, door).await? };
        match whose {
            Whose::Token => {
                credentials::refuse_token(conn, &token_hash(&door.token), now_ms).await?;
                self.crm.budgets.refuse(&door.token);
            }
            Whose::Key | Whose::Either => tenants::set_refused(conn, tenant.id, Some(now_ms)).await?,
        }
        tracing::warn!(tenant.id = %tenant.id, trace = error.trace, whose = whose.as_str(), "the CRM refused our credentials");
        Ok(RunError { message: format!("{}: {}", whose.as_str(), error.message), ..error })
    }

    async fn whose_fault(&self, tenant: &Tenant, door: &Door) -> Result<Whose, SyncError> {
        let now_ms = self.clock.now_ms();
        for other in tenants::list(self.store.conn()).await? {
            // A brand whose own key is refused would tell nothing, and one that is parked is left alone.
            let is_parked = other.parked_until_ms.is_some_and(|until| until > now_ms);
            if other.id == tenant.id || !other.has_web_key || other.refused_ms.is_some() || is_parked {
                continue;
            }
            let Ok(client) = self.crm.client_with(&self.store, &other, &self.clock, &door.token).await else { continue };
            match client.probe(ReadStages::new()).await {
                Ok(_) => return Ok(Whose::Key),
                Err(error) if error.class() == FaultClass::Credentials => return Ok(Whose::Token),
                // A third call would not be one.
                Err(_) => break,
            }
        }
        Ok(Whose::Either)
    }

    /// The CRM may ask us to stay away: the schedule keeps to it, for this brand; when it asked two, for all of them.
    pub(crate) async fn park_if_asked(&self, tenant: &Tenant, door: &Door, error: &RunError) -> Result<(), SyncError> {
        let Some(wait) = error.retry_after.filter(|wait| *wait > self.crm.limits.max_retry_wait) else { return Ok(()) };
        let now_ms = self.clock.now_ms();
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).min(LONGEST_PARK_MS);
        let until_ms = now_ms + wait_ms;
        let conn = self.store.conn();
        tenants::park(conn, tenant.id, Some(until_ms)).await?;
        let is_parked = |other: &Tenant| other.id != tenant.id && other.parked_until_ms.is_some_and(|until| until > now_ms);
        let latest = tenants::list(conn).await?.iter().filter(|other| is_parked(other)).filter_map(|o| o.parked_until_ms).max();
        if let Some(latest) = latest {
            credentials::park_token(conn, &token_hash(&door.token), latest.max(until_ms)).await?;
        }
        Ok(())
    }
}

/// Whose credentials are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Token,
    Key,
    /// There is no other brand to ask with.
    Either,
}

impl Whose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Token => "the agency's access token is refused, for every brand",
            Self::Key => "this brand's web key is refused; the access token is good",
            Self::Either => "the access token or this brand's web key is refused",
        }
    }
}

fn waiting() -> RunError {
    RunError {
        class: FaultClass::Budget,
        message: "not asked: ClientTether asked us to stay away until later".to_owned(),
        request: None,
        trace: new_trace(),
        retry_after: None,
    }
}
