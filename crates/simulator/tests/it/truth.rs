//! Compares [`Truth`] with what a client counts.

use std::collections::{BTreeMap, BTreeSet};

use rstest::rstest;
use serde_json::Value;
use tetherboard_simulator::{Config, Truth};

use crate::{Harness, at};

#[rstest]
#[case::plain_account(Config::plain(11, &[337]), 0)]
#[case::demo_account(Config::demo(), 1)]
#[case::hostile_text(Config { hostile_text: true, ..Config::plain(12, &[1, 612]) }, 1)]
#[tokio::test]
async fn truth_matches_a_count_of_all_pages(#[case] config: Config, #[case] account: usize) {
    let harness = Harness::with(config).await;
    harness.clock.set(at("2026-12-03T21:15:00Z"));
    let counted = count(&harness, account).await;
    assert_eq!(counted, harness.simulator.truth(account));
}

pub(crate) async fn count(harness: &Harness, account: usize) -> Truth {
    let client = harness.client(account);
    let stages = client.read_all("read_sales_cycle_list").await;
    let sources = client.read_all("read_lead_source_list").await;
    let contacts = client.read_all("read_client_list").await;
    let deals = client.read_all("read_opportunity_list").await;
    let mut truth = Truth {
        contacts: distinct(&contacts, "client_id"),
        deals: distinct(&deals, "opportunity_id"),
        events: client.read_all("read_all_events?event_type=appt").await.len(),
        stages: stages.len(),
        sources: sources.len(),
        users: client.read_all("read_user_list").await.len(),
        fees_cents: deals.iter().map(|deal| cents(text(deal, "deal_size"))).sum(),
        ..Truth::default()
    };
    let canonical = |list: &[Value], field: &str, shown: &str| {
        let named = list.iter().map(|row| text(row, field)).find(|name| name.to_lowercase() == shown.to_lowercase());
        named.unwrap_or(shown).to_owned()
    };
    let inactive: BTreeSet<&str> = stages
        .iter()
        .filter(|stage| text(stage, "contact_type") == "1" && text(stage, "sales_cycle_active_status") == "0")
        .map(|stage| text(stage, "sales_cycle_name"))
        .collect();
    let mut by_stage: BTreeMap<String, usize> = BTreeMap::new();
    let mut by_source: BTreeMap<String, usize> = BTreeMap::new();
    for contact in &contacts {
        let mut stage = canonical(&stages, "sales_cycle_name", text(contact, "clients_sales_cycle"));
        if stage.is_empty() {
            stage = "New Lead".into();
        }
        if text(contact, "contact_type") == "1" {
            truth.prospects += 1;
            truth.leads_in_pipeline += usize::from(!inactive.contains(stage.as_str()));
        }
        truth.undated += usize::from(text(contact, "created").starts_with("0000"));
        *by_stage.entry(stage).or_default() += 1;
        *by_source.entry(canonical(&sources, "lead_source_name", text(contact, "clients_lead_source"))).or_default() += 1;
        let notes = format!("read_client_history_notes/{}", text(contact, "client_id"));
        truth.notes += client.read_all(&notes).await.len();
    }
    (truth.by_stage, truth.by_source) = (by_stage, by_source);
    truth
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default().trim()
}

fn distinct(rows: &[Value], id: &str) -> usize {
    rows.iter().map(|row| text(row, id)).collect::<BTreeSet<_>>().len()
}

fn cents(fee: &str) -> i64 {
    let digits = fee.replace(['$', ',', '.'], "");
    let cents = digits.parse().unwrap_or(0);
    if fee.contains('.') { cents } else { cents * 100 }
}
