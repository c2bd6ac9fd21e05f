use std::time::{Duration, Instant};

use tetherboard_clienttether::{Budgets, Cause, Client, Limits, ReadContacts, ReadStages};
use tetherboard_domain::{Clock, FaultClass};

use crate::crm::{Crm, Reply, TOKEN, contacts, page_of, quick, read_all};

fn client(crm: &Crm, limits: Limits, budgets: &Budgets) -> Client {
    Client::new(crm.config(limits), budgets, Clock::system()).unwrap()
}

fn long_waits() -> Limits {
    Limits { idle: Duration::from_secs(20), total: Duration::from_secs(30), initial_backoff: Duration::from_secs(20), ..quick() }
}

#[tokio::test]
async fn every_call_with_a_refused_token_ends_at_once() {
    let crm = Crm::start(|call| match call.number {
        0 => Reply::Status { status: 503, header: "x-a: b".into() },
        _ => Reply::Hang,
    })
    .await;
    let budgets = Budgets::new(1, 10_000);
    let mut calls = Vec::new();
    // The first is waiting to retry, the second is in flight, and the third is waiting for a permit.
    for _ in 0..3 {
        let client = client(&crm, long_waits(), &budgets);
        calls.push(tokio::spawn(async move { client.page(ReadContacts::new(), 0).await }));
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let (other, refused_at) = (client(&crm, long_waits(), &budgets), Instant::now());
    budgets.refuse(&TOKEN.into());
    calls.push(tokio::spawn(async move { other.page(ReadStages::new(), 0).await }));

    let mut attempts = Vec::new();
    for call in calls {
        let fault = call.await.unwrap().unwrap_err();
        assert!(matches!(fault.cause, Cause::TokenRefused), "{fault:?}");
        assert_eq!((fault.class(), fault.is_permanent()), (FaultClass::Credentials, true));
        attempts.push(fault.attempts);
    }
    assert!(refused_at.elapsed() < Duration::from_secs(1));
    assert_eq!((attempts, crm.calls().len()), (vec![1, 1, 1, 0], 2), "the third and the fourth were never sent");
}

#[tokio::test]
async fn a_read_with_a_refused_token_ends_with_the_pages_received() {
    let crm = Crm::start(|call| if call.offset < 100 { Reply::Json(page_of(call, 900, "900")) } else { Reply::Hang }).await;
    let budgets = Budgets::new(2, 10_000);
    let mut pages = client(&crm, long_waits(), &budgets).pages(ReadContacts::new());
    assert_eq!(pages.next().await.unwrap().rows.len(), 100);
    budgets.refuse(&TOKEN.into());
    assert!(pages.next().await.is_none());
    let fault = pages.finish().fault.unwrap();
    assert_eq!((fault.offset, fault.class()), (100, FaultClass::Credentials));
    assert!(std::error::Error::source(&fault).unwrap().to_string().contains("the access token was refused"));
}

#[tokio::test]
async fn a_refused_token_is_probed_with_one_call_and_works_once_it_is_accepted() {
    let crm = Crm::start(|call| match call.number {
        0 => Reply::Status { status: 503, header: "x-a: b".into() },
        1 => Reply::Status { status: 401, header: "x-a: b".into() },
        _ => Reply::Json(page_of(call, 30, "30")),
    })
    .await;
    let (budgets, token) = (Budgets::new(1, 10_000), TOKEN.into());
    let client = client(&crm, quick(), &budgets);
    budgets.refuse(&token);

    let fault = client.probe(ReadContacts::new()).await.unwrap_err();
    assert_eq!((fault.status(), fault.attempts, crm.calls().len()), (Some(503), 1, 1), "no retry");
    let fault = client.probe(ReadContacts::new()).await.unwrap_err();
    assert_eq!((fault.status(), fault.class()), (Some(401), FaultClass::Credentials));
    let page = client.probe(ReadContacts::new().limit(50)).await.unwrap();
    assert_eq!((page.body, page.request.as_str()), (contacts(0..1, "30").into(), "read_client_list?limit=1&offset=0"));
    assert!(budgets.is_refused(&token), "a successful probe alone does not accept the token");
    assert!(client.page(ReadContacts::new(), 0).await.is_err());

    budgets.accept(&token);
    let (_, outcome) = read_all(&client, ReadContacts::new()).await;
    assert!(outcome.complete && outcome.rows == 30);
}

#[tokio::test]
async fn another_token_is_not_affected() {
    let crm = Crm::start(|call| Reply::Json(page_of(call, 30, "30"))).await;
    let budgets = Budgets::new(1, 10_000);
    budgets.refuse(&"eyJ.another.token".into());
    assert!(!budgets.is_refused(&TOKEN.into()));
    assert!(client(&crm, quick(), &budgets).page(ReadContacts::new(), 0).await.is_ok());
}
