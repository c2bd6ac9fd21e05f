//! The accounts, and how they change over time.

use serde_json::Value;
use tetherboard_simulator::{AccountConfig, Config};

use crate::{Harness, at};

const LISTS: [&str; 6] = [
    "read_sales_cycle_list",
    "read_lead_source_list",
    "read_user_list",
    "read_client_list",
    "read_opportunity_list",
    "read_all_events?event_type=appt",
];

fn live_config() -> Config {
    Config { hostile_text: true, ..Config::demo() }
}

async fn everything(harness: &Harness) -> Vec<Value> {
    let client = harness.client(0);
    let mut rows = Vec::new();
    for list in LISTS {
        rows.extend(client.read_all(list).await);
    }
    for contact in client.read_all("read_client_list").await.iter().step_by(9) {
        let client_id = contact["client_id"].as_str().unwrap();
        rows.extend(client.read_all(&format!("read_client_history_notes/{client_id}")).await);
    }
    rows
}

#[tokio::test]
async fn many_small_advances_give_the_same_account_as_one_large_advance() {
    let (stepped, jumped) = (Harness::with(live_config()).await, Harness::with(live_config()).await);
    let start = stepped.clock.now_ms();
    for step in 1..=500 {
        let moment = (start + step * 5_531_000).timestamp().unwrap();
        stepped.clock.set(moment);
        stepped.simulator.truth(0);
    }
    jumped.clock.set(stepped.clock.now());
    assert_eq!(stepped.simulator.truth(0), jumped.simulator.truth(0));
    assert_eq!(everything(&stepped).await, everything(&jumped).await);
}

#[tokio::test]
async fn another_seed_gives_other_accounts() {
    let one = Harness::with(Config::plain(1, &[50])).await;
    let other = Harness::with(Config::plain(2, &[50])).await;
    assert_ne!(one.simulator.access_token(), other.simulator.access_token());
    assert_ne!(one.client(0).read_all("read_client_list").await, other.client(0).read_all("read_client_list").await);
}

#[tokio::test]
async fn a_live_account_gains_leads_and_moves_candidates_over_time() {
    let harness = Harness::with(Config::demo()).await;
    let before = harness.simulator.truth(0);
    harness.clock.set(at("2026-12-17T16:30:00Z"));
    let after = harness.simulator.truth(0);
    assert!((40..120).contains(&(after.contacts - before.contacts)), "{} new", after.contacts - before.contacts);
    assert_ne!(before.by_stage, after.by_stage);
    assert!(after.notes > before.notes && after.events > before.events && after.deals > before.deals);
}

#[tokio::test]
async fn a_frozen_account_never_changes() {
    let harness = Harness::with(Config::plain(3, &[80])).await;
    let before = everything(&harness).await;
    harness.clock.set(at("2028-01-01T00:00:00Z"));
    assert_eq!(everything(&harness).await, before);
}

#[tokio::test]
async fn an_account_starts_with_exactly_the_configured_counts() {
    let mut config = Config::plain(4, &[150, 7, 0]);
    for (account, deals) in config.accounts.iter_mut().zip([40, 20, 0]) {
        account.deals = Some(deals);
    }
    let harness = Harness::with(config).await;
    for (account, (contacts, deals)) in [(150, 40), (7, 20), (0, 0)].into_iter().enumerate() {
        let truth = harness.simulator.truth(account);
        assert_eq!((truth.contacts, truth.deals), (contacts, deals));
    }
}

#[tokio::test]
async fn most_prospects_are_in_the_pipeline_and_few_are_in_late_stages() {
    let harness = Harness::with(Config::plain(5, &[4000])).await;
    let truth = harness.simulator.truth(0);
    let share = truth.leads_in_pipeline as f64 / truth.prospects as f64;
    assert!((0.62..0.72).contains(&share), "{share}");
    let early = truth.by_stage["New Lead"] + truth.by_stage["Outbound Call"];
    let late = truth.by_stage["FA Requested"] + truth.by_stage["FA Sent"];
    assert!(early > 20 * late && late > 0, "{early} early, {late} late");
    assert!((0.1..0.3).contains(&(truth.deals as f64 / truth.contacts as f64)), "{} deals", truth.deals);
}

#[tokio::test]
async fn leads_arrive_mostly_on_workdays_and_never_in_the_future() {
    let config = Config { accounts: vec![AccountConfig::frozen("A", "America/Chicago", 2000)], ..Config::plain(6, &[]) };
    let harness = Harness::with(config).await;
    let rows = harness.client(0).read_all("read_client_list").await;
    let created: Vec<&str> = rows.iter().filter_map(|row| row["created"].as_str()).collect();
    assert!(created.iter().all(|text| *text <= "2026-11-19 10:30:00"));
    let weekend = created.iter().filter(|text| {
        let weekday = text[..10].parse::<jiff::civil::Date>().map(jiff::civil::Date::weekday);
        weekday.is_ok_and(|day| day.to_monday_one_offset() > 5)
    });
    let share = weekend.count() as f64 / created.len() as f64;
    assert!((0.08..0.2).contains(&share), "{share}");
}
