//! A brand's key and the agency's token are never stored or printed readably.

use rstest::rstest;
use sea_orm::{DbBackend, QueryResult};
use secrecy::SecretString;
use tetherboard_domain::{Dataset, RunStatus};
use tetherboard_simulator::{Config, Fault};
use tetherboard_store::{Store, agency, snapshots, tenants};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

impl World {
    /// Every value of every table, as text or as bytes.
    async fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let sqlite = self.db.store.conn().get_database_backend() == DbBackend::Sqlite;
        let columns = match sqlite {
            true => {
                "SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
            }
            false => {
                "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
                 WHERE table_schema = 'public'"
            }
        };
        let text = |row: &QueryResult, at| row.try_get_by_index::<String>(at).unwrap();
        let mut values = Vec::new();
        for column in self.query(columns).await {
            let (table, name) = (text(&column, 0), text(&column, 1));
            let bytes = match (sqlite, text(&column, 2).as_str()) {
                (true, _) => format!("CAST(\"{name}\" AS BLOB)"),
                (false, "bytea") => name.clone(),
                (false, _) => format!("convert_to({name}::text, 'UTF8')"),
            };
            for row in self.query(&format!("SELECT {bytes} FROM {table} WHERE \"{name}\" IS NOT NULL")).await {
                values.push((format!("{table}.{name}"), row.try_get_by_index(0).unwrap()));
            }
        }
        values
    }
}

#[rstest]
#[tokio::test]
async fn no_table_contains_a_readable_key(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut world = World::with_contacts(kind, 130).await;
    let (token, key) = (world.crm.access_token(), world.crm.accounts()[0].web_key.clone());
    let sealed = SecretString::from(token.clone());
    agency::set_access_token(world.db.store.conn(), world.db.store.cipher(), &sealed).await.unwrap();
    world.syncer.crm.access_token = None;
    let mut reports = vec![world.good_run().await];
    world.crm.revoke_web_key(0);
    reports.push(world.run().await);
    world.crm.restore_web_key(0);
    for fault in [Fault::Html, Fault::Reset, Fault::ResultCode("501"), Fault::Redirect("http://elsewhere.example/".into())] {
        world.crm.fault_everything(0, fault);
        reports.push(world.run().await);
    }
    world.stop_crm().await;
    reports.push(world.run().await);

    let holds = |bytes: &[u8], secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    let everything = world.everything().await;
    assert!(everything.iter().any(|(column, _)| column == "tenants.web_key"));
    assert!(everything.iter().any(|(column, _)| column == "sync_errors.message"));
    assert!(everything.len() > 2_000, "{}", everything.len());
    for (column, bytes) in &everything {
        assert!(!holds(bytes, &key) && !holds(bytes, &token), "{column}");
    }
    for (report, dataset) in reports.iter().flat_map(|report| Dataset::ALL.iter().map(move |dataset| (report, *dataset))) {
        for page_no in 0.. {
            let body = snapshots::body(world.db.store.conn(), world.id, &report.run.id, dataset, page_no).await.unwrap();
            let Some(body) = body else { break };
            assert!(!holds(&body, &key) && !holds(&body, &token));
        }
    }
    let printed = format!("{:?} {:?} {:?} {reports:?}", world.syncer, world.syncer.crm, world.tenant().await);
    assert!(!printed.contains(&key) && !printed.contains(&token), "{printed}");
}

/// A misconfigured server echoes the headers of a request.
#[rstest]
#[tokio::test]
async fn credentials_in_responses_are_masked_before_anything_is_stored(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(Fault::EchoCredentials, Fault::After(4, Box::new(Fault::EchoCredentials)))] fault: Fault,
) {
    let world = World::with_contacts(kind, 130).await.reading_notes(20);
    let (token, key) = (world.crm.access_token(), world.crm.accounts()[0].web_key.clone());
    world.crm.fault_everything(0, fault);
    let report = world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    let (payload, signature) = token.split_once('.').unwrap().1.split_once('.').unwrap();
    let holds = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        [payload, signature, &key[3..]].iter().any(|secret| text.contains(&secret.to_lowercase()[..20]))
    };
    for (column, bytes) in world.everything().await {
        assert!(!holds(&bytes), "{column}");
    }
    let mut masked = 0;
    for dataset in Dataset::ALL {
        for page_no in 0.. {
            let body = snapshots::body(world.db.store.conn(), world.id, &report.run.id, *dataset, page_no).await.unwrap();
            let Some(body) = body else { break };
            assert!(!holds(&body), "{dataset}, {page_no}");
            serde_json::from_slice::<serde_json::Value>(&body).expect("a masked body is still JSON");
            masked += String::from_utf8_lossy(&body).matches("[secret]").count();
        }
    }
    assert!(masked > 20, "{masked}");
    assert_eq!(world.good_run().await.of(Dataset::Contacts).changed, 0, "the masked rows are the same in every run");
}

#[rstest]
#[tokio::test]
async fn two_brands_with_one_web_key_are_not_synced(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 30).await;
    let (store, key) = (&world.db.store, SecretString::from(world.crm.accounts()[0].web_key.to_uppercase()));
    let tidewater = tetherboard_testkit::tenant(store, "tidewater", "America/New_York").await;
    let tx = store.begin().await.unwrap();
    let refused = tenants::set_web_key(&tx, store.cipher(), tidewater.id, &key).await.unwrap().unwrap_err();
    assert_eq!(refused.brand, world.tenant().await.name);
    Store::commit(tx).await.unwrap();
    assert!(tenants::web_key(store.conn(), store.cipher(), tidewater.id).await.unwrap().is_none());
    // A key that an earlier version saved without comparing it.
    let sealed = store.cipher().seal(&format!("tenant:{}:web_key", tidewater.id), &key);
    let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    let bytes = if kind == Kind::Sqlite { format!("X'{hex}'") } else { format!("'\\x{hex}'::bytea") };
    world.execute(&format!("UPDATE tenants SET web_key = {bytes} WHERE id = {}", tidewater.id)).await;
    world.crm.clear_calls(0);
    let report = world.run().await;
    assert_eq!(report.run.status, RunStatus::Failed);
    let message = &report.of(Dataset::Contacts).error.as_ref().unwrap().message;
    assert!(message.contains("the same web key as") && message.contains(&tidewater.name), "{message}");
    assert!(world.crm.calls(0).is_empty());
}

#[rstest]
#[tokio::test]
async fn doctor_notices_two_brands_with_the_same_users(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::of(kind, Config::plain(11, &[30, 30])).await;
    let other = world.brand("tidewater", 1).await;
    world.good_run().await;
    let check = world.syncer.check_account(&world.tenant().await).await.unwrap();
    assert!(!check.warnings.iter().any(|warning| warning.contains("same ClientTether users")), "{:?}", check.warnings);
    let columns = "crm_id, row_no, mapping_version, first_seen_ms, changed_ms, filled, name, email";
    world.execute(&format!("INSERT INTO crm_users (tenant_id, {columns}) SELECT {other}, {columns} FROM crm_users")).await;
    world.execute("UPDATE crm_users SET email = crm_id || '@example.com'").await;
    let check = world.syncer.check_account(&world.tenant().await).await.unwrap();
    assert!(check.warnings.iter().any(|warning| warning.contains("same ClientTether users")), "{:?}", check.warnings);
}

#[rstest]
#[tokio::test]
async fn printing_a_syncer_does_not_print_the_token(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let printed = format!("{:?} {:?}", world.syncer, world.syncer.crm);
    assert!(!printed.contains(&world.crm.access_token()), "{printed}");
    assert!(printed.contains("127.0.0.1"));
}
