//! Killed and competing processes: the data is always that of one complete run, and every row is added once.

use std::time::{Duration, Instant};

use rstest::rstest;
use tetherboard_domain::{Clock, Dataset, RunStatus, Trigger};
use tetherboard_simulator::{AccountConfig, ContactEdit, Edit, Fault, Request};
use tetherboard_store::leads;
use tetherboard_store::runs::{self, Run};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::installation::Process;
use crate::kill_scene::{Random, SLUGS, Scene, State};

const KILLS: usize = 12;
/// How many of the kills happen during the first run.
const FIRST_RUN_KILLS: usize = 8;

#[rstest]
#[tokio::test]
async fn a_sync_killed_at_any_moment_leaves_complete_datasets_and_the_next_one_matches_the_crm(
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let account = |name| AccountConfig { deals: Some(500), ..AccountConfig::frozen(name, "America/New_York", 2_500) };
    let scene = Scene::new(kind, &[account("Harbor"), account("Tidewater")]).await;
    let mut random = Random::new();
    for account in [0, 1] {
        scene.crm.fault_everything(account, Fault::SlowMs(15));
    }
    // A brand of the same size shows how many calls a first run makes.
    let mut length = scene.sync(1).await;
    let (mut marked, mut generation) = (Vec::new(), None);
    let mut killed = 0;
    for kill in 0..KILLS {
        let before = scene.state(&marked).await;
        if kill >= FIRST_RUN_KILLS {
            generation = Some(format!("Gen{kill}"));
            scene.edit_crm(&marked, generation.as_deref().unwrap());
        }
        let after = scene.expected_state(generation.as_deref());
        let (calls, pause) = length.random_point(&mut random);
        scene.crm.clear_calls(0);
        let mut process = scene.installation.start(&["sync", "--tenant", "harbor"]).await;
        scene.wait_for_calls(0, calls, &mut process).await;
        tokio::time::sleep(pause).await;
        let ended = process.child.try_wait().unwrap();
        process.child.kill().await.unwrap();
        killed += usize::from(ended.is_none());
        scene.expire_lease(0).await;

        let state = scene.state(&marked).await;
        let when = format!("kill {kill} {pause:?} after call {calls} of {length:?}");
        println!("{when}: {state:?}");
        assert_each_before_or_after(&state, &before, &after, &when);
        if let Some(status) = ended {
            assert!(status.success(), "{when}: {:?}", process.lines());
            assert_eq!(state, after, "{when}: the run had finished");
        }

        // The last of the first runs may finish, so that there are contacts to mark.
        if kill + 1 < FIRST_RUN_KILLS || (kill + 1 > FIRST_RUN_KILLS && random.fraction() < 0.4) {
            continue;
        }
        length = scene.sync(0).await;
        assert_eq!(scene.state(&marked).await, after, "{when}, then a complete run");
        scene.assert_truth(0).await;
        scene.assert_runs_are_closed_and_do_not_overlap(0).await;
        if marked.is_empty() {
            let ids = leads::ids(scene.store().conn(), scene.brands[0]).await.unwrap();
            marked = ids.into_iter().step_by(61).map(|id| id.as_str().into()).collect();
            // From here on, runs update existing data, so their length differs.
            length = scene.sync(0).await;
        }
    }
    scene.sync(0).await;
    scene.assert_truth(0).await;
    scene.assert_runs_are_closed_and_do_not_overlap(0).await;
    assert!(killed * 2 >= KILLS, "only {killed} runs were killed before they finished");
    let statuses: Vec<_> = scene.runs(0).await.into_iter().map(|run| run.status).collect();
    assert!(statuses.iter().all(|status| matches!(status, RunStatus::Succeeded | RunStatus::Aborted)), "{statuses:?}");
    assert!(statuses.contains(&RunStatus::Aborted), "{statuses:?}");
    let truth = scene.crm.truth(0);
    for (dataset, count) in [(Dataset::Contacts, truth.contacts), (Dataset::Deals, truth.deals), (Dataset::Stages, truth.stages)]
    {
        assert_eq!(scene.added(0, dataset).await, i64::try_from(count).unwrap(), "{dataset} were added once");
    }
}

async fn start_workers(scene: &Scene) -> [Process; 2] {
    let start = || scene.installation.start(&["serve", "--role", "worker"]);
    [start().await, start().await]
}

fn finished_runs(worker: &Process) -> usize {
    worker.lines().iter().filter(|line| line.contains("sync run finished")).count()
}

#[rstest]
#[tokio::test]
async fn two_workers_never_sync_a_brand_at_the_same_time_or_add_a_record_twice(#[values(Sqlite, Postgres)] kind: Kind) {
    let accounts: Vec<_> = SLUGS.iter().map(|name| AccountConfig::frozen(name, "America/New_York", 230)).collect();
    let scene = Scene::new(kind, &accounts).await;
    for account in 0..SLUGS.len() {
        scene.crm.fault_everything(account, Fault::SlowMs(10));
    }
    let workers = start_workers(&scene).await;
    for account in 0..SLUGS.len() {
        scene.wait_for_successes(account, 1).await;
    }
    for round in 0..6 {
        let mut expected = Vec::new();
        for (account, tenant) in scene.brands.iter().enumerate() {
            // The scheduled run may be in progress; edit the CRM only after it has finished.
            while runs::open_run(scene.store().conn(), *tenant).await.unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            expected.push(1 + scene.runs(account).await.iter().filter(|run| run.status == RunStatus::Succeeded).count());
            let ada = ContactEdit::named(&format!("Ada Round{round}"));
            scene.crm.edit(account, Edit::AddContact(ada));
            runs::request(scene.store().conn(), *tenant, Trigger::Person, Clock::system().now_ms()).await.unwrap();
        }
        for (account, count) in expected.into_iter().enumerate() {
            scene.wait_for_successes(account, count).await;
        }
    }
    for worker in &workers {
        assert!(finished_runs(worker) > 0, "both workers ran syncs: {:#?}", worker.lines());
    }
    for worker in workers {
        assert!(worker.terminate().await.success());
    }
    for account in 0..SLUGS.len() {
        let runs = scene.runs(account).await;
        // The hour's own run can begin just before its worker is stopped.
        let is_stopped = |run: &&Run| run.status == RunStatus::Aborted && run.trigger == Trigger::Schedule;
        let stopped = runs.iter().filter(is_stopped).count();
        assert!(runs.iter().all(|run| run.status == RunStatus::Succeeded || is_stopped(&run)), "{runs:#?}");
        assert!(stopped <= 1, "{runs:#?}");
        scene.assert_runs_are_closed_and_do_not_overlap(account).await;
        scene.assert_truth(account).await;
        let truth = scene.crm.truth(account);
        assert_eq!(scene.added(account, Dataset::Contacts).await, i64::try_from(truth.contacts).unwrap());
        assert_eq!(scene.added(account, Dataset::Deals).await, i64::try_from(truth.deals).unwrap());
        let reads = scene.crm.calls(account).iter().filter(|call| call.request == Request::Users).count();
        let runs = runs.len() - stopped;
        assert!(stopped == 1 || reads % runs == 0, "every run reads the users equally often: {reads} reads in {runs} runs");
    }
}

const PARTIAL: i32 = 3;
const FAILED: i32 = 4;

/// Uses the same limits as a real installation.
async fn assert_ends_within_two_minutes(fault: Fault, code: i32) {
    let scene = Scene::new(Sqlite, &[AccountConfig::frozen("Harbor", "America/New_York", 350)]).await;
    scene.sync(0).await;
    let before = scene.state(&[]).await;
    scene.crm.edit(0, Edit::AddContact(ContactEdit::named("Ada Ash")));
    scene.crm.fault_everything(0, fault.clone());
    let started = Instant::now();
    let done = scene.installation.run(&["sync", "--tenant", "harbor"], "").await;
    let elapsed = started.elapsed();
    println!("{fault}: {elapsed:?}");
    assert_eq!(done.code(), code, "{done:?}");
    assert!(elapsed < Duration::from_secs(120), "{fault}: {elapsed:?}");
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
async fn a_run_against_a_crm_that_only_fails_ends_within_two_minutes(#[case] fault: Fault) {
    assert_ends_within_two_minutes(fault, FAILED).await;
}

#[rstest]
#[case::hang(Fault::Hang, FAILED)]
#[case::drip(Fault::Drip, FAILED)]
#[case::slow(Fault::SlowMs(61_000), FAILED)]
#[case::slow_from_the_second_call_on(Fault::After(1, Box::new(Fault::Hang)), PARTIAL)]
#[case::short_waits(Fault::TooManyRequests { retry_after: Some("59".into()) }, FAILED)]
#[tokio::test]
#[ignore = "takes up to two minutes, the longest that a run may take"]
async fn a_run_against_a_crm_that_stalls_ends_within_two_minutes(#[case] fault: Fault, #[case] code: i32) {
    assert_ends_within_two_minutes(fault, code).await;
}

#[rstest]
#[tokio::test]
async fn a_run_requested_after_a_worker_was_killed_is_carried_out(#[values(Sqlite, Postgres)] kind: Kind) {
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
    scene.wait_for_successes(0, 1).await;
    scene.assert_runs_are_closed_and_do_not_overlap(0).await;
    scene.assert_truth(0).await;
}

fn assert_each_before_or_after(state: &State, before: &State, after: &State, when: &str) {
    assert!([before.stages, after.stages].contains(&state.stages), "{when}: {state:?}");
    assert!([before.sources, after.sources].contains(&state.sources), "{when}: {state:?}");
    assert!([before.users, after.users].contains(&state.users), "{when}: {state:?}");
    assert!([&before.contacts, &after.contacts].contains(&&state.contacts), "{when}: {state:?} of {before:?} and {after:?}");
    assert!([before.deals, after.deals].contains(&state.deals), "{when}: {state:?} of {before:?} and {after:?}");
}
