//! The CRM's responses are saved and restored byte for byte.

use rstest::rstest;
use tetherboard_clienttether::{
    Budgets, Bytes, Client, ClientConfig, ListRequest, ReadContacts, ReadDeals, ReadSources, ReadStages, ReadUsers,
};
use tetherboard_domain::{Dataset, EpochMs, RunId, Trigger};
use tetherboard_simulator::{Config, ContactEdit, Edit, Fault, Request};
use tetherboard_store::snapshots::{self, RawResponse, Recorder};
use tetherboard_store::{Store, runs};
use tetherboard_testkit::Kind;

use crate::world::World;

impl World {
    /// Requests the CRM's current responses.
    async fn served<R: ListRequest>(&self, request: R) -> Vec<Bytes> {
        let config = ClientConfig {
            base_url: self.syncer.crm.base_url.clone(),
            access_token: self.crm.access_token().into(),
            web_key: self.crm.accounts()[0].web_key.clone().into(),
            limits: self.syncer.crm.limits.clone(),
            mapping: Default::default(),
        };
        let client = Client::new(config, &Budgets::new(4, 10_000), self.clock.clone()).unwrap();
        let mut pages = client.pages(request);
        let mut bodies = Vec::new();
        while let Some(page) = pages.next().await {
            bodies.push(page.body);
        }
        bodies.extend(pages.finish().unreadable.map(|response| response.body));
        bodies
    }

    async fn kept(&self, run: &RunId, dataset: Dataset) -> Vec<Bytes> {
        let mut bodies = Vec::new();
        for page_no in 0.. {
            let body = snapshots::body(self.db.store.conn(), self.id, run, dataset, page_no).await.unwrap();
            let Some(body) = body else { break };
            bodies.push(body.into());
        }
        bodies
    }
}

#[rstest]
#[tokio::test]
async fn every_response_of_a_run_is_restored_byte_for_byte(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::of(kind, Config { hostile_text: true, ..Config::plain(9, &[330]) }).await;
    let run = world.good_run().await.run.id;
    let contacts = world.served(ReadContacts::new()).await;
    assert_eq!(contacts.len(), 5, "four pages, and the empty one that ends the list");
    assert_eq!(world.kept(&run, Dataset::Contacts).await, contacts);
    assert_eq!(world.kept(&run, Dataset::Deals).await, world.served(ReadDeals::new()).await);
    assert_eq!(world.kept(&run, Dataset::Stages).await, world.served(ReadStages::new()).await);
    assert_eq!(world.kept(&run, Dataset::Sources).await, world.served(ReadSources::new()).await);
    assert_eq!(world.kept(&run, Dataset::Users).await, world.served(ReadUsers::new()).await);
}

#[rstest]
#[tokio::test]
async fn an_old_response_is_unchanged_after_the_list_changed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 230).await;
    let old_run = world.good_run().await.run.id;
    let old = world.served(ReadContacts::new()).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    world.good_run().await;
    world.edit(Edit::SetContact { client_id: ada, field: "city", value: "Reno".into() });
    let new_run = world.good_run().await.run.id;
    assert_eq!(world.kept(&old_run, Dataset::Contacts).await, old);
    assert_eq!(world.kept(&new_run, Dataset::Contacts).await, world.served(ReadContacts::new()).await);
}

#[rstest]
#[case::not_json(Fault::NotJson)]
#[case::html(Fault::Html)]
#[case::deep_json(Fault::DeepJson(5_000))]
#[case::result_code(Fault::ResultCode("501"))]
#[case::third_page_not_json(Fault::FromOffset(200, Box::new(Fault::NotJson)))]
#[case::invalid_utf8(Fault::InvalidUtf8)]
#[case::keyed_object(Fault::DataKeyedObject)]
#[case::data_null(Fault::DataNull)]
#[case::duplicate_ids(Fault::DuplicateIds)]
#[case::short_pages(Fault::ShortPages(37))]
#[case::gzip(Fault::GzipUnlabeled)]
#[tokio::test]
async fn a_faulty_response_is_saved_too(#[case] fault: Fault, #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 230).await;
    world.fault(Request::Contacts, fault);
    let run = world.run().await.run.id;
    let served = world.served(ReadContacts::new()).await;
    assert!(!served.is_empty());
    assert_eq!(world.kept(&run, Dataset::Contacts).await, served);
}

#[rstest]
#[tokio::test]
async fn both_passes_over_a_list_that_falls_short_are_saved(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 230).await;
    world.fault(Request::Contacts, Fault::RowsNotObjects);
    let run = world.run().await.run.id;
    let passes = [world.served(ReadContacts::new()).await, world.served(ReadContacts::new().limit(90)).await];
    assert_eq!(world.kept(&run, Dataset::Contacts).await, passes.concat());
}

#[rstest]
#[tokio::test]
async fn a_body_that_was_first_saved_whole_has_rows_once_it_can_be_read(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let run = runs::start(world.db.store.conn(), world.id, Trigger::Command, EpochMs(0)).await.unwrap().id;
    let body = br#"{"data":[{"client_id":"1"},{"client_id":"2"}]}"#;
    for rows in [vec![], vec![9..26, 27..44]] {
        let conn = world.db.store.conn();
        let mut recorder = Recorder::new(conn, world.id, run.clone(), Dataset::Contacts).await.unwrap();
        let answer =
            RawResponse { request: "read_client_list", offset: 0, at_ms: EpochMs(0), http_status: 200, body, rows: &rows };
        assert_eq!(recorder.record(conn, &answer).await.unwrap().len(), rows.len());
        let tx = world.db.store.begin().await.unwrap();
        recorder.flush(&tx).await.unwrap();
        Store::commit(tx).await.unwrap();
        assert_eq!(world.kept(&run, Dataset::Contacts).await, [Bytes::from_static(body)]);
    }
}
