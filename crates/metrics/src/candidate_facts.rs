//! The facts about the candidates of some stages that statuses and scores are computed from.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use tetherboard_domain::{ContactId, Dataset, DealId, EpochMs, LastMove, Milestone, PlausibleDates, Role, StageKey, Zone};
use tetherboard_store::candidate_facts::{self, ContactEvent, ContactTouch, StageMove};
use tetherboard_store::deals::{self, DealFilter, DealRow, DealSort};
use tetherboard_store::leads::LabelMatch;
use tetherboard_store::runs::DatasetAges;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result};

use crate::appointments::{AppointmentOutcome, appointment_outcome, ends_ms};
use crate::board::Board;
use crate::duration_stats::duration_stats;
use crate::status::{Appointments, LastTouch, StatusFacts, StayStats, UnresolvedAppointment, fdd_clock};

/// Milestones that show that the candidate has the disclosure document.
const DISCLOSED: [Milestone; 2] = [Milestone::FddSent, Milestone::FddReceipt];
/// How many days of appointments and stays count. They start at the beginning of a day, so neither changes within a day.
const EVENT_DAYS: i64 = 120;
const STAY_DAYS: i64 = 365;

/// The moment that candidates' facts are as of, and whether the calendar was read.
pub(crate) fn as_of(ages: &DatasetAges) -> (Option<Timestamp>, bool) {
    let calendar_read = ages.complete_read_ms(Dataset::Events).is_some();
    let mut rests_on = crate::PIPELINE_DATASETS.to_vec();
    rests_on.extend(calendar_read.then_some(Dataset::Events));
    (ages.as_of_ms(&rests_on).and_then(EpochMs::timestamp), calendar_read)
}

/// The facts about all candidates of some stages, as of one moment.
pub(crate) struct CandidateFacts {
    at: Timestamp,
    /// The local date of `at`.
    today: Date,
    /// The candidates' open deals, implicit ones included.
    pub(crate) deals: Vec<DealRow>,
    touches: HashMap<ContactId, ContactTouch>,
    /// `None`: the calendar was never read.
    calendar: Option<HashMap<ContactId, Calendar>>,
    /// Stage changes, by contact and by deal.
    moves: HashMap<ContactId, Vec<StageMove>>,
    deal_moves: HashMap<DealId, Vec<StageMove>>,
    /// How long others stayed in each stage, by the stage's key.
    stays: HashMap<String, StayStats>,
}

/// A contact's appointments around the moment.
#[derive(Default)]
struct Calendar {
    appointments: Appointments,
    /// The first one that is not over.
    next: Option<ContactEvent>,
    /// When the first of the appointments that are not over ends.
    next_ends_ms: Option<EpochMs>,
    /// The end of the last one that took place.
    held_ms: Option<EpochMs>,
}

impl CandidateFacts {
    /// Loads the facts for the stages whose role (confirmed, or else suggested) is `wanted`.
    pub(crate) async fn load<C: Conn>(
        conn: &C,
        tenant: &Tenant,
        board: &Board,
        at: Timestamp,
        calendar_read: bool,
        wanted: impl Fn(Role) -> bool,
    ) -> Result<Self> {
        let (tenant, of, at_ms) = (tenant.id, tenant, EpochMs::from(at));
        let stages = board.likely_filter(wanted);
        let keys = match &stages {
            LabelMatch::Keys(keys) => keys.clone(),
            _ => Vec::new(),
        };
        let filter = DealFilter { stages: vec![stages], ..DealFilter::default() };
        let deals = deals::list(conn, tenant, &filter, DealSort::Since, false, &[], (0, i64::MAX)).await?;
        let contacts: HashSet<ContactId> = deals.iter().filter_map(|deal| deal.contact_id.clone()).collect();
        let contacts: Vec<ContactId> = contacts.into_iter().collect();
        let own: Vec<DealId> =
            deals.iter().filter(|deal| !deal.deal_id.as_str().is_empty()).map(|deal| deal.deal_id.clone()).collect();
        let touches = candidate_facts::touches(conn, tenant, &contacts, at_ms).await?;
        let calendar = match calendar_read {
            true => Some(calendar(conn, of, &contacts, at).await?),
            false => None,
        };
        let stays = candidate_facts::completed_stays(conn, tenant, &keys, days_before(of, at, STAY_DAYS)).await?;
        Ok(Self {
            at,
            today: of.zone.date(at),
            touches: touches.into_iter().map(|touch| (touch.crm_id.clone(), touch)).collect(),
            calendar,
            moves: candidate_facts::stage_moves(conn, tenant, &contacts).await?,
            deal_moves: candidate_facts::stage_moves(conn, tenant, &own).await?,
            stays: stays.into_iter().map(|(stage, took)| (stage, duration_stats(took).into())).collect(),
            deals,
        })
    }

    /// The stage changes of a deal and its contact. The contact's count too, because the document is sent to the person.
    fn moves<'a>(&'a self, deal: &'a DealRow) -> impl Iterator<Item = &'a StageMove> {
        let of_contact = deal.contact_id.as_ref().and_then(|contact| self.moves.get(contact));
        of_contact.into_iter().chain(self.deal_moves.get(&deal.deal_id)).flatten()
    }

    fn of_calendar(&self, deal: &DealRow) -> Option<&Calendar> {
        self.calendar.as_ref()?.get(deal.contact_id.as_ref()?)
    }

    /// The candidate's first appointment that is not over.
    pub(crate) fn next_appointment(&self, deal: &DealRow) -> Option<&ContactEvent> {
        self.of_calendar(deal)?.next.as_ref()
    }

    /// When the first of the candidate's current and upcoming appointments ends.
    pub(crate) fn next_end_ms(&self, deal: &DealRow) -> Option<EpochMs> {
        self.of_calendar(deal)?.next_ends_ms
    }

    /// The last move that changed how close the candidate is to a signature. A renamed stage is unlisted, so it is not a move.
    pub(crate) fn last_move(&self, board: &Board, deal: &DealRow) -> Option<LastMove> {
        let progress = |stage: &Option<String>| board.progress(&board.place(stage.as_deref()));
        let moved = |entry: &StageMove| {
            let (from, to) = (progress(&entry.from_stage)?, progress(&entry.to_stage)?);
            (from != to).then_some(LastMove { at_ms: entry.at_ms, forward: to > from })
        };
        // When a contact and its deal moved at once, the forward move counts.
        self.moves(deal).filter_map(moved).max_by_key(|moved| (moved.at_ms, moved.forward))
    }

    /// The facts about a deal's candidate.
    pub(crate) fn facts(&self, board: &Board, zone: &Zone, deal: &DealRow) -> StatusFacts {
        let at_ms = EpochMs::from(self.at);
        let place = board.place(deal.stage.as_deref());
        let disclosed = board.has_reached(&DISCLOSED, &place);
        let touch = deal.contact_id.as_ref().and_then(|contact| self.touches.get(contact));
        let calendar = self.calendar.as_ref().map(|_| self.of_calendar(deal));
        let held_ms = calendar.flatten().and_then(|calendar| calendar.held_ms);
        let moves = || self.moves(deal);
        let entered = |entry: &StageMove| {
            Some((board.stage(&board.place(entry.to_stage.as_deref()))?.milestone.likely()?, entry.seen_after_ms))
        };
        let entries: Vec<(Milestone, EpochMs)> = moves().filter_map(entered).collect();
        let first_seen_ms = touch.map_or(deal.stage_since_ms, |touch| touch.first_seen_ms);
        // A candidate first seen in or beyond the stage has the document by then. For one who never moved, the stage's own start
        // is the closer bound.
        let from = moves().min_by_key(|entry| entry.seen_after_ms).map(|first| board.place(first.from_stage.as_deref()));
        let beyond_ms = match from {
            Some(from) => board.has_reached(&DISCLOSED, &from).then_some(first_seen_ms),
            None => disclosed.then_some(deal.stage_since_ms),
        };
        let last_move_ms = moves().map(|entry| entry.at_ms).max().or(deal.stage_since_exact.then_some(deal.stage_since_ms));
        let key = board.stage(&place).map(|stage| &stage.key);
        StatusFacts {
            at_ms,
            today: self.today,
            role: board.role(&place).likely(),
            disclosed,
            stage_since_ms: deal.stage_since_ms,
            stage_since_exact: deal.stage_since_exact,
            stays: key.and_then(|StageKey(key)| self.stays.get(key)).copied().unwrap_or_default(),
            close_date: deal.close_date.as_deref().and_then(|day| day.parse().ok()),
            calendar: calendar.map(|calendar| calendar.map(|calendar| calendar.appointments.clone()).unwrap_or_default()),
            last_touch: LastTouch {
                last_ms: touch.and_then(|touch| touch.last_note_ms).max(held_ms),
                known_until_ms: touch.and_then(|touch| touch.notes_known_ms),
                known_since_ms: touch.map_or(at_ms, ContactTouch::known_since_ms),
            },
            last_move_ms,
            fdd: fdd_clock(&entries, beyond_ms, zone),
        }
    }
}

/// The start of the local day that is `days` days before a moment.
fn days_before(tenant: &Tenant, at: Timestamp, days: i64) -> EpochMs {
    let day = tenant.zone.date(at).saturating_sub(Span::new().days(days));
    tenant.zone.start_of(day).into()
}

/// Loads the appointments of contacts that are still in the CRM.
async fn calendar<C: Conn>(
    conn: &C,
    tenant: &Tenant,
    contacts: &[ContactId],
    at: Timestamp,
) -> Result<HashMap<ContactId, Calendar>> {
    let at_ms = EpochMs::from(at);
    // Long appointments that began earlier count too.
    let from_ms = days_before(tenant, at, EVENT_DAYS);
    let plausible = PlausibleDates::at(at).of_plans();
    let span = (from_ms, *plausible.end());
    let blank_is_none = candidate_facts::has_event_status(conn, tenant.id).await?;
    let mut found: HashMap<ContactId, Calendar> = HashMap::new();
    for event in candidate_facts::events_for(conn, tenant.id, contacts, span).await? {
        let calendar = found.entry(event.client_id.clone()).or_default();
        let planned_end_ms = event.ends_ms.filter(|ms| plausible.contains(ms));
        let ended_ms = ends_ms(event.all_day, event.starts_ms, planned_end_ms, tenant);
        if ended_ms > at_ms {
            // Appointments are in order of their start, so the first one is next.
            calendar.appointments.next_ms.get_or_insert(event.starts_ms);
            calendar.next_ends_ms = Some(calendar.next_ends_ms.map_or(ended_ms, |ends_ms| ends_ms.min(ended_ms)));
            calendar.next.get_or_insert(event);
            continue;
        }
        match appointment_outcome(&event.status, blank_is_none) {
            AppointmentOutcome::None => {
                let missed = UnresolvedAppointment { title: event.title, starts_ms: event.starts_ms, ended_ms };
                calendar.appointments.without_outcome.push(missed);
            }
            AppointmentOutcome::Held => calendar.held_ms = calendar.held_ms.max(Some(ended_ms)),
            AppointmentOutcome::Other | AppointmentOutcome::Unknown => {}
        }
    }
    Ok(found)
}
