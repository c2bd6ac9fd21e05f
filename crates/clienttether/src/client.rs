//! One tenant's client.

use std::fmt;
use std::time::Duration;

use tetherboard_crm_records::rows::Row;
use tetherboard_domain::Clock;

use crate::config::{ClientConfig, ConfigError};
use crate::error::Error;
use crate::fetch::{Fetcher, ListSpec};
use crate::page::Page;
use crate::pages::Pages;
use crate::request::ListRequest;
use crate::token_budget::Budgets;

/// Reads the CRM on behalf of one tenant. Clones share one run's retry budget.
///
/// Creating a client loads the system's certificates, which takes about 30 ms: create one per tenant, and use
/// [`Client::for_run`] for each run.
#[derive(Clone)]
pub struct Client {
    fetcher: Fetcher,
}

impl Client {
    /// A client with a full retry budget.
    ///
    /// # Errors
    /// When the base URL or a credential cannot be used, or the HTTP client cannot be set up.
    pub fn new(config: ClientConfig, budgets: &Budgets, clock: Clock) -> Result<Self, ConfigError> {
        Ok(Self { fetcher: Fetcher::new(config, budgets, clock)? })
    }

    /// The same client for a new run, with a full retry budget.
    #[must_use]
    pub fn for_run(&self) -> Self {
        Self { fetcher: self.fetcher.for_run() }
    }

    /// The same client in the same run, trying each call only once and within [`Limits::single_try_timeout`].
    ///
    /// [`Limits::single_try_timeout`]: crate::Limits::single_try_timeout
    #[must_use]
    pub fn single_try(&self) -> Self {
        Self { fetcher: self.fetcher.single_try() }
    }

    /// How much longer the run tolerates a CRM that gives no successful response. At zero, each call is tried only once.
    pub fn outage_tolerance_left(&self) -> Duration {
        self.fetcher.outage_tolerance_left()
    }

    /// The most calls that one read may have in flight.
    pub fn max_in_flight(&self) -> usize {
        self.fetcher.max_in_flight()
    }

    /// The whole list, page by page, in order. Pages are fetched concurrently, in tasks of the current runtime.
    pub fn pages<R: ListRequest>(&self, request: R) -> Pages {
        Pages::new(self.fetcher.clone(), self.list_spec(request))
    }

    /// As [`Client::pages`], but with shorter pages: a row that was hidden by the boundaries of the pages appears.
    pub fn pages_again<R: ListRequest>(&self, request: R) -> Pages {
        let page_size = request.page_size().unwrap_or(self.fetcher.limits().page_size);
        self.pages(request.limit(page_size - page_size / 10))
    }

    /// One page of a list.
    ///
    /// # Errors
    /// When the page could not be read, after retries.
    pub async fn page<R: ListRequest>(&self, request: R, offset: usize) -> Result<Page, Error> {
        self.fetcher.fetch(&self.list_spec(request), offset).await.page.map_err(|failure| failure.error)
    }

    /// One row, requested once with a short timeout, even if the token is marked as refused: checks whether the CRM accepts the
    /// credentials again.
    ///
    /// # Errors
    /// When the page could not be read.
    pub async fn probe<R: ListRequest>(&self, request: R) -> Result<Page, Error> {
        self.fetcher.probe(&self.list_spec(request.limit(1))).await
    }

    fn list_spec<R: ListRequest>(&self, request: R) -> ListSpec {
        let page_size = request.page_size().unwrap_or(self.fetcher.limits().page_size);
        let request = request.limit(page_size);
        ListSpec {
            name: R::NAME,
            dataset: R::Row::DATASET,
            page_size: request.page_size().unwrap_or(page_size),
            ends_at_total: R::ENDS_AT_TOTAL,
            path_and_query: Box::new(move |offset| request.path_and_query(offset)),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.fetcher, f)
    }
}
