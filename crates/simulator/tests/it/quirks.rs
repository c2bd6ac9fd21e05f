//! The API as the real one is known to be.

use serde_json::{Value, json};
use tetherboard_simulator::{Config, ContactEdit, Edit};

use crate::{Stage, at};

#[tokio::test]
async fn a_call_without_valid_headers_fails_before_it_reaches_the_api() {
    let stage = Stage::with(Config::plain(1, &[5])).await;
    for (token, key) in [("", ""), ("eyJ.x.y", ""), ("", "CT_00")] {
        let mut caller = stage.caller(0);
        if !token.is_empty() || key.is_empty() {
            caller.token = token.into();
        }
        if !key.is_empty() || token.is_empty() {
            caller.key = key.into();
        }
        assert_eq!(caller.get("read_client_list").await.status, 401);
    }
    assert_eq!(stage.get("read_client_list").await.status, 200);
}

#[tokio::test]
async fn a_rotated_token_is_refused_and_the_new_one_is_not() {
    let stage = Stage::with(Config::plain(1, &[5])).await;
    let old = stage.caller(0);
    assert!(old.token.starts_with("eyJ") && old.key.starts_with("CT_"));
    let new = stage.simulator.rotate_access_token();
    assert_ne!(new, old.token);
    assert_eq!(old.get("read_user_list").await.status, 401);
    assert_eq!(stage.get("read_user_list").await.status, 200);
    let statuses: Vec<u16> = stage.simulator.calls(0).iter().map(|call| call.status).collect();
    assert_eq!(statuses, [401, 200]);
}

#[tokio::test]
async fn a_revoked_key_closes_its_own_account_only() {
    let stage = Stage::with(Config::plain(1, &[5, 5])).await;
    stage.simulator.revoke_web_key(0);
    assert_eq!(stage.caller(0).get("read_client_list").await.status, 401);
    assert_eq!(stage.caller(1).get("read_client_list").await.status, 200);
    stage.simulator.restore_web_key(0);
    assert_eq!(stage.caller(0).get("read_client_list").await.status, 200);
}

#[tokio::test]
async fn codes_and_totals_are_spelled_both_ways() {
    let stage = Stage::with(Config::plain(2, &[140])).await;
    let contacts = stage.get("read_client_list").await.json();
    assert_eq!((&contacts["ResultCode"], &contacts["TotalRecord"]), (&json!("CT_200"), &json!(140)));
    let sources = stage.get("read_lead_source_list").await.json();
    assert_eq!((&sources["ResultCode"], &sources["TotalRecord"]), (&json!("CT200"), &json!("17")));
}

#[tokio::test]
async fn a_page_has_at_most_a_hundred_rows() {
    let stage = Stage::with(Config::plain(2, &[140])).await;
    for (query, rows) in [("", 100), ("?limit=500", 100), ("?limit=30", 30), ("?limit=100&offset=100", 40), ("?limit=x", 100)] {
        assert_eq!(stage.get(&format!("read_client_list{query}")).await.rows().len(), rows, "{query}");
    }
}

#[tokio::test]
async fn nothing_is_515_inside_a_200() {
    let stage = Stage::with(Config::plain(2, &[0])).await;
    for list in ["read_client_list", "read_opportunity_list", "read_all_events", "read_client_history_notes/77"] {
        let answer = stage.get(list).await;
        let code = answer.json()["ResultCode"].as_str().unwrap().replace('_', "");
        assert_eq!((answer.status, code.as_str(), answer.rows().len()), (200, "CT515", 0), "{list}");
    }
}

#[tokio::test]
async fn an_unknown_request_is_404_inside_a_200() {
    let stage = Stage::with(Config::plain(2, &[0])).await;
    let answer = stage.get("read_minds").await;
    assert_eq!((answer.status, answer.json()["ResultCode"].as_str()), (200, Some("CT_404")));
}

#[tokio::test]
async fn a_new_lead_shifts_every_page() {
    let stage = Stage::with(Config::plain(2, &[140])).await;
    let before = stage.get("read_client_list?offset=100").await.ids();
    let lead = stage.simulator.edit(0, Edit::AddContact(ContactEdit::named("Ada Lovelace")));
    assert_eq!(stage.get("read_client_list").await.ids()[0], lead);
    assert_eq!(stage.get("read_client_list?offset=101").await.ids(), before);
}

#[tokio::test]
async fn the_calendar_is_cut_by_both_bounds() {
    let stage = Stage::with(Config::demo()).await;
    stage.clock.set(at("2026-11-25T00:00:00Z"));
    let list = "read_all_events?event_type=appt&from_date=2026-11-01%2000:00:00&end_date=2026-11-30%2023:59:59";
    let rows = stage.caller(0).read_all(list).await;
    let starts: Vec<&str> = rows.iter().filter_map(|row| row["start_date"].as_str()).collect();
    assert!(!starts.is_empty() && starts.iter().all(|start| start.starts_with("2026-11-")));
    let code = stage.get("read_all_events?from_date=yesterday").await.json();
    assert_eq!(code["ResultCode"], "CT_400");
}

#[tokio::test]
async fn values_come_as_texts_in_the_forms_that_are_known() {
    let stage = Stage::with(Config::plain(8, &[900])).await;
    let rows = stage.caller(0).read_all("read_client_list").await;
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
