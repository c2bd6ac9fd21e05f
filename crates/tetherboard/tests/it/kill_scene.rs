//! An installation with a CRM in the test process, and random points at which to kill a run.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::json;
use tetherboard_domain::{Clock, ContactId, Dataset, RunStatus, TenantId};
use tetherboard_metrics::{Board, hot_list, hot_list_at, lead_counts, pipeline};
use tetherboard_simulator::{AccountConfig, Config, ContactEdit, DealEdit, Edit, Server, Simulator};
use tetherboard_store::runs::{self, DatasetReport, Run};
use tetherboard_store::{Store, leads, leases, records, tenants};
use tetherboard_testkit::Kind;

use crate::installation::{Installation, Process};

/// An installation whose CRM runs in the test process, so that a test can edit and inspect it at any moment.
pub(crate) struct Scene {
    pub(crate) installation: Installation,
    pub(crate) crm: Simulator,
    pub(crate) brands: Vec<TenantId>,
    _server: Server,
}

pub(crate) const SLUGS: [&str; 6] = ["harbor", "tidewater", "alder", "birch", "cedar", "dogwood"];

impl Scene {
    pub(crate) async fn new(kind: Kind, accounts: &[AccountConfig]) -> Self {
        let config = Config { seed: 5, accounts: accounts.to_vec(), hostile_text: false };
        let crm = Simulator::new(config, Clock::system());
        let server = crm.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let mut installation = Installation::new(kind).await;
        installation.set("CLIENTTETHER_BASE_URL", &server.base_url());
        installation.set("CLIENTTETHER_ACCESS_TOKEN", &crm.access_token());
        installation.set("CLIENTTETHER_MAX_PER_SECOND", "5000");
        installation.set("CLIENTTETHER_MAX_IN_FLIGHT", "3");
        installation.set("TETHERBOARD_LOG", "info");
        let mut brands = Vec::new();
        for (slug, account) in SLUGS.iter().zip(crm.accounts()) {
            let add = ["tenant", "add", "--slug", slug, "--name", slug, "--zone", "America/New_York", "--web-key-stdin"];
            installation.run_ok(&add, &format!("{}\n", account.web_key)).await;
            brands.push(tenants::by_slug(installation.db.store.conn(), slug).await.unwrap().unwrap().id);
        }
        Self { installation, crm, brands, _server: server }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.installation.db.store
    }

    /// Runs a sync that must succeed, and returns its length.
    pub(crate) async fn sync(&self, account: usize) -> RunLength {
        self.crm.clear_calls(account);
        let done = self.installation.run(&["sync", "--tenant", SLUGS[account]], "").await;
        assert_eq!(done.code(), 0, "{done:?}");
        let calls = self.crm.calls(account);
        let last = calls.last().expect("a run makes calls").machine_ms;
        let tail_ms = (Clock::system().machine_ms() - last).unsigned_abs();
        RunLength { calls: calls.len(), tail: Duration::from_millis(tail_ms) }
    }

    /// Waits until a run has made this many calls or has exited.
    pub(crate) async fn wait_for_calls(&self, account: usize, calls: usize, process: &mut Process) {
        while self.crm.calls(account).len() < calls && process.child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// Expires the lease of a dead process without waiting a minute, by claiming it with a later time. The claim also waits for
    /// whatever the process had already sent to the database.
    pub(crate) async fn expire_lease(&self, account: usize) {
        let later = Clock::system().machine_ms() + 120_000;
        let lease = leases::claim(self.store().conn(), self.brands[account], "a test", later, later + 1).await.unwrap();
        leases::release(self.store().conn(), &lease.expect("the lease has expired")).await.unwrap();
    }

    pub(crate) async fn runs(&self, account: usize) -> Vec<Run> {
        runs::newest(self.store().conn(), self.brands[account], 1_000).await.unwrap()
    }

    /// Waits until a brand has this many successful runs.
    pub(crate) async fn wait_for_successes(&self, account: usize, count: usize) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.runs(account).await.iter().filter(|run| run.status == RunStatus::Succeeded).count() < count {
            assert!(Instant::now() < until, "{}: {:#?}", SLUGS[account], self.runs_with_reports(account).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A brand's runs, each with the reports of its datasets.
    pub(crate) async fn runs_with_reports(&self, account: usize) -> Vec<(Run, Vec<DatasetReport>)> {
        let mut found = Vec::new();
        for run in self.runs(account).await {
            let reports = runs::reports(self.store().conn(), self.brands[account], &run.id).await.unwrap();
            found.push((run, reports));
        }
        found
    }

    /// The total number of records that a brand's runs report as added.
    pub(crate) async fn added(&self, account: usize, dataset: Dataset) -> i64 {
        let reports = self.runs_with_reports(account).await.into_iter().flat_map(|(_, reports)| reports);
        reports.filter(|report| report.dataset == dataset).map(|report| report.added).sum()
    }

    pub(crate) async fn assert_truth(&self, account: usize) {
        let (conn, tenant) = (self.store().conn(), self.brands[account]);
        let zone = tenants::by_id(conn, tenant).await.unwrap().unwrap().zone;
        let board = Board::load(conn, tenant).await.unwrap();
        let now = Clock::system().now();
        let summary = lead_counts(conn, tenant, &board).await.unwrap().summary(&board, &zone, now);
        let pipeline = pipeline(conn, tenant, &board, now).await.unwrap();
        let label = |label: Option<String>| label.unwrap_or_else(|| "null".to_owned());
        let by_stage: BTreeMap<_, _> = summary.by_stage.into_iter().map(|line| (label(line.stage), line.contacts)).collect();
        let by_source: BTreeMap<_, _> = summary.by_source.into_iter().map(|(source, count)| (label(source), count)).collect();
        let truth = self.crm.truth(account);
        assert_eq!(
            json!([
                summary.total,
                summary.prospects,
                summary.undated,
                by_stage,
                by_source,
                pipeline.leads_in_pipeline,
                pipeline.crm_deals
            ]),
            json!([
                truth.contacts,
                truth.prospects,
                truth.undated,
                truth.by_stage,
                truth.by_source,
                truth.leads_in_pipeline,
                truth.deals
            ]),
        );
    }

    /// Checks that every run is closed and that no two runs overlap.
    pub(crate) async fn assert_runs_are_closed_and_do_not_overlap(&self, account: usize) {
        let mut runs: Vec<Run> = self.runs(account).await.into_iter().filter(|run| run.started_ms.is_some()).collect();
        runs.sort_by_key(|run| (run.started_ms, run.finished_ms));
        for pair in runs.windows(2) {
            assert!(pair[0].finished_ms.expect("the run is closed") <= pair[1].started_ms.unwrap(), "{pair:#?}");
        }
        assert!(runs.iter().all(|run| run.finished_ms.is_some()), "{runs:#?}");
    }
}

/// The contents of a brand's tables: the row count of each dataset, and the generations of the marked contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) stages: i64,
    pub(crate) sources: i64,
    pub(crate) users: i64,
    pub(crate) contacts: (i64, BTreeSet<String>),
    pub(crate) deals: i64,
}

impl Scene {
    /// Reads the state through new connections, like a process that starts after a crash.
    pub(crate) async fn state(&self, marked: &[ContactId]) -> State {
        let (store, tenant) = (self.installation.db.reopen().await, self.brands[0]);
        let conn = store.conn();
        let count = async |dataset| records::live_count(conn, tenant, dataset, &records::Scope::All).await.unwrap();
        let mut generations = BTreeSet::new();
        for contact in marked {
            let name = leads::get(conn, tenant, contact).await.unwrap().expect("an existing contact stays").name;
            generations.insert(name.split(' ').next().unwrap().to_owned());
        }
        let state = State {
            stages: count(Dataset::Stages).await,
            sources: count(Dataset::Sources).await,
            users: count(Dataset::Users).await,
            contacts: (count(Dataset::Contacts).await, generations),
            deals: count(Dataset::Deals).await,
        };
        // The stored hot list must match the data it was built from.
        let list = hot_list(conn, tenant).await.unwrap();
        if let Some(as_of) = list.as_of {
            let tenant = tenants::by_id(conn, tenant).await.unwrap().unwrap();
            assert_eq!(list.items, hot_list_at(conn, &tenant, as_of, list.calendar_read).await.unwrap().0);
        }
        store.close().await;
        state
    }

    /// The state after a complete run.
    pub(crate) fn expected_state(&self, generation: Option<&str>) -> State {
        let truth = self.crm.truth(0);
        let number = |count: usize| i64::try_from(count).unwrap();
        State {
            stages: number(truth.stages),
            sources: number(truth.sources),
            users: number(truth.users),
            contacts: (number(truth.contacts), generation.map(str::to_owned).into_iter().collect()),
            deals: number(truth.deals),
        }
    }

    /// Edits the CRM: adds contacts with deals, and renames every marked contact.
    pub(crate) fn edit_crm(&self, marked: &[ContactId], generation: &str) {
        for _ in 0..7 {
            let ada = self.crm.edit(0, Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("QR Sent")));
            self.crm.edit(0, Edit::AddDeal(DealEdit::of(&ada).worth(45_000)));
        }
        for contact in marked {
            let client_id = contact.as_str().to_owned();
            self.crm.edit(0, Edit::SetContact { client_id, field: "firstName", value: generation.into() });
        }
    }
}

// Random points -------------------------------------------------------------------------------------------------------

/// The length of a run, mostly in CRM calls, because a moment in time falls elsewhere in the run when the machine is busy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunLength {
    pub(crate) calls: usize,
    /// From the last call to the exit of the process.
    pub(crate) tail: Duration,
}

impl RunLength {
    /// A random point of the run: a number of calls and the delay after them. A quarter of the points follow the last call.
    pub(crate) fn random_point(self, random: &mut Random) -> (usize, Duration) {
        if random.fraction() < 0.25 {
            (self.calls, self.tail.mul_f64(random.fraction()))
        } else {
            (random.below(self.calls), Duration::from_millis(20).mul_f64(random.fraction()))
        }
    }
}

/// A random generator that prints its seed, so that a failure can be reproduced.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        let fixed = std::env::var("TETHERBOARD_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = fixed.unwrap_or_else(|| Clock::system().machine_ms().0.unsigned_abs());
        println!("TETHERBOARD_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number from 0 to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        f64::from(self.next()) / f64::from(u32::MAX)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end
    }

    fn next(&mut self) -> u32 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap()
    }
}
