//! How many bytes an hour without changes, or with one new lead, adds to the database.
//!
//! On SQLite, the file as `VACUUM INTO` writes it, including indexes and statistics. On PostgreSQL, whose files grow in
//! steps, the bytes of all columns of all rows that a run writes.

use rstest::rstest;
use sea_orm::{ConnectionTrait, Statement};
use tempfile::TempDir;
use tetherboard_domain::{ContactId, Dataset, DatasetStatus, EpochMs, RunStatus, TenantId, Trigger};
use tetherboard_store::leads::{self, LeadRecord};
use tetherboard_store::notes;
use tetherboard_store::runs::{self, DatasetReport};
use tetherboard_testkit::Kind::{self, *};
use tetherboard_testkit::TestDatabase;

use crate::responses::{SampleResponse, page, store_responses};
use crate::rows::{NOW_MS, harbor, lead, meta, note};

/// Numbers without a pattern that would compress.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 32] = [
            "Harbor", "Maple", "Quinn", "Ortega", "Valley", "Delgado", "Pine", "Sutton", "Lake", "Iverson", "Ridge", "Abara",
            "North", "Kim", "Summit", "Petrov", "Cedar", "Nguyen", "Stone", "Okafor", "River", "Haas", "Bluff", "Moreau",
            "Field", "Tanaka", "Grove", "Silva", "Canyon", "Weiss", "Brook", "Larsen",
        ];
        WORDS[self.roll(32) as usize]
    }
}

/// A brand's account in the CRM's format: about 560 bytes per contact, and a note or two for every second one.
struct Account {
    ids: Vec<u64>,
    contacts: Vec<String>,
    notes: Vec<Vec<String>>,
}

impl Account {
    fn of(contacts: usize) -> Self {
        let mut dice = Dice(contacts as u64);
        let mut id = 1_000_000;
        let ids: Vec<u64> = (0..contacts)
            .map(|_| {
                id += 1 + dice.roll(40);
                id
            })
            .collect();
        let contacts = ids.iter().map(|id| contact(*id, &mut dice)).collect();
        let notes = ids.iter().map(|id| (0..dice.roll(4).saturating_sub(1)).map(|_| note_of(*id, &mut dice)).collect()).collect();
        Self { ids, contacts, notes }
    }

    fn contact_pages(&self) -> Vec<SampleResponse> {
        (self.contacts.chunks(100).chain(std::iter::once(&[][..])).enumerate())
            .map(|(i, rows)| SampleResponse {
                request: format!("contacts?limit=100&offset={}", i * 100),
                offset: i * 100,
                at_ms: EpochMs(0),
                http_status: 200,
                body: page(rows),
            })
            .collect()
    }

    /// The next `count` calls for notes, starting over after the last contact.
    fn notes_calls(&self, turns: &[usize]) -> Vec<SampleResponse> {
        (turns.iter().map(|at| (&self.ids[*at], &self.notes[*at])))
            .map(|(id, rows)| SampleResponse {
                request: format!("read_client_history_notes/{id}?limit=50&offset=0"),
                offset: 0,
                at_ms: EpochMs(0),
                http_status: 200,
                body: page(rows),
            })
            .collect()
    }
}

fn contact(id: u64, dice: &mut Dice) -> String {
    let (first, last, company, street) = (dice.word(), dice.word(), dice.word(), dice.word());
    let (phone, number, zip, day, second) =
        (dice.roll(10_000_000), dice.roll(9_999), dice.roll(99_999), dice.roll(28), dice.roll(60));
    format!(
        r#"{{"client_id":"{id}","first_name":"{first}","last_name":"{last}","company":"{company} {last} LLC","email":"{first}.{last}{number}@example.com","phone":"555{phone:07}","address":"{number} {street} St","city":"{street}","state":"TX","zip":"{zip:05}","contact_type":"1","source":"{}","sales_cycle":"{}","assigned_user":"{}","franchise_fee":"${}.00","custom_field_1":"","custom_field_2":null,"whiteboard":"<p>{company} asked about {street}</p>","created":"2026-0{}-{day:02} 09:{second:02}:11","last_modified_date":"2026-05-{day:02} 17:{second:02}:{:02}"}}"#,
        dice.word(),
        dice.word(),
        dice.word(),
        dice.roll(90) * 1_000,
        1 + dice.roll(5),
        dice.roll(60),
    )
}

fn note_of(client: u64, dice: &mut Dice) -> String {
    let text: Vec<&str> = (0..12 + dice.roll(20)).map(|_| dice.word()).collect();
    format!(
        r#"{{"note_id":"{}","client_id":"{client}","note":"<p>{}</p>","note_type":"Call","created_by":"{}","created":"2026-05-{:02} 10:{:02}:00"}}"#,
        dice.roll(9_000_000),
        text.join(" "),
        dice.word(),
        1 + dice.roll(28),
        dice.roll(60),
    )
}

/// Responses with the times of a real run: some concurrent, some delayed.
fn at_hour(hour: i64, mut inputs: Vec<SampleResponse>) -> Vec<SampleResponse> {
    let (mut dice, mut at_ms) = (Dice(hour.cast_unsigned()), NOW_MS + hour * 3_600_000);
    for response in &mut inputs {
        at_ms = at_ms + i64::try_from(if dice.roll(4) == 0 { 20 + dice.roll(140) } else { dice.roll(9) }).unwrap();
        response.at_ms = at_ms;
    }
    inputs
}

/// Stores everything that a run leaves behind: the run, its reports, its responses, and the records of new rows.
async fn run(db: &TestDatabase, tenant: TenantId, hour: i64, account: &Account, turns: &[usize], new: &[usize]) {
    let conn = db.store.conn();
    let now_ms = NOW_MS + hour * 3_600_000;
    let run = runs::start(conn, tenant, Trigger::Schedule, now_ms).await.unwrap().id;
    for dataset in Dataset::ALL {
        let report = DatasetReport {
            status: DatasetStatus::Succeeded,
            started_ms: Some(now_ms),
            finished_ms: Some(now_ms + 900),
            pages: 51,
            read: 5_000,
            unchanged: 5_000,
            ..DatasetReport::waiting(*dataset)
        };
        runs::report(conn, tenant, &run, &report, now_ms).await.unwrap();
        runs::set_dataset_age(conn, tenant, *dataset, now_ms, true).await.unwrap();
    }
    let contacts = store_responses(db, tenant, &run, Dataset::Contacts, &at_hour(hour, account.contact_pages())).await.concat();
    let noted = store_responses(db, tenant, &run, Dataset::Notes, &at_hour(hour, account.notes_calls(turns))).await;
    let found = new.iter().map(|at| {
        let name = format!("{} {}", &account.contacts[*at][40..52], at);
        let record = LeadRecord { email: format!("{at}@example.com"), phone: format!("555{at:07}"), ..lead(&name) };
        (meta(&account.ids[*at].to_string(), contacts[*at]), record)
    });
    leads::put(conn, tenant, &found.collect::<Vec<_>>(), &[]).await.unwrap();
    let mut written = Vec::new();
    for at in new.iter().filter(|at| turns.contains(at)) {
        for (i, row_no) in noted[turns.iter().position(|turn| turn == at).unwrap()].iter().enumerate() {
            let (mut meta, note) = note(&account.ids[*at].to_string(), &i.to_string(), &account.notes[*at][i][60..]);
            meta.row_no = *row_no;
            written.push((meta, note));
        }
    }
    notes::put(conn, tenant, &written, &[]).await.unwrap();
    let ids: Vec<ContactId> = turns.iter().map(|at| ContactId(account.ids[*at].to_string())).collect();
    notes::set_read(conn, tenant, &ids, now_ms).await.unwrap();
    runs::finish(conn, &run, RunStatus::Succeeded, now_ms + 1_000).await.unwrap();
}

async fn bytes(db: &TestDatabase, kind: Kind) -> i64 {
    let conn = db.store.conn();
    if kind == Sqlite {
        let folder = TempDir::new().unwrap();
        let copy = folder.path().join("copy.db");
        conn.execute_unprepared(&format!("VACUUM INTO '{}'", copy.display())).await.unwrap();
        return i64::try_from(copy.metadata().unwrap().len()).unwrap();
    }
    let mut bytes = 0;
    let tables = [
        "raw_frames",
        "raw_rows",
        "snapshot_bodies",
        "snapshot_pages",
        "sync_runs",
        "sync_datasets",
        "dataset_states",
        "leads",
        "notes",
    ];
    for table in tables {
        let text = format!("SELECT CAST(COALESCE(SUM(pg_column_size(t.*)), 0) AS BIGINT) FROM {table} t");
        let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), text)).await.unwrap().unwrap();
        bytes += row.try_get_by_index::<i64>(0).unwrap();
    }
    bytes
}

#[rstest]
#[case::small(300)]
#[case::large(5_000)]
#[tokio::test]
async fn an_unchanged_hour_grows_the_database_by_less_than_one_percent(
    #[case] contacts: usize,
    #[values(Sqlite, Postgres)] kind: Kind,
) {
    let (db, harbor) = harbor(kind).await;
    let empty = bytes(&db, kind).await;
    let account = Account::of(contacts);
    let all: Vec<usize> = (0..contacts).collect();
    let noted = contacts.min(1_000);
    run(&db, harbor, 0, &account, &all[..noted], &all).await;
    let first = bytes(&db, kind).await;
    // Several hours, since a file grows by whole pages.
    let hours = 24;
    for hour in 1..=hours {
        let turns = all[..noted].iter().copied().cycle().skip(200 * (usize::try_from(hour).unwrap() - 1)).take(200);
        run(&db, harbor, hour, &account, &turns.collect::<Vec<_>>(), &[]).await;
    }
    let added = (bytes(&db, kind).await - first) / hours;
    println!("{kind:?} {contacts} contacts: first run {} bytes over {empty}, an unchanged hour {added}", first - empty);
    assert!(added * 100 < first - empty, "{added} bytes were added to {} of the first run", first - empty);
}

#[rstest]
#[tokio::test]
async fn an_hour_with_one_new_lead_in_front_grows_the_database_by_less_than_two_percent(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let empty = bytes(&db, kind).await;
    let mut account = Account::of(5_000);
    let all: Vec<usize> = (0..5_000).collect();
    run(&db, harbor, 0, &account, &all[..1_000], &all).await;
    let first = bytes(&db, kind).await;
    let hours = 6;
    let mut dice = Dice(7);
    for hour in 1..=hours {
        let id = 9_000_000 + u64::try_from(hour).unwrap();
        account.ids.insert(0, id);
        account.contacts.insert(0, contact(id, &mut dice));
        account.notes.insert(0, Vec::new());
        run(&db, harbor, hour, &account, &all[..200], &[0]).await;
    }
    let added = (bytes(&db, kind).await - first) / hours;
    println!("{kind:?}: first run {} bytes over {empty}, an hour with one new lead {added}", first - empty);
    assert!(added * 50 < first - empty, "{added} bytes were added to {} of the first run", first - empty);
}
