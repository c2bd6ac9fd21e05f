//! What changed since a day: only what reads of the CRM saw change.
//!
//! A move counts between two stages that the CRM's list names today. When a stage is renamed, every candidate in it seems to
//! move from a name that is no more; that is no news. Nor is what the first read found.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use tetherboard_domain::{ContactId, EpochMs, Money, Role, Zone};
use tetherboard_store::candidate_facts::{self, CandidateEvent, EventFilter, NewFee, ProspectMove};
use tetherboard_store::leads::LabelMatch;
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, pipeline_days};

use crate::appointments::is_discovery_day;
use crate::board::{Board, LeadGroup, StagePlace};
use crate::trend::day_totals;

/// When more than so many become inactive, the CRM was tidied up: no news of candidates, and more than a list can be asked for.
const TIDIED: usize = 20_000;

#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The first day of which anything is kept; no earlier change can have been seen.
    pub begins: Option<Date>,
    /// Who moved towards a signature into a qualified stage or beyond and still stands there, the farthest first.
    pub moved_on: Vec<MovedOn>,
    /// Weighted value as the day before left it.
    pub weighted_before: Option<Money>,
    /// Of fees that were not known before, the one that weighs most.
    pub fee: Option<FeeNow>,
    /// Contacts that became inactive and still are.
    pub inactive: Vec<ContactId>,
    /// Prospects for whom a Discovery Day from today on was booked, by its day.
    pub discovery: Vec<(Date, ContactId)>,
}

#[derive(Clone, Debug)]
pub struct MovedOn {
    pub contact_id: ContactId,
    pub name: String,
    /// As the CRM spells them.
    pub from: String,
    pub to: String,
    /// The local day, or the last that it can have been.
    pub day: Date,
    pub day_is_known: bool,
}

/// A fee that became known, by what it adds to the weighted value.
#[derive(Clone, Debug)]
pub struct FeeNow {
    /// `None`: the deal is joined to nobody.
    pub contact_id: Option<ContactId>,
    pub name: String,
    pub weighted: Money,
}

/// # Errors
/// When the database does not answer.
pub async fn changes<C: Conn>(conn: &C, tenant: &Tenant, board: &Board, since: Date, now: Timestamp) -> Result<Changes> {
    let (of, tenant, zone) = (tenant, tenant.id, &tenant.zone);
    let since_ms = EpochMs::from(zone.start_of(since));
    let is_told = |role: Role| matches!(role, Role::Qualified | Role::Late | Role::Awarded | Role::Inactive);
    let LabelMatch::Keys(stages) = board.likely_filter(is_told) else { return Ok(Changes::default()) };
    let moves = candidate_facts::moves_since(conn, tenant, &stages, since_ms).await?;
    let day_before = since.saturating_sub(Span::new().days(1));
    let before = day_totals(conn, tenant, board, since, 1).await?;
    let fees = candidate_facts::new_fees(conn, tenant, since_ms).await?;
    Ok(Changes {
        begins: pipeline_days::first_day(conn, tenant).await?.and_then(|day| day.parse().ok()),
        moved_on: moved_on(board, zone, &moves),
        weighted_before: before.iter().find(|day| day.day == day_before).map(|day| day.weighted),
        fee: fees.into_iter().filter_map(|fee| weigh(board, fee)).max_by_key(|fee| fee.weighted.0),
        inactive: became_inactive(board, &moves),
        discovery: discovery_days(conn, of, since_ms, now).await?,
    })
}

/// The last of each contact's moves, if it still holds.
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

fn moved_on(board: &Board, zone: &Zone, moves: &[ProspectMove]) -> Vec<MovedOn> {
    let role = |at: usize| board.role(&StagePlace::Listed(at)).likely();
    let is_ahead = |(from, to, _): &(usize, usize, &ProspectMove)| {
        let on_the_way = !matches!(role(*from), Some(Role::Awarded));
        to > from && on_the_way && matches!(role(*to), Some(Role::Qualified | Role::Late | Role::Awarded))
    };
    let mut ahead: Vec<_> = last_moves(board, moves).into_iter().filter(is_ahead).collect();
    ahead.sort_by(|a, b| (b.1, b.2.at_ms, &a.2.crm_id).cmp(&(a.1, a.2.at_ms, &b.2.crm_id)));
    let name = |at: usize| board.stages()[at].name.clone();
    let date = |ms: EpochMs| ms.timestamp().map_or(Date::MIN, |moment| zone.date(moment));
    let told = ahead.into_iter().map(|(from, to, moved)| MovedOn {
        contact_id: moved.crm_id.clone(),
        name: moved.name.clone(),
        from: name(from),
        to: name(to),
        day: date(moved.at_ms),
        day_is_known: moved.at_ms != moved.seen_after_ms || date(moved.seen_before_ms) == date(moved.at_ms),
    });
    told.collect()
}

fn became_inactive(board: &Board, moves: &[ProspectMove]) -> Vec<ContactId> {
    let inactive = |at: usize| board.is_in(LeadGroup::Inactive, &StagePlace::Listed(at));
    let left = last_moves(board, moves).into_iter().filter(|(from, to, _)| !inactive(*from) && inactive(*to));
    let mut left: Vec<ContactId> = left.map(|(_, _, moved)| moved.crm_id.clone()).collect();
    left.sort();
    if left.len() > TIDIED { Vec::new() } else { left }
}

fn weigh(board: &Board, learned: NewFee) -> Option<FeeNow> {
    let place = board.place(learned.stage.as_deref());
    let odds = board.odds_of(learned.odds, &place)?;
    let weighted = odds.weigh(Money(learned.fee_cents));
    let counts = board.is_in(LeadGroup::Open, &place) && weighted > Money::ZERO;
    counts.then_some(FeeNow { contact_id: learned.contact_id, name: learned.name, weighted })
}

/// The first of each prospect.
async fn discovery_days<C: Conn>(conn: &C, tenant: &Tenant, since_ms: EpochMs, now: Timestamp) -> Result<Vec<(Date, ContactId)>> {
    let today = tenant.zone.date(now);
    let from_ms = tenant.zone.start_of(today).min(tenant.source_time().0.start_of(today)).into();
    let first_ms = candidate_facts::first_events_ms(conn, tenant.id).await?;
    let ahead = candidate_facts::events(conn, tenant.id, EventFilter { from_ms, ..EventFilter::default() }).await?;
    let mut found: Vec<(Date, ContactId)> = Vec::new();
    for event in ahead {
        let is_new = event.first_seen_ms >= since_ms && event.first_seen_ms > first_ms;
        let is_discovery = is_discovery_day(&event.title, &event.kind);
        let day = starts_on(&event, tenant);
        let is_told = event.of_prospect && is_new && is_discovery && day >= today;
        let Some(client_id) = event.client_id.filter(|_| is_told) else { continue };
        if !found.iter().any(|(_, known)| *known == client_id) {
            found.push((day, client_id));
        }
    }
    Ok(found)
}

/// The local day on which an appointment begins; of a bare day, the one that the CRM names.
pub fn starts_on(event: &CandidateEvent, tenant: &Tenant) -> Date {
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
    fn only_moves_towards_a_signature_that_still_hold_are_told_the_farthest_first() {
        let board = Board::new(usual(), HashMap::new());
        let moves = [
            moved("forward", "Outbound Call", "QR Returned", "QR Returned"),
            moved("farthest", "FDD Sent", "FA Sent", "FA Sent"),
            moved("back", "FA Sent", "FDD Sent", "FDD Sent"),
            moved("renamed", "Quali Returned", "QR Returned", "QR Returned"),
            moved("moved on since", "QR Returned", "FDD Sent", "FA Sent"),
        ];
        let told: Vec<String> = moved_on(&board, &Zone::utc(), &moves).into_iter().map(|one| one.contact_id.0).collect();
        assert_eq!(told, ["farthest", "forward"]);
    }

    #[test]
    fn who_came_back_from_an_inactive_stage_is_not_inactive() {
        let board = Board::new(usual(), HashMap::new());
        let moves = [
            moved("gone", "New Lead", "Not Interested", "Not Interested"),
            moved("back", "New Lead", "Not Interested", "QR Returned"),
            moved("back", "Not Interested", "QR Returned", "QR Returned"),
        ];
        assert_eq!(became_inactive(&board, &moves), [ContactId::from("gone")]);
    }
}
