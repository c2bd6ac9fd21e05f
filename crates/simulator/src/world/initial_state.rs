//! An account's initial state: the journeys of its contacts, played from a year before up to its creation.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use jiff::tz::TimeZone;

use crate::config::{AccountConfig, Config};
use crate::dice::{self, Dice};
use crate::people::journey::Step;
use crate::world::World;
use crate::world::calendar::{Calendar, DAY, lead_second, lead_share};
use crate::world::quirks::Quirks;
use crate::world::records::{Deal, Source, Stage, User};
use crate::world::render_context::RenderContext;
use crate::world::sources::SOURCES;
use crate::world::staff;
use crate::world::stages::{FA_SIGNED, QR_SENT, STAGES};
use crate::world::table::Table;
use crate::world::timeline::Timeline;

/// The age of the oldest contact, in days.
const HISTORY_DAYS: f64 = 420.0;
/// The time in which the number of new leads grew by a factor of e, in days.
const GROWTH_DAYS: f64 = 140.0;

impl World {
    /// Creates an account as of `start`, in milliseconds UTC.
    ///
    /// # Panics
    ///
    /// Panics if the account's zone is not in the time zone database.
    pub(crate) fn new(config: &Config, account: usize, start: i64) -> Self {
        let AccountConfig { zone, contacts, deals, live, daily_leads, quirks, .. } = &config.accounts[account];
        let seed = dice::key(&[config.seed, account as u64]);
        let mut world = Self::empty(account, time_zone(zone), config.hostile_text, start);
        world.quirks = quirks.clone();
        world.add_reference_data();

        let mut timeline = Timeline {
            seed,
            daily_leads: *daily_leads,
            next_day: world.context.calendar.date(start).tomorrow().unwrap_or_default(),
            queue: BinaryHeap::new(),
            contacts: HashMap::with_capacity(*contacts),
            since: start,
        };
        for nth in 0..*contacts {
            let key = dice::key(&[seed, 0xF0, nth as u64]);
            let arrives = arrival(key, start, &world.context.calendar);
            timeline.schedule_journey(key, arrives, &world.context.calendar, |(at, step)| match step {
                Step::Delete => *at > start,
                Step::OpenDeal if deals.is_some() => *at > start,
                _ => *at <= start || *live,
            });
        }
        while let Some(due) = timeline.pop_due(start) {
            world.apply_step(due, &mut timeline.contacts);
        }
        if let Some(count) = deals {
            world.open_deals(*count, start);
        }
        if *live {
            let today = world.context.calendar.date(start);
            timeline.schedule_day(today, &world.context.calendar);
            world.timeline = Some(timeline);
        }
        world.render();
        world
    }

    fn empty(account: usize, zone: TimeZone, hostile_text: bool, start: i64) -> Self {
        let id_offset = account as u64 * 10_000_000;
        Self {
            context: RenderContext {
                account,
                calendar: Calendar::new(zone),
                hostile_text,
                stage_names: STAGES.iter().map(|stage| stage.name.to_owned()).collect(),
                user_ids: Vec::new(),
            },
            contacts: Table::new(1_000_000 + id_offset),
            deals: Table::new(500_000 + id_offset),
            appointments: Table::new(2_000_000 + id_offset),
            stages: Table::new(3_100 + account as u64 * 400),
            sources: Table::new(870 + account as u64 * 300),
            users: Table::new(40 + account as u64 * 60),
            hidden_contacts: Vec::new(),
            hidden_deals: Vec::new(),
            now: start,
            last_note_id: 4_000_000 + id_offset,
            timeline: None,
            quirks: Quirks::default(),
        }
    }

    /// Adds the account's stages, sources, and users.
    fn add_reference_data(&mut self) {
        for (order, seed) in STAGES.iter().enumerate() {
            self.stages.add(Stage {
                name: seed.name.into(),
                active: seed.active,
                order: order as i64 + 1,
                odds: seed.odds.map(i64::from),
                contact_type: seed.contact_type.into(),
            });
        }
        for seed in SOURCES.iter().filter(|seed| !seed.name.is_empty()) {
            self.sources.add(Source { name: seed.name.into() });
        }
        for seat in 0..staff::TEAM_SIZE {
            let member = staff::member(self.context.account, seat);
            self.users.add(User { first: member.first.into(), last: member.last.into() });
        }
        self.context.user_ids = self.users.rows().iter().map(|row| row.id.clone()).collect();
    }

    /// Opens exactly `count` deals, for the contacts furthest along first. With fewer contacts than deals, each gets several.
    fn open_deals(&mut self, count: usize, start: i64) {
        let mut ranked: Vec<_> = self.contacts.rows().iter().filter(|row| row.item.is_prospect()).collect();
        let in_progress = |stage: u8| (QR_SENT..=FA_SIGNED).contains(&stage);
        ranked.sort_by_key(|row| Reverse(if in_progress(row.item.stage) { row.item.stage } else { 0 }));
        let mut opened: Vec<(i64, u32)> = ranked.iter().cycle().take(count).map(|row| (row.item.modified, row.serial)).collect();
        opened.sort_unstable();
        for (at, serial) in &opened {
            self.open_deal(*serial, *at);
        }
        // Without any prospects, the deals belong to nobody.
        for nth in opened.len()..count {
            let key = dice::key(&[nth as u64, start as u64]);
            self.deals.add(Deal { key, contact: None, created: start, modified: start, fee: None, odds: 0, closes: None });
        }
    }
}

/// When an initial contact arrived: more often recently, seldom on weekends, always before `start`.
fn arrival(key: u64, start: i64, calendar: &Calendar) -> i64 {
    let mut dice = Dice::of(&[key, 0xB1]);
    loop {
        let age = -GROWTH_DAYS * (1.0 - dice.unit() * (1.0 - (-HISTORY_DAYS / GROWTH_DAYS).exp())).ln();
        let date = calendar.date(start - (age * DAY as f64) as i64);
        let arrives = calendar.midnight(date) + lead_second(&mut dice) * 1000;
        if arrives < start && dice.chance(lead_share(date) / 1.4) {
            return arrives;
        }
    }
}

/// # Panics
///
/// Panics if the time zone database does not have the zone: no fallback could give the same data.
fn time_zone(zone: &str) -> TimeZone {
    TimeZone::get(zone).unwrap_or_else(|error| panic!("unknown time zone {zone}: {error}"))
}
