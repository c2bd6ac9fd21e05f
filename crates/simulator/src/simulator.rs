//! The simulator's Rust interface, which tests, benchmarks, and the demo use.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tetherboard_domain::{Clock, EpochMs};

use crate::config::Config;
use crate::dice::{self, Dice};
use crate::edits::edit::Edit;
use crate::faults::fault::Fault;
use crate::faults::fault_set::FaultSet;
use crate::request::Request;
use crate::world::World;
use crate::world::truth::Truth;

/// The number of calls that an account's log holds. Beyond that, the oldest are dropped.
const MAX_LOGGED_CALLS: usize = 100_000;

/// A running simulator. Clones share the same accounts.
#[derive(Clone)]
pub struct Simulator(Arc<Inner>);

struct Inner {
    seed: u64,
    clock: Clock,
    accounts: Vec<Account>,
    token_generation: AtomicU64,
}

/// An account with its world, faults, and call log.
pub(crate) struct Account {
    info: AccountInfo,
    key_revoked: AtomicBool,
    world: Mutex<World>,
    faults: Mutex<FaultSet>,
    calls: Mutex<VecDeque<Call>>,
}

/// What a client needs to connect to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountInfo {
    /// The account's position in [`Config::accounts`].
    pub index: usize,
    /// The brand's name.
    pub name: String,
    /// The account's `X-Web-Key`.
    pub web_key: String,
    /// The account's IANA time zone.
    pub zone: String,
}

/// A request that an account received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The list that was requested.
    pub request: Request,
    /// The request target as sent.
    pub path_and_query: String,
    /// When it arrived, on the simulator's clock.
    pub at_ms: EpochMs,
    /// The same on the machine's clock, which runs even while the simulator's clock is stopped.
    pub machine_ms: EpochMs,
    /// The HTTP status, or 0 when none was sent.
    pub status: u16,
}

impl Simulator {
    /// Creates the accounts as of the clock's current time.
    ///
    /// # Panics
    ///
    /// Panics if an account's zone is not in the time zone database.
    pub fn new(config: Config, clock: Clock) -> Self {
        let start = clock.now_ms().0;
        let account = |index: usize| Account {
            info: AccountInfo {
                index,
                name: config.accounts[index].name.clone(),
                web_key: web_key(config.seed, index),
                zone: config.accounts[index].zone.clone(),
            },
            key_revoked: AtomicBool::new(false),
            world: Mutex::new(World::new(&config, index, start)),
            faults: Mutex::default(),
            calls: Mutex::default(),
        };
        let accounts = (0..config.accounts.len()).map(account).collect();
        Self(Arc::new(Inner { seed: config.seed, clock, accounts, token_generation: AtomicU64::new(0) }))
    }

    /// The agency's `X-Access-Token`, which is the same for all accounts.
    pub fn access_token(&self) -> String {
        access_token(self.0.seed, self.0.token_generation.load(Ordering::SeqCst))
    }

    /// Replaces the agency's token and returns the new one. From now on the old one is refused.
    pub fn rotate_access_token(&self) -> String {
        self.0.token_generation.fetch_add(1, Ordering::SeqCst);
        self.access_token()
    }

    /// The accounts, in the order of [`Config::accounts`].
    pub fn accounts(&self) -> Vec<AccountInfo> {
        self.0.accounts.iter().map(|account| account.info.clone()).collect()
    }

    /// The account's current totals, counted from its records rather than from its responses.
    pub fn truth(&self, account: usize) -> Truth {
        Truth::of(&self.account(account).world(self.clock_ms()))
    }

    /// Every row of a list as the CRM writes it, oldest first. Notes are grouped by contact.
    ///
    /// # Panics
    ///
    /// Panics if a row is not JSON, which no edit can cause.
    pub fn records(&self, account: usize, request: Request) -> Vec<Value> {
        let rows = self.account(account).world(self.clock_ms()).records(request);
        rows.iter().map(|row| serde_json::from_slice(row).expect("rows are written as JSON")).collect()
    }

    /// Sets the fault of one request, replacing any that it has.
    pub fn fault(&self, account: usize, request: Request, fault: Fault) {
        lock(&self.account(account).faults).set(request, fault);
    }

    /// Sets one fault for every request, replacing all others.
    pub fn fault_everything(&self, account: usize, fault: Fault) {
        lock(&self.account(account).faults).set_everything(fault);
    }

    /// Removes all faults of the account.
    pub fn heal(&self, account: usize) {
        lock(&self.account(account).faults).heal();
    }

    /// Revokes the account's web key: every call gets 401.
    pub fn revoke_web_key(&self, account: usize) {
        self.account(account).revoke_key();
    }

    /// Makes the account's web key valid again.
    pub fn restore_web_key(&self, account: usize) {
        self.account(account).key_revoked.store(false, Ordering::SeqCst);
    }

    /// Applies an edit to the account now, and returns the ID of the record that it added or changed.
    ///
    /// # Panics
    ///
    /// Panics if the edit names a record that does not exist, or adds one under an ID that is taken.
    pub fn edit(&self, account: usize, edit: Edit) -> String {
        self.account(account).world(self.clock_ms()).apply_edit(edit)
    }

    /// The account's calls so far, oldest first; at most the latest 100,000.
    pub fn calls(&self, account: usize) -> Vec<Call> {
        lock(&self.account(account).calls).iter().cloned().collect()
    }

    /// Empties the account's call log.
    pub fn clear_calls(&self, account: usize) {
        lock(&self.account(account).calls).clear();
    }

    /// Milliseconds UTC on the simulator's clock.
    pub(crate) fn clock_ms(&self) -> i64 {
        self.0.clock.now_ms().0
    }

    /// The account that a web key belongs to, even if it is revoked.
    pub(crate) fn account_with_key(&self, key: &str) -> Option<&Account> {
        self.0.accounts.iter().find(|account| account.info.web_key == key)
    }

    /// Whether the account's key is still valid and the token is the agency's current one.
    pub(crate) fn is_authorized(&self, account: &Account, token: Option<&str>) -> bool {
        !account.key_revoked.load(Ordering::SeqCst) && token.is_some_and(|token| token == self.access_token())
    }

    /// Adds a call to the account's log.
    pub(crate) fn log_call(&self, account: &Account, request: Request, path_and_query: String, status: u16) {
        let (at_ms, machine_ms) = (EpochMs(self.clock_ms()), self.0.clock.machine_ms());
        let mut calls = lock(&account.calls);
        if calls.len() == MAX_LOGGED_CALLS {
            calls.pop_front();
        }
        calls.push_back(Call { request, path_and_query, at_ms, machine_ms, status });
    }

    fn account(&self, index: usize) -> &Account {
        &self.0.accounts[index]
    }
}

impl Account {
    /// The account's world, advanced to `now`.
    pub(crate) fn world(&self, now: i64) -> MutexGuard<'_, World> {
        let mut world = lock(&self.world);
        world.advance(now);
        world
    }

    /// What a client needs to connect.
    pub(crate) fn info(&self) -> &AccountInfo {
        &self.info
    }

    /// Revokes the account's web key.
    pub(crate) fn revoke_key(&self) {
        self.key_revoked.store(true, Ordering::SeqCst);
    }

    /// The fault that applies to a request, if any. Counts down faults that apply a limited number of times.
    pub(crate) fn trigger_fault(&self, request: Request, offset: usize, client_id: Option<&str>) -> Option<Fault> {
        lock(&self.faults).trigger(request, offset, client_id)
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.0.accounts.iter().map(|account| &account.info.name).collect();
        f.debug_struct("Simulator").field("seed", &self.0.seed).field("accounts", &names).finish_non_exhaustive()
    }
}

/// Locks a mutex even if another thread panicked while holding it: that test has already failed, and others may go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn web_key(seed: u64, account: usize) -> String {
    let mut dice = Dice::of(&[seed, 0x3EB, account as u64]);
    format!("CT_{:016x}{:016x}", dice.next(), dice.next())
}

/// A token that looks like the JWT that the vendor issues. Nothing is signed.
fn access_token(seed: u64, generation: u64) -> String {
    let mut dice = Dice::of(&[seed, 0x70C, generation]);
    let signature: Vec<u8> = (0..4).flat_map(|_| dice.next().to_be_bytes()).collect();
    let body = format!(r#"{{"agency":"{:x}","level":2,"serial":{generation}}}"#, dice::key(&[seed]));
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    [part(br#"{"alg":"HS256","typ":"JWT"}"#), part(body.as_bytes()), part(&signature)].join(".")
}
