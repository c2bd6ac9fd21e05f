//! When a fault applies, and to which requests.

use tetherboard_simulator::{Config, Fault, Request};

use crate::Harness;
use crate::faults::harness_with;

#[tokio::test]
async fn a_token_is_rotated_and_a_key_revoked_after_a_number_of_responses() {
    let harness = Harness::with(Config::plain(21, &[250, 3])).await;
    harness.simulator.fault_everything(0, Fault::rotate_token_after(2));
    let (before, other) = (harness.client(0), harness.client(1));
    let mut statuses = Vec::new();
    for list in ["read_user_list", "read_client_list", "read_client_list", "read_user_list"] {
        statuses.push(before.get(list).await.status);
    }
    assert_eq!(statuses, [200, 200, 401, 401]);
    assert_eq!(other.get("read_user_list").await.status, 401, "the token belongs to all accounts");
    assert_ne!(before.token, harness.simulator.access_token());
    assert_eq!(harness.get("read_user_list").await.status, 200);

    harness.simulator.fault(0, Request::Contacts, Fault::revoke_key_after(1));
    assert_eq!(harness.get("read_client_list").await.status, 200);
    assert_eq!(harness.get("read_client_list").await.status, 401);
    assert_eq!(harness.get("read_user_list").await.status, 401);
    assert_eq!(harness.client(1).get("read_user_list").await.status, 200);
    harness.simulator.heal(0);
    harness.simulator.restore_web_key(0);
    assert_eq!(harness.get("read_client_list").await.status, 200);
}

#[tokio::test]
async fn a_fault_can_apply_from_an_offset_and_a_number_of_times() {
    let harness = harness_with(Fault::FromOffset(200, Box::new(Fault::Times(2, Box::new(Fault::Status(500)))))).await;
    let mut statuses = Vec::new();
    for offset in [0, 200, 100, 200, 200] {
        statuses.push(harness.get(&format!("read_client_list?offset={offset}")).await.status);
    }
    assert_eq!(statuses, [200, 500, 200, 500, 200]);
}

#[tokio::test]
async fn a_fault_affects_only_its_request_and_account_until_removed() {
    let harness = harness_with(Fault::Status(500)).await;
    assert_eq!(harness.get("read_opportunity_list").await.status, 200);
    assert_eq!(harness.client(1).get("read_client_list").await.status, 200);
    harness.simulator.fault_everything(0, Fault::Status(502));
    for list in ["read_client_list", "read_opportunity_list", "read_client_history_notes/1"] {
        assert_eq!(harness.get(list).await.status, 502);
    }
    harness.simulator.heal(0);
    assert_eq!(harness.get("read_client_list").await.status, 200);
}
