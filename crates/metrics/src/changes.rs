//! What changed since a day, as recorded by syncs.
//!
//! A move counts between two stages of the CRM's current list. Renaming a stage would otherwise look like a move of every
//! candidate in it. What the first read found is not a change either.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use tetherboard_domain::{ContactId, EpochMs, Money, PlausibleDates, Role, Zone, weighted};
use tetherboard_store::candidate_facts::{self, CandidateEvent, EventFilter, NewFee, ProspectMove};
use tetherboard_store::leads::LabelMatch;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, pipeline_days};

use crate::appointments::is_discovery_day;
use crate::board::{Board, LeadGroup, StagePlace};
use crate::day_totals::day_totals;

/// If more contacts than this become inactive, somebody cleaned up the CRM: not news, and too many for a list.
const MAX_INACTIVE: usize = 20_000;

/// What changed since a day.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The first recorded day. Earlier changes are unknown.
    pub begins: Option<Date>,
    /// Candidates who moved forward into a qualified stage or beyond and are still there, the furthest first.
    pub advances: Vec<StageAdvance>,
    /// The weighted value at the end of the day before.
    pub weighted_before: Option<Money>,
    /// The newly known fee with the largest weighted value.
    pub fee: Option<WeightedFee>,
    /// Contacts that became inactive and still are.
    pub inactive: Vec<ContactId>,
    /// Prospects with a newly booked Discovery Day from today on, by its day.
    pub discovery: Vec<(Date, ContactId)>,
}

/// A candidate's move toward a signature.
#[derive(Clone, Debug)]
pub struct StageAdvance {
    pub contact_id: ContactId,
    pub name: String,
    /// In the CRM's spelling.
    pub from: String,
    pub to: String,
    /// The local day of the move, or the latest possible one.
    pub day: Date,
    /// Whether `day` is certain.
    pub day_is_known: bool,
}

/// A fee that became known.
#[derive(Clone, Debug)]
pub struct WeightedFee {
    /// `None`: the deal has no contact.
    pub contact_id: Option<ContactId>,
    pub name: String,
    /// Fee × odds.
    pub weighted: Money,
}

/// Loads what changed since the start of a local day.
///
/// # Errors
/// When the database fails.
pub async fn changes<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, since: Date, now: Timestamp) -> Result<Changes> {
    let (of, tenant, zone) = (tenant, tenant.id, &tenant.zone);
    let since_ms = EpochMs::from(zone.start_of(since));
    let is_relevant = |role: Role| matches!(role, Role::Qualified | Role::Late | Role::Awarded | Role::Inactive);
    let LabelMatch::Keys(stages) = board.likely_filter(is_relevant) else { return Ok(Changes::default()) };
    let moves = candidate_facts::moves_since(conn, tenant, &stages, since_ms).await?;
    let day_before = since.saturating_sub(Span::new().days(1));
    let before = day_totals(conn, of, board, since, 1).await?;
    let fees = candidate_facts::new_fees(conn, tenant, since_ms).await?;
    Ok(Changes {
        begins: pipeline_days::first_day(conn, tenant).await?.and_then(|day| day.parse().ok()),
        advances: advances(board, zone, &moves),
        weighted_before: before.iter().find(|day| day.day == day_before).map(|day| day.weighted),
        fee: fees.into_iter().filter_map(|fee| weigh(board, fee)).max_by_key(|fee| fee.weighted.0),
        inactive: became_inactive(board, &moves),
        discovery: discovery_days(conn, of, since_ms, now).await?,
    })
}

/// Each contact's last move with the indexes of its two stages, if the contact is still where the move led.
fn last_moves<'a>(board: &Board, moves: &'a [ProspectMove]) -> Vec<(usize, usize, &'a ProspectMove)> {
    let mut last: HashMap<&ContactId, (usize, usize, &ProspectMove)> = HashMap::new();
    for moved in moves {
        let (from, to) = (board.place(moved.from_stage.as_deref()), board.place(moved.to_stage.as_deref()));
        let stands = board.place(moved.stage.as_deref()) == to;
        match (from, to) {
            (StagePlace::Listed(from), StagePlace::Listed(to)) if stands => _ = last.insert(&moved.crm_id, (from, to, moved)),
            _ => _ = last.remove(&moved.crm_id),
        }
    }
    last.into_values().collect()
}

fn advances(board: &Board, zone: &Zone, moves: &[ProspectMove]) -> Vec<StageAdvance> {
    let role = |at: usize| board.role(&StagePlace::Listed(at)).likely();
    let is_ahead = |(from, to, _): &(usize, usize, &ProspectMove)| {
        let on_the_way = !matches!(role(*from), Some(Role::Awarded));
        to > from && on_the_way && matches!(role(*to), Some(Role::Qualified | Role::Late | Role::Awarded))
    };
    let mut ahead: Vec<_> = last_moves(board, moves).into_iter().filter(is_ahead).collect();
    ahead.sort_by(|a, b| (b.1, b.2.at_ms, &a.2.crm_id).cmp(&(a.1, a.2.at_ms, &b.2.crm_id)));
    let name = |at: usize| board.stages()[at].name.clone();
    let date = |ms: EpochMs| ms.timestamp().map_or(Date::MIN, |moment| zone.date(moment));
    let found = ahead.into_iter().map(|(from, to, moved)| StageAdvance {
        contact_id: moved.crm_id.clone(),
        name: moved.name.clone(),
        from: name(from),
        to: name(to),
        day: date(moved.at_ms),
        day_is_known: moved.at_ms != moved.seen_after_ms || date(moved.seen_before_ms) == date(moved.at_ms),
    });
    found.collect()
}

fn became_inactive(board: &Board, moves: &[ProspectMove]) -> Vec<ContactId> {
    let inactive = |at: usize| board.is_in(LeadGroup::Inactive, &StagePlace::Listed(at));
    let left = last_moves(board, moves).into_iter().filter(|(from, to, _)| !inactive(*from) && inactive(*to));
    let mut left: Vec<ContactId> = left.map(|(_, _, moved)| moved.crm_id.clone()).collect();
    left.sort();
    if left.len() > MAX_INACTIVE { Vec::new() } else { left }
}

fn weigh(board: &Board, learned: NewFee) -> Option<WeightedFee> {
    let place = board.place(learned.stage.as_deref());
    let weighted = weighted(Some(Money(learned.fee_cents)), board.odds_of(learned.odds, &place))?;
    let counts = board.is_in(LeadGroup::Open, &place) && weighted > Money::ZERO;
    counts.then_some(WeightedFee { contact_id: learned.contact_id, name: learned.name, weighted })
}

/// Each prospect's first newly booked Discovery Day from today on.
async fn discovery_days<C: Conn>(conn: &C, tenant: &Tenant, since_ms: EpochMs, now: Timestamp) -> Result<Vec<(Date, ContactId)>> {
    let today = tenant.zone.date(now);
    let from_ms = tenant.zone.start_of(today).min(tenant.source_time().0.start_of(today)).into();
    let first_ms = candidate_facts::first_events_ms(conn, tenant.id).await?;
    let until_ms = Some(*PlausibleDates::at(now).of_plans().end());
    let ahead = candidate_facts::events(conn, tenant.id, EventFilter { from_ms, until_ms, limit: None }).await?;
    let mut found: Vec<(Date, ContactId)> = Vec::new();
    for event in ahead {
        let is_new = event.first_seen_ms >= since_ms && event.first_seen_ms > first_ms;
        let is_discovery = is_discovery_day(&event.title, &event.kind);
        let day = start_date(&event, tenant);
        let counts = event.of_prospect && is_new && is_discovery && day >= today;
        let Some(client_id) = event.client_id.filter(|_| counts) else { continue };
        if !found.iter().any(|(_, known)| *known == client_id) {
            found.push((day, client_id));
        }
    }
    Ok(found)
}

/// The local day an appointment starts on. For an all-day appointment, the day the CRM names.
pub fn start_date(event: &CandidateEvent, tenant: &Tenant) -> Date {
    let zone = if event.all_day { tenant.source_time().0 } else { tenant.zone.clone() };
    event.starts_ms.timestamp().map_or(Date::MAX, |starts| zone.date(starts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::usual;

    fn moved(id: &str, from: &str, to: &str, now: &str) -> ProspectMove {
        let key = |stage: &str| Some(stage.to_lowercase());
        ProspectMove {
            crm_id: id.into(),
            name: id.to_owned(),
            stage: Some(now.to_owned()),
            from_stage: key(from),
            to_stage: key(to),
            seen_before_ms: EpochMs(0),
            seen_after_ms: EpochMs(10),
            at_ms: EpochMs(10),
        }
    }

    #[test]
    fn moves_toward_a_signature_that_still_hold_are_listed_the_furthest_first() {
        let board = Board::new(usual(), HashMap::new());
        let moves = [
            moved("forward", "Outbound Call", "QR Returned", "QR Returned"),
            moved("farthest", "FDD Sent", "FA Sent", "FA Sent"),
            moved("back", "FA Sent", "FDD Sent", "FDD Sent"),
            moved("renamed", "Quali Returned", "QR Returned", "QR Returned"),
            moved("moved on since", "QR Returned", "FDD Sent", "FA Sent"),
        ];
        let ids: Vec<String> = advances(&board, &Zone::utc(), &moves).into_iter().map(|one| one.contact_id.0).collect();
        assert_eq!(ids, ["farthest", "forward"]);
    }

    #[test]
    fn a_contact_who_came_back_from_an_inactive_stage_is_not_inactive() {
        let board = Board::new(usual(), HashMap::new());
        let moves = [
            moved("gone", "New Lead", "Not Interested", "Not Interested"),
            moved("back", "New Lead", "Not Interested", "QR Returned"),
            moved("back", "Not Interested", "QR Returned", "QR Returned"),
        ];
        assert_eq!(became_inactive(&board, &moves), [ContactId::from("gone")]);
    }
}
