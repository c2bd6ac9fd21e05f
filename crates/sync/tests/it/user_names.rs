//! Owners and authors: rows keep the CRM's reference, and every list shows the name that the user has now.

use rstest::rstest;
use serde_json::json;
use tetherboard_domain::{ContactId, Dataset, EpochMs, RunStatus};
use tetherboard_simulator::{ContactEdit, DealEdit, Edit, EventEdit, Fault, NoteEdit, Request};
use tetherboard_store::deals::{self, DealFilter, DealSort};
use tetherboard_store::leads::{self, LeadFilter, LeadSort};
use tetherboard_store::notes::{self, Audience, NoteFilter};
use tetherboard_store::{candidates, schedule};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World};

/// Ada, who refers to a user in each of her records.
async fn ada(world: &World, user: &str) -> ContactId {
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash").in_stage("FA Sent").with("assigned_user", user)));
    world.edit(Edit::AddDeal(DealEdit::of(&ada).worth(90_000).with("assigned_user", user)));
    let event = EventEdit::at(world.clock.now(), "Intro call").with_contact(&ada).with("assigned_user", user);
    world.edit(Edit::AddEvent(event));
    world.edit(Edit::AddNote(NoteEdit::on(&ada, "Called her.").by(user)));
    ada.as_str().into()
}

/// What every list shows as the owner of Ada's records, or as the author of her note.
async fn shown(world: &World, ada: &ContactId) -> Vec<String> {
    let (conn, id) = (world.db.store.conn(), world.id);
    let lead = leads::get(conn, id, ada).await.unwrap().unwrap();
    let leads = leads::list(conn, id, &LeadFilter::default(), LeadSort::Owner, false, &[], (0, 1_000)).await.unwrap();
    let candidate = candidates::get(conn, id, ada).await.unwrap().unwrap();
    let own_deals = candidates::deals(conn, id, ada).await.unwrap();
    let all_deals = deals::list(conn, id, &DealFilter::default(), DealSort::Owner, false, &[], (0, 1_000)).await.unwrap();
    let appointments = candidates::appointments(conn, id, ada, false).await.unwrap();
    let calendar = schedule::calendar(conn, id).await.unwrap();
    let feed = schedule::feed(conn, id, (EpochMs(0), EpochMs(i64::MAX)), 1_000).await.unwrap();
    let of_ada = NoteFilter { client: Some(ada.clone()), ..NoteFilter::default() };
    let note = notes::list(conn, id, Audience::Agency, &of_ada, (0, 10), 500).await.unwrap().remove(0);
    let hot = world.query("SELECT owner FROM hot_list_items WHERE name = 'Ada Ash'").await;
    let is_hers = |contact: &Option<ContactId>| contact.as_ref() == Some(ada);
    let mut shown = vec![
        lead.owner,
        leads.into_iter().find(|lead| lead.crm_id == *ada).unwrap().owner,
        candidate.owner,
        own_deals.into_iter().next().unwrap().owner,
        all_deals.into_iter().find(|deal| is_hers(&deal.contact_id)).unwrap().owner,
        appointments.into_iter().next().unwrap().owner,
        calendar.into_iter().find(|row| is_hers(&row.client_id)).unwrap().owner,
        feed.into_iter().find(|row| is_hers(&row.client_id)).unwrap().owner,
        note.author.clone(),
        hot[0].try_get_by_index(0).unwrap(),
    ];
    let by_author = NoteFilter { author: Some(note.author), ..NoteFilter::default() };
    assert!(notes::count(conn, id, Audience::Agency, &by_author).await.unwrap() > 0);
    shown.dedup();
    shown
}

#[rstest]
#[tokio::test]
async fn a_user_who_is_listed_later_or_renamed_is_shown_everywhere_at_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 20).await.reading_notes(1_000);
    let user = world.edit(Edit::AddUser { first_name: "Uma".to_owned(), last_name: "Unger".to_owned() });
    let ada = ada(&world, &user).await;
    world.fault(Request::Users, Fault::Status(500));
    assert_eq!(world.run().await.run.status, RunStatus::Partial);
    assert_eq!(shown(&world, &ada).await, [format!("User {user}")]);

    world.crm.heal(0);
    let report = world.good_run().await;
    assert_eq!(shown(&world, &ada).await, ["Uma Unger"]);
    assert_eq!(report.of(Dataset::Contacts).changed, 0, "the rows did not change");

    world.edit(Edit::SetUser { user_id: user.clone(), field: "user_last_name", value: json!("Smith") });
    world.good_run().await;
    assert_eq!(shown(&world, &ada).await, ["Uma Smith"]);

    world.edit(Edit::RemoveUser(user));
    for _ in 0..2 {
        world.good_run().await;
    }
    assert_eq!(shown(&world, &ada).await, ["Uma Smith"], "a removed user keeps the last name");
}

#[rstest]
#[case::a_name("Bo Birch", "Bo Birch")]
#[case::one_word("Bo", "Bo")]
#[case::an_unlisted_user("424242", "User 424242")]
#[case::an_unknown_email("bo@elsewhere.example", "bo@elsewhere.example")]
#[tokio::test]
async fn what_refers_to_no_user_is_shown_as_it_is(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[case] written: &str,
    #[case] expected: &str,
) {
    let world = World::with_contacts(kind, 5).await.reading_notes(1_000);
    let ada = ada(&world, written).await;
    world.good_run().await;
    assert_eq!(shown(&world, &ada).await, [expected]);
}

#[rstest]
#[tokio::test]
async fn a_user_can_be_referred_to_by_email(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 5).await.reading_notes(1_000);
    let user = world.edit(Edit::AddUser { first_name: "Uma".to_owned(), last_name: "Unger".to_owned() });
    world.edit(Edit::SetUser { user_id: user, field: "user_email", value: json!("Uma@Example.com") });
    let ada = ada(&world, "uma@example.com").await;
    world.good_run().await;
    assert_eq!(shown(&world, &ada).await, ["Uma Unger"]);
}
