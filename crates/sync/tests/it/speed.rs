//! Requests run in parallel: a list takes as long as its slowest pages, not as the sum of all pages.

use rstest::rstest;
use tetherboard_clienttether::{Budgets, Limits};
use tetherboard_simulator::{Fault, Request};
use tetherboard_testkit::Kind;

use tetherboard_domain::EpochMs;

use crate::world::{World, quick};

const SLOW_MS: i64 = 60;

impl World {
    /// The number of a list's requests that began before the first one can have had a response.
    fn most_at_once(&self, request: Request) -> usize {
        let began: Vec<EpochMs> =
            self.crm.calls(0).iter().filter(|call| call.request == request).map(|call| call.machine_ms).collect();
        began.iter().map(|first| began.iter().filter(|at| (*first..*first + SLOW_MS).contains(at)).count()).max().unwrap_or(0)
    }
}

#[rstest]
#[tokio::test]
async fn pages_and_contacts_are_read_in_parallel_within_the_limit(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(2, 8)] in_flight: usize,
) {
    let mut world = World::with_contacts(kind, 48).await.reading_notes(24);
    world.syncer.crm.budgets = Budgets::new(in_flight, 10_000);
    // Short pages, so that a few contacts fill many.
    world.syncer.crm.limits = Limits { page_size: 3, ..quick() };
    for request in [Request::Contacts, Request::Notes] {
        world.fault(request, Fault::SlowMs(SLOW_MS as u64));
    }
    world.good_run().await;
    assert!(world.calls(Request::Contacts) >= 16);
    for request in [Request::Contacts, Request::Notes] {
        assert_eq!(world.most_at_once(request), in_flight, "{request}");
    }
    assert_eq!(world.numbers().await, world.truth());
}
