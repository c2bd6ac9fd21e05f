//! A brand's key and the agency's token are never stored or printed readably.

use rstest::rstest;
use sea_orm::{DbBackend, QueryResult};
use secrecy::SecretString;
use tetherboard_domain::Dataset;
use tetherboard_simulator::Fault;
use tetherboard_store::{agency, snapshots};
use tetherboard_testkit::Kind;

use crate::world::World;

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

#[rstest]
#[tokio::test]
async fn printing_a_syncer_does_not_print_the_token(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let printed = format!("{:?} {:?}", world.syncer, world.syncer.crm);
    assert!(!printed.contains(&world.crm.access_token()), "{printed}");
    assert!(printed.contains("127.0.0.1"));
}
