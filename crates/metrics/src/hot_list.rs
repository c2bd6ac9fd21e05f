//! The hot list: who stands in a late stage, ranked by how near they are to a signature.
//!
//! One row a candidate, which is a contact; of several late deals the one nearest to a signature tells stage, odds and dates, and
//! their fees are added up, so that the list's sums are those of the late stages in the pipeline. A deal that is joined to no
//! contact has a row of its own. A stage is late by its confirmed role, else by the suggested one: nobody disappears.
//!
//! The list is kept in the store, made anew when a run ends. A transaction that changes what it rests on says so on the kept
//! list, which from then on is told from the tables instead; so it is never older than its facts, however a run ends.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use tetherboard_domain::{
    ContactId, DAY, EpochMs, HotListRules, MedianFee, Money, NO_NAME, Odds, Points, Role, Score, ScoreFacts, StatusRules,
    TenantId, score,
};
use tetherboard_store::candidate_facts::{self, Profile};
use tetherboard_store::deals::{self, DealRow};
use tetherboard_store::hot_list::{self, HotListHead, HotListRow};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, Tx, runs, tenants};

use crate::board::{Board, LeadGroup};
use crate::known::{Known, as_of};
use crate::rules::hot_list_rules;
use crate::status::{Facts, FddClock, Status, status};

/// What a person is told about the list.
pub const HOT_LIST: &str = "Candidates with an open deal in a late stage, or who stand in one without any deal. Of several late \
    deals the one nearest to a signature tells stage, odds and dates; their fees are added up. The score is the sum of the points \
    shown, from 0 to 100. Equal scores are ordered by odds, fee, fewer days in stage, and name.";

/// Of the items that are kept: to be raised when one is written otherwise, or means something else.
const FORMAT: i64 = 1;

/// The list as it stands.
#[derive(Clone, Debug, Default)]
pub struct HotList {
    /// The oldest start of the last whole reads of what it rests on; `None` before there was one.
    pub as_of: Option<Timestamp>,
    /// Whether the calendar was ever read whole.
    pub calendar_read: bool,
    /// The first is the nearest to a signature.
    pub items: Vec<HotListItem>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HotListItem {
    /// The contact's id; of a deal that is joined to none, "deal/" and its own.
    pub key: String,
    /// From 1.
    pub place: i64,
    pub contact_id: Option<ContactId>,
    pub name: String,
    pub market: String,
    pub units: String,
    pub owner: String,
    pub source: Option<String>,
    pub phone: String,
    pub deals: i64,
    /// In the CRM's words.
    pub stage: Option<String>,
    pub stage_since_ms: EpochMs,
    /// Whether the move into the stage was seen; else it has been there at least since.
    pub stage_since_exact: bool,
    pub odds: Option<Odds>,
    pub fee: Option<Money>,
    /// `None` while the fee is not known.
    pub weighted: Option<Money>,
    pub close_date: Option<Date>,
    pub score: i64,
    pub points: Vec<Points>,
    pub status: Status,
    pub next: NextStep,
    pub last_touch_ms: Option<EpochMs>,
    /// Up to when silence is known; `None` when the notes were not read since the candidate last changed.
    pub notes_known_ms: Option<EpochMs>,
    pub fdd: Option<FddClock>,
}

/// What comes next for a candidate, as the status has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum NextStep {
    /// Outcome of an appointment that is over.
    Outcome {
        title: String,
        starts_ms: EpochMs,
    },
    CloseDatePassed {
        day: Date,
    },
    Appointment {
        title: String,
        starts_ms: EpochMs,
        all_day: bool,
    },
    /// The first day on which an agreement can be signed.
    Signing {
        day: Date,
    },
    NothingBooked,
    /// Whether anything is booked is not known, since the calendar was never read.
    NotKnown,
}

impl HotListItem {
    /// Whole days in the stage.
    pub fn days_in_stage(&self, as_of: Timestamp) -> i64 {
        (EpochMs::from(as_of) - self.stage_since_ms).max(0) / DAY
    }

    /// What the fee weighs, for a row that shows it; `None` too while the odds are not known, which weigh nothing in a sum.
    pub fn weighted_shown(&self) -> Option<Money> {
        self.weighted.filter(|weighted| self.odds.is_some() || weighted.0 != 0)
    }

    fn into_row(self) -> HotListRow {
        HotListRow {
            item_key: self.key,
            place: self.place,
            contact_id: self.contact_id,
            name: self.name,
            market: self.market,
            units: self.units,
            owner: self.owner,
            source: self.source,
            phone: self.phone,
            deals: self.deals,
            stage: self.stage,
            stage_since_ms: self.stage_since_ms,
            stage_since_exact: self.stage_since_exact,
            odds: self.odds.map(Odds::hundredths),
            fee_cents: self.fee.map(|fee| fee.0),
            weighted_cents: self.weighted.map(|weighted| weighted.0),
            close_date: self.close_date.map(|day| day.to_string()),
            score: self.score,
            reasons: json(&self.points),
            status: self.status.as_str().to_owned(),
            next_step: json(&self.next),
            last_touch_ms: self.last_touch_ms,
            notes_known_ms: self.notes_known_ms,
            fdd: self.fdd.as_ref().map(json),
        }
    }

    /// `None` for a row that another version of this code wrote.
    fn of(row: HotListRow) -> Option<Self> {
        Some(Self {
            points: serde_json::from_str(&row.reasons).ok()?,
            status: Status::ALL.into_iter().find(|status| status.as_str() == row.status)?,
            next: serde_json::from_str(&row.next_step).ok()?,
            fdd: row.fdd.as_deref().map(serde_json::from_str).transpose().ok()?,
            key: row.item_key,
            place: row.place,
            contact_id: row.contact_id,
            name: row.name,
            market: row.market,
            units: row.units,
            owner: row.owner,
            source: row.source,
            phone: row.phone,
            deals: row.deals,
            stage: row.stage,
            stage_since_ms: row.stage_since_ms,
            stage_since_exact: row.stage_since_exact,
            odds: row.odds.and_then(Odds::from_hundredths),
            fee: row.fee_cents.map(Money),
            weighted: row.weighted_cents.map(Money),
            close_date: row.close_date.and_then(|day| day.parse().ok()),
            score: row.score,
            last_touch_ms: row.last_touch_ms,
            notes_known_ms: row.notes_known_ms,
        })
    }

    /// The order of the list. Names are compared as people read them.
    fn rank(&self) -> impl Ord + use<> {
        let (odds, fee) = (Reverse(self.odds.map(Odds::hundredths)), Reverse(self.fee.map(|fee| fee.0)));
        (Reverse(self.score), odds, fee, Reverse(self.stage_since_ms), self.name.to_lowercase(), self.key.clone())
    }
}

/// What is written is our own: numbers, words and dates.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

// Reading --------------------------------------------------------------------------------------------------------------

/// The list as it is kept; told from the tables where what is kept is not what they say, or of a form that another version of
/// this code wrote.
///
/// # Errors
/// When the database does not answer.
pub async fn hot_list<C: Conn>(conn: &C, tenant: TenantId) -> Result<HotList> {
    let Some(head) = hot_list::head(conn, tenant).await? else { return Ok(HotList::default()) };
    match head.format {
        FORMAT => kept(conn, tenant, head).await,
        _ => told(conn, tenant).await,
    }
}

async fn kept<C: Conn>(conn: &C, tenant: TenantId, head: HotListHead) -> Result<HotList> {
    let (mut items, mut all_read) = (Vec::new(), true);
    hot_list::each_item(conn, tenant, |row| match HotListItem::of(row) {
        Some(item) => items.push(item),
        None => all_read = false,
    })
    .await?;
    if !all_read {
        return told(conn, tenant).await;
    }
    items.sort_by_key(|item| item.place);
    let as_of = head.as_of_ms.and_then(EpochMs::timestamp);
    Ok(HotList { as_of, calendar_read: head.calendar_read, items })
}

async fn told<C: Conn>(conn: &C, tenant: TenantId) -> Result<HotList> {
    let Some(tenant) = tenants::by_id(conn, tenant).await? else { return Ok(HotList::default()) };
    let (as_of, calendar_read) = as_of(&runs::dataset_ages(conn, tenant.id).await?);
    let items = match as_of {
        Some(at) => hot_list_at(conn, &tenant, at, calendar_read).await?.0,
        None => Vec::new(),
    };
    Ok(HotList { as_of, calendar_read, items })
}

// Making ---------------------------------------------------------------------------------------------------------------

/// What the list is made anew for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuild {
    /// What it rests on changed in this transaction: a setting.
    Changed,
    /// A run has ended. What the list rests on may be as it was, and what is kept may hold.
    Later,
}

/// Makes the kept list say what the tables say, within the transaction that changed them.
///
/// # Errors
/// When the database does not answer.
pub async fn rebuild_hot_list(tx: &Tx, tenant: TenantId, now: Timestamp, why: Rebuild) -> Result<()> {
    hot_list::lock(tx, tenant).await?;
    let Some(tenant) = tenants::by_id(tx, tenant).await? else { return Ok(()) };
    let (as_of, calendar_read) = as_of(&runs::dataset_ages(tx, tenant.id).await?);
    let Some(at) = as_of.map(|as_of| as_of.min(now)) else {
        let nothing = HotListHead { as_of_ms: None, holds_until_ms: EpochMs(0), calendar_read, format: FORMAT };
        hot_list::replace(tx, tenant.id, Vec::new()).await?;
        return hot_list::set_head(tx, tenant.id, nothing).await;
    };
    let at_ms = EpochMs::from(at);
    if why == Rebuild::Later
        && let Some(before) = hot_list::head(tx, tenant.id).await?
        && before.format == FORMAT
        && before.calendar_read == calendar_read
        && before.as_of_ms.is_some_and(|told_ms| (told_ms..before.holds_until_ms).contains(&at_ms))
    {
        return hot_list::set_head(tx, tenant.id, HotListHead { as_of_ms: Some(at_ms), ..before }).await;
    }
    let (items, holds_until_ms) = hot_list_at(tx, &tenant, at, calendar_read).await?;
    hot_list::replace(tx, tenant.id, items.into_iter().map(HotListItem::into_row).collect()).await?;
    let head = HotListHead { as_of_ms: Some(at_ms), holds_until_ms, calendar_read, format: FORMAT };
    hot_list::set_head(tx, tenant.id, head).await
}

/// The list as of a moment, told from the tables, and until when no item of it changes by time alone.
///
/// # Errors
/// When the database does not answer.
pub async fn hot_list_at<C: Conn>(
    conn: &C,
    tenant: &Tenant,
    at: Timestamp,
    calendar_read: bool,
) -> Result<(Vec<HotListItem>, EpochMs)> {
    let board = Board::load(conn, tenant.id).await?;
    let rules = hot_list_rules(conn, tenant.id).await?;
    let known = Known::load(conn, tenant, &board, at, calendar_read, |role| role == Role::Late).await?;
    let tomorrow = tenant.zone.start_of(tenant.zone.date(at).saturating_add(Span::new().days(1)));
    let mut turns = Turns { at_ms: at.into(), next_ms: tomorrow.into() };
    if known.deals.is_empty() {
        return Ok((Vec::new(), turns.next_ms));
    }
    let median_fee = MedianFee::of(&deals::fees(conn, tenant.id, &board.group_filter(LeadGroup::Open)).await?);
    turns.at(candidate_facts::next_note_ms(conn, tenant.id, at.into()).await?);
    let mut by_key: HashMap<String, Vec<&DealRow>> = HashMap::new();
    for deal in &known.deals {
        let key = deal.contact_id.as_ref().map_or_else(|| format!("deal/{}", deal.deal_id), ToString::to_string);
        by_key.entry(key).or_default().push(deal);
    }
    let contacts: BTreeSet<&ContactId> = known.deals.iter().filter_map(|deal| deal.contact_id.as_ref()).collect();
    let contacts: Vec<ContactId> = contacts.into_iter().cloned().collect();
    let profiles = candidate_facts::profiles(conn, tenant.id, &contacts).await?;
    let profiles: HashMap<&str, &Profile> = profiles.iter().map(|profile| (profile.crm_id.as_str(), profile)).collect();
    let told = Telling { tenant, board: &board, rules: &rules, known: &known, median_fee };
    let items = by_key.into_iter().map(|(key, deals)| {
        let profile = profiles.get(key.as_str()).copied();
        told.item(key, deals, profile, &mut turns)
    });
    let mut items: Vec<HotListItem> = items.collect();
    items.sort_by_cached_key(HotListItem::rank);
    for (place, item) in (1..).zip(&mut items) {
        item.place = place;
    }
    Ok((items, turns.next_ms))
}

/// A deal that tells nobody's name may be called by its own.
fn named(deal: &DealRow) -> String {
    let title = Some(&deal.title).filter(|title| deal.name == NO_NAME && !title.trim().is_empty());
    title.unwrap_or(&deal.name).clone()
}

/// What every row is told by.
struct Telling<'a> {
    tenant: &'a Tenant,
    board: &'a Board,
    rules: &'a HotListRules,
    known: &'a Known,
    median_fee: Option<MedianFee>,
}

impl Telling<'_> {
    /// `deals` are one candidate's late ones; there is one at least.
    fn item(&self, key: String, mut deals: Vec<&DealRow>, profile: Option<&Profile>, turns: &mut Turns) -> HotListItem {
        let Self { board, rules, known, .. } = self;
        let odds = |deal: &DealRow| board.odds_of(deal.odds, &board.place(deal.stage.as_deref()));
        let nearest = |deal: &&DealRow| {
            let (odds, since) = (odds(deal).map(Odds::hundredths), deal.stage_since_ms);
            (Reverse(odds), Reverse(deal.fee_cents), Reverse(since), deal.deal_id.clone())
        };
        deals.sort_by_cached_key(nearest);
        let lead = deals[0];
        let fees: Vec<(Money, Money)> = deals
            .iter()
            .filter_map(|deal| {
                let fee = Money(deal.fee_cents?);
                Some((fee, odds(deal).map_or(Money::ZERO, |odds| odds.weigh(fee))))
            })
            .collect();
        let fee = (!fees.is_empty()).then(|| fees.iter().map(|(fee, _)| *fee).sum());
        let weighted = (!fees.is_empty()).then(|| fees.iter().map(|(_, weighted)| *weighted).sum());
        // Of several deals the most urgent one tells the status, as it does for who needs attention.
        let facts: Vec<Facts> = deals.iter().map(|deal| known.facts(board, &self.tenant.zone, deal)).collect();
        let urgent = facts.iter().min_by_key(|facts| status(facts, &rules.status)).unwrap_or(&facts[0]);
        let of_lead = &facts[0];
        let scored = score_of(self, of_lead, lead, fee);
        for (facts, deal) in facts.iter().zip(&deals) {
            turns.of_status(facts, known.next_end_ms(deal), &rules.status);
        }
        turns.of_score(&scored.0, rules);
        let (_, Score { parts, total }) = scored;
        let owner = [Some(lead.owner.as_str()), profile.map(|profile| profile.owner.as_str())];
        let owner = owner.into_iter().flatten().find(|owner| !owner.trim().is_empty()).unwrap_or_default();
        let place = board.place(lead.stage.as_deref());
        HotListItem {
            key,
            place: 0,
            contact_id: lead.contact_id.clone(),
            name: named(lead),
            market: lead.market.clone(),
            units: profile.map(|profile| profile.units.clone()).unwrap_or_default(),
            owner: owner.to_owned(),
            source: profile.and_then(|profile| profile.source.clone()),
            phone: profile.map(|profile| profile.phone.clone()).unwrap_or_default(),
            deals: i64::try_from(deals.len()).unwrap_or(i64::MAX),
            stage: board.label(&place).map(str::to_owned),
            stage_since_ms: lead.stage_since_ms,
            stage_since_exact: lead.stage_since_exact,
            odds: odds(lead),
            fee,
            weighted,
            close_date: of_lead.close_date,
            score: total,
            points: parts,
            status: status(urgent, &rules.status),
            next: self.next_step(urgent, lead),
            last_touch_ms: of_lead.touches.last_ms,
            notes_known_ms: of_lead.touches.known_until_ms,
            fdd: of_lead.fdd.filter(|clock| clock.runs(of_lead.today)),
        }
    }

    fn next_step(&self, facts: &Facts, lead: &DealRow) -> NextStep {
        let appointment = self.known.next_appointment(lead).map(|next| {
            let title = [&next.title, &next.kind].into_iter().map(|text| text.trim()).find(|text| !text.is_empty());
            let title = title.unwrap_or("Appointment").to_owned();
            NextStep::Appointment { title, starts_ms: next.starts_ms, all_day: next.all_day }
        });
        let overdue = || {
            let missed = facts.missed(&self.rules.status);
            let outcome = missed.map(|missed| NextStep::Outcome { title: missed.title.clone(), starts_ms: missed.starts_ms });
            outcome.or_else(|| facts.close_date_passed().map(|day| NextStep::CloseDatePassed { day }))
        };
        let told = match status(facts, &self.rules.status) {
            Status::OverdueAction => overdue(),
            Status::WaitingPeriod => facts.fdd.map(|clock| NextStep::Signing { day: clock.earliest_signing() }),
            _ => appointment.clone(),
        };
        let none = if facts.calendar.is_some() { NextStep::NothingBooked } else { NextStep::NotKnown };
        told.or(appointment).unwrap_or(none)
    }
}

fn score_of(telling: &Telling<'_>, facts: &Facts, lead: &DealRow, fee: Option<Money>) -> (ScoreFacts, Score) {
    let touches = facts.touches;
    let score_facts = ScoreFacts {
        at_ms: facts.at_ms,
        today: facts.today,
        odds: telling.board.odds_of(lead.odds, &telling.board.place(lead.stage.as_deref())),
        last_move: telling.known.last_move(telling.board, lead),
        last_touch_ms: touches.last_ms,
        // Silence costs only where it was read that there was nothing.
        silent_since_ms: touches
            .silent_for(telling.rules.score.silent.days, facts.at_ms)
            .then(|| touches.last_ms.unwrap_or(touches.known_since_ms)),
        next_appointment_ms: facts.calendar.as_ref().and_then(|calendar| calendar.next_ms),
        fee,
        median_fee: telling.median_fee,
        close_date: facts.close_date,
    };
    let scored = score(&score_facts, &telling.rules.score);
    (score_facts, scored)
}

/// The first moment after one at which a rule would say something else of the same facts.
struct Turns {
    at_ms: EpochMs,
    next_ms: EpochMs,
}

impl Turns {
    fn at(&mut self, ms: Option<EpochMs>) {
        if let Some(ms) = ms.filter(|ms| *ms > self.at_ms) {
            self.next_ms = self.next_ms.min(ms);
        }
    }

    /// A window of so many days after a moment, with its last instant in it or not.
    fn after(&mut self, ms: Option<EpochMs>, days: i64) {
        self.at(ms.map(|ms| ms + days * DAY));
        self.at(ms.map(|ms| ms + days * DAY + 1));
    }

    fn of_status(&mut self, facts: &Facts, next_end_ms: Option<EpochMs>, rules: &StatusRules) {
        let touches = facts.touches;
        self.at(next_end_ms);
        self.after(Some(facts.stage_since_ms), 0);
        self.at(Some(facts.stage_since_ms + facts.stall_limit_ms(rules) + 1));
        for ms in [facts.last_move_ms, touches.last_ms] {
            self.after(ms, 0);
            self.after(ms, rules.moving_within);
        }
        for days in [rules.silent, rules.stalled_untouched] {
            self.silence(facts, days);
        }
        let Some(calendar) = &facts.calendar else { return };
        for missed in &calendar.without_outcome {
            self.after(Some(missed.ended_ms), rules.overdue_from);
            self.after(Some(missed.ended_ms), rules.overdue_until);
        }
        self.after(calendar.next_ms, -rules.booked_within);
    }

    fn of_score(&mut self, facts: &ScoreFacts, rules: &HotListRules) {
        let rules = &rules.score;
        for step in rules.moved_forward.iter().chain([&rules.moved_back]) {
            self.after(facts.last_move.map(|moved| moved.at_ms), step.days);
        }
        for step in &rules.touched {
            self.after(facts.last_touch_ms, step.days);
        }
        self.after(facts.silent_since_ms, rules.silent.days);
        for step in &rules.booked {
            self.after(facts.next_appointment_ms, -step.days);
        }
    }

    fn silence(&mut self, facts: &Facts, days: i64) {
        let touches = facts.touches;
        self.after(Some(touches.last_ms.unwrap_or(touches.known_since_ms)), days);
        self.after(touches.known_until_ms, 0);
        self.after(touches.known_until_ms, days);
    }
}
