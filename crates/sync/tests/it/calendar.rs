//! The account's calendar: appointments that are new, moved, canceled, or removed.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::Value;
use tetherboard_domain::{ContactId, DAY, Dataset, EpochMs, Zone};
use tetherboard_simulator::{AccountConfig, Config, ContactEdit, Edit, EventEdit, Request};
use tetherboard_store::schedule::{self, ActivityRow};
use tetherboard_store::tenants::{self, Changes};
use tetherboard_testkit::Kind;

use crate::world::{Reports, World, assert_same};

/// An appointment's ID, contact, title, status, owner, start, and end.
type Appointment = (String, Option<ContactId>, String, String, String, Option<EpochMs>, Option<EpochMs>);

impl World {
    async fn events(&self) -> Vec<ActivityRow> {
        schedule::between(self.db.store.conn(), self.id, EpochMs::MIN, EpochMs::MAX).await.unwrap()
    }

    async fn event(&self, id: &str) -> Option<ActivityRow> {
        self.events().await.into_iter().find(|event| event.crm_id == id)
    }

    /// The appointments from 89 days ago to 179 days ahead. Those before the window stay in the table.
    pub(crate) async fn shown_events(&self) -> BTreeSet<Appointment> {
        let shown = |event: ActivityRow| {
            (event.crm_id, event.client_id, event.title, event.status, event.owner, event.starts_ms, event.ends_ms)
        };
        self.events().await.into_iter().map(shown).filter(|event| self.is_in_the_window(event)).collect()
    }

    /// The account's appointments in the same window.
    pub(crate) async fn true_events(&self) -> BTreeSet<Appointment> {
        let source_time = self.tenant().await.source_time();
        let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
        let ms = |event: &Value, field: &str| source_time.moment_ms(text(event, field).parse().unwrap());
        let true_event = |event: &Value| {
            let [id, client, title, status, owner] =
                ["event_id", "client_id", "title", "status", "assigned_user"].map(|field| text(event, field));
            let client = Some(client).filter(|client| !client.is_empty()).map(ContactId);
            (id, client, title, status, owner, ms(event, "start_date"), ms(event, "end_date"))
        };
        let events = self.crm.records(0, Request::Events);
        events.iter().map(true_event).filter(|event| self.is_in_the_window(event)).collect()
    }

    fn is_in_the_window(&self, event: &Appointment) -> bool {
        let now_ms = self.clock.now_ms();
        event.5.is_some_and(|starts_ms| (now_ms - 89 * DAY..now_ms + 179 * DAY).contains(&starts_ms))
    }

    fn in_days(&self, days: i64) -> Timestamp {
        self.clock.now() + SignedDuration::from_hours(24 * days)
    }

    /// Adds a call in the given number of days.
    fn call(&self, days: i64) -> String {
        self.edit(Edit::AddEvent(EventEdit::at(self.in_days(days), "Call")))
    }

    fn set_event(&self, id: &str, field: &'static str, value: impl Into<Value>) {
        self.edit(Edit::SetEvent { event_id: id.to_owned(), field, value: value.into() });
    }
}

#[rstest]
#[tokio::test]
async fn the_calendar_matches_the_crm(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let account = AccountConfig::live("Harbor Bagel Co.", "America/Chicago", 120, 6.0);
    let world = World::of(kind, Config { seed: 3, accounts: vec![account], hostile_text: false }).await;
    for _ in 0..3 {
        world.good_run().await;
        world.good_run().await;
        assert_same(world.shown_events().await, world.true_events().await);
        world.later(20 * 60);
    }
    let events = world.events().await;
    let statuses: BTreeSet<&str> = events.iter().map(|event| event.status.as_str()).collect();
    assert!(events.len() > 20 && statuses.len() > 2, "{statuses:?}");
    assert!(events.iter().all(|event| event.cancelled == (event.status == "Cancelled")));
    assert!(events.iter().any(|event| event.stage.is_some() && !event.name.is_empty()), "joined to their contacts");
}

#[rstest]
#[tokio::test]
async fn a_moved_appointment_keeps_its_previous_time(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 5).await;
    let event = world.edit(Edit::AddEvent(EventEdit::at("2026-11-23T15:00:00Z".parse().unwrap(), "Call")));
    world.good_run().await;
    let first = world.event(&event).await.unwrap();
    assert_eq!(first.moved_from_ms, None);
    world.set_event(&event, "title", "A longer call");
    world.good_run().await;
    assert_eq!(world.event(&event).await.unwrap().moved_from_ms, None, "only its title changed");

    world.set_event(&event, "start_date", "2026-11-24 11:30:00");
    let report = world.good_run().await;
    assert_eq!(report.of(Dataset::Events).changed, 1);
    let moved = world.event(&event).await.unwrap();
    assert_eq!(moved.starts_ms, Some(EpochMs::from("2026-11-24T16:30:00Z".parse::<Timestamp>().unwrap())));
    assert_eq!(moved.moved_from_ms, first.starts_ms);
    world.set_event(&event, "status", "Completed");
    world.good_run().await;
    assert_eq!(world.event(&event).await.unwrap().moved_from_ms, first.starts_ms, "it is still known");
    world.set_event(&event, "start_date", "2026-11-25 09:00:00");
    world.good_run().await;
    assert_eq!(world.event(&event).await.unwrap().moved_from_ms, moved.starts_ms);
}

#[rstest]
#[tokio::test]
async fn a_canceled_appointment_is_shown_as_canceled(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 5).await;
    let (called_off, held) = (world.call(3), world.call(3));
    world.good_run().await;
    assert!(!world.event(&called_off).await.unwrap().cancelled);
    world.set_event(&called_off, "status", "Canceled by client");
    world.set_event(&held, "status", "No Show");
    world.good_run().await;
    assert!(world.event(&called_off).await.unwrap().cancelled);
    assert!(!world.event(&held).await.unwrap().cancelled);
}

#[rstest]
#[tokio::test]
async fn an_appointment_is_removed_after_two_complete_reads_miss_it_and_one_before_the_window_is_not(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::with_contacts(kind, 0).await;
    let (removed, old, far) = (world.call(5), world.call(-80), world.call(170));
    (0..5).for_each(|day| drop(world.call(day)));
    world.good_run().await;
    world.edit(Edit::RemoveEvent(removed.clone()));
    assert_eq!(world.good_run().await.of(Dataset::Events).gone, 0);
    assert!(world.event(&removed).await.is_some());
    assert_eq!(world.good_run().await.of(Dataset::Events).gone, 1);
    assert!(world.event(&removed).await.is_none());

    // The window moves day by day. An appointment that falls out of it was not removed.
    for _ in 0..6 {
        world.later(4 * 24 * 60);
        world.good_run().await;
    }
    assert!(world.event(&old).await.is_some() && world.event(&far).await.is_some());
    assert_eq!(world.events().await.len(), 7);
}

#[rstest]
#[tokio::test]
async fn an_appointment_after_the_window_appears_when_the_window_reaches_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let (near, far) = (world.call(179), world.call(182));
    world.good_run().await;
    assert!(world.event(&near).await.is_some() && world.event(&far).await.is_none());
    world.later(5 * 24 * 60);
    world.good_run().await;
    assert!(world.event(&near).await.is_some() && world.event(&far).await.is_some());
}

#[rstest]
#[tokio::test]
async fn malformed_appointments_are_saved_as_far_as_they_can_be_read(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let at = |ms: &str| Some(EpochMs::from(ms.parse::<Timestamp>().unwrap()));
    let odd = |field: &'static str, value: Value| {
        world.edit(Edit::AddEvent(EventEdit::at("2026-11-23T15:00:00Z".parse().unwrap(), "Call").with(field, value)))
    };
    let no_end = odd("end_date", Value::Null);
    let zero_end = odd("end_date", "0000-00-00 00:00:00".into());
    let backwards = odd("end_date", "2026-11-23 09:00:00".into());
    let long_ago = odd("start_date", "1900-01-01 00:00:00".into());
    let far_ahead = odd("start_date", "2099-12-31 23:59:59".into());
    let all_day = odd("start_date", "2026-11-24".into());
    let undated = odd("start_date", "next Tuesday".into());
    let of_nobody = odd("client_id", "0".into());
    let of_a_stranger = odd("client_id", "987654321".into());
    let of_ada = odd("client_id", ada.clone().into());
    let html = odd("description", "<p>Bring <script>x()</script><b>papers</b></p>".into());
    let report = world.good_run().await;
    assert_eq!((report.of(Dataset::Events).added, report.of(Dataset::Events).set_aside), (11, 0));

    for id in [&no_end, &zero_end] {
        assert_eq!(world.event(id).await.unwrap().ends_ms, None);
    }
    let event = world.event(&backwards).await.unwrap();
    assert_eq!((event.starts_ms, event.ends_ms), (at("2026-11-23T15:00:00Z"), at("2026-11-23T14:00:00Z")));
    assert_eq!(world.event(&long_ago).await.unwrap().starts_ms, at("1900-01-01T05:00:00Z"));
    assert_eq!(world.event(&far_ahead).await.unwrap().starts_ms, at("2100-01-01T04:59:59Z"));
    let event = world.event(&all_day).await.unwrap();
    assert_eq!((event.starts_ms, event.all_day), (at("2026-11-24T05:00:00Z"), true));
    assert!(world.event(&undated).await.is_none());
    assert_eq!(schedule::undated(world.db.store.conn(), world.id).await.unwrap().len(), 1);
    assert_eq!(world.event(&of_nobody).await.unwrap().client_id, None);
    let event = world.event(&of_a_stranger).await.unwrap();
    assert_eq!((event.client_id, event.stage), (Some("987654321".into()), None));
    let event = world.event(&of_ada).await.unwrap();
    assert_eq!((event.name.as_str(), event.stage.as_deref()), ("Ada Ash", Some("")));
    assert_eq!(world.event(&html).await.unwrap().description, "Bring papers");
    for _ in 0..2 {
        let again = world.good_run().await;
        let events = again.of(Dataset::Events);
        assert_eq!((events.unchanged, events.gone), (11, 0), "nothing of it is taken for gone");
    }
}

#[rstest]
#[tokio::test]
async fn an_appointment_without_a_readable_time_can_be_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let (undated, removed, dated) = (world.call(3), world.call(3), world.call(3));
    for event in [&undated, &removed] {
        world.set_event(event, "start_date", "next Tuesday");
    }
    world.good_run().await;
    world.edit(Edit::RemoveEvent(removed));
    assert_eq!(world.good_run().await.of(Dataset::Events).gone, 0);
    assert_eq!(world.good_run().await.of(Dataset::Events).gone, 1);
    assert_eq!(schedule::undated(world.db.store.conn(), world.id).await.unwrap().len(), 1);
    assert!(world.event(&dated).await.is_some());
}

#[rstest]
#[tokio::test]
async fn four_hundred_appointments_on_one_day_are_all_read(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let day = "2026-11-23T13:00:00Z".parse::<Timestamp>().unwrap();
    for nth in 0..400 {
        world.edit(Edit::AddEvent(EventEdit::at(day + SignedDuration::from_mins(nth), "Call").lasting(15)));
    }
    let report = world.good_run().await;
    assert_eq!((report.of(Dataset::Events).added, report.of(Dataset::Events).read), (400, 400));
    let midnight = EpochMs::from("2026-11-23T05:00:00Z".parse::<Timestamp>().unwrap());
    let conn = world.db.store.conn();
    let on_day = schedule::between(conn, world.id, midnight, midnight + DAY).await.unwrap();
    assert_eq!(on_day.len(), 400);
    assert!(on_day.windows(2).all(|pair| pair[0].starts_ms <= pair[1].starts_ms));
}

#[rstest]
#[tokio::test]
async fn local_times_are_correct_before_and_after_a_clock_change(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 0).await;
    let ids: Vec<(String, &str)> = [
        ("2026-10-30 09:00:00", "2026-10-30T13:00:00Z"),
        ("2026-11-01 00:30:00", "2026-11-01T04:30:00Z"),
        // The first of an hour that occurs twice.
        ("2026-11-01 01:30:00", "2026-11-01T05:30:00Z"),
        ("2026-11-02 09:00:00", "2026-11-02T14:00:00Z"),
        ("2027-03-12 09:00:00", "2027-03-12T14:00:00Z"),
        // An hour that is skipped means the hour after it.
        ("2027-03-14 02:30:00", "2027-03-14T07:30:00Z"),
        ("2027-03-15 09:00:00", "2027-03-15T13:00:00Z"),
    ]
    .map(|(local, utc)| {
        let event = EventEdit::at("2026-11-23T15:00:00Z".parse().unwrap(), "Call").with("start_date", local);
        (world.edit(Edit::AddEvent(event)), utc)
    })
    .into();
    world.good_run().await;
    for (id, utc) in &ids {
        let starts: Timestamp = utc.parse().unwrap();
        assert_eq!(world.event(id).await.unwrap().starts_ms, Some(EpochMs::from(starts)), "{utc}");
    }

    // Correcting the account's time zone moves no appointment.
    let phoenix = Zone::named("America/Phoenix").unwrap();
    let changes = Changes { source_zone: Some(&phoenix), ..Changes::default() };
    tenants::set(world.db.store.conn(), world.id, &changes).await.unwrap();
    world.good_run().await;
    let nine = world.event(&ids[0].0).await.unwrap();
    assert_eq!(nine.starts_ms, Some(EpochMs::from("2026-10-30T16:00:00Z".parse::<Timestamp>().unwrap())));
    assert!(world.events().await.iter().all(|event| event.moved_from_ms.is_none()));
}

#[rstest]
#[tokio::test]
async fn a_removed_contacts_appointments_are_removed_too(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 6).await;
    let ada = world.edit(Edit::AddContact(ContactEdit::named("Ada Ash")));
    let event = world.edit(Edit::AddEvent(EventEdit::at(world.in_days(2), "Call").with_contact(&ada)));
    (0..3).for_each(|day| drop(world.call(day)));
    world.good_run().await;
    assert_eq!(world.event(&event).await.unwrap().client_id, Some(ada.as_str().into()));
    world.edit(Edit::RemoveContact(ada));
    world.good_run().await;
    world.good_run().await;
    assert_same(world.shown_events().await, world.true_events().await);
}
