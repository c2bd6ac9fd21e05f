//! Processes that are killed and processes that compete: the data is always that of one whole run, each row added once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json;
use tetherboard_domain::{Clock, ContactId, Dataset, RunStatus, TenantId, Trigger};
use tetherboard_metrics::{Board, hot_list, hot_list_at, lead_book, pipeline};
use tetherboard_simulator::{AccountConfig, Config, ContactEdit, DealEdit, Edit, Fault, Request, Server, Simulator};
use tetherboard_store::runs::{self, DatasetReport, Run};
use tetherboard_store::{Store, leads, leases, records, tenants};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::installation::{Installation, Process};

/// Brands of a CRM that lives in this process, so that it can be changed and asked between any two instants.
struct Scene {
    installation: Installation,
    crm: Simulator,
    brands: Vec<TenantId>,
    _server: Server,
}

/// A run's way, by what it asks: a clock would tell another place on a busy machine than on an idle one.
#[derive(Clone, Copy, Debug)]
struct Course {
    calls: usize,
    /// From the last call to the end of the process.
    rest: Duration,
}

impl Course {
    /// A place on it: so many calls, and a while after them.
    fn anywhere(self, dice: &mut Dice) -> (usize, Duration) {
        const REST: f64 = 0.25;
        match dice.share() {
            within if within < REST => (self.calls, self.rest.mul_f64(dice.share())),
            _ => (dice.below(self.calls), Duration::from_millis(20).mul_f64(dice.share())),
        }
    }
}

const SLUGS: [&str; 6] = ["harbor", "tidewater", "alder", "birch", "cedar", "dogwood"];

impl Scene {
    async fn new(kind: Kind, accounts: &[AccountConfig]) -> Self {
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
            installation.tell(&add, &format!("{}\n", account.web_key)).await;
            brands.push(tenants::by_slug(installation.db.store.conn(), slug).await.unwrap().unwrap().id);
        }
        Self { installation, crm, brands, _server: server }
    }

    fn store(&self) -> &Store {
        &self.installation.db.store
    }

    /// Runs to the end.
    async fn sync(&self, account: usize) -> Course {
        self.crm.clear_calls(account);
        let done = self.installation.run(&["sync", "--tenant", SLUGS[account]], "").await;
        assert_eq!(done.code(), 0, "{done:?}");
        let calls = self.crm.calls(account);
        let last = calls.last().expect("a run asks something").machine_ms;
        let rest = (Clock::system().machine_ms() - last).unsigned_abs();
        Course { calls: calls.len(), rest: Duration::from_millis(rest) }
    }

    /// Waits until a run has made so many calls, or has ended.
    async fn has_called(&self, account: usize, calls: usize, process: &mut Process) {
        while self.crm.calls(account).len() < calls && process.child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// A dead process's lease runs out within a minute; somebody of the future finds that it has. That waits for what the
    /// process had sent to the database.
    async fn expire_lease(&self, account: usize) {
        let later = Clock::system().machine_ms() + 120_000;
        let lease = leases::claim(self.store().conn(), self.brands[account], "a test", later, later + 1).await.unwrap();
        leases::release(self.store().conn(), &lease.expect("it has run out")).await.unwrap();
    }

    async fn runs(&self, account: usize) -> Vec<Run> {
        runs::newest(self.store().conn(), self.brands[account], 1_000).await.unwrap()
    }

    /// Waits for a brand to have so many runs that succeeded.
    async fn succeeded(&self, account: usize, wanted: usize) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.runs(account).await.iter().filter(|run| run.status == RunStatus::Succeeded).count() < wanted {
            assert!(Instant::now() < until, "{}: {:#?}", SLUGS[account], self.told(account).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The runs of a brand, each with what became of its lists.
    async fn told(&self, account: usize) -> Vec<(Run, Vec<DatasetReport>)> {
        let mut told = Vec::new();
        for run in self.runs(account).await {
            let reports = runs::reports(self.store().conn(), self.brands[account], &run.id).await.unwrap();
            told.push((run, reports));
        }
        told
    }

    /// What the runs of a brand say that they added, all together.
    async fn added(&self, account: usize, dataset: Dataset) -> i64 {
        let reports = self.told(account).await.into_iter().flat_map(|(_, reports)| reports);
        reports.filter(|report| report.dataset == dataset).map(|report| report.added).sum()
    }

    async fn assert_truth(&self, account: usize) {
        let (conn, tenant) = (self.store().conn(), self.brands[account]);
        let zone = tenants::by_id(conn, tenant).await.unwrap().unwrap().zone;
        let board = Board::load(conn, tenant).await.unwrap();
        let now = Clock::system().now();
        let summary = lead_book(conn, tenant, &board).await.unwrap().summary(&board, &zone, now);
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

    /// That every run is closed, and that none began before the one before it had ended.
    async fn assert_runs_are_closed_and_apart(&self, account: usize) {
        let mut runs: Vec<Run> = self.runs(account).await.into_iter().filter(|run| run.started_ms.is_some()).collect();
        runs.sort_by_key(|run| (run.started_ms, run.finished_ms));
        for pair in runs.windows(2) {
            assert!(pair[0].finished_ms.expect("it is closed") <= pair[1].started_ms.unwrap(), "{pair:#?}");
        }
        assert!(runs.iter().all(|run| run.finished_ms.is_some()), "{runs:#?}");
    }
}

/// What a brand's tables hold: how many rows of each dataset, and which generation some marked contacts are of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    stages: i64,
    sources: i64,
    users: i64,
    contacts: (i64, BTreeSet<String>),
    deals: i64,
}

impl Scene {
    /// Through connections of its own, as who comes after a crash opens the database.
    async fn state(&self, marked: &[ContactId]) -> State {
        let (store, tenant) = (self.installation.db.reopen().await, self.brands[0]);
        let conn = store.conn();
        let count = async |dataset| records::live_count(conn, tenant, dataset, &records::Scope::All).await.unwrap();
        let mut generations = BTreeSet::new();
        for contact in marked {
            let name = leads::get(conn, tenant, contact).await.unwrap().expect("a contact that was there stays").name;
            generations.insert(name.split(' ').next().unwrap().to_owned());
        }
        let state = State {
            stages: count(Dataset::Stages).await,
            sources: count(Dataset::Sources).await,
            users: count(Dataset::Users).await,
            contacts: (count(Dataset::Contacts).await, generations),
            deals: count(Dataset::Deals).await,
        };
        // The hot list was committed with what it rests on, or not at all.
        let list = hot_list(conn, tenant).await.unwrap();
        if let Some(as_of) = list.as_of {
            let tenant = tenants::by_id(conn, tenant).await.unwrap().unwrap();
            assert_eq!(list.items, hot_list_at(conn, &tenant, as_of, list.calendar_read).await.unwrap().0);
        }
        store.close().await;
        state
    }

    /// What a run that reads to the end leaves.
    fn state_to_come(&self, generation: Option<&str>) -> State {
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

    /// The CRM goes on: people come with their deals, and every marked contact is renamed.
    fn change(&self, marked: &[ContactId], generation: &str) {
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

fn assert_each_before_or_after(state: &State, before: &State, after: &State, when: &str) {
    assert!([before.stages, after.stages].contains(&state.stages), "{when}: {state:?}");
    assert!([before.sources, after.sources].contains(&state.sources), "{when}: {state:?}");
    assert!([before.users, after.users].contains(&state.users), "{when}: {state:?}");
    assert!([&before.contacts, &after.contacts].contains(&&state.contacts), "{when}: {state:?} of {before:?} and {after:?}");
    assert!([before.deals, after.deals].contains(&state.deals), "{when}: {state:?} of {before:?} and {after:?}");
}

/// Named by its seed, so that a failure can be looked at again.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let given = std::env::var("TETHERBOARD_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| Clock::system().machine_ms().unsigned_abs());
        println!("TETHERBOARD_TEST_SEED={seed}");
        Self(seed)
    }

    /// A share of one.
    fn share(&mut self) -> f64 {
        f64::from(self.next()) / f64::from(u32::MAX)
    }

    fn below(&mut self, end: usize) -> usize {
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

const KILLS: usize = 12;
/// Of them, how many befall the very first run.
const FIRST: usize = 8;

#[rstest]
#[tokio::test]
async fn a_sync_killed_at_any_instant_leaves_whole_datasets_and_the_next_one_the_truth(#[values(Sqlite, Postgres)] kind: Kind) {
    let account = |name| AccountConfig { deals: Some(500), ..AccountConfig::frozen(name, "America/New_York", 2_500) };
    let scene = Scene::new(kind, &[account("Harbor"), account("Tidewater")]).await;
    let mut dice = Dice::new();
    for account in [0, 1] {
        scene.crm.fault_everything(account, Fault::SlowMs(15));
    }
    // The same list of another brand shows what a first run asks.
    let mut course = scene.sync(1).await;
    let (mut marked, mut generation) = (Vec::new(), None);
    let mut killed = 0;
    for kill in 0..KILLS {
        let before = scene.state(&marked).await;
        if kill >= FIRST {
            generation = Some(format!("Gen{kill}"));
            scene.change(&marked, generation.as_deref().unwrap());
        }
        let after = scene.state_to_come(generation.as_deref());
        let (calls, pause) = course.anywhere(&mut dice);
        scene.crm.clear_calls(0);
        let mut process = scene.installation.start(&["sync", "--tenant", "harbor"]).await;
        scene.has_called(0, calls, &mut process).await;
        tokio::time::sleep(pause).await;
        let ended = process.child.try_wait().unwrap();
        process.child.kill().await.unwrap();
        killed += usize::from(ended.is_none());
        scene.expire_lease(0).await;

        let state = scene.state(&marked).await;
        let when = format!("kill {kill} {pause:?} after call {calls} of {course:?}");
        println!("{when}: {state:?}");
        assert_each_before_or_after(&state, &before, &after, &when);
        if let Some(status) = ended {
            assert!(status.success(), "{when}: {:?}", process.lines());
            assert_eq!(state, after, "{when}: it had ended");
        }

        // The last of the first runs is let through, so that there are contacts to mark.
        if kill + 1 < FIRST || (kill + 1 > FIRST && dice.share() < 0.4) {
            continue;
        }
        course = scene.sync(0).await;
        assert_eq!(scene.state(&marked).await, after, "{when}, and a run let through");
        scene.assert_truth(0).await;
        scene.assert_runs_are_closed_and_apart(0).await;
        if marked.is_empty() {
            let ids = leads::ids(scene.store().conn(), scene.brands[0]).await.unwrap();
            marked = ids.into_iter().step_by(61).map(|id| id.as_str().into()).collect();
            // From here on runs are no first runs.
            course = scene.sync(0).await;
        }
    }
    scene.sync(0).await;
    scene.assert_truth(0).await;
    scene.assert_runs_are_closed_and_apart(0).await;
    assert!(killed * 2 >= KILLS, "only {killed} were killed before their end");
    let statuses: Vec<_> = scene.runs(0).await.into_iter().map(|run| run.status).collect();
    assert!(statuses.iter().all(|status| matches!(status, RunStatus::Succeeded | RunStatus::Aborted)), "{statuses:?}");
    assert!(statuses.contains(&RunStatus::Aborted), "{statuses:?}");
    let truth = scene.crm.truth(0);
    for (dataset, count) in [(Dataset::Contacts, truth.contacts), (Dataset::Deals, truth.deals), (Dataset::Stages, truth.stages)]
    {
        assert_eq!(scene.added(0, dataset).await, i64::try_from(count).unwrap(), "{dataset} were added once");
    }
}

async fn workers(scene: &Scene) -> [Process; 2] {
    let start = || scene.installation.start(&["serve", "--role", "worker"]);
    [start().await, start().await]
}

fn finished(worker: &Process) -> usize {
    worker.lines().iter().filter(|line| line.contains("sync run finished")).count()
}

#[rstest]
#[tokio::test]
async fn two_workers_run_no_brand_twice_at_once_and_add_nobody_twice(#[values(Sqlite, Postgres)] kind: Kind) {
    let accounts: Vec<_> = SLUGS.iter().map(|name| AccountConfig::frozen(name, "America/New_York", 230)).collect();
    let scene = Scene::new(kind, &accounts).await;
    for account in 0..SLUGS.len() {
        scene.crm.fault_everything(account, Fault::SlowMs(10));
    }
    let workers = workers(&scene).await;
    for account in 0..SLUGS.len() {
        scene.succeeded(account, 1).await;
    }
    for round in 0..6 {
        let mut wanted = Vec::new();
        for (account, tenant) in scene.brands.iter().enumerate() {
            // The hour's own run may have begun; what it reads changes after it.
            while runs::open_run(scene.store().conn(), *tenant).await.unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            wanted.push(1 + scene.runs(account).await.iter().filter(|run| run.status == RunStatus::Succeeded).count());
            let ada = ContactEdit::named(&format!("Ada Round{round}"));
            scene.crm.edit(account, Edit::AddContact(ada));
            runs::request(scene.store().conn(), *tenant, Trigger::Person, Clock::system().now_ms()).await.unwrap();
        }
        for (account, wanted) in wanted.into_iter().enumerate() {
            scene.succeeded(account, wanted).await;
        }
    }
    for worker in &workers {
        assert!(finished(worker) > 0, "both have work: {:#?}", worker.lines());
    }
    for worker in workers {
        assert!(worker.terminate().await.success());
    }
    for account in 0..SLUGS.len() {
        let runs = scene.runs(account).await;
        assert!(runs.iter().all(|run| run.status == RunStatus::Succeeded), "{runs:#?}");
        scene.assert_runs_are_closed_and_apart(account).await;
        scene.assert_truth(account).await;
        let truth = scene.crm.truth(account);
        assert_eq!(scene.added(account, Dataset::Contacts).await, i64::try_from(truth.contacts).unwrap());
        assert_eq!(scene.added(account, Dataset::Deals).await, i64::try_from(truth.deals).unwrap());
        let reads = scene.crm.calls(account).iter().filter(|call| call.request == Request::Users).count();
        assert_eq!(reads % runs.len(), 0, "each run read the users as often: {reads} times in {} runs", runs.len());
    }
}

const PARTIAL: i32 = 3;
const FAILED: i32 = 4;

/// With the limits that an installation has.
async fn ends_within_two_minutes(fault: Fault, code: i32) {
    let scene = Scene::new(Sqlite, &[AccountConfig::frozen("Harbor", "America/New_York", 350)]).await;
    scene.sync(0).await;
    let before = scene.state(&[]).await;
    scene.crm.edit(0, Edit::AddContact(ContactEdit::named("Ada Ash")));
    scene.crm.fault_everything(0, fault.clone());
    let began = Instant::now();
    let done = scene.installation.run(&["sync", "--tenant", "harbor"], "").await;
    let lasted = began.elapsed();
    println!("{fault}: {lasted:?}");
    assert_eq!(done.code(), code, "{done:?}");
    assert!(lasted < Duration::from_secs(120), "{fault}: {lasted:?}");
    assert_eq!(scene.state(&[]).await, before);
    scene.crm.heal(0);
    scene.sync(0).await;
    scene.assert_truth(0).await;
}

#[rstest]
#[case::status_500(Fault::Status(500))]
#[case::html(Fault::Html)]
#[case::empty_body(Fault::EmptyBody)]
#[case::not_http(Fault::NotHttp)]
#[case::reset(Fault::Reset)]
#[case::length_too_small(Fault::ShortLength)]
#[case::endless_body(Fault::EndlessBody)]
#[case::a_wait_of_a_day(Fault::TooManyRequests { retry_after: Some("86400".into()) })]
#[tokio::test]
async fn a_run_against_a_crm_that_answers_nothing_right_ends_within_two_minutes(#[case] fault: Fault) {
    ends_within_two_minutes(fault, FAILED).await;
}

#[rstest]
#[case::hang(Fault::Hang, FAILED)]
#[case::drip(Fault::Drip, FAILED)]
#[case::slow(Fault::SlowMs(61_000), FAILED)]
#[case::slow_from_the_second_call_on(Fault::After(1, Box::new(Fault::Hang)), PARTIAL)]
#[case::short_waits(Fault::TooManyRequests { retry_after: Some("59".into()) }, FAILED)]
#[tokio::test]
#[ignore = "takes up to the two minutes that a run may take"]
async fn a_run_against_a_crm_that_keeps_everybody_waiting_ends_within_two_minutes(#[case] fault: Fault, #[case] code: i32) {
    ends_within_two_minutes(fault, code).await;
}

#[rstest]
#[tokio::test]
async fn a_person_who_asks_after_a_worker_was_killed_gets_a_run(#[values(Sqlite, Postgres)] kind: Kind) {
    let scene = Scene::new(kind, &[AccountConfig::frozen("Harbor", "America/New_York", 230)]).await;
    scene.crm.fault(0, Request::Contacts, Fault::FromOffset(100, Box::new(Fault::Hang)));
    let mut worker = scene.installation.start(&["serve", "--role", "worker"]).await;
    while !scene.crm.calls(0).iter().any(|call| call.request == Request::Contacts) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.child.kill().await.unwrap();
    scene.expire_lease(0).await;
    scene.crm.heal(0);

    let _next = scene.installation.start(&["serve", "--role", "worker"]).await;
    runs::request(scene.store().conn(), scene.brands[0], Trigger::Person, Clock::system().now_ms()).await.unwrap();
    scene.succeeded(0, 1).await;
    scene.assert_runs_are_closed_and_apart(0).await;
    scene.assert_truth(0).await;
}
