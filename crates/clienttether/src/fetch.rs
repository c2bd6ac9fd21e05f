//! Fetches single pages, with retries, within the run's and the token's budgets.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tetherboard_crm_records::Mapping;
use tetherboard_domain::{Clock, Dataset};
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;

use crate::config::{ClientConfig, ConfigError, Limits};
use crate::error::{Cause, Error};
use crate::page::{Page, UnreadableResponse};
use crate::response::{self, ResponseContext};
use crate::retry::{self, Decision, FailedAttempt};
use crate::retry_budget::{self, RetryBudget};
use crate::secret_mask::SecretMask;
use crate::token_budget::{Budgets, TokenBudget};
use crate::transport::{Transport, TransportError};

/// Fetches pages for one tenant. Clones share one run's retry budget.
#[derive(Clone)]
pub(crate) struct Fetcher {
    shared: Arc<Shared>,
    retry_budget: Arc<RetryBudget>,
    single_try: bool,
}

struct Shared {
    transport: Transport,
    limits: Limits,
    token_budget: Arc<TokenBudget>,
    mapping: Arc<Mapping>,
    secret_mask: SecretMask,
}

/// What a call needs to know about the list it reads.
pub(crate) struct ListSpec {
    pub name: &'static str,
    pub dataset: Dataset,
    pub page_size: usize,
    pub ends_at_total: bool,
    /// The request at an offset, relative to the base URL.
    pub path_and_query: Box<dyn Fn(usize) -> String + Send + Sync>,
}

/// The result of a call, and how many retries it took.
pub(crate) struct FetchResult {
    pub retries: usize,
    pub page: Result<Page, FetchFailure>,
}

/// A call that returned no page.
pub(crate) struct FetchFailure {
    pub error: Error,
    /// The response, if there was one that could not be read.
    pub unreadable: Option<UnreadableResponse>,
}

impl Fetcher {
    pub(crate) fn new(config: ClientConfig, budgets: &Budgets, clock: Clock) -> Result<Self, ConfigError> {
        let transport = Transport::new(&config, clock)?;
        let token_budget = budgets.of(&config.access_token);
        let retry_budget = Arc::new(RetryBudget::new(&config.limits));
        let ClientConfig { limits, mapping, access_token, web_key, .. } = config;
        let secret_mask = SecretMask::new(&[access_token, web_key]);
        let shared = Shared { transport, limits, token_budget, mapping, secret_mask };
        Ok(Self { shared: Arc::new(shared), retry_budget, single_try: false })
    }

    pub(crate) fn for_run(&self) -> Self {
        let retry_budget = Arc::new(RetryBudget::new(&self.shared.limits));
        Self { shared: Arc::clone(&self.shared), retry_budget, single_try: false }
    }

    pub(crate) fn single_try(&self) -> Self {
        Self { single_try: true, ..self.clone() }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(crate) fn outage_tolerance_left(&self) -> Duration {
        self.retry_budget.outage_tolerance_left(&self.shared.limits)
    }

    pub(crate) fn max_in_flight(&self) -> usize {
        self.shared.token_budget.max_in_flight()
    }

    /// One attempt with a short timeout, even if the token is marked as refused.
    pub(crate) async fn probe(&self, list: &ListSpec) -> Result<Page, Error> {
        let fetcher = self.single_try();
        fetcher.attempt(list, 0).await.map_err(|AttemptFailure { cause, retry_after, .. }| {
            fetcher.honor_retry_after(&cause, retry_after);
            Error { request: list.name, offset: 0, path: (list.path_and_query)(0), attempts: 1, retry_after, cause }
        })
    }

    /// Fetches a page, retrying as long as that makes sense. Fails at once if the token is refused in the meantime.
    pub(crate) async fn fetch(&self, list: &ListSpec, offset: usize) -> FetchResult {
        let mut attempts = 0;
        let page = tokio::select! {
            biased;
            () = self.shared.token_budget.until_refused() => Err(Cause::TokenRefused.into()),
            page = self.fetch_with_retries(list, offset, &mut attempts) => page,
        };
        let failure = |AttemptFailure { cause, retry_after, unreadable }| FetchFailure {
            error: Error { request: list.name, offset, path: (list.path_and_query)(offset), attempts, retry_after, cause },
            unreadable,
        };
        FetchResult { retries: attempts.saturating_sub(1) as usize, page: page.map_err(failure) }
    }

    async fn fetch_with_retries(&self, list: &ListSpec, offset: usize, attempts: &mut u32) -> Result<Page, AttemptFailure> {
        loop {
            *attempts += 1;
            let failure = match self.attempt(list, offset).await {
                Ok(page) => return Ok(page),
                Err(failure) => failure,
            };
            self.honor_retry_after(&failure.cause, failure.retry_after);
            let wait = match self.decide(*attempts, &failure) {
                Decision::Backoff(wait) if self.retry_budget.take_retry() => wait,
                Decision::RetryAfter(wait) => wait,
                Decision::Backoff(_) | Decision::Stop => return Err(failure),
            };
            debug!(request = list.name, offset, attempts, class = ?failure.cause.class(), ?wait, "retrying the CRM call");
            sleep(wait).await;
        }
    }

    /// If the CRM asked to wait, every call with this token waits.
    fn honor_retry_after(&self, cause: &Cause, retry_after: Option<Duration>) {
        let wait = retry_after.filter(|wait| *wait <= self.shared.limits.max_retry_wait && !cause.is_permanent());
        if let Some(wait) = wait {
            self.shared.token_budget.pause(wait);
        }
    }

    fn decide(&self, attempt: u32, AttemptFailure { cause, retry_after, .. }: &AttemptFailure) -> Decision {
        let limits = &self.shared.limits;
        let outage_tolerance_left = self.outage_tolerance_left();
        if !retry_budget::call_limits(limits, outage_tolerance_left, self.single_try).may_retry {
            return Decision::Stop;
        }
        let failed = FailedAttempt {
            attempt,
            cause,
            retry_after: *retry_after,
            retries_left: self.retry_budget.retries_left(),
            outage_tolerance_left,
            jitter: rand::random(),
        };
        retry::decide(&failed, limits)
    }

    async fn attempt(&self, list: &ListSpec, offset: usize) -> Result<Page, AttemptFailure> {
        let Shared { transport, limits, token_budget, mapping, secret_mask } = &*self.shared;
        self.retry_budget.call_started();
        let began = Instant::now();
        let call_limits = || retry_budget::call_limits(limits, self.outage_tolerance_left(), self.single_try);
        let before = call_limits();
        let permit = timeout(before.permit, token_budget.acquire()).await;
        let permit = permit.map_err(|_| Cause::BudgetTimeout(before.permit))?;
        let deadline = call_limits().call.min(before.total.saturating_sub(began.elapsed()));

        let path_and_query = (list.path_and_query)(offset);
        let response = transport.get(&path_and_query, limits, deadline).await;
        drop(permit);
        let milliseconds = began.elapsed().as_millis();
        let mut response = response.inspect_err(|error| {
            debug!(request = list.name, offset, milliseconds, class = ?error.cause.class(), "the CRM call failed");
        })?;
        response.body = secret_mask.mask(response.body);
        let (status, bytes) = (response.status, response.body.len());
        debug!(request = list.name, offset, milliseconds, status, bytes, "the CRM responded");

        let context = ResponseContext { offset, path_and_query: &path_and_query, dataset: list.dataset, mapping };
        match response::parse_page(&response, context) {
            Ok(page) => {
                self.retry_budget.call_succeeded();
                Ok(page)
            }
            Err(cause) => {
                let unreadable = UnreadableResponse {
                    offset,
                    request: path_and_query,
                    status,
                    received_at: response.received_at,
                    body: response.body,
                };
                Err(AttemptFailure { cause, retry_after: None, unreadable: Some(unreadable) })
            }
        }
    }
}

/// One attempt that returned no page.
struct AttemptFailure {
    cause: Cause,
    retry_after: Option<Duration>,
    unreadable: Option<UnreadableResponse>,
}

impl From<TransportError> for AttemptFailure {
    fn from(TransportError { cause, retry_after }: TransportError) -> Self {
        Self { cause, retry_after, unreadable: None }
    }
}

impl From<Cause> for AttemptFailure {
    fn from(cause: Cause) -> Self {
        TransportError::from(cause).into()
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shared, retry_budget, single_try } = self;
        f.debug_struct("Client")
            .field("limits", &shared.limits)
            .field("retry_budget", retry_budget)
            .field("single_try", single_try)
            .finish_non_exhaustive()
    }
}
