//! Faults of the pages of a list.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};
use tetherboard_simulator::Fault;

use crate::faults::{harness_with, page};

#[rstest]
#[case::shifting(Fault::ShiftingPages, 251, 250)]
#[case::hole(Fault::PageHole, 249, 249)]
#[case::duplicates(Fault::DuplicateIds, 253, 250)]
#[case::inserted(Fault::RowsInserted, 252, 250)]
#[case::removed(Fault::RowsRemoved, 248, 248)]
#[tokio::test]
async fn a_list_can_repeat_or_skip_rows(#[case] fault: Fault, #[case] rows: usize, #[case] contacts: usize) {
    let harness = harness_with(fault).await;
    let (mut ids, mut offset) = (Vec::new(), 0);
    while let page = harness.get(&format!("read_client_list?limit=100&offset={offset}")).await.ids()
        && !page.is_empty()
    {
        ids.extend(page);
        offset += 100;
    }
    assert_eq!(ids.len(), rows);
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), contacts);
}

#[rstest]
#[case::inserted(Fault::RowsInserted, [json!(250), json!(251), json!(252)])]
#[case::removed(Fault::RowsRemoved, [json!(250), json!(249), json!(248)])]
#[case::drifting(Fault::TotalDrifts(-7), [json!(250), json!(243), json!(236)])]
#[case::endless(Fault::EndlessPages, [json!(200), json!(300), json!(400)])]
#[tokio::test]
async fn a_total_can_change_between_pages(#[case] fault: Fault, #[case] totals: [Value; 3]) {
    let harness = harness_with(fault).await;
    for (page, total) in totals.into_iter().enumerate() {
        let page = harness.get(&format!("read_client_list?limit=100&offset={}", page * 100)).await.json();
        assert_eq!(page["TotalRecord"], total);
    }
}

#[tokio::test]
async fn pages_can_repeat_the_first_one_or_never_end() {
    let harness = harness_with(Fault::RepeatedPages).await;
    let first = harness.get("read_client_list").await.ids();
    assert_eq!(harness.get("read_client_list?offset=200").await.ids(), first);
    assert_eq!(harness.get("read_client_list?offset=100000").await.ids(), first);

    let only = page(Fault::FirstPageOnly, "?offset=100").await;
    assert_eq!((only.ids(), only.json()["TotalRecord"].clone()), (first, json!(100)));

    let harness = harness_with(Fault::EndlessPages).await;
    let mut seen = BTreeSet::new();
    for offset in [0, 100, 200, 250, 350, 450] {
        seen.extend(harness.get(&format!("read_client_list?offset={offset}")).await.ids());
    }
    assert_eq!(seen.len(), 550);
}

#[tokio::test]
async fn a_duplicate_row_is_older_than_the_original() {
    let harness = harness_with(Fault::DuplicateIds).await;
    let first = harness.get("read_client_list?limit=1").await.rows().remove(0);
    let copy = harness.get("read_client_list?limit=100&offset=200").await.rows().remove(50);
    assert_eq!(first["client_id"], copy["client_id"]);
    assert!(copy["last_modified_date"].as_str() < first["last_modified_date"].as_str());
}

#[tokio::test]
async fn pages_can_be_shorter_than_the_limit() {
    assert_eq!(page(Fault::ShortPages(7), "?limit=50").await.rows().len(), 7);
}
