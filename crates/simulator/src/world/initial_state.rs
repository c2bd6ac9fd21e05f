//! How an account comes to what it holds at the start: its contacts' lives are played from the year before.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use jiff::tz::TimeZone;

use crate::config::{AccountConfig, Config};
use crate::dice::{self, Dice};
use crate::people::candidate::Step;
use crate::world::calendar::{Calendar, DAY, lead_second, lead_share};
use crate::world::records::Deal;
use crate::world::stages::{FA_SIGNED, QR_SENT, STAGES};
use crate::world::table::Table;
use crate::world::{LifeToCome, Scene, World};

/// How far back the oldest contact goes, and how fast the account has been growing, in days.
const PAST: f64 = 420.0;
const GROWTH: f64 = 140.0;

impl World {
    pub(crate) fn found(config: &Config, account: usize, start: i64) -> Self {
        let AccountConfig { zone, contacts, deals, living, daily_leads, .. } = &config.accounts[account];
        let seed = dice::key(&[config.seed, account as u64]);
        let mut world = Self::empty(account, zone_named(zone), config.odd_text, start);
        world.furnish();

        let mut life = LifeToCome {
            seed,
            daily_leads: *daily_leads,
            next_day: world.scene.calendar.date(start).tomorrow().unwrap_or_default(),
            due: BinaryHeap::new(),
            living: HashMap::with_capacity(*contacts),
            since: start,
        };
        for nth in 0..*contacts {
            let key = dice::key(&[seed, 0xF0, nth as u64]);
            let born = birth(key, start, &world.scene.calendar);
            life.expect(key, born, &world.scene.calendar, |(at, step)| match step {
                Step::Vanish => *at > start,
                Step::OpenDeal if deals.is_some() => *at > start,
                _ => *at <= start || *living,
            });
        }
        world.play_until(start, &mut life);
        if let Some(count) = deals {
            world.open_deals(*count, start);
        }
        if *living {
            let today = world.scene.calendar.date(start);
            life.plan_day(today, &world.scene.calendar);
            world.life = Some(life);
        }
        world.rewrite();
        world
    }

    fn empty(account: usize, zone: TimeZone, odd_text: bool, start: i64) -> Self {
        let far = account as u64 * 10_000_000;
        Self {
            scene: Scene {
                account,
                calendar: Calendar::new(zone),
                odd_text,
                stage_names: STAGES.iter().map(|stage| stage.name.to_owned()).collect(),
                user_ids: Vec::new(),
            },
            contacts: Table::new(1_000_000 + far),
            deals: Table::new(500_000 + far),
            appointments: Table::new(2_000_000 + far),
            stages: Table::new(3_100 + account as u64 * 400),
            sources: Table::new(870 + account as u64 * 300),
            users: Table::new(40 + account as u64 * 60),
            now: start,
            next_note: 4_000_000 + far,
            life: None,
        }
    }

    fn play_until(&mut self, start: i64, life: &mut LifeToCome) {
        while let Some(due) = life.pop_due(start) {
            self.play(due, &mut life.living);
        }
    }

    /// Exactly `count` deals, those furthest along the road first; with fewer contacts than that, several on each.
    fn open_deals(&mut self, count: usize, start: i64) {
        let mut ranked: Vec<_> = self.contacts.rows().iter().filter(|row| row.item.is_prospect()).collect();
        let on_the_road = |stage: u8| (QR_SENT..=FA_SIGNED).contains(&stage);
        ranked.sort_by_key(|row| Reverse(if on_the_road(row.item.stage) { row.item.stage } else { 0 }));
        let mut opened: Vec<(i64, u32)> = ranked.iter().cycle().take(count).map(|row| (row.item.modified, row.serial)).collect();
        opened.sort_unstable();
        for (at, serial) in &opened {
            self.open_deal(*serial, *at);
        }
        for nth in opened.len()..count {
            let key = dice::key(&[nth as u64, start as u64]);
            self.deals.add(Deal { key, contact: None, created: start, modified: start, fee: None, odds: 0, closes: None });
        }
    }
}

/// When a contact of the founding was made: more of them lately, few at weekends, none in the future.
fn birth(key: u64, start: i64, calendar: &Calendar) -> i64 {
    let mut dice = Dice::of(&[key, 0xB1]);
    loop {
        let age = -GROWTH * (1.0 - dice.unit() * (1.0 - (-PAST / GROWTH).exp())).ln();
        let date = calendar.date(start - (age * DAY as f64) as i64);
        let born = calendar.midnight(date) + lead_second(&mut dice) * 1000;
        if born < start && dice.chance(lead_share(date) / 1.4) {
            return born;
        }
    }
}

/// # Panics
///
/// Panics if the time zone database has no such zone: a world without its clock would be another world.
fn zone_named(zone: &str) -> TimeZone {
    TimeZone::get(zone).unwrap_or_else(|error| panic!("no such time zone: {zone}: {error}"))
}
