//! When the CRM refuses us or asks to be left alone: whose trouble it is, who stops, and how little is asked until it ends.

use std::time::{Duration, Instant};

use rstest::rstest;
use secrecy::SecretString;
use tetherboard_clienttether::Limits;
use tetherboard_domain::{Clock, Dataset, FaultClass, RunStatus, TenantId, Trigger};
use tetherboard_simulator::{Config, Fault, Request};
use tetherboard_store::credentials::{self, KeyCheck, TokenHealth};
use tetherboard_store::tenants::{self, Tenant};
use tetherboard_store::{agency, leases, runs};
use tetherboard_sync::{RunOptions, RunReport};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World, quick};

const HOUR_MS: i64 = 3_600_000;

/// Several brands on one token; the first is the world's own.
struct Brands {
    world: World,
    ids: Vec<TenantId>,
}

impl Brands {
    async fn of(kind: Kind, brands: usize) -> Self {
        let world = World::of(kind, Config::plain(5, &vec![8; brands])).await;
        let mut ids = vec![world.id];
        for nth in 1..brands {
            ids.push(world.brand(&format!("brand-{nth}"), nth).await);
        }
        Self { world, ids }
    }

    async fn tenant(&self, nth: usize) -> Tenant {
        tenants::by_id(self.world.db.store.conn(), self.ids[nth]).await.unwrap().unwrap()
    }

    /// A run of one brand, an hour after what the clock showed.
    async fn run(&self, nth: usize, trigger: Trigger) -> RunReport {
        self.world.later(60);
        let tenant = self.tenant(nth).await;
        self.world.syncer.sync_tenant(&tenant, trigger, &RunOptions::default()).await.unwrap().expect("nobody else runs")
    }

    /// What every account was asked since the calls were last cleared.
    fn calls(&self) -> Vec<usize> {
        (0..self.ids.len()).map(|nth| self.world.crm.calls(nth).len()).collect()
    }

    fn refusals(&self) -> Vec<usize> {
        let refused = |nth| self.world.crm.calls(nth).iter().filter(|call| call.status == 401).count();
        (0..self.ids.len()).map(refused).collect()
    }

    fn clear_calls(&self) {
        (0..self.ids.len()).for_each(|nth| self.world.crm.clear_calls(nth));
    }

    async fn all_are_true(&self) {
        for (nth, id) in self.ids.iter().enumerate() {
            assert_eq!(self.world.numbers_of(*id).await, self.world.truth_of(nth), "brand {nth}");
        }
    }

    async fn token(&self) -> TokenHealth {
        let token = self.world.syncer.crm.access_token.clone().unwrap();
        credentials::token_health(self.world.db.store.conn(), &credentials::token_hash(&token)).await.unwrap()
    }

    /// The worker has nothing more to do at this moment.
    async fn settled(&self) {
        self.world.a_while().await;
        for id in &self.ids {
            self.world.runs(*id, 0).await;
        }
    }
}

fn refusal_of(report: &RunReport) -> String {
    let error = report.of(Dataset::Stages).error.as_ref().unwrap();
    assert_eq!((report.run.status, error.class), (RunStatus::Failed, FaultClass::Credentials));
    error.message.clone()
}

// Whose fault it is ----------------------------------------------------------------------------------------------------

#[rstest]
#[tokio::test]
async fn a_rotated_token_is_one_incident_for_all_brands(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    for nth in 0..3 {
        assert_eq!(brands.run(nth, Trigger::Schedule).await.run.status, RunStatus::Succeeded);
    }
    brands.world.crm.rotate_access_token();
    brands.clear_calls();
    let message = refusal_of(&brands.run(1, Trigger::Schedule).await);
    assert!(message.contains("the agency's access token is refused"), "{message}");
    assert_eq!(brands.calls().iter().sum::<usize>(), 2, "its own call, and one with another brand's key: {:?}", brands.calls());
    assert_eq!(brands.calls()[1], 1);
    assert_eq!(
        (brands.world.count("access_tokens").await, brands.token().await.refused_ms),
        (1, Some(brands.world.clock.now_ms()))
    );
    for nth in 0..3 {
        assert_eq!(brands.tenant(nth).await.refused_ms, None, "no key is to blame");
    }
    let incident = credentials::token_incident(brands.world.db.store.conn()).await.unwrap().unwrap();
    let since = incident.refused_ms;

    // Whoever starts a run makes one call, and the incident stays one.
    brands.clear_calls();
    for trigger in [Trigger::Person, Trigger::Command] {
        refusal_of(&brands.run(0, trigger).await);
    }
    assert_eq!(brands.calls(), [2, 0, 0]);
    let incident = credentials::token_incident(brands.world.db.store.conn()).await.unwrap().unwrap();
    assert_eq!((brands.world.count("access_tokens").await, incident.refused_ms), (1, since));
    brands.all_are_true().await;
}

#[rstest]
#[tokio::test]
async fn a_new_token_mends_every_brand(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(false, true)] in_portal: bool,
) {
    let mut brands = Brands::of(kind, 3).await;
    let (conn, cipher) = (brands.world.db.store.conn().clone(), brands.world.db.store.cipher().clone());
    if in_portal {
        let token = brands.world.syncer.crm.access_token.take().unwrap();
        agency::set_access_token(&conn, &cipher, &token).await.unwrap();
    }
    let token = SecretString::from(brands.world.crm.rotate_access_token());
    refusal_of(&brands.run(0, Trigger::Schedule).await);
    match in_portal {
        true => agency::set_access_token(&conn, &cipher, &token).await.unwrap(),
        false => brands.world.syncer.crm.access_token = Some(token.clone()),
    }
    for nth in 0..3 {
        assert_eq!(brands.run(nth, Trigger::Schedule).await.run.status, RunStatus::Succeeded);
    }
    brands.all_are_true().await;
    credentials::forget_other_tokens(&conn, &credentials::token_hash(&token)).await.unwrap();
    assert!(credentials::token_incident(&conn).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_token_that_is_taken_again_mends_every_brand(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    // The vendor refuses for a while what it takes later.
    for nth in 0..3 {
        brands.world.crm.fault_everything(nth, Fault::Status(401));
    }
    let message = refusal_of(&brands.run(0, Trigger::Schedule).await);
    assert!(message.contains("the agency's access token"), "{message}");
    (0..3).for_each(|nth| brands.world.crm.heal(nth));
    assert_eq!(brands.run(2, Trigger::Person).await.run.status, RunStatus::Succeeded);
    assert_eq!((brands.world.count("access_tokens").await, brands.token().await), (0, TokenHealth::default()));
    for nth in [0, 1] {
        assert_eq!(brands.run(nth, Trigger::Schedule).await.run.status, RunStatus::Succeeded);
    }
    brands.all_are_true().await;
}

#[rstest]
#[tokio::test]
async fn a_revoked_key_stops_its_brand_alone(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    brands.world.crm.revoke_web_key(1);
    let refused = brands.run(1, Trigger::Schedule).await;
    let message = refusal_of(&refused);
    assert!(message.contains("this brand's web key is refused"), "{message}");
    let since = brands.tenant(1).await.refused_ms;
    assert_eq!((since, brands.world.count("access_tokens").await), (refused.run.started_ms, 0));
    for nth in [0, 2] {
        assert_eq!(brands.run(nth, Trigger::Schedule).await.run.status, RunStatus::Succeeded);
        assert_eq!(brands.tenant(nth).await.refused_ms, None);
    }
    // Each further run asks once with it, and its trouble began when it began.
    brands.clear_calls();
    for trigger in [Trigger::Schedule, Trigger::Person, Trigger::Schedule] {
        refusal_of(&brands.run(1, trigger).await);
    }
    assert_eq!((brands.refusals(), brands.tenant(1).await.refused_ms), (vec![0, 3, 0], since));

    brands.world.crm.restore_web_key(1);
    assert_eq!(brands.run(1, Trigger::Schedule).await.run.status, RunStatus::Succeeded);
    assert_eq!(brands.tenant(1).await.refused_ms, None);
    brands.all_are_true().await;
}

#[rstest]
#[tokio::test]
async fn with_a_single_brand_nobody_can_tell_token_from_key(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut brands = Brands::of(kind, 1).await;
    let token = brands.world.crm.rotate_access_token();
    brands.clear_calls();
    let message = refusal_of(&brands.run(0, Trigger::Schedule).await);
    assert!(message.contains("the access token or this brand's web key is refused"), "{message}");
    assert_eq!(brands.calls(), [1]);
    assert!(brands.tenant(0).await.refused_ms.is_some());
    brands.world.syncer.crm.access_token = Some(token.into());
    assert_eq!(brands.run(0, Trigger::Schedule).await.run.status, RunStatus::Succeeded);
    assert_eq!(brands.tenant(0).await.refused_ms, None);
}

#[rstest]
#[tokio::test]
async fn a_brand_whose_key_is_refused_as_well_is_not_asked_whose_fault_it_is(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    brands.world.crm.revoke_web_key(1);
    refusal_of(&brands.run(1, Trigger::Schedule).await);
    brands.world.crm.revoke_web_key(0);
    let message = refusal_of(&brands.run(0, Trigger::Schedule).await);
    assert!(message.contains("this brand's web key"), "the third brand was asked: {message}");
    assert_eq!((brands.world.count("access_tokens").await, brands.tenant(2).await.refused_ms), (0, None));
}

#[rstest]
#[tokio::test]
async fn a_parked_brand_is_not_asked_whose_fault_it_is(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    brands.world.crm.fault_everything(1, asks_to_wait(7_200));
    brands.run(1, Trigger::Schedule).await;
    brands.clear_calls();
    brands.world.crm.revoke_web_key(0);
    let message = refusal_of(&brands.run(0, Trigger::Schedule).await);
    assert!(message.contains("this brand's web key is refused"), "{message}");
    assert_eq!(brands.calls(), [1, 0, 1]);
}

#[rstest]
#[tokio::test]
async fn a_token_that_is_refused_in_the_middle_of_two_runs_stops_both(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    let (one, two) = (brands.tenant(0).await, brands.tenant(1).await);
    // The first brand's contacts are refused while the second waits for an answer that comes much later.
    brands.world.crm.fault(0, Request::Contacts, Fault::RotateToken);
    brands.world.crm.fault(1, Request::Contacts, Fault::SlowMs(5_000));
    let mut syncer = brands.world.syncer.clone();
    let long = Duration::from_secs(20);
    syncer.crm.limits = Limits { connect: long, idle: long, total: long, ..quick() };
    let options = RunOptions::default();
    let began = Instant::now();
    let second = async {
        while !brands.world.crm.calls(1).iter().any(|call| call.request == Request::Contacts) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        syncer.sync_tenant(&one, Trigger::Schedule, &options).await.unwrap().unwrap()
    };
    let (waiting, refused) = tokio::join!(syncer.sync_tenant(&two, Trigger::Schedule, &options), second);
    assert!(began.elapsed() < Duration::from_millis(4_500), "nobody waits for an answer: {:?}", began.elapsed());
    for report in [refused, waiting.unwrap().unwrap()] {
        assert_eq!(report.run.status, RunStatus::Partial);
        for dataset in [Dataset::Contacts, Dataset::Deals, Dataset::Notes] {
            assert_eq!(report.of(dataset).error.as_ref().map(|error| error.class), Some(FaultClass::Credentials), "{dataset}");
        }
    }
    assert!(brands.refusals().iter().sum::<usize>() <= 3, "{:?}", brands.refusals());
    assert_eq!(brands.world.count("access_tokens").await, 1);
}

// The worker -----------------------------------------------------------------------------------------------------------

#[rstest]
#[tokio::test]
async fn a_refused_token_is_tried_once_an_hour_however_many_brands_there_are(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 6).await;
    brands.world.crm.rotate_access_token();
    let _work = brands.world.put_to_work();
    brands.settled().await;
    let at_first: usize = brands.calls().iter().sum();
    assert!((2..=12).contains(&at_first), "those that began at once, and one that tells whose fault it is: {at_first}");
    assert_eq!(brands.world.count("access_tokens").await, 1);

    brands.clear_calls();
    for hour in 1..=5 {
        brands.world.later(60);
        brands.settled().await;
        assert_eq!(brands.calls().iter().sum::<usize>(), hour, "{:?}", brands.calls());
    }
    // Between two hours nothing is asked, but by a person.
    brands.world.later(20);
    runs::request(brands.world.db.store.conn(), brands.ids[3], Trigger::Person, brands.world.clock.now_ms()).await.unwrap();
    brands.settled().await;
    assert_eq!((brands.calls().iter().sum::<usize>(), brands.world.count("access_tokens").await), (6, 1));
    let lasts = brands.token().await;
    assert!(lasts.tried_ms > lasts.refused_ms);
}

#[rstest]
#[tokio::test]
async fn a_new_token_in_the_portal_sets_the_worker_going_for_all_brands(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut brands = Brands::of(kind, 3).await;
    let (conn, cipher) = (brands.world.db.store.conn().clone(), brands.world.db.store.cipher().clone());
    let token = brands.world.syncer.crm.access_token.take().unwrap();
    agency::set_access_token(&conn, &cipher, &token).await.unwrap();
    let token = SecretString::from(brands.world.crm.rotate_access_token());
    let _work = brands.world.put_to_work();
    brands.settled().await;
    agency::set_access_token(&conn, &cipher, &token).await.unwrap();
    brands.world.later(61);
    for id in &brands.ids {
        let run = brands.world.runs(*id, 1).await.remove(0);
        assert!(run.finished_ms.is_some());
    }
    brands.settled().await;
    brands.all_are_true().await;
}

#[rstest]
#[tokio::test]
async fn the_worker_shows_a_revoked_key_to_the_crm_once_an_hour(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 2).await;
    let _work = brands.world.put_to_work();
    brands.settled().await;
    brands.world.crm.revoke_web_key(0);
    brands.clear_calls();
    for hour in 1..=3 {
        brands.world.later(60);
        brands.settled().await;
        assert_eq!(brands.refusals(), [hour, 0]);
    }
    assert_eq!(brands.world.numbers_of(brands.ids[1]).await, brands.world.truth_of(1));
    brands.world.crm.restore_web_key(0);
    brands.world.later(60);
    brands.settled().await;
    assert_eq!(
        (brands.tenant(0).await.refused_ms, brands.world.runs(brands.ids[0], 1).await[0].status),
        (None, RunStatus::Succeeded)
    );
}

// Parks ----------------------------------------------------------------------------------------------------------------

fn asks_to_wait(seconds: i64) -> Fault {
    Fault::TooManyRequests { retry_after: Some(seconds.to_string()) }
}

#[rstest]
#[case::two_hours(7_200, 7_200)]
#[case::more_than_a_day(25 * 3_600, 24 * 3_600)]
#[tokio::test]
async fn a_parked_brand_is_left_alone_for_as_long_as_the_crm_asked(
    #[case] asked: i64,
    #[case] seconds: i64,
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let brands = Brands::of(kind, 2).await;
    brands.world.crm.fault(0, Request::Contacts, asks_to_wait(asked));
    assert_eq!(brands.run(0, Trigger::Schedule).await.run.status, RunStatus::Partial);
    let until = brands.world.clock.now_ms() + seconds * 1_000;
    assert_eq!((brands.tenant(0).await.parked_until_ms, brands.token().await.parked_until_ms), (Some(until), None));
    brands.world.crm.heal(0);

    let _work = brands.world.put_to_work();
    brands.settled().await;
    brands.clear_calls();
    brands.world.clock.set((until - 60_000).timestamp().unwrap());
    brands.settled().await;
    assert_eq!(brands.calls()[0], 0);
    assert!(brands.calls()[1] > 0, "the other brand is read");
    brands.world.clock.set((until + HOUR_MS).timestamp().unwrap());
    brands.settled().await;
    assert!(brands.calls()[0] > 0);
    assert_eq!(brands.world.numbers_of(brands.ids[0]).await, brands.world.truth_of(0));
}

#[rstest]
#[tokio::test]
async fn a_second_parked_brand_parks_the_token_until_a_person_is_answered(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    brands.world.crm.fault_everything(0, asks_to_wait(7_200));
    brands.world.crm.fault_everything(1, asks_to_wait(3 * 3_600));
    brands.run(0, Trigger::Schedule).await;
    assert_eq!(brands.token().await.parked_until_ms, None);
    brands.run(1, Trigger::Schedule).await;
    let until = brands.world.clock.now_ms() + 3 * HOUR_MS;
    assert_eq!(brands.token().await.parked_until_ms, Some(until));

    brands.clear_calls();
    let waiting = brands.run(2, Trigger::Schedule).await;
    let error = waiting.of(Dataset::Contacts).error.clone().unwrap();
    assert_eq!((waiting.run.status, error.class, brands.calls()), (RunStatus::Failed, FaultClass::Budget, vec![0, 0, 0]));
    let work = brands.world.put_to_work();
    brands.settled().await;
    assert_eq!(brands.calls(), [0, 0, 0], "nor does the worker ask for anybody");
    work.stop().await;
    // A person's run of a brand that is answered goes on, and the token is free again.
    assert_eq!(brands.run(2, Trigger::Person).await.run.status, RunStatus::Succeeded);
    assert_eq!(brands.world.numbers_of(brands.ids[2]).await, brands.world.truth_of(2));
    assert_eq!(brands.token().await.parked_until_ms, None);
    assert!(brands.tenant(0).await.parked_until_ms.is_some(), "each brand's own park stays its own");
}

#[rstest]
#[tokio::test]
async fn a_person_who_asks_a_parked_brand_makes_one_call(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 2).await;
    brands.world.crm.fault_everything(0, asks_to_wait(7_200));
    brands.run(0, Trigger::Schedule).await;
    brands.clear_calls();
    let report = brands.run(0, Trigger::Person).await;
    assert_eq!((report.run.status, brands.calls()), (RunStatus::Failed, vec![1, 0]));
    assert_eq!(brands.tenant(0).await.parked_until_ms, Some(brands.world.clock.now_ms() + 7_200_000), "anew");
    brands.world.crm.heal(0);
    assert_eq!(brands.run(0, Trigger::Person).await.run.status, RunStatus::Succeeded);
    assert_eq!(brands.tenant(0).await.parked_until_ms, None);
}

// Keys that are checked ------------------------------------------------------------------------------------------------

#[rstest]
#[tokio::test]
async fn the_worker_answers_whether_a_key_is_good(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut brands = Brands::of(kind, 2).await;
    let _work = brands.world.put_to_work();
    brands.settled().await;
    brands.clear_calls();
    let good = brands.checked(0).await;
    assert!(good.fault.is_none() && good.answered_ms >= Some(good.asked_ms));
    assert_eq!(brands.calls(), [1, 0]);

    brands.world.crm.revoke_web_key(0);
    let (class, message) = brands.checked(0).await.fault.unwrap();
    assert_eq!(class, FaultClass::Credentials);
    assert!(message.contains("this brand's web key is refused"), "{message}");
    assert!(brands.tenant(0).await.refused_ms.is_some());
    brands.world.crm.restore_web_key(0);
    assert!(brands.checked(0).await.fault.is_none());
    assert_eq!(brands.tenant(0).await.refused_ms, None);

    brands.world.crm.fault_everything(0, Fault::Status(503));
    assert_eq!(brands.checked(0).await.fault.unwrap().0, FaultClass::HttpStatus);
    assert_eq!(brands.tenant(0).await.refused_ms, None, "no answer is no refusal");
    brands.world.stop_crm().await;
    assert_eq!(brands.checked(0).await.fault.unwrap().0, FaultClass::Network);
}

impl Brands {
    /// Asks whether a brand's key is good, and waits for the answer.
    async fn checked(&self, nth: usize) -> KeyCheck {
        let conn = self.world.db.store.conn();
        credentials::request_key_check(conn, self.ids[nth], self.world.clock.now_ms()).await.unwrap();
        let answered = async {
            loop {
                let check = credentials::key_check(conn, self.ids[nth]).await.unwrap().unwrap();
                if check.answered_ms.is_some() {
                    return check;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), answered).await.expect("an answer")
    }
}

// Runs that are stopped, and runs whose process died -------------------------------------------------------------------

#[rstest]
#[tokio::test]
async fn a_run_that_is_cancelled_ends_within_two_seconds_and_frees_the_lease(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Fault::Hang, Fault::SlowMs(8_000))] fault: Fault,
) {
    let mut brands = Brands::of(kind, 1).await;
    let long = Duration::from_secs(20);
    brands.world.syncer.crm.limits = Limits { connect: long, idle: long, total: long, ..quick() };
    brands.world.fault(Request::Contacts, fault);
    let work = brands.world.put_to_work();
    brands.world.wait_for_call(Request::Contacts).await;
    let conn = brands.world.db.store.conn();
    let run = runs::open_run(conn, brands.ids[0]).await.unwrap().unwrap();
    assert!(runs::cancel(conn, brands.ids[0], &run.id, brands.world.clock.now_ms()).await.unwrap());
    let began = Instant::now();
    while brands.world.status_of(&run.id).await == RunStatus::Running {
        assert!(began.elapsed() < Duration::from_secs(2), "it still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(brands.world.status_of(&run.id).await, RunStatus::Aborted);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!leases::is_held(conn, brands.ids[0], Clock::system().now_ms()).await.unwrap());
    assert!(!runs::cancel(conn, brands.ids[0], &run.id, brands.world.clock.now_ms()).await.unwrap(), "it has ended");

    // Nobody makes up for it before its next turn.
    brands.world.crm.heal(0);
    brands.world.a_while().await;
    assert_eq!(brands.world.runs(brands.ids[0], 1).await.len(), 1);
    work.stop().await;
    assert_eq!(brands.run(0, Trigger::Person).await.run.status, RunStatus::Succeeded);
}

#[rstest]
#[tokio::test]
async fn a_run_that_nobody_has_begun_is_cancelled_at_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 1).await;
    let conn = brands.world.db.store.conn();
    let now_ms = brands.world.clock.now_ms();
    let run = runs::request(conn, brands.ids[0], Trigger::Person, now_ms).await.unwrap();
    assert!(runs::cancel(conn, brands.ids[0], &run, now_ms).await.unwrap());
    assert_eq!(brands.world.status_of(&run).await, RunStatus::Aborted);
    assert_eq!(brands.run(0, Trigger::Person).await.run.status, RunStatus::Succeeded);
    assert_eq!(brands.world.status_of(&run).await, RunStatus::Aborted, "another run was opened for it");
}

#[rstest]
#[tokio::test]
async fn the_worker_makes_up_for_a_run_whose_process_died_as_soon_as_its_lease_ran_out(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Trigger::Person, Trigger::Replay)] trigger: Trigger,
) {
    let brands = Brands::of(kind, 1).await;
    brands.run(0, Trigger::Schedule).await;
    let conn = brands.world.db.store.conn();
    let now_ms = brands.world.clock.now_ms();
    let machine_ms = Clock::system().now_ms();
    leases::claim(conn, brands.ids[0], "the dead one", machine_ms, machine_ms + 1_200).await.unwrap().unwrap();
    let dead = runs::start(conn, brands.ids[0], trigger, now_ms).await.unwrap();
    brands.clear_calls();
    let _work = brands.world.put_to_work();
    brands.world.a_while().await;
    assert_eq!(brands.world.status_of(&dead.id).await, RunStatus::Running, "its lease may still be renewed");
    let began = Instant::now();
    loop {
        let list = runs::list(conn, brands.ids[0], 10, 0).await.unwrap();
        if list.len() == 3 && list.iter().all(|run| run.finished_ms.is_some()) {
            assert_eq!((list[0].trigger, list[0].status), (trigger, RunStatus::Succeeded));
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{list:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(brands.world.status_of(&dead.id).await, RunStatus::Aborted);
    assert_eq!(brands.calls()[0] > 0, trigger == Trigger::Person);
    brands.world.a_while().await;
    assert_eq!(runs::count(conn, brands.ids[0]).await.unwrap(), 3, "once is enough");
}
