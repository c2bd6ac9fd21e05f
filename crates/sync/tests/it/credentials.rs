//! Credentials that stop working and work again.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use rstest::rstest;
use secrecy::SecretString;
use tetherboard_domain::{Dataset, DatasetStatus, FaultClass, RunStatus};
use tetherboard_simulator::{Config, ContactEdit, Edit, Fault, Request};
use tetherboard_store::agency;
use tetherboard_sync::RunReport;
use tetherboard_testkit::Kind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{Reports, World};

fn is_refused(report: &RunReport) {
    assert_eq!(report.run.status, RunStatus::Failed);
    for dataset in &report.datasets {
        let class = dataset.error.as_ref().map(|error| error.class);
        assert_eq!((dataset.status, class), (DatasetStatus::Failed, Some(FaultClass::Credentials)), "{dataset:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_revoked_key_is_sent_to_the_crm_once_and_the_data_stays(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 40).await;
    world.good_run().await;
    let (before, as_of) = (world.numbers().await, world.as_of(Dataset::Contacts).await);
    world.crm.revoke_web_key(0);
    world.crm.clear_calls(0);
    is_refused(&world.run().await);
    let calls = world.crm.calls(0);
    assert_eq!(calls.iter().map(|call| (call.request, call.status)).collect::<Vec<_>>(), [(Request::Stages, 401)]);
    assert_eq!((world.numbers().await, world.as_of(Dataset::Contacts).await), (before, as_of));

    world.crm.restore_web_key(0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_key_revoked_during_a_run_ends_the_run_with_what_was_read(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 320).await;
    world.good_run().await;
    let before = world.numbers().await;
    world.later(24 * 60);
    world.fault(Request::Contacts, Fault::SlowMs(300));
    world.crm.clear_calls(0);
    let revoked = async {
        world.wait_for_call(Request::Contacts).await;
        world.crm.revoke_web_key(0);
    };
    let (report, ()) = tokio::join!(world.run(), revoked);
    assert_eq!(report.run.status, RunStatus::Partial);
    let contacts = report.of(Dataset::Contacts);
    assert_eq!((contacts.status, contacts.read), (DatasetStatus::Partial, 100));
    for dataset in [Dataset::Contacts, Dataset::Deals] {
        assert_eq!(report.of(dataset).error.as_ref().unwrap().class, FaultClass::Credentials);
    }
    assert_eq!((world.calls(Request::Deals), world.numbers().await), (0, before));
    assert_eq!(world.query("SELECT day FROM pipeline_days GROUP BY day").await.len(), 2);
}

/// At whatever request the refusal comes, what was read is saved, the rest stays and says why, and no request is repeated.
#[rstest]
#[tokio::test]
async fn credentials_that_are_refused_after_any_request_harm_no_data(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Fault::rotate_token_after as fn(usize) -> Fault, Fault::revoke_key_after as fn(usize) -> Fault)] after: fn(
        usize,
    )
        -> Fault,
) {
    let mut world = World::with_contacts(kind, 320).await;
    world.good_run().await;
    let whole_run = world.crm.calls(0).len();
    for answers in 0..whole_run {
        let (known, before) = (world.contacts().await, world.numbers().await);
        let as_of = world.as_of(Dataset::Deals).await;
        world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("FA Sent")));
        world.crm.fault_everything(0, after(answers));
        world.crm.clear_calls(0);
        let report = world.run().await;

        let expected = if answers < 2 { RunStatus::Failed } else { RunStatus::Partial };
        assert!(report.run.status == expected || report.run.status == RunStatus::Partial, "{answers}: {:#?}", report.datasets);
        let calls = world.crm.calls(0);
        assert_eq!(calls.iter().filter(|call| call.status == 200).count(), answers);
        let refused = calls.iter().filter(|call| call.status == 401).count();
        assert!((1..=4).contains(&refused), "{answers}: as many as were on their way, not {refused}");
        assert!(world.contacts().await.is_superset(&known));
        let now = world.numbers().await;
        assert!(now.total >= before.total && now.deals == before.deals, "{answers}: {now:?}");
        let unread = report.datasets.iter().filter(|dataset| dataset.status != DatasetStatus::Succeeded);
        for dataset in unread {
            assert_eq!(dataset.error.as_ref().unwrap().class, FaultClass::Credentials, "{answers}: {dataset:?}");
        }
        if report.of(Dataset::Deals).status != DatasetStatus::Succeeded {
            assert_eq!(world.as_of(Dataset::Deals).await, as_of);
        }

        world.crm.heal(0);
        world.crm.restore_web_key(0);
        world.syncer.crm.access_token = Some(SecretString::from(world.crm.access_token()));
        world.good_run().await;
        assert_eq!(world.numbers().await, world.truth(), "{answers}");
    }
}

/// Another host, which must never receive a key.
async fn eavesdropper() -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (addr, heard) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let ear = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let ear = Arc::clone(&ear);
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                while let Ok(read @ 1..) = socket.read(&mut bytes).await {
                    ear.lock().unwrap().extend_from_slice(&bytes[..read]);
                    let nothing = "HTTP/1.1 200 OK\r\ncontent-length: 27\r\n\r\n{\"ResultCode\":515,\"data\":0}";
                    let _ = socket.write_all(nothing.as_bytes()).await;
                }
            });
        }
    });
    (addr, heard)
}

#[rstest]
#[tokio::test]
async fn redirects_never_send_the_keys_to_another_host(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(0, 1, 2, 3, 4)] hops: usize,
) {
    let world = World::with_contacts(kind, 40).await;
    world.good_run().await;
    let before = world.numbers().await;
    let (elsewhere, heard) = eavesdropper().await;
    // The host does record what it receives.
    let mut probe = TcpStream::connect(elsewhere).await.unwrap();
    probe.write_all(b"is anybody there").await.unwrap();
    let mut answer = [0; 12];
    probe.read_exact(&mut answer).await.unwrap();
    assert_eq!((&answer, heard.lock().unwrap().drain(..).count()), (b"HTTP/1.1 200", 16));

    let to = format!("http://{elsewhere}/v2/api/read_client_list?limit=100&offset=0");
    world.crm.fault_everything(0, Fault::RedirectChain { hops, to });
    world.crm.clear_calls(0);
    let report = world.run().await;
    assert_eq!(report.run.status, RunStatus::Failed);
    for dataset in report.datasets.iter().filter(|report| report.dataset != Dataset::Notes) {
        assert_eq!(dataset.error.as_ref().map(|error| error.class), Some(FaultClass::HttpStatus), "{dataset:?}");
    }
    assert!(world.crm.calls(0).iter().all(|call| !call.path_and_query.contains("hop=")), "not even one hop is followed");
    let heard = String::from_utf8_lossy(&heard.lock().unwrap()).to_lowercase();
    let secrets = [world.crm.access_token(), world.crm.accounts()[0].web_key.clone()].map(|secret| secret.to_lowercase());
    assert!(!secrets.iter().any(|secret| heard.contains(secret)) && !heard.contains("x-web-key") && !heard.contains("x-access"));
    assert_eq!(heard, "");
    assert_eq!(world.numbers().await, before);
}

#[rstest]
#[tokio::test]
async fn a_rotated_token_is_refused_until_the_new_one_is_set(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 40).await;
    world.good_run().await;
    let before = world.numbers().await;
    let token = world.crm.rotate_access_token();
    is_refused(&world.run().await);
    assert_eq!(world.numbers().await, before);
    world.syncer.crm.access_token = Some(SecretString::from(token));
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn the_agencys_saved_token_is_used_when_the_environment_has_none(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 40).await;
    world.syncer.crm.access_token = None;
    is_refused(&world.run().await);
    assert_eq!(world.crm.calls(0), []);
    let token = SecretString::from(world.crm.access_token());
    agency::set_access_token(world.db.store.conn(), world.db.store.cipher(), &token).await.unwrap();
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_revoked_key_does_not_affect_other_brands(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::of(kind, Config::plain(5, &[40, 70])).await;
    world.crm.revoke_web_key(1);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}
