//! The running world of accounts, as tests, benchmarks and the demo hold it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tetherboard_domain::{Clock, EpochMs};

use crate::answer::header;
use crate::config::Config;
use crate::dice::{self, Dice};
use crate::edit::Edit;
use crate::fault::{Fault, Faults};
use crate::request::Request;
use crate::server::Server;
use crate::truth::Truth;
use crate::world::World;

/// How many calls an account remembers.
const CALLS_KEPT: usize = 100_000;

/// A running world of accounts. Clones share it.
#[derive(Clone)]
pub struct Simulator(Arc<Inner>);

struct Inner {
    seed: u64,
    clock: Clock,
    accounts: Vec<Account>,
    token_generation: AtomicU64,
}

pub(crate) struct Account {
    info: AccountInfo,
    key_revoked: AtomicBool,
    world: Mutex<World>,
    faults: Mutex<Faults>,
    calls: Mutex<VecDeque<Call>>,
}

/// What a client needs to know of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountInfo {
    pub index: usize,
    pub name: String,
    pub web_key: String,
    /// An IANA zone.
    pub zone: String,
}

/// A request that an account was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub request: Request,
    pub path_and_query: String,
    /// By the world's clock.
    pub at_ms: EpochMs,
    /// By the machine's, which runs while the world's stands.
    pub machine_ms: EpochMs,
    /// The HTTP status; 0 where none was sent.
    pub status: u16,
}

impl Simulator {
    /// Makes the world as it is when the clock shows now.
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
            world: Mutex::new(World::found(&config, index, start)),
            faults: Mutex::default(),
            calls: Mutex::default(),
        };
        let accounts = (0..config.accounts.len()).map(account).collect();
        Self(Arc::new(Inner { seed: config.seed, clock, accounts, token_generation: AtomicU64::new(0) }))
    }

    /// Binds and serves HTTP until the returned server is dropped or stopped.
    pub async fn listen(&self, addr: SocketAddr) -> std::io::Result<Server> {
        Server::listen(self.clone(), addr).await
    }

    /// The agency's token: one for all accounts.
    pub fn access_token(&self) -> String {
        access_token(self.0.seed, self.0.token_generation.load(Ordering::SeqCst))
    }

    /// Changes the agency's token as the vendor does; the old one is refused from now on.
    pub fn rotate_access_token(&self) -> String {
        self.0.token_generation.fetch_add(1, Ordering::SeqCst);
        self.access_token()
    }

    pub fn accounts(&self) -> Vec<AccountInfo> {
        self.0.accounts.iter().map(|account| account.info.clone()).collect()
    }

    /// What the account holds now, counted from its records and not from its answers.
    pub fn truth(&self, account: usize) -> Truth {
        Truth::of(&self.account(account).world(self.clock_ms()))
    }

    /// Every record of a list as the CRM writes it, in the order in which they were made; of the notes, contact by contact.
    ///
    /// # Panics
    ///
    /// Panics if a row is no JSON, which no edit makes it.
    pub fn records(&self, account: usize, request: Request) -> Vec<Value> {
        let rows = self.account(account).world(self.clock_ms()).records(request);
        rows.iter().map(|row| serde_json::from_slice(row).expect("rows are written as JSON")).collect()
    }

    /// Puts a fault on one request, in place of any that it has.
    pub fn fault(&self, account: usize, request: Request, fault: Fault) {
        lock(&self.account(account).faults).set(request, fault);
    }

    /// Puts a fault on every request, in place of all there are.
    pub fn fault_everything(&self, account: usize, fault: Fault) {
        lock(&self.account(account).faults).set_everything(fault);
    }

    /// Removes all faults of the account.
    pub fn heal(&self, account: usize) {
        lock(&self.account(account).faults).heal();
    }

    pub fn revoke_web_key(&self, account: usize) {
        self.account(account).revoke_key();
    }

    pub fn restore_web_key(&self, account: usize) {
        self.account(account).key_revoked.store(false, Ordering::SeqCst);
    }

    /// Changes the account by hand, now; returns the id of the record that was made or changed.
    ///
    /// # Panics
    ///
    /// Panics if the change names a record that is not there, or adds one under an id that is.
    pub fn edit(&self, account: usize, change: Edit) -> String {
        self.account(account).world(self.clock_ms()).edit(change)
    }

    /// Every request asked so far, the latest hundred thousand of them.
    pub fn calls(&self, account: usize) -> Vec<Call> {
        lock(&self.account(account).calls).iter().cloned().collect()
    }

    pub fn clear_calls(&self, account: usize) {
        lock(&self.account(account).calls).clear();
    }

    pub(crate) fn clock_ms(&self) -> i64 {
        self.0.clock.now_ms().0
    }

    pub(crate) fn account_with_key(&self, headers: &HeaderMap) -> Option<&Account> {
        let key = header(headers, "x-web-key")?;
        self.0.accounts.iter().find(|account| account.info.web_key == key)
    }

    /// Whether the account's key still counts, and the token beside it is the agency's.
    pub(crate) fn admits(&self, account: &Account, headers: &HeaderMap) -> bool {
        let token = header(headers, "x-access-token");
        !account.key_revoked.load(Ordering::SeqCst) && token.is_some_and(|token| token == self.access_token())
    }

    pub(crate) fn note_call(&self, account: &Account, request: Request, uri: &Uri, status: u16) {
        let path_and_query = uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let (at_ms, machine_ms) = (self.0.clock.now_ms(), self.0.clock.machine_ms());
        let mut calls = lock(&account.calls);
        if calls.len() == CALLS_KEPT {
            calls.pop_front();
        }
        calls.push_back(Call { request, path_and_query, at_ms, machine_ms, status });
    }

    fn account(&self, index: usize) -> &Account {
        &self.0.accounts[index]
    }
}

impl Account {
    /// The account's world, as it is at `now`.
    pub(crate) fn world(&self, now: i64) -> MutexGuard<'_, World> {
        let mut world = lock(&self.world);
        world.advance(now);
        world
    }

    pub(crate) fn revoke_key(&self) {
        self.key_revoked.store(true, Ordering::SeqCst);
    }

    pub(crate) fn strike(&self, request: Request, offset: usize, client_id: Option<&str>) -> Option<Fault> {
        lock(&self.faults).strike(request, offset, client_id)
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.0.accounts.iter().map(|account| &account.info.name).collect();
        f.debug_struct("Simulator").field("seed", &self.0.seed).field("accounts", &names).finish_non_exhaustive()
    }
}

/// A test that panicked with the lock in hand has failed already; the others may go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn web_key(seed: u64, account: usize) -> String {
    let mut dice = Dice::of(&[seed, 0x3EB, account as u64]);
    format!("CT_{:016x}{:016x}", dice.next(), dice.next())
}

/// Looks like the JWT that the vendor gives out; nothing is signed.
fn access_token(seed: u64, generation: u64) -> String {
    let mut dice = Dice::of(&[seed, 0x70C, generation]);
    let signature: Vec<u8> = (0..4).flat_map(|_| dice.next().to_be_bytes()).collect();
    let body = format!(r#"{{"agency":"{:x}","level":2,"serial":{generation}}}"#, dice::key(&[seed]));
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    [part(br#"{"alg":"HS256","typ":"JWT"}"#), part(body.as_bytes()), part(&signature)].join(".")
}
