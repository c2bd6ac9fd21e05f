//! The test world: one brand, its account in a simulated CRM, and a clock that moves only between runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use secrecy::SecretString;
use tetherboard_clienttether::{Budgets, Limits};
use tetherboard_domain::{Clock, ContactId, Dataset, DatasetStatus, EpochMs, RunStatus, TenantId, Trigger};
use tetherboard_metrics::{Board, lead_counts, pipeline};
use tetherboard_simulator::{Config, Edit, Fault, Request, Server, Simulator};
use tetherboard_store::history::{self, Transition};
use tetherboard_store::leads::{self, LeadRow};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_store::tenants::{self, Tenant};
use tetherboard_sync::{Crm, RunOptions, RunReport, Syncer};
use tetherboard_testkit::{Kind, TestDatabase};

/// Separates the cells of a dumped row; occurs in no text.
pub(crate) const BETWEEN: &str = "\u{1f}";

/// A Thursday morning.
const BEGINS: &str = "2026-11-19T16:30:00Z";

pub(crate) struct World {
    pub(crate) crm: Simulator,
    pub(crate) clock: Clock,
    pub(crate) syncer: Syncer,
    pub(crate) id: TenantId,
    server: Option<Server>,
    pub(crate) db: TestDatabase,
}

/// The numbers that the pages would show, in the form of the simulator's truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) total: i64,
    pub(crate) prospects: i64,
    pub(crate) undated: i64,
    pub(crate) by_stage: BTreeMap<String, i64>,
    pub(crate) by_source: BTreeMap<String, i64>,
    pub(crate) leads_in_pipeline: i64,
    pub(crate) deals: i64,
}

impl World {
    /// A world with a simulated CRM, of which only the first account is read.
    pub(crate) async fn of(kind: Kind, config: Config) -> Self {
        let clock = Clock::stopped_at(BEGINS.parse().unwrap());
        let crm = Simulator::new(config, clock.clone());
        let server = crm.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let db = tetherboard_testkit::fresh(kind).await;
        let syncer = Syncer {
            store: db.store.clone(),
            crm: Crm {
                base_url: server.base_url().parse().unwrap(),
                access_token: Some(SecretString::from(crm.access_token())),
                budgets: Budgets::new(4, 10_000),
                limits: quick(),
            },
            clock: clock.clone(),
            holder: "this one".to_owned(),
            notes_calls_per_run: 0,
        };
        let mut world = Self { crm, clock, syncer, id: TenantId(0), server: Some(server), db };
        world.id = world.brand("harbor", 0).await;
        world
    }

    /// A world whose account has this many contacts and changes only through the test.
    pub(crate) async fn with_contacts(kind: Kind, contacts: usize) -> Self {
        Self::of(kind, Config::plain(11, &[contacts])).await
    }

    /// Sets how many requests a run may spend on notes.
    pub(crate) fn reading_notes(mut self, calls_per_run: usize) -> Self {
        self.syncer.notes_calls_per_run = calls_per_run;
        self
    }

    /// Adds a brand for an account of the CRM.
    pub(crate) async fn brand(&self, slug: &str, account: usize) -> TenantId {
        let info = &self.crm.accounts()[account];
        let tenant = tetherboard_testkit::tenant(&self.db.store, slug, &info.zone).await;
        tetherboard_testkit::web_key(&self.db.store, tenant.id, &info.web_key).await;
        tenant.id
    }

    pub(crate) async fn tenant(&self) -> Tenant {
        tenants::by_id(self.db.store.conn(), self.id).await.unwrap().unwrap()
    }

    /// Advances the clock.
    pub(crate) fn later(&self, minutes: i64) -> Timestamp {
        self.clock.set(self.clock.now() + SignedDuration::from_mins(minutes));
        self.clock.now()
    }

    /// Advances the clock by an hour and runs.
    pub(crate) async fn run(&self) -> RunReport {
        self.run_with(&RunOptions::default()).await
    }

    pub(crate) async fn run_with(&self, options: &RunOptions) -> RunReport {
        self.later(60);
        let report = self.syncer.sync_tenant(&self.tenant().await, Trigger::Command, options).await.unwrap();
        report.expect("no other run is in progress")
    }

    /// Runs for some time, as a process that then dies. Its lease has expired when this returns.
    pub(crate) async fn killed_run(&self, after: Duration) {
        let (syncer, tenant) = (self.syncer.clone(), self.tenant().await);
        let process = tokio::spawn(async move {
            let options = RunOptions::default();
            syncer.sync_tenant(&tenant, Trigger::Schedule, &options).await.map(|_| ())
        });
        tokio::time::sleep(after).await;
        process.abort();
        let _ = process.await;
        self.execute("UPDATE sync_leases SET expires_ms = 0").await;
    }

    /// As [`World::run`], and checks that everything succeeded.
    pub(crate) async fn good_run(&self) -> RunReport {
        let report = self.run().await;
        assert_eq!(report.run.status, RunStatus::Succeeded, "{:#?}", report.datasets);
        report
    }

    pub(crate) fn edit(&self, change: Edit) -> String {
        self.crm.edit(0, change)
    }

    pub(crate) fn fault(&self, request: Request, fault: Fault) {
        self.crm.fault(0, request, fault);
    }

    /// The number of requests per list since the calls were last cleared.
    pub(crate) fn calls(&self, request: Request) -> usize {
        self.crm.calls(0).iter().filter(|call| call.request == request).count()
    }

    pub(crate) async fn wait_for_call(&self, request: Request) {
        while self.calls(request) == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Takes the CRM down.
    pub(crate) async fn stop_crm(&mut self) {
        self.server.take().unwrap().stop().await;
    }

    pub(crate) async fn numbers(&self) -> Numbers {
        self.numbers_of(self.id).await
    }

    pub(crate) async fn numbers_of(&self, tenant: TenantId) -> Numbers {
        let conn = self.db.store.conn();
        let zone = tenants::by_id(conn, tenant).await.unwrap().unwrap().zone;
        let board = Board::load(conn, tenant).await.unwrap();
        let summary = lead_counts(conn, tenant, &board).await.unwrap().summary(&board, &zone, self.clock.now());
        let pipeline = pipeline(conn, tenant, &board, self.clock.now()).await.unwrap();
        let label = |label: Option<String>| label.unwrap_or_else(|| "null".to_owned());
        Numbers {
            total: summary.total,
            prospects: summary.prospects,
            undated: summary.undated,
            by_stage: summary.by_stage.into_iter().map(|line| (label(line.stage), line.contacts)).collect(),
            by_source: summary.by_source.into_iter().map(|(source, count)| (label(source), count)).collect(),
            leads_in_pipeline: pipeline.leads_in_pipeline,
            deals: pipeline.crm_deals,
        }
    }

    pub(crate) fn truth(&self) -> Numbers {
        self.truth_of(0)
    }

    pub(crate) fn truth_of(&self, account: usize) -> Numbers {
        let truth = self.crm.truth(account);
        let number = |count: usize| i64::try_from(count).unwrap();
        let numbers = |counts: BTreeMap<String, usize>| counts.into_iter().map(|(name, count)| (name, number(count))).collect();
        Numbers {
            total: number(truth.contacts),
            prospects: number(truth.prospects),
            undated: number(truth.undated),
            by_stage: numbers(truth.by_stage),
            by_source: numbers(truth.by_source),
            leads_in_pipeline: number(truth.leads_in_pipeline),
            deals: number(truth.deals),
        }
    }

    /// The start of the last complete read.
    pub(crate) async fn as_of(&self, dataset: Dataset) -> Option<EpochMs> {
        runs::dataset_ages(self.db.store.conn(), self.id).await.unwrap().complete_read_ms(dataset)
    }

    pub(crate) async fn contacts(&self) -> BTreeSet<String> {
        leads::ids(self.db.store.conn(), self.id).await.unwrap().into_iter().map(Into::into).collect()
    }

    pub(crate) async fn contact(&self, id: &str) -> Option<LeadRow> {
        leads::get(self.db.store.conn(), self.id, &id.into()).await.unwrap()
    }

    pub(crate) async fn moves_of(&self, contact: &str) -> Vec<Transition> {
        history::transitions_of(self.db.store.conn(), self.id, &ContactId::from(contact)).await.unwrap()
    }

    pub(crate) async fn status_of(&self, run: &tetherboard_domain::RunId) -> RunStatus {
        runs::get(self.db.store.conn(), self.id, run).await.unwrap().unwrap().status
    }

    /// Runs SQL that both databases support.
    pub(crate) async fn query(&self, text: &str) -> Vec<QueryResult> {
        let conn = self.db.store.conn();
        conn.query_all_raw(Statement::from_string(conn.get_database_backend(), text)).await.unwrap()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.query(&format!("SELECT COUNT(*) FROM {table}")).await[0].try_get_by_index(0).unwrap()
    }

    /// All rows of a table as text in the order of their keys; the first line has the names of the columns.
    pub(crate) async fn dump(&self, table: &str) -> Vec<String> {
        let rows = self.query(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3")).await;
        let Some(first) = rows.first() else { return Vec::new() };
        // The numbers and words of the search index are left out: they may differ for equal notes.
        let columns: Vec<String> =
            first.column_names().into_iter().filter(|column| !["no", "words"].contains(&column.as_str())).collect();
        let mut lines = vec![columns.join(BETWEEN)];
        lines.extend(rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect::<Vec<_>>().join(BETWEEN)));
        lines
    }

    pub(crate) async fn execute(&self, text: &str) {
        self.db.store.conn().execute_unprepared(text).await.unwrap();
    }
}

/// One cell as text. SQLite stores flags as numbers, so both print alike.
fn cell(row: &QueryResult, column: &str) -> String {
    let number = || row.try_get::<Option<i64>>("", column).ok().map(|number| number.map(|number| number.to_string()));
    let flag = || row.try_get::<Option<bool>>("", column).ok().map(|flag| flag.map(|flag| i64::from(flag).to_string()));
    let text = || row.try_get::<Option<String>>("", column).ok();
    number().or_else(flag).or_else(text).unwrap_or_else(|| panic!("{column}")).unwrap_or_else(|| "NULL".to_owned())
}

/// Asserts that two sets are equal; prints what is in only one of them.
#[track_caller]
pub(crate) fn assert_same<T: Ord + Debug>(shown: impl IntoIterator<Item = T>, wanted: impl IntoIterator<Item = T>) {
    let (shown, wanted): (BTreeSet<T>, BTreeSet<T>) = (shown.into_iter().collect(), wanted.into_iter().collect());
    let first = |some: &BTreeSet<T>, other| some.difference(other).take(3).map(|it| format!("{it:#?}")).collect::<Vec<_>>();
    let (too_much, missing) = (first(&shown, &wanted), first(&wanted, &shown));
    assert!(shown == wanted, "too much: {too_much:?}\nmissing: {missing:?}");
}

/// Limits with short deadlines and waits, for tests.
pub(crate) fn quick() -> Limits {
    Limits {
        connect: Duration::from_millis(400),
        idle: Duration::from_millis(600),
        total: Duration::from_millis(1500),
        max_body_bytes: 4 << 20,
        attempts: 3,
        initial_backoff: Duration::from_millis(2),
        outage_tolerance: Duration::from_secs(20),
        min_call_timeout: Duration::from_millis(500),
        single_try_timeout: Duration::from_millis(500),
        ..Limits::default()
    }
}

pub(crate) trait Reports {
    fn of(&self, dataset: Dataset) -> &DatasetReport;
    /// The status of each list; notes are not included.
    fn statuses(&self) -> Vec<DatasetStatus>;
}

impl Reports for RunReport {
    fn of(&self, dataset: Dataset) -> &DatasetReport {
        self.datasets.iter().find(|report| report.dataset == dataset).unwrap()
    }

    fn statuses(&self) -> Vec<DatasetStatus> {
        self.datasets.iter().filter(|report| report.dataset != Dataset::Notes).map(|report| report.status).collect()
    }
}
