//! The CRM refuses credentials or asks for a wait: which brands stop, and how few requests are made until it ends.

mod backoff;
mod ended_runs;
mod key_checks;

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

/// Several brands on one token; the first is the world's brand.
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

    /// Advances the clock by an hour and runs one brand.
    async fn run(&self, nth: usize, trigger: Trigger) -> RunReport {
        self.world.later(60);
        let tenant = self.tenant(nth).await;
        self.world
            .syncer
            .sync_tenant(&tenant, trigger, &RunOptions::default())
            .await
            .unwrap()
            .expect("no other run is in progress")
    }

    /// The number of requests per account since the calls were last cleared.
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

    async fn assert_all_match(&self) {
        for (nth, id) in self.ids.iter().enumerate() {
            assert_eq!(self.world.numbers_of(*id).await, self.world.truth_of(nth), "brand {nth}");
        }
    }

    async fn token(&self) -> TokenHealth {
        let token = self.world.syncer.crm.access_token.clone().unwrap();
        credentials::token_health(self.world.db.store.conn(), &credentials::token_hash(&token)).await.unwrap()
    }

    /// Waits until a run of a brand has succeeded. On a busy machine, one may have begun with the old token; then it is the next
    /// hour's.
    async fn wait_for_success(&self, id: TenantId) {
        let began = Instant::now();
        let is_success = |run: &runs::Run| run.status == RunStatus::Succeeded;
        while !self.world.runs(id, 0).await.iter().any(is_success) {
            assert!(began.elapsed() < Duration::from_secs(30), "no run of {id:?} succeeds");
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.world.later(61);
        }
    }

    /// Waits until the worker has nothing left to do.
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

fn asks_to_wait(seconds: i64) -> Fault {
    Fault::TooManyRequests { retry_after: Some(seconds.to_string()) }
}

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

    // A person's run makes one request, and it remains one incident.
    brands.clear_calls();
    for trigger in [Trigger::Person, Trigger::Command] {
        refusal_of(&brands.run(0, trigger).await);
    }
    assert_eq!(brands.calls(), [2, 0, 0]);
    let incident = credentials::token_incident(brands.world.db.store.conn()).await.unwrap().unwrap();
    assert_eq!((brands.world.count("access_tokens").await, incident.refused_ms), (1, since));
    brands.assert_all_match().await;
}

#[rstest]
#[tokio::test]
async fn a_new_token_fixes_every_brand(
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
    brands.assert_all_match().await;
    credentials::forget_other_tokens(&conn, &credentials::token_hash(&token)).await.unwrap();
    assert!(credentials::token_incident(&conn).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_token_that_is_accepted_again_fixes_every_brand(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    // The CRM refuses the token for a while and accepts it later.
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
    brands.assert_all_match().await;
}

#[rstest]
#[tokio::test]
async fn a_revoked_key_stops_only_its_brand(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
    // Every further run makes one request with the key, and the start of the incident stays the same.
    brands.clear_calls();
    for trigger in [Trigger::Schedule, Trigger::Person, Trigger::Schedule] {
        refusal_of(&brands.run(1, trigger).await);
    }
    assert_eq!((brands.refusals(), brands.tenant(1).await.refused_ms), (vec![0, 3, 0], since));

    brands.world.crm.restore_web_key(1);
    assert_eq!(brands.run(1, Trigger::Schedule).await.run.status, RunStatus::Succeeded);
    assert_eq!(brands.tenant(1).await.refused_ms, None);
    brands.assert_all_match().await;
}

#[rstest]
#[tokio::test]
async fn with_a_single_brand_the_error_names_token_or_key(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
async fn a_brand_whose_key_is_refused_is_not_used_to_test_the_token(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    brands.world.crm.revoke_web_key(1);
    refusal_of(&brands.run(1, Trigger::Schedule).await);
    brands.world.crm.revoke_web_key(0);
    let message = refusal_of(&brands.run(0, Trigger::Schedule).await);
    assert!(message.contains("this brand's web key"), "the third brand was used for the test: {message}");
    assert_eq!((brands.world.count("access_tokens").await, brands.tenant(2).await.refused_ms), (0, None));
}

#[rstest]
#[tokio::test]
async fn a_parked_brand_is_not_used_to_test_the_token(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
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
async fn a_token_refused_during_two_runs_stops_both(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 3).await;
    let (one, two) = (brands.tenant(0).await, brands.tenant(1).await);
    // The first brand's contacts are refused while the second brand waits for a slow response.
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
    assert!(began.elapsed() < Duration::from_millis(4_500), "no run waits for a response: {:?}", began.elapsed());
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
    let _work = brands.world.start_worker();
    brands.settled().await;
    let at_first: usize = brands.calls().iter().sum();
    assert!(
        (2..=12).contains(&at_first),
        "the runs that began together, and one request to find the refused credential: {at_first}"
    );
    assert_eq!(brands.world.count("access_tokens").await, 1);

    brands.clear_calls();
    for hour in 1..=5 {
        brands.world.later(60);
        brands.settled().await;
        assert_eq!(brands.calls().iter().sum::<usize>(), hour, "{:?}", brands.calls());
    }
    // Within the hour, only a person's run makes a request.
    brands.world.later(20);
    runs::request(brands.world.db.store.conn(), brands.ids[3], Trigger::Person, brands.world.clock.now_ms()).await.unwrap();
    brands.settled().await;
    assert_eq!((brands.calls().iter().sum::<usize>(), brands.world.count("access_tokens").await), (6, 1));
    let lasts = brands.token().await;
    assert!(lasts.tried_ms > lasts.refused_ms);
}

#[rstest]
#[tokio::test]
async fn a_new_token_in_the_portal_starts_the_worker_for_all_brands(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut brands = Brands::of(kind, 3).await;
    let (conn, cipher) = (brands.world.db.store.conn().clone(), brands.world.db.store.cipher().clone());
    let token = brands.world.syncer.crm.access_token.take().unwrap();
    agency::set_access_token(&conn, &cipher, &token).await.unwrap();
    let token = SecretString::from(brands.world.crm.rotate_access_token());
    let _work = brands.world.start_worker();
    brands.settled().await;
    agency::set_access_token(&conn, &cipher, &token).await.unwrap();
    brands.world.later(61);
    for id in &brands.ids {
        brands.wait_for_success(*id).await;
    }
    brands.settled().await;
    brands.assert_all_match().await;
}

#[rstest]
#[tokio::test]
async fn the_worker_sends_a_revoked_key_to_the_crm_once_an_hour(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let brands = Brands::of(kind, 2).await;
    let _work = brands.world.start_worker();
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
