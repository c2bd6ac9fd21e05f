use rstest::rstest;
use tetherboard_domain::{Dataset, Milestone, Odds, Role, StageKey};
use tetherboard_store::lookups::{self, CrmUser, Source, Stage};
use tetherboard_store::records::{self, Absence};
use tetherboard_store::stage_roles;
use tetherboard_testkit::Kind::{self, *};

use crate::rows::{NOW_MS, harbor, meta};

fn stage(crm_id: &str, name: &str, order: Option<i64>) -> Stage {
    let odds = Odds::from_hundredths(2_500);
    Stage {
        crm_id: crm_id.to_owned(),
        name: name.to_owned(),
        key: StageKey::of(name),
        active: order.is_some(),
        order,
        odds,
        contact_type: Some(1),
        role: None,
        milestone: None,
    }
}

#[rstest]
#[tokio::test]
async fn stages_are_in_the_crms_order_with_unreadable_ones_last(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let list = [
        stage("1", "Odd", None),
        stage("2", "Second", Some(2)),
        stage("3", "First", Some(-1)),
        stage("4", "Also Second", Some(2)),
        stage("5", "Gone", Some(0)),
    ];
    lookups::put_stages(conn, tenant, &list.map(|stage| (meta(&stage.crm_id, 1), stage)), &[]).await.unwrap();
    records::set_absence(conn, tenant, Dataset::Stages, &["5".to_owned()], Absence::Gone(NOW_MS)).await.unwrap();
    let stages = lookups::stages(conn, tenant).await.unwrap();
    assert_eq!(stages.iter().map(|stage| &*stage.name).collect::<Vec<_>>(), ["First", "Second", "Also Second", "Odd"]);
    let first = &stages[0];
    assert_eq!(
        (first.key.as_str(), first.active, first.order, first.odds, first.contact_type),
        ("first", true, Some(-1), Odds::from_hundredths(2_500), Some(1))
    );
    assert!(!stages[3].active);
}

#[rstest]
#[tokio::test]
async fn sources_and_users_can_be_stored_and_renamed(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    for name in ["Web", "Website"] {
        let source = Source { crm_id: "1".to_owned(), name: name.to_owned(), source_key: name.to_lowercase() };
        lookups::put_sources(conn, tenant, &[(meta("1", 1), source)], &[]).await.unwrap();
        let user = CrmUser { crm_id: "9".to_owned(), name: name.to_owned(), email: "u@example.com".to_owned() };
        lookups::put_crm_users(conn, tenant, &[(meta("9", 1), user)], &[]).await.unwrap();
    }
    let sources = lookups::sources(conn, tenant).await.unwrap();
    assert_eq!(sources.iter().map(|source| (&*source.name, &*source.source_key)).collect::<Vec<_>>(), [("Website", "website")]);
    let users = lookups::crm_users(conn, tenant).await.unwrap();
    assert_eq!(users.iter().map(|user| (&*user.crm_id, &*user.name)).collect::<Vec<_>>(), [("9", "Website")]);
}

#[rstest]
#[tokio::test]
async fn writing_an_empty_list_succeeds(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    lookups::put_stages(db.store.conn(), tenant, &[], &[]).await.unwrap();
    assert!(lookups::stages(db.store.conn(), tenant).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_role_can_be_changed_and_applies_to_one_brand(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, harbor) = harbor(kind).await;
    let tidewater = tetherboard_testkit::tenant(&db.store, "tidewater", "America/New_York").await.id;
    let stage = StageKey::of(" FDD Sent ");
    for role in [Role::Late, Role::Qualified] {
        stage_roles::confirm(db.store.conn(), harbor, &stage, role, NOW_MS).await.unwrap();
    }
    assert_eq!(
        stage_roles::by_name(db.store.conn(), harbor).await.unwrap(),
        [(StageKey::of("fdd sent"), Role::Qualified)].into()
    );
    assert!(stage_roles::by_name(db.store.conn(), tidewater).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_stage_keeps_its_role_and_milestone_under_every_name(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let put =
        async |name: &str| lookups::put_stages(conn, tenant, &[(meta("1", 1), stage("1", name, Some(1)))], &[]).await.unwrap();
    let decided = async || {
        let stage = lookups::stages(conn, tenant).await.unwrap().remove(0);
        (stage.role, stage.milestone)
    };
    put("FDD Sent").await;
    assert_eq!(decided().await, (None, None));
    stage_roles::confirm(conn, tenant, &StageKey::of("fdd sent"), Role::Late, NOW_MS).await.unwrap();
    stage_roles::confirm_milestone(conn, tenant, &StageKey::of("fdd sent"), None, NOW_MS).await.unwrap();
    put("FDD Out").await;
    assert_eq!(decided().await, (Some(Role::Late), Some(None)));
    stage_roles::clear(conn, tenant, &StageKey::of("FDD Sent")).await.unwrap();
    assert_eq!(decided().await.0, Some(Role::Late), "that is not its name");
    stage_roles::clear(conn, tenant, &StageKey::of("FDD Out")).await.unwrap();
    stage_roles::confirm_milestone(conn, tenant, &StageKey::of("FDD Out"), Some(Milestone::FddSent), NOW_MS).await.unwrap();
    assert_eq!(decided().await, (None, Some(Some(Milestone::FddSent))));
}

#[rstest]
#[tokio::test]
async fn a_milestone_can_be_none_and_can_be_cleared(#[values(Sqlite, Postgres)] kind: Kind) {
    let (db, tenant) = harbor(kind).await;
    let conn = db.store.conn();
    let (sent, signed) = (StageKey::of("FDD Sent"), StageKey::of("FDD Signed"));
    stage_roles::confirm_milestone(conn, tenant, &sent, Some(Milestone::FddSent), NOW_MS).await.unwrap();
    stage_roles::confirm_milestone(conn, tenant, &signed, Some(Milestone::FddSent), NOW_MS).await.unwrap();
    stage_roles::confirm_milestone(conn, tenant, &signed, None, NOW_MS).await.unwrap();
    let expected = [(sent.clone(), Some(Milestone::FddSent)), (signed.clone(), None)];
    assert_eq!(stage_roles::milestones_by_name(conn, tenant).await.unwrap(), expected.into());
    stage_roles::clear_milestone(conn, tenant, &signed).await.unwrap();
    assert_eq!(stage_roles::milestones_by_name(conn, tenant).await.unwrap(), [(sent.clone(), Some(Milestone::FddSent))].into());
    stage_roles::confirm(conn, tenant, &sent, Role::Late, NOW_MS).await.unwrap();
    stage_roles::clear(conn, tenant, &sent).await.unwrap();
    assert!(stage_roles::by_name(conn, tenant).await.unwrap().is_empty());
}
