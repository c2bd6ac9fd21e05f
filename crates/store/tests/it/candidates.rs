use rstest::rstest;
use tetherboard_domain::{Dataset, EpochMs, PlausibleDates, TenantId};
use tetherboard_store::candidates;
use tetherboard_store::deals::{self, DealRecord};
use tetherboard_store::leads::{LeadFilter, LeadRecord};
use tetherboard_store::notes::Audience;
use tetherboard_store::records::{self, Absence};
use tetherboard_store::schedule::{self, ActivityRecord};
use tetherboard_store::{leads, notes};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::{TestDatabase, tenant};

use crate::rows::{NOW_MS, activity, deal, harbor, lead, meta, note, put_leads};

const HOUR_MS: i64 = 3_600_000;

async fn gone(db: &TestDatabase, tenant: TenantId, dataset: Dataset, id: &str) {
    records::set_absence(db.store.conn(), tenant, dataset, &[id.to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
}

async fn found(db: &TestDatabase, tenant: TenantId, text: &str) -> Vec<String> {
    let texts = candidates::SearchTexts::load(db.store.conn(), tenant).await.unwrap();
    let (ids, fitting) = texts.find(text, 100);
    let found = candidates::matches(db.store.conn(), tenant, &ids).await.unwrap();
    let filter = LeadFilter { text: Some(text.to_owned()), ..LeadFilter::default() };
    assert_eq!(leads::count(db.store.conn(), tenant, &filter).await.unwrap(), fitting, "{text}");
    assert_eq!(i64::try_from(found.len()).unwrap(), fitting, "{text}");
    found.into_iter().map(|one| one.crm_id.into()).collect()
}

#[rstest]
#[tokio::test]
async fn a_gone_contact_can_still_be_read_with_its_deals_and_appointments(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let (ada, bo) = ("7".into(), "8".into());
    let whole = LeadRecord { units: "3".to_owned(), whiteboard: "<p>x</p>".to_owned(), fee_flagged: true, ..lead("Ada") };
    put_leads(&db, harbor, [("7", whole), ("8", lead("Bo"))]).await;
    put_leads(&db, tidewater, [("7", lead("Other"))]).await;
    let of = |title: &str| DealRecord { client_id: Some("7".into()), ..deal(title) };
    let put = [(meta("a", 1), of("gone")), (meta("b", 2), of("live")), (meta("c", 3), deal("nobody's"))];
    deals::put(conn, harbor, &put, &[]).await.unwrap();
    tetherboard_store::deal_links::relink(conn, harbor, NOW_MS).await.unwrap();
    let at = |hour: Option<i64>| ActivityRecord {
        client_id: Some("7".into()),
        starts_ms: hour.map(|hour| NOW_MS + hour * HOUR_MS),
        ..activity("Call")
    };
    let put = [("1", at(None)), ("2", at(Some(5))), ("3", at(Some(-5))), ("4", activity("Nobody's"))];
    schedule::put(conn, harbor, &put.map(|(id, activity)| (meta(id, 1), activity)), &[]).await.unwrap();
    for (dataset, id) in [(Dataset::Contacts, "7"), (Dataset::Deals, "a"), (Dataset::Events, "3")] {
        gone(&db, harbor, dataset, id).await;
    }

    let known = candidates::get(conn, harbor, &ada).await.unwrap().unwrap();
    assert_eq!((&*known.name, &*known.units, &*known.whiteboard, known.fee_flagged), ("Ada", "3", "<p>x</p>", true));
    assert_eq!((known.gone_ms, known.missing_ms, known.notes_read_ms), (Some(NOW_MS), None, None));
    assert_eq!(candidates::get(conn, tidewater, &ada).await.unwrap().unwrap().name, "Other");
    assert!(candidates::get(conn, tidewater, &bo).await.unwrap().is_none());

    let titles = candidates::deals(conn, harbor, &ada).await.unwrap().into_iter().map(|deal| deal.title).collect::<Vec<_>>();
    assert_eq!(titles, ["live", "gone"]);
    assert!(candidates::deals(conn, tidewater, &ada).await.unwrap().is_empty());
    for (with_gone, hours) in [(false, vec![Some(5), None]), (true, vec![Some(-5), Some(5), None])] {
        let starts = candidates::appointments(conn, harbor, &ada, with_gone).await.unwrap();
        let starts: Vec<Option<EpochMs>> = starts.into_iter().map(|one| one.starts_ms).collect();
        let wanted: Vec<Option<EpochMs>> = hours.into_iter().map(|hour| hour.map(|hour: i64| NOW_MS + hour * HOUR_MS)).collect();
        assert_eq!(starts, wanted);
    }
    assert!(candidates::appointments(conn, tidewater, &ada, true).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_candidates_notes_are_newest_first_with_their_total(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let conn = db.store.conn();
    let dated = |id: &str, hour: Option<i64>| {
        let (meta, mut record) = note("7", id, id);
        record.created_ms = hour.map(|hour| NOW_MS + hour * HOUR_MS);
        (meta, record)
    };
    let put = [dated("old", Some(1)), dated("undated", None), dated("new", Some(3)), dated("gone", Some(9)), note("8", "x", "x")];
    notes::put(conn, harbor, &put, &[]).await.unwrap();
    let gone_id = put[3].0.crm_id.clone();
    gone(&db, harbor, Dataset::Notes, &gone_id).await;
    let (shown, total) =
        candidates::notes(conn, harbor, Audience::Brand, &"7".into(), PlausibleDates::at(NOW_MS), 2, 1_000).await.unwrap();
    let texts: Vec<String> = shown.into_iter().map(|note| note.html).collect();
    assert_eq!((texts, total), (vec!["<p>new</p>".to_owned(), "<p>old</p>".to_owned()], 3));
    assert_eq!(
        candidates::notes(conn, harbor, Audience::Brand, &"7".into(), PlausibleDates::at(NOW_MS), 9, 1_000)
            .await
            .unwrap()
            .0
            .len(),
        3
    );
    assert_eq!(
        candidates::notes(conn, tidewater, Audience::Brand, &"7".into(), PlausibleDates::at(NOW_MS), 9, 1_000).await.unwrap().1,
        0
    );
}

#[rstest]
#[tokio::test]
async fn the_search_puts_names_that_start_with_the_text_first_and_matches_phones_by_digits(
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tenant(&db.store, "tidewater", "America/New_York").await.id;
    let person = |name: &str, phone: &str| LeadRecord { phone: phone.to_owned(), ..lead(name) };
    let people = [
        ("1", person("Zoe Åse", "(512) 555-0101")),
        ("2", person("Åse Abel", "+1 512 555 0102")),
        ("3", person("Bo", "5125550103 x 9")),
        ("4", person("1 100% Ann", "")),
        ("5", person("Gone Åse", "(512) 555-0101")),
    ];
    put_leads(&db, harbor, people).await;
    put_leads(&db, tidewater, [("9", person("Åse Other", "5125550101"))]).await;
    gone(&db, harbor, Dataset::Contacts, "5").await;
    let wanted: [(&str, &[&str]); 8] = [
        ("åse", &["2", "1"]),
        ("  ÅSE  ", &["2", "1"]),
        ("512-555-0101", &["1"]),
        ("+1 (512) 555.0102", &["2"]),
        ("5125550103", &["3"]),
        ("1 100%", &["4"]),
        ("100", &["4"]),
        ("555 9999", &[]),
    ];
    for (text, ids) in wanted {
        assert_eq!(found(&db, harbor, text).await, ids, "{text}");
    }
    let texts = candidates::SearchTexts::load(db.store.conn(), harbor).await.unwrap();
    let (first, fitting) = texts.find("e", 1);
    assert_eq!((first.len(), fitting), (1, 2));
}
