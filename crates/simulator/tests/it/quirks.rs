//! The quirks of the CRM's API.

use serde_json::{Value, json};
use tetherboard_simulator::{Config, ContactEdit, Edit};

use crate::{Harness, at};

#[tokio::test]
async fn a_call_without_valid_credentials_gets_401() {
    let harness = Harness::with(Config::plain(1, &[5])).await;
    for (token, key) in [("", ""), ("eyJ.x.y", ""), ("", "CT_00")] {
        let mut client = harness.client(0);
        if !token.is_empty() || key.is_empty() {
            client.token = token.into();
        }
        if !key.is_empty() || token.is_empty() {
            client.key = key.into();
        }
        assert_eq!(client.get("read_client_list").await.status, 401);
    }
    assert_eq!(harness.get("read_client_list").await.status, 200);
}

#[tokio::test]
async fn after_a_rotation_only_the_new_token_is_accepted() {
    let harness = Harness::with(Config::plain(1, &[5])).await;
    let old = harness.client(0);
    assert!(old.token.starts_with("eyJ") && old.key.starts_with("CT_"));
    let new = harness.simulator.rotate_access_token();
    assert_ne!(new, old.token);
    assert_eq!(old.get("read_user_list").await.status, 401);
    assert_eq!(harness.get("read_user_list").await.status, 200);
    let statuses: Vec<u16> = harness.simulator.calls(0).iter().map(|call| call.status).collect();
    assert_eq!(statuses, [401, 200]);
}

#[tokio::test]
async fn a_revoked_key_closes_only_its_own_account() {
    let harness = Harness::with(Config::plain(1, &[5, 5])).await;
    harness.simulator.revoke_web_key(0);
    assert_eq!(harness.client(0).get("read_client_list").await.status, 401);
    assert_eq!(harness.client(1).get("read_client_list").await.status, 200);
    harness.simulator.restore_web_key(0);
    assert_eq!(harness.client(0).get("read_client_list").await.status, 200);
}

#[tokio::test]
async fn codes_and_totals_are_written_both_ways() {
    let harness = Harness::with(Config::plain(2, &[140])).await;
    let contacts = harness.get("read_client_list").await.json();
    assert_eq!((&contacts["ResultCode"], &contacts["TotalRecord"]), (&json!("CT_200"), &json!(140)));
    let sources = harness.get("read_lead_source_list").await.json();
    assert_eq!((&sources["ResultCode"], &sources["TotalRecord"]), (&json!("CT200"), &json!("17")));
}

#[tokio::test]
async fn a_page_has_at_most_a_hundred_rows() {
    let harness = Harness::with(Config::plain(2, &[140])).await;
    for (query, rows) in [("", 100), ("?limit=500", 100), ("?limit=30", 30), ("?limit=100&offset=100", 40), ("?limit=x", 100)] {
        assert_eq!(harness.get(&format!("read_client_list{query}")).await.rows().len(), rows, "{query}");
    }
}

#[tokio::test]
async fn an_empty_list_is_code_515_with_http_200() {
    let harness = Harness::with(Config::plain(2, &[0])).await;
    for list in ["read_client_list", "read_opportunity_list", "read_all_events", "read_client_history_notes/77"] {
        let response = harness.get(list).await;
        let code = response.json()["ResultCode"].as_str().unwrap().replace('_', "");
        assert_eq!((response.status, code.as_str(), response.rows().len()), (200, "CT515", 0), "{list}");
    }
}

#[tokio::test]
async fn an_unknown_request_is_code_404_with_http_200() {
    let harness = Harness::with(Config::plain(2, &[0])).await;
    let response = harness.get("read_minds").await;
    assert_eq!((response.status, response.json()["ResultCode"].as_str()), (200, Some("CT_404")));
}

#[tokio::test]
async fn a_new_lead_shifts_every_page() {
    let harness = Harness::with(Config::plain(2, &[140])).await;
    let before = harness.get("read_client_list?offset=100").await.ids();
    let lead = harness.simulator.edit(0, Edit::AddContact(ContactEdit::named("Ada Lovelace")));
    assert_eq!(harness.get("read_client_list").await.ids()[0], lead);
    assert_eq!(harness.get("read_client_list?offset=101").await.ids(), before);
}

#[tokio::test]
async fn events_are_filtered_by_both_bounds() {
    let harness = Harness::with(Config::demo()).await;
    harness.clock.set(at("2026-11-25T00:00:00Z"));
    let list = "read_all_events?event_type=appt&from_date=2026-11-01%2000:00:00&end_date=2026-11-30%2023:59:59";
    let rows = harness.client(0).read_all(list).await;
    let starts: Vec<&str> = rows.iter().filter_map(|row| row["start_date"].as_str()).collect();
    assert!(!starts.is_empty() && starts.iter().all(|start| start.starts_with("2026-11-")));
    let code = harness.get("read_all_events?from_date=yesterday").await.json();
    assert_eq!(code["ResultCode"], "CT_400");
}

#[tokio::test]
async fn values_are_strings_in_the_crms_known_formats() {
    let harness = Harness::with(Config::plain(8, &[900])).await;
    let rows = harness.client(0).read_all("read_client_list").await;
    let some = |field: &str, test: fn(&str) -> bool| rows.iter().any(|row| row[field].as_str().is_some_and(test));
    assert!(rows.iter().all(|row| row["contact_type"].is_string() && row["client_id"].is_string()));
    assert!(some("assigned_user", |user| user.contains(" ( ")) && some("assigned_user", |user| user.starts_with('{')));
    assert!(some("assigned_user", |user| user.bytes().all(|byte| byte.is_ascii_digit())));
    assert!(some("created", |created| created == "0000-00-00 00:00:00") && some("clients_sales_cycle", str::is_empty));
    assert!(some("deal_size", |fee| fee.starts_with('$')) && some("deal_size", |fee| fee == "0.00"));
    assert!(some("whiteboard", |html| html.contains("<p>")) && some("clients_lead_source", str::is_empty));
    assert!(rows.iter().any(|row| row["external_id"].is_null()) && rows.iter().any(|row| row.get("zip").is_none()));
    let named = |row: &Value| format!("{} {}", row["firstName"].as_str().unwrap(), row["lastName"].as_str().unwrap());
    assert!(rows.iter().any(|row| named(row).starts_with("No Name")));
}
