//! Who needs attention: the candidates of qualified and late stages whom something is overdue for, who fell silent, or who stall.
//!
//! One entry a contact: of several deals the most urgent speaks. Deals that are joined to no contact are a matter of data
//! quality; nobody could be led to their candidate. Everything is told as of the data, not as of the visitor's clock.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use tetherboard_domain::{Dataset, Milestone, Money, Odds, Role, StageKey, Zone};
use tetherboard_store::candidate_facts::{self, ContactTouch, Entry, EventFilter};
use tetherboard_store::deals::{self, DealFilter, DealRow, DealSort};
use tetherboard_store::leads::LabelMatch;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, runs};

use crate::appointments::{AppointmentOutcome, appointment_outcome, ends_ms};
use crate::board::Board;
use crate::status::{Appointments, Facts, Missed, Reason, Status, Stays, Touches, fdd_clock, reasons, status};
use crate::stays::typical;

const DAY_MS: i64 = 86_400_000;
/// What gave the receipt or shows that it was sent.
const DISCLOSED: [Milestone; 2] = [Milestone::FddSent, Milestone::FddReceipt];
/// A list longer than this helps nobody, and databases take only so many ids in a question.
const MOST: usize = 20_000;

#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// The oldest start of the last whole reads of what it rests on; `None` before there was one.
    pub as_of: Option<Timestamp>,
    /// Whether the calendar was read: without it nobody stalls and no appointment is overdue.
    pub calendar_read: bool,
    /// The most urgent first.
    pub candidates: Vec<NeedsAttention>,
}

#[derive(Clone, Debug)]
pub struct NeedsAttention {
    pub contact_id: String,
    pub name: String,
    pub status: Status,
    pub reasons: Vec<Reason>,
    /// The deal's own, else its stage's.
    pub odds: Option<Odds>,
    pub fee: Option<Money>,
}

/// # Errors
/// When the database does not answer.
pub async fn attention<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, now: Timestamp) -> Result<Attention> {
    let zone = &tenant.zone;
    let ages = runs::dataset_ages(conn, tenant.id).await?;
    let calendar_read = ages.whole_ms(Dataset::Events).is_some();
    let mut rests_on = crate::PIPELINE_RESTS_ON.to_vec();
    rests_on.extend(calendar_read.then_some(Dataset::Events));
    let Some(as_of) = ages.as_of_ms(&rests_on).and_then(|ms| Timestamp::from_millisecond(ms).ok()) else {
        return Ok(Attention::default());
    };
    let known = Known::load(conn, tenant, board, as_of.min(now), calendar_read).await?;
    let mut candidates: HashMap<&str, NeedsAttention> = HashMap::new();
    for deal in &known.deals {
        let Some(contact_id) = deal.contact_id.as_deref() else { continue };
        let facts = known.facts(board, zone, contact_id, deal);
        let reasons = reasons(&facts);
        if reasons.is_empty() {
            continue;
        }
        let place = board.place(deal.stage.as_deref());
        let odds = deal.odds.and_then(Odds::from_hundredths).or_else(|| board.stage(&place).and_then(|stage| stage.odds));
        let fee = deal.fee_cents.map(Money);
        let found = NeedsAttention {
            contact_id: contact_id.to_owned(),
            name: deal.name.clone(),
            status: status(&facts),
            reasons,
            odds,
            fee,
        };
        if candidates.get(contact_id).is_none_or(|before| found.urgency() < before.urgency()) {
            candidates.insert(contact_id, found);
        }
    }
    let mut candidates: Vec<NeedsAttention> = candidates.into_values().collect();
    candidates.sort_by(|a, b| a.urgency().cmp(&b.urgency()));
    candidates.truncate(MOST);
    Ok(Attention { as_of: Some(as_of), calendar_read, candidates })
}

impl NeedsAttention {
    /// What is overdue before who fell silent before who stalls; then who is nearest to a signature, and has most at stake.
    fn urgency(&self) -> impl Ord + '_ {
        (self.status, Reverse(self.odds.map(Odds::hundredths)), Reverse(self.fee.map(|fee| fee.0)), &self.name, &self.contact_id)
    }
}

/// What is known of every candidate in a qualified or late stage.
struct Known {
    at: Timestamp,
    deals: Vec<DealRow>,
    touches: HashMap<String, ContactTouch>,
    /// `None`: the calendar was never read.
    calendar: Option<HashMap<String, Calendar>>,
    moves: HashMap<String, Vec<Entry>>,
    deal_moves: HashMap<String, Vec<Entry>>,
    stays: HashMap<String, Stays>,
}

/// A contact's appointments around the moment.
#[derive(Default)]
struct Calendar {
    appointments: Appointments,
    /// The end of the last one that took place.
    held_ms: Option<i64>,
}

impl Known {
    async fn load<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, at: Timestamp, calendar_read: bool) -> Result<Self> {
        let (tenant, of, at_ms) = (tenant.id, tenant, at.as_millisecond());
        let stages = board.likely_filter(|role| matches!(role, Role::Qualified | Role::Late));
        let keys = match &stages {
            LabelMatch::Keys(keys) => keys.clone(),
            _ => Vec::new(),
        };
        let filter = DealFilter { stages: vec![stages], ..DealFilter::default() };
        let deals = deals::list(conn, tenant, &filter, DealSort::Since, false, &[], (0, i64::MAX)).await?;
        let contacts: HashSet<String> = deals.iter().filter_map(|deal| deal.contact_id.clone()).collect();
        let contacts: Vec<String> = contacts.into_iter().collect();
        let own: Vec<String> = deals.iter().filter(|deal| !deal.deal_id.is_empty()).map(|deal| deal.deal_id.clone()).collect();
        let touches = candidate_facts::touches(conn, tenant, &contacts, at_ms).await?;
        let calendar = match calendar_read {
            true => Some(calendar(conn, of, at_ms).await?),
            false => None,
        };
        let stays = candidate_facts::completed_stays(conn, tenant, &keys, at_ms - 365 * DAY_MS).await?;
        Ok(Self {
            at,
            touches: touches.into_iter().map(|touch| (touch.crm_id.clone(), touch)).collect(),
            calendar,
            moves: candidate_facts::entries(conn, tenant, Dataset::Contacts, &contacts).await?,
            deal_moves: candidate_facts::entries(conn, tenant, Dataset::Deals, &own).await?,
            stays: stays.into_iter().map(|(stage, took)| (stage, typical(took).into())).collect(),
            deals,
        })
    }

    fn facts(&self, board: &Board, zone: &Zone, contact_id: &str, deal: &DealRow) -> Facts {
        let at_ms = self.at.as_millisecond();
        let place = board.place(deal.stage.as_deref());
        let disclosed = board.has_reached(&DISCLOSED, &place);
        let touch = self.touches.get(contact_id);
        let calendar = self.calendar.as_ref().map(|calendar| calendar.get(contact_id));
        let held_ms = calendar.flatten().and_then(|calendar| calendar.held_ms);
        // The document goes to the person, so the contact's moves tell of it as well as the deal's.
        let moves = || self.moves.get(contact_id).into_iter().chain(self.deal_moves.get(&deal.deal_id)).flatten();
        let entered = |entry: &Entry| {
            Some((board.stage(&board.place(entry.to_stage.as_deref()))?.milestone.likely()?, entry.seen_after_ms))
        };
        let entries: Vec<(Milestone, i64)> = moves().filter_map(entered).collect();
        let first_seen_ms = touch.map_or(deal.stage_since_ms, |touch| touch.first_seen_ms);
        // Who was first seen beyond it, or in it, got it by then; of who never moved since, the stage's own bound is closer.
        let from = moves().min_by_key(|entry| entry.seen_after_ms).map(|first| board.place(first.from_stage.as_deref()));
        let beyond_ms = match from {
            Some(from) => board.has_reached(&DISCLOSED, &from).then_some(first_seen_ms),
            None => disclosed.then_some(deal.stage_since_ms),
        };
        let last_move_ms = moves().map(|entry| entry.at_ms).max().or(deal.stage_since_exact.then_some(deal.stage_since_ms));
        let key = board.stage(&place).map(|stage| &stage.key);
        Facts {
            at_ms,
            today: zone.date(self.at),
            role: board.role(&place).likely(),
            disclosed,
            stage_since_ms: deal.stage_since_ms,
            stage_since_exact: deal.stage_since_exact,
            stays: key.and_then(|StageKey(key)| self.stays.get(key)).copied().unwrap_or_default(),
            close_date: deal.close_date.as_deref().and_then(|day| day.parse().ok()),
            calendar: calendar.map(|calendar| calendar.map(|calendar| calendar.appointments.clone()).unwrap_or_default()),
            touches: Touches {
                last_ms: touch.and_then(|touch| touch.last_note_ms).max(held_ms),
                known_until_ms: touch.and_then(|touch| touch.notes_known_ms),
                known_since_ms: touch.map_or(at_ms, |touch| touch.created_ms.unwrap_or(touch.first_seen_ms)),
            },
            last_move_ms,
            fdd: fdd_clock(&entries, beyond_ms, zone),
        }
    }
}

async fn calendar<C: Conn>(conn: &C, tenant: &Tenant, at_ms: i64) -> Result<HashMap<String, Calendar>> {
    // Long ones that began before count as well.
    let filter = EventFilter { from_ms: at_ms - 45 * DAY_MS, ..EventFilter::default() };
    let blank_is_none = candidate_facts::tells_event_status(conn, tenant.id).await?;
    let mut found: HashMap<String, Calendar> = HashMap::new();
    for event in candidate_facts::events(conn, tenant.id, filter).await? {
        let Some(client_id) = event.client_id.clone() else { continue };
        let calendar = found.entry(client_id).or_default();
        let ended_ms = ends_ms(event.all_day, event.starts_ms, event.ends_ms, tenant);
        if ended_ms > at_ms {
            // By their start, so the first is the next.
            calendar.appointments.next_ms.get_or_insert(event.starts_ms);
            continue;
        }
        match appointment_outcome(&event.status, blank_is_none) {
            AppointmentOutcome::None => {
                let missed = Missed { title: event.title, starts_ms: event.starts_ms, ended_ms };
                calendar.appointments.without_outcome.push(missed);
            }
            AppointmentOutcome::Held => calendar.held_ms = calendar.held_ms.max(Some(ended_ms)),
            AppointmentOutcome::Other | AppointmentOutcome::NotTold => {}
        }
    }
    Ok(found)
}
