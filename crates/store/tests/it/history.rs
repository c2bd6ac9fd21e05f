use rstest::rstest;
use tetherboard_domain::{ContactId, DAY, Dataset, DatasetStatus, DealId, Trigger};
use tetherboard_store::deal_links;
use tetherboard_store::deals::{self, DealRecord};
use tetherboard_store::history::{self, HistoryContact, HistoryDeal, Transition, ValueChange};
use tetherboard_store::leads::LeadRecord;
use tetherboard_store::records::{self, Absence};
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_testkit::Kind::{self, *};

use crate::rows::{NOW_MS, deal, harbor, lead, put_deals, put_leads};

fn moved(subject: Dataset, from: Option<&str>, to: Option<&str>, hour: i64) -> Transition {
    let seen_after_ms = NOW_MS + hour * 3_600_000;
    Transition {
        subject,
        crm_id: "1".to_owned(),
        from: from.map(Into::into),
        to: to.map(Into::into),
        from_id: None,
        to_id: None,
        since: None,
        renamed: false,
        seen_before_ms: seen_after_ms - 3_600_000,
        seen_after_ms,
        at_ms: seen_after_ms - 60_000,
    }
}

#[rstest]
#[tokio::test]
async fn stage_changes_are_oldest_first_and_separate_for_contacts_and_deals(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let moves = [
        moved(Dataset::Contacts, Some("fdd sent"), None, 2),
        moved(Dataset::Contacts, Some("new lead"), Some("fdd sent"), 1),
        moved(Dataset::Deals, Some("new lead"), Some("awarded"), 1),
    ];
    history::record(conn, tenant, &moves).await.unwrap();
    // A replay sees the same moves again.
    history::record(conn, tenant, &moves[..1]).await.unwrap();
    let of = history::transitions_of(conn, tenant, &ContactId::from("1")).await.unwrap();
    assert_eq!(format!("{of:?}"), format!("{:?}", [&moves[1], &moves[0]]));
    assert!(history::transitions_of(conn, tenant, &ContactId::from("2")).await.unwrap().is_empty());
}

fn revalued(subject: Dataset, field: &str, old: Option<&str>, new: Option<&str>, hour: i64) -> ValueChange {
    let seen_after_ms = NOW_MS + hour * 3_600_000;
    ValueChange {
        subject,
        crm_id: "1".to_owned(),
        field: field.to_owned(),
        old: old.map(Into::into),
        new: new.map(Into::into),
        seen_before_ms: seen_after_ms - 3_600_000,
        seen_after_ms,
        at_ms: seen_after_ms - 60_000,
    }
}

#[rstest]
#[tokio::test]
async fn value_changes_are_oldest_first_and_separate_for_contacts_and_deals(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let fee = revalued(Dataset::Deals, "fee", Some("4500000"), Some("9000000"), 1);
    let unknown = revalued(Dataset::Deals, "fee", Some("9000000"), None, 2);
    let odds = revalued(Dataset::Deals, "odds", None, Some("2500"), 1);
    let date = revalued(Dataset::Deals, "close_date", Some("2026-07-01"), Some("2026-08-01"), 1);
    let contacts = revalued(Dataset::Contacts, "fee", None, Some("100"), 1);
    let all = [unknown.clone(), odds.clone(), fee.clone(), date.clone(), contacts.clone()];
    history::record_values(conn, harbor, &all).await.unwrap();
    // A replay sees the same changes again.
    history::record_values(conn, harbor, &all[..2]).await.unwrap();
    assert_eq!(history::values_of(conn, harbor, &DealId::from("1")).await.unwrap(), [date, fee, odds, unknown]);
    assert_eq!(history::values_of(conn, harbor, &ContactId::from("1")).await.unwrap(), [contacts]);
    assert!(history::values_of(conn, harbor, &DealId::from("2")).await.unwrap().is_empty());
    assert!(history::values_of(conn, tidewater, &DealId::from("1")).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn history_starts_when_contacts_and_deals_have_both_been_read_completely(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let reads = [
        (Dataset::Contacts, DatasetStatus::Partial, 1, None),
        (Dataset::Contacts, DatasetStatus::Succeeded, 2, None),
        (Dataset::Deals, DatasetStatus::Failed, 2, None),
        (Dataset::Deals, DatasetStatus::Succeeded, 5, Some(5)),
        (Dataset::Contacts, DatasetStatus::Succeeded, 6, Some(5)),
        (Dataset::Deals, DatasetStatus::Succeeded, 7, Some(5)),
    ];
    for (dataset, status, day, begins) in reads {
        let finished_ms = Some(NOW_MS + day * DAY);
        let run = runs::start(conn, tenant, Trigger::Schedule, NOW_MS).await.unwrap();
        let report = DatasetReport { status, finished_ms, ..DatasetReport::waiting(dataset) };
        runs::report(conn, tenant, &run.id, &report, NOW_MS).await.unwrap();
        let expected = begins.map(|day: i64| NOW_MS + day * DAY);
        assert_eq!(history::start_ms(conn, tenant).await.unwrap(), expected, "after day {day}");
    }
}

#[rstest]
#[tokio::test]
async fn history_includes_gone_contacts_and_deals(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    put_leads(&db, tidewater, [("1", lead("Tess"))]).await;
    let vendor = LeadRecord { contact_type: Some(2), ..lead("Vendor") };
    put_leads(&db, tenant, [("10", lead("Ada")), ("2", lead("Bo")), ("3", vendor)]).await;
    let of = |client: &str| DealRecord { client_id: Some(client.into()), ..deal("Territory") };
    put_deals(&db, tenant, [("d2", of("3")), ("d1", of("2")), ("d3", of("404"))]).await;
    let tx = db.store.begin().await.unwrap();
    deal_links::relink(&tx, tenant, NOW_MS).await.unwrap();
    tx.commit().await.unwrap();
    let conn = db.store.conn();
    for (dataset, id) in [(Dataset::Contacts, "2"), (Dataset::Deals, "d3")] {
        records::set_absence(conn, tenant, dataset, &[id.to_owned()], Absence::Gone(NOW_MS + 7)).await.unwrap();
    }

    let mut contacts = Vec::new();
    history::each_contact(conn, tenant, |seen| contacts.push(seen)).await.unwrap();
    let seen = |id: &str, contact_type, gone_ms, had_deal_ms| HistoryContact {
        crm_id: ContactId::from(id),
        stage: Some("New Lead".to_owned()),
        stage_id: None,
        fee_cents: None,
        contact_type: Some(contact_type),
        created_ms: Some(NOW_MS),
        first_seen_ms: NOW_MS,
        gone_ms,
        had_deal_ms,
    };
    // The vendor has a deal, and the prospect who is gone had one.
    let expected = [seen("10", 1, None, None), seen("2", 1, Some(NOW_MS + 7), Some(NOW_MS)), seen("3", 2, None, Some(NOW_MS))];
    assert_eq!(contacts, expected);

    let mut found = Vec::new();
    history::each_deal(conn, tenant, |seen| found.push(seen)).await.unwrap();
    let deal = |id: &str, gone_ms, contact: &str| HistoryDeal {
        record: HistoryContact {
            crm_id: DealId::from(id),
            stage: Some("FDD Sent".to_owned()),
            fee_cents: Some(5_000_000),
            first_seen_ms: NOW_MS,
            gone_ms,
            ..HistoryContact::default()
        },
        odds: None,
        contact: Some(contact.into()),
    };
    assert_eq!(found, [deal("d1", None, "2"), deal("d2", None, "3"), deal("d3", Some(NOW_MS + 7), "404")]);
    let names = deals::names(conn, tenant, &["d1", "d3"].map(DealId::from)).await.unwrap();
    assert_eq!((names.len(), names["d3"].title.as_str()), (2, "Territory"));
}

#[rstest]
#[tokio::test]
async fn a_long_history_is_read_completely_and_in_order(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    // More than one batch, with a contact whose moves are in both batches.
    let moves: Vec<Transition> = (0..5_100_i64)
        .map(|at| Transition { crm_id: format!("{:05}", at / 3), ..moved(Dataset::Contacts, Some("a"), Some("b"), at % 3) })
        .collect();
    history::record(conn, tenant, &moves).await.unwrap();
    history::record(conn, tenant, &[moved(Dataset::Deals, None, None, 1)]).await.unwrap();
    let mut found = Vec::new();
    history::each_transition(conn, tenant, Dataset::Contacts, |seen| found.push((seen.crm_id, seen.seen_after_ms)))
        .await
        .unwrap();
    let expected: Vec<_> = moves.into_iter().map(|seen| (seen.crm_id, seen.seen_after_ms)).collect();
    assert_eq!(found, expected);

    let fee = revalued(Dataset::Deals, "fee", None, Some("1"), 1);
    let odds = revalued(Dataset::Deals, "odds", None, Some("2500"), 1);
    let date = revalued(Dataset::Deals, "close_date", None, Some("2026-08-01"), 1);
    history::record_values(conn, tenant, &[date, odds.clone(), fee.clone()]).await.unwrap();
    let mut values = Vec::new();
    history::each_value_change(conn, tenant, Dataset::Deals, |change| values.push(change)).await.unwrap();
    assert_eq!(values, [fee, odds]);
}
