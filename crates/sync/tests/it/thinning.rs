//! Old answers go, by the rule and no other; what is kept is kept to the byte, and no run is disturbed by it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use rstest::rstest;
use tetherboard_clienttether::Bytes;
use tetherboard_domain::{Clock, Dataset, RunId};
use tetherboard_simulator::{ContactEdit, Edit, NoteEdit, Request};
use tetherboard_store::retention::{self, SweepOutcome};
use tetherboard_store::{leases, snapshots};
use tetherboard_sync::{Retention, thin_out};
use tetherboard_testkit::Kind;

use crate::world::{World, assert_same};

/// A run, when it began, and the answers of contacts and notes as they were kept then.
struct Kept {
    run: RunId,
    day: String,
    age: SignedDuration,
    contacts: Vec<Bytes>,
    notes: Vec<Bytes>,
}

impl World {
    async fn answers(&self, run: &RunId, dataset: Dataset) -> Vec<Bytes> {
        let conn = self.db.store.conn();
        let mut bodies = Vec::new();
        for page in snapshots::pages(conn, self.id, run, dataset).await.unwrap() {
            bodies.push(snapshots::body(conn, self.id, run, dataset, page.page_no).await.unwrap().unwrap().into());
        }
        bodies
    }

    async fn runs_with_snapshots(&self) -> BTreeSet<RunId> {
        let kept = retention::runs_with_snapshots(self.db.store.conn(), self.id).await.unwrap();
        kept.into_iter().map(|(run, _)| run).collect()
    }

    /// Four runs a day, each after a bit of work, and thinning out once a day.
    async fn live_for(&self, days: i64, rule: Retention) -> Vec<Kept> {
        let mut kept: Vec<Kept> = Vec::new();
        for day in 0..days {
            for nth in 0..4 {
                self.later(5 * 60);
                let contact = self.edit(Edit::AddContact(ContactEdit::named("Ada Ash").worth(1_000 * (day * 4 + nth) as u64)));
                self.edit(Edit::AddNote(NoteEdit::on(&contact, &format!("Day {day}"))));
                let contacts: Vec<String> = self.contacts().await.into_iter().collect();
                if let Some(old) = contacts.get(nth as usize) {
                    let city = format!("Reno {day}.{nth}");
                    self.edit(Edit::SetContact { client_id: old.clone(), field: "city", value: city.into() });
                }
                if contacts.len() > 14 {
                    self.remove(&contacts[7]);
                }
                let run = self.good_run().await.run;
                kept.push(Kept {
                    day: self.tenant().await.zone.date(self.clock.now()).to_string(),
                    age: SignedDuration::from_millis(run.started_ms.unwrap().0),
                    contacts: self.answers(&run.id, Dataset::Contacts).await,
                    notes: self.answers(&run.id, Dataset::Notes).await,
                    run: run.id,
                });
            }
            thin_out(&self.db.store, &self.clock, &self.tenant().await, rule).await.unwrap();
        }
        let now = SignedDuration::from_millis(self.clock.now_ms().0);
        kept.iter_mut().for_each(|kept| kept.age = now - kept.age);
        kept
    }

    /// One that the CRM still has.
    fn remove(&self, contact: &str) {
        let has = self.crm.records(0, Request::Contacts).iter().any(|row| row["client_id"] == contact);
        if has {
            self.edit(Edit::RemoveContact(contact.to_owned()));
        }
    }
}

#[rstest]
#[tokio::test]
async fn answers_go_by_the_rule_and_what_is_kept_is_kept_to_the_byte(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 6).await.reading_notes(100);
    let rule = Retention { whole_days: 1, daily_days: 2 };
    let runs = world.live_for(5, rule).await;

    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let wanted = |nth: usize, kept: &Kept| {
        let is_last_of_its_day = runs.get(nth + 1).is_none_or(|next| next.day != kept.day);
        kept.age <= days(1) || (kept.age <= days(3) && is_last_of_its_day)
    };
    let ought: BTreeSet<RunId> =
        runs.iter().enumerate().filter(|(nth, kept)| wanted(*nth, kept)).map(|(_, kept)| kept.run.clone()).collect();
    assert!((6..=8).contains(&ought.len()), "{}", ought.len());
    assert_same(world.runs_with_snapshots().await, ought.clone());
    for kept in &runs {
        let still = |bodies: &[Bytes]| if ought.contains(&kept.run) { bodies.to_vec() } else { Vec::new() };
        assert_eq!(world.answers(&kept.run, Dataset::Contacts).await, still(&kept.contacts));
        assert_eq!(world.answers(&kept.run, Dataset::Notes).await, still(&kept.notes));
    }
    // What nothing names went with them.
    let swept = world.query("SELECT body_hash FROM snapshot_bodies").await.len();
    assert!(swept < runs.iter().map(|kept| kept.contacts.len() + kept.notes.len()).sum::<usize>(), "{swept}");

    // The rows that records stand on are there: all can be normalised again, and the next run goes on from them.
    world.execute("UPDATE tenants SET mapping_version = mapping_version + 1").await;
    let (numbers, notes) = (world.numbers().await, world.shown_notes().await);
    world.replay(None).await;
    assert_eq!((world.numbers().await, world.shown_notes().await), (numbers, notes));
    world.good_run().await;
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
    assert_same(world.shown_notes().await, world.true_notes().await);
}

#[rstest]
#[tokio::test]
async fn a_day_is_thinned_out_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 6).await;
    let rule = Retention { whole_days: 1, daily_days: 1 };
    let runs = world.live_for(3, rule).await;
    let before = world.runs_with_snapshots().await;
    assert!(before.len() < runs.len());
    world.later(60);
    let harsh = Retention { whole_days: 0, daily_days: 0 };
    thin_out(&world.db.store, &world.clock, &world.tenant().await, harsh).await.unwrap();
    assert_eq!(world.runs_with_snapshots().await, before, "today is done");
    world.later(24 * 60);
    thin_out(&world.db.store, &world.clock, &world.tenant().await, harsh).await.unwrap();
    assert_eq!(world.runs_with_snapshots().await, BTreeSet::new());
    assert_eq!(world.count("snapshot_bodies").await, 0);
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn a_run_that_begins_meanwhile_is_not_disturbed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 6).await;
    let run = world.good_run().await.run.id;
    let bodies = world.answers(&run, Dataset::Contacts).await;
    let conn = world.db.store.conn();
    let machine_ms = Clock::system().now_ms();
    let lease = leases::claim(conn, world.id, "a run", machine_ms, machine_ms + 60_000).await.unwrap().unwrap();
    retention::delete_snapshots(conn, world.id, &run).await.unwrap();
    assert_eq!(retention::sweep(&world.db.store, world.id, machine_ms).await.unwrap(), SweepOutcome::Interrupted);
    assert!(world.count("snapshot_bodies").await > 0, "nothing is taken away beside a run");
    leases::release(conn, &lease).await.unwrap();
    let SweepOutcome::Done { bodies: gone, .. } = retention::sweep(&world.db.store, world.id, machine_ms).await.unwrap() else {
        panic!("nobody runs")
    };
    assert!(gone >= bodies.len());
    world.good_run().await;
    assert_eq!(world.numbers().await, world.truth());
}

#[rstest]
#[tokio::test]
async fn thinning_out_beside_runs_harms_neither(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::with_contacts(kind, 40).await.reading_notes(100);
    world.good_run().await;
    for nth in 0..6 {
        let contacts: Vec<String> = world.contacts().await.into_iter().collect();
        world.edit(Edit::SetContact { client_id: contacts[nth].clone(), field: "city", value: format!("Reno {nth}").into() });
        let old: Vec<RunId> = world.runs_with_snapshots().await.into_iter().collect();
        for run in &old {
            retention::delete_snapshots(world.db.store.conn(), world.id, run).await.unwrap();
        }
        let machine_ms = Clock::system().now_ms();
        let (report, swept) = tokio::join!(world.good_run(), retention::sweep(&world.db.store, world.id, machine_ms));
        swept.unwrap();
        assert_eq!(world.numbers().await, world.truth());
        let answers = world.answers(&report.run.id, Dataset::Contacts).await;
        assert!(!answers.is_empty(), "the run's own answers are whole");
    }
    world.execute("UPDATE tenants SET mapping_version = mapping_version + 1").await;
    let numbers = world.numbers().await;
    world.replay(None).await;
    assert_eq!(world.numbers().await, numbers);
}
