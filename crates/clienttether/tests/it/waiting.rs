use std::time::{Duration, Instant};

use jiff::Timestamp;
use rstest::rstest;
use tetherboard_clienttether::{Budgets, Client, Limits, ReadContacts, ReadDeals, ReadStages};
use tetherboard_domain::{Clock, FaultClass};

use crate::crm::{Crm, Reply, page_of, quick, read_all};

const NOW: &str = "2026-11-23T10:00:00Z";

fn asked_to_wait(retry_after: &str) -> Reply {
    Reply::Status { status: 429, header: format!("retry-after: {retry_after}") }
}

#[rstest]
#[case::seconds("1")]
#[case::http_date("Mon, 23 Nov 2026 10:00:01 GMT")]
#[tokio::test]
async fn retry_after_delays_every_client_of_the_token(#[case] retry_after: &'static str) {
    let crm = Crm::start(move |call| match call.number {
        0 => asked_to_wait(retry_after),
        _ => Reply::Json(page_of(call, 30, "30")),
    })
    .await;
    let (budgets, clock) = (Budgets::new(4, 10_000), Clock::stopped_at(NOW.parse::<Timestamp>().unwrap()));
    let client = || Client::new(crm.config(quick()), &budgets, clock.clone()).unwrap();
    let (one, other) = (client(), client());

    let began = Instant::now();
    let first = tokio::spawn(async move { one.page(ReadContacts::new(), 0).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.page(ReadDeals::new(), 0).await.unwrap();
    first.await.unwrap().unwrap();

    let calls = crm.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls[1..].iter().all(|call| call.at.duration_since(began) >= Duration::from_secs(1)));
}

#[rstest]
#[case::seconds("61", 61)]
#[case::http_date("Mon, 23 Nov 2026 11:00:00 GMT", 3_600)]
#[case::beyond_a_day("999999999", 86_400)]
#[tokio::test]
async fn a_retry_after_of_more_than_a_minute_ends_the_read(#[case] retry_after: &'static str, #[case] seconds: u64) {
    let crm = Crm::start(move |_| asked_to_wait(retry_after)).await;
    let clock = Clock::stopped_at(NOW.parse::<Timestamp>().unwrap());
    let client = Client::new(crm.config(quick()), &Budgets::new(4, 10_000), clock).unwrap();
    let (_, outcome) = read_all(&client, ReadContacts::new()).await;
    let fault = outcome.fault.unwrap();
    assert_eq!((fault.retry_after(), fault.attempts), (Some(Duration::from_secs(seconds)), 1));
    assert_eq!((fault.class(), fault.is_permanent()), (FaultClass::Budget, false));
    assert_eq!(crm.calls().len(), 1);
}

#[tokio::test]
async fn two_clients_with_the_same_token_share_its_budget() {
    let crm = Crm::start(|call| Reply::Late(Duration::from_millis(5), page_of(call, 2000, "2000"))).await;
    let budgets = Budgets::new(3, 10_000);
    let client = || Client::new(crm.config(quick()), &budgets, Clock::system()).unwrap();
    let (one, other) = (client(), client());
    let (contacts, deals) = tokio::join!(read_all(&one, ReadContacts::new()), read_all(&other, ReadDeals::new()));
    assert!(contacts.1.complete && deals.1.rows == 2000);
    assert_eq!(crm.most_in_flight(), 3);
}

#[tokio::test]
async fn calls_per_second_are_limited() {
    let crm = Crm::start(|call| Reply::Json(page_of(call, 4000, "4000"))).await;
    let client = Client::new(crm.config(quick()), &Budgets::new(8, 20), Clock::system()).unwrap();
    let (_, outcome) = read_all(&client, ReadContacts::new()).await;
    assert!(outcome.complete);
    let at: Vec<_> = crm.calls().iter().map(|call| call.at).collect();
    // Network delay varies, so the interval seen by the server may be slightly shorter than a second.
    let seconds = at.windows(22).map(|calls| calls[21].duration_since(calls[0]));
    assert!(seconds.min().unwrap() > Duration::from_millis(950));
}

#[tokio::test]
async fn a_busy_crm_is_read_to_the_end() {
    let crm = Crm::start(|call| match call.number % 3 {
        1 => Reply::Status { status: 429, header: "retry-after: 1".into() },
        _ => Reply::Json(page_of(call, 400, "400")),
    })
    .await;
    let client = crm.client(Limits { max_retries_per_run: 0, ..quick() });
    let (_, outcome) = read_all(&client, ReadContacts::new()).await;
    assert!(outcome.complete && outcome.retries > 0, "{outcome:?}");
}

#[tokio::test]
async fn retries_are_counted_over_the_run() {
    let crm = Crm::start(|_| Reply::Reset).await;
    let client = crm.client(Limits { max_retries_per_run: 5, ..quick() });
    for retries in [3, 2, 0] {
        assert_eq!(read_all(&client, ReadStages::new()).await.1.retries, retries);
    }
    assert_eq!(read_all(&client.for_run(), ReadStages::new()).await.1.retries, 3, "a new run");
}

#[tokio::test]
async fn a_run_stops_retrying_a_crm_that_never_responds() {
    let crm = Crm::start(|_| Reply::Hang).await;
    let limits = Limits {
        connect: Duration::from_millis(50),
        idle: Duration::from_millis(100),
        outage_tolerance: Duration::from_millis(700),
        max_retries_per_run: 100,
        attempts: 100,
        ..quick()
    };
    let client = crm.client(limits);
    let began = Instant::now();
    let outcome = read_all(&client, ReadStages::new()).await.1;
    assert!(outcome.retries > 0);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());

    let before = crm.calls().len();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(client.outage_tolerance_left(), Duration::ZERO);
    let outcome = read_all(&client, ReadContacts::new()).await.1;
    assert_eq!((outcome.retries, crm.calls().len() - before), (0, 1), "tried once");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(client.for_run().outage_tolerance_left() > Duration::ZERO);
}

#[tokio::test]
async fn a_successful_response_restores_the_outage_tolerance() {
    let crm = Crm::start(|call| match call.number {
        0..=2 => Reply::Hang,
        _ => Reply::Json(page_of(call, 30, "30")),
    })
    .await;
    let client = crm.client(Limits { outage_tolerance: Duration::from_secs(5), ..quick() });
    client.page(ReadStages::new(), 0).await.unwrap();
    assert_eq!(client.outage_tolerance_left(), Duration::from_secs(5));
}

#[tokio::test]
async fn a_single_try_is_one_short_call() {
    let crm = Crm::start(|_| Reply::Hang).await;
    let client = crm.client(Limits { idle: Duration::from_secs(5), ..quick() }).single_try();
    let began = Instant::now();
    let fault = client.page(ReadStages::new(), 0).await.unwrap_err();
    assert_eq!((fault.class(), fault.attempts, crm.calls().len()), (FaultClass::Timeout, 1, 1));
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_permit_that_never_comes_is_a_budget_fault() {
    let crm = Crm::start(|_| Reply::Hang).await;
    let budgets = Budgets::new(1, 10_000);
    let client = || Client::new(crm.config(quick()), &budgets, Clock::system()).unwrap();
    let (holder, waiting) = (client(), client().single_try());
    let held = tokio::spawn(async move { holder.page(ReadStages::new(), 0).await.map(|_| ()) });
    tokio::time::sleep(Duration::from_millis(50)).await;
    // The holder's call may fail in between and be retried, so the waiting call may get its permit and time out.
    let fault = waiting.page(ReadStages::new(), 0).await.unwrap_err();
    assert!(matches!(fault.class(), FaultClass::Budget | FaultClass::Timeout), "{fault:?}");
    held.abort();
}
