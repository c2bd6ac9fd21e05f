//! One tenant's client: it asks for pages and asks again where that makes sense.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tetherboard_crm_records::Mapping;
use tetherboard_crm_records::rows::Row;
use tetherboard_domain::{Clock, Dataset};
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;

use crate::answer::{self, Asked};
use crate::budget::{Budget, Budgets};
use crate::config::{ClientConfig, ConfigError, Limits};
use crate::error::{Cause, Error};
use crate::line::{Broken, Line};
use crate::page::Page;
use crate::pages::{Pages, Unread};
use crate::request::ListRequest;
use crate::retry::{self, Decision, Failed};
use crate::run::{self, Run};

/// Asks the CRM on behalf of one tenant. Clones share one run's retries and patience.
///
/// To make one reads the system's certificates, some 30 ms: make it once for a tenant, and [`Client::for_run`] of it for
/// each run.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    run: Arc<Run>,
    single_try: bool,
}

struct Shared {
    line: Line,
    limits: Limits,
    budget: Arc<Budget>,
    mapping: Arc<Mapping>,
    secrets: [SecretString; 2],
}

/// A list to be read, as far as a call needs to know it.
pub(crate) struct List {
    pub name: &'static str,
    pub dataset: Dataset,
    pub page_size: usize,
    pub ends_at_total: bool,
    pub path_and_query: Box<dyn Fn(usize) -> String + Send + Sync>,
}

/// How a call ended, and how often it had to be repeated.
pub(crate) struct Called {
    pub retries: usize,
    pub page: Result<Page, Fault>,
}

pub(crate) struct Fault {
    pub error: Error,
    /// What was received, where that could not be read.
    pub unread: Option<Unread>,
}

impl Client {
    pub fn new(config: ClientConfig, budgets: &Budgets, clock: Clock) -> Result<Self, ConfigError> {
        let line = Line::new(&config, clock)?;
        let budget = budgets.of(&config.access_token);
        let run = Arc::new(Run::new(&config.limits));
        let ClientConfig { limits, mapping, access_token, web_key, .. } = config;
        let shared = Shared { line, limits, budget, mapping, secrets: [access_token, web_key] };
        Ok(Self { shared: Arc::new(shared), run, single_try: false })
    }

    /// The same client at the beginning of a run: all retries, all patience.
    #[must_use]
    pub fn for_run(&self) -> Self {
        let run = Arc::new(Run::new(&self.shared.limits));
        Self { shared: Arc::clone(&self.shared), run, single_try: false }
    }

    /// The same client in the same run, asking each page once and not for long.
    #[must_use]
    pub fn single_try(&self) -> Self {
        Self { single_try: true, ..self.clone() }
    }

    /// How long the run still waits for a right answer before each call is only tried once.
    pub fn run_patience(&self) -> Duration {
        self.run.patience_left(&self.shared.limits)
    }

    /// How many calls one read may have open.
    pub fn window(&self) -> usize {
        self.shared.budget.window()
    }

    /// The whole list, page by page, in order. Pages are asked side by side, in tasks of the current runtime.
    pub fn pages<R: ListRequest>(&self, request: R) -> Pages {
        Pages::new(self.clone(), self.list(request), self.shared.budget.window(), self.shared.limits.max_pages)
    }

    /// One page, for whoever wants to know whether the CRM answers at all.
    pub async fn page<R: ListRequest>(&self, request: R, offset: usize) -> Result<Page, Error> {
        self.call(&self.list(request), offset).await.page.map_err(|fault| fault.error)
    }

    /// One row, asked once and not for long, even of a token that was refused: whoever wants to know whether the CRM takes
    /// it again.
    pub async fn probe<R: ListRequest>(&self, request: R) -> Result<Page, Error> {
        let (client, list) = (self.single_try(), self.list(request.limit(1)));
        client.attempt(&list, 0).await.map_err(|Failure { cause, retry_after, .. }| {
            client.heed(&cause, retry_after);
            Error { request: list.name, offset: 0, path: (list.path_and_query)(0), attempts: 1, retry_after, cause }
        })
    }

    fn list<R: ListRequest>(&self, request: R) -> List {
        let page_size = request.page_size().unwrap_or(self.shared.limits.page_size);
        let request = request.limit(page_size);
        List {
            name: R::NAME,
            dataset: R::Row::DATASET,
            page_size: request.page_size().unwrap_or(page_size),
            ends_at_total: R::ENDS_AT_TOTAL,
            path_and_query: Box::new(move |offset| request.path_and_query(offset)),
        }
    }

    /// Asks until there is a page or no point in asking; a token that is refused meanwhile leaves none.
    pub(crate) async fn call(&self, list: &List, offset: usize) -> Called {
        let mut attempts = 0;
        let page = tokio::select! {
            biased;
            () = self.shared.budget.refusal() => Err(Cause::TokenRefused.into()),
            page = self.persist(list, offset, &mut attempts) => page,
        };
        let fault = |Failure { cause, retry_after, unread }| Fault {
            error: Error { request: list.name, offset, path: (list.path_and_query)(offset), attempts, retry_after, cause },
            unread,
        };
        Called { retries: attempts.saturating_sub(1) as usize, page: page.map_err(fault) }
    }

    async fn persist(&self, list: &List, offset: usize, attempts: &mut u32) -> Result<Page, Failure> {
        loop {
            *attempts += 1;
            let failure = match self.attempt(list, offset).await {
                Ok(page) => return Ok(page),
                Err(failure) => failure,
            };
            self.heed(&failure.cause, failure.retry_after);
            let wait = match self.decide(*attempts, &failure) {
                Decision::Wait(wait) if self.run.take_retry() => wait,
                Decision::Obey(wait) => wait,
                Decision::Wait(_) | Decision::Stop => return Err(failure),
            };
            debug!(request = list.name, offset, attempts, class = ?failure.cause.class(), ?wait, "asking the CRM again");
            sleep(wait).await;
        }
    }

    /// If the CRM asked for silence, it gets it from everybody.
    fn heed(&self, cause: &Cause, retry_after: Option<Duration>) {
        let wish = retry_after.filter(|wait| *wait <= self.shared.limits.longest_wait && !cause.is_permanent());
        if let Some(wait) = wish {
            self.shared.budget.keep_silent(wait);
        }
    }

    /// What the failure means for the next attempt.
    fn decide(&self, attempt: u32, Failure { cause, retry_after, .. }: &Failure) -> Decision {
        let limits = &self.shared.limits;
        let patience_left = self.run.patience_left(limits);
        if !run::allowance(limits, patience_left, self.single_try).may_retry {
            return Decision::Stop;
        }
        let (retry_after, retries_left, jitter) = (*retry_after, self.run.retries_left(), rand::random());
        retry::decide(&Failed { attempt, cause, retry_after, retries_left, patience_left, jitter }, limits)
    }

    async fn attempt(&self, list: &List, offset: usize) -> Result<Page, Failure> {
        let Shared { line, limits, budget, mapping, secrets } = &*self.shared;
        self.run.asking();
        let began = Instant::now();
        let allowed = run::allowance(limits, self.run.patience_left(limits), self.single_try);
        let turn = timeout(allowed.turn, budget.turn()).await.map_err(|_| Cause::NoTurn(allowed.turn))?;
        let within = run::allowance(limits, self.run.patience_left(limits), self.single_try)
            .call
            .min(allowed.both.saturating_sub(began.elapsed()));

        let path_and_query = (list.path_and_query)(offset);
        let exchange = line.get(&path_and_query, limits, within).await;
        drop(turn);
        let milliseconds = began.elapsed().as_millis();
        let exchange = exchange.inspect_err(|broken| {
            debug!(request = list.name, offset, milliseconds, class = ?broken.cause.class(), "the CRM did not answer");
        })?;
        debug!(
            request = list.name,
            offset,
            milliseconds,
            status = exchange.status,
            bytes = exchange.body.len(),
            "the CRM answered"
        );

        let asked = Asked { offset, path_and_query: &path_and_query, dataset: list.dataset, mapping, secrets };
        match answer::read(&exchange, asked) {
            Ok(page) => {
                self.run.answered_right();
                Ok(page)
            }
            Err(cause) => {
                let unread = Unread {
                    offset,
                    request: path_and_query,
                    status: exchange.status,
                    received_at: exchange.received_at,
                    body: exchange.body,
                };
                Err(Failure { cause, retry_after: None, unread: Some(unread) })
            }
        }
    }
}

/// One attempt that brought no page.
struct Failure {
    cause: Cause,
    retry_after: Option<Duration>,
    unread: Option<Unread>,
}

impl From<Broken> for Failure {
    fn from(Broken { cause, retry_after }: Broken) -> Self {
        Self { cause, retry_after, unread: None }
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Broken::from(cause).into()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shared, run, single_try } = self;
        f.debug_struct("Client")
            .field("limits", &shared.limits)
            .field("run", run)
            .field("single_try", single_try)
            .finish_non_exhaustive()
    }
}
