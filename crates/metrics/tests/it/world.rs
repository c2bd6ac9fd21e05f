//! A small CRM in memory, and what a sync that sees its every change would have written of it.

use std::collections::{BTreeMap, HashMap};

use tetherboard_domain::{ContactId, Dataset, DealId, EpochMs, Money, Odds, Role, StageKey};
use tetherboard_metrics::{Board, History};
use tetherboard_store::history::{HistoryContact, HistoryDeal, LinkedContact, Transition, ValueChange};
use tetherboard_store::lookups::Stage;

/// Name, role and odds in percent.
pub(crate) const STAGES: [(&str, Role, i64); 7] = [
    ("New Lead", Role::New, 0),
    ("QR Returned", Role::Qualified, 10),
    ("FDD Sent", Role::Qualified, 15),
    ("FA Sent", Role::Late, 95),
    ("FA Signed", Role::Awarded, 100),
    ("Future Interest", Role::Parked, 0),
    ("Not Interested", Role::Inactive, 0),
];

pub(crate) fn board() -> Board {
    let listed = (1..).zip(STAGES).map(|(order, (name, _, odds))| Stage {
        crm_id: order.to_string(),
        name: name.to_owned(),
        key: StageKey::of(name),
        active: true,
        order: Some(order),
        odds: Odds::from_hundredths(odds * 100),
        contact_type: Some(1),
    });
    let roles: HashMap<StageKey, Role> = STAGES.iter().map(|(name, role, _)| (StageKey::of(name), *role)).collect();
    Board::new(listed.collect(), roles)
}

/// What can happen in the CRM. Contacts and deals are told by number.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    AddContact { stage: usize, fee: Option<i64> },
    AddDeal { contact: Option<usize>, stage: usize, fee: Option<i64>, odds: Option<i64> },
    MoveContact { contact: usize, stage: usize },
    MoveDeal { deal: usize, stage: usize },
    PriceContact { contact: usize, fee: Option<i64> },
    PriceDeal { deal: usize, fee: Option<i64> },
    Reckon { deal: usize, odds: Option<i64> },
    LoseContact { contact: usize },
    LoseDeal { deal: usize },
}

/// An hour between two events; the first read is at hour 1.
pub(crate) const HOUR_MS: i64 = 3_600_000;

#[derive(Clone, Debug, Default)]
struct Row {
    stage: usize,
    fee: Option<i64>,
    odds: Option<i64>,
    contact: Option<usize>,
    first_seen_ms: EpochMs,
    gone_ms: Option<EpochMs>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) now_ms: EpochMs,
    contacts: Vec<Row>,
    deals: Vec<Row>,
    moves: Vec<Transition>,
    values: Vec<ValueChange>,
}

/// What the pipeline page shows of a world: by stage, contacts, deals, value and weighted value.
pub(crate) type Shown = BTreeMap<String, (i64, i64, i64, i64)>;

impl World {
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut world = Self { now_ms: EpochMs(HOUR_MS), ..Self::default() };
        events.iter().for_each(|event| world.happen(event));
        world
    }

    /// Lets an event happen, and be seen at once; one that speaks of nobody does not.
    pub(crate) fn happen(&mut self, event: &Event) {
        let now_ms = self.now_ms;
        match event {
            Event::AddContact { stage, fee } => {
                self.contacts.push(Row { stage: *stage, fee: *fee, first_seen_ms: now_ms, ..Row::default() });
            }
            Event::AddDeal { contact, stage, fee, odds } => {
                let contact = contact.filter(|_| !self.contacts.is_empty()).map(|at| at % self.contacts.len());
                let row = Row { stage: *stage, fee: *fee, odds: *odds, contact, first_seen_ms: now_ms, gone_ms: None };
                self.deals.push(row);
            }
            Event::MoveContact { contact, stage } => self.moved(Dataset::Contacts, *contact, *stage),
            Event::MoveDeal { deal, stage } => self.moved(Dataset::Deals, *deal, *stage),
            Event::PriceContact { contact, fee } => self.priced(Dataset::Contacts, *contact, "fee", *fee),
            Event::PriceDeal { deal, fee } => self.priced(Dataset::Deals, *deal, "fee", *fee),
            Event::Reckon { deal, odds } => self.priced(Dataset::Deals, *deal, "odds", *odds),
            Event::LoseContact { contact } => {
                if let Some((_, row)) = self.row(Dataset::Contacts, *contact) {
                    row.gone_ms = Some(now_ms);
                }
            }
            Event::LoseDeal { deal } => {
                if let Some((_, row)) = self.row(Dataset::Deals, *deal) {
                    row.gone_ms = Some(now_ms);
                }
            }
        }
        self.now_ms = self.now_ms + HOUR_MS;
    }

    fn row(&mut self, of: Dataset, number: usize) -> Option<(usize, &mut Row)> {
        let rows = if of == Dataset::Deals { &mut self.deals } else { &mut self.contacts };
        let at = number.checked_rem(rows.len())?;
        Some((at, &mut rows[at])).filter(|(_, row)| row.gone_ms.is_none())
    }

    fn moved(&mut self, of: Dataset, number: usize, stage: usize) {
        let now_ms = self.now_ms;
        let Some((at, row)) = self.row(of, number).filter(|(_, row)| row.stage != stage) else { return };
        let from = std::mem::replace(&mut row.stage, stage);
        self.moves.push(Transition {
            subject: of,
            crm_id: id(of, at),
            from: Some(STAGES[from].0.to_lowercase()),
            to: Some(STAGES[stage].0.to_lowercase()),
            seen_before_ms: now_ms - HOUR_MS,
            seen_after_ms: now_ms,
            at_ms: now_ms - HOUR_MS / 2,
        });
    }

    fn priced(&mut self, of: Dataset, number: usize, field: &str, value: Option<i64>) {
        let now_ms = self.now_ms;
        let Some((at, row)) = self.row(of, number) else { return };
        let own = if field == "fee" { &mut row.fee } else { &mut row.odds };
        let old = std::mem::replace(own, value);
        if old == value {
            return;
        }
        let text = |value: Option<i64>| value.map(|value| value.to_string());
        self.values.push(ValueChange {
            subject: of,
            crm_id: id(of, at),
            field: field.to_owned(),
            old: text(old),
            new: text(value),
            seen_before_ms: now_ms - HOUR_MS,
            seen_after_ms: now_ms,
            at_ms: now_ms - HOUR_MS / 2,
        });
    }

    /// What the store would hand out of all this. Contacts were created half an hour before they were seen.
    pub(crate) fn history(&self) -> History {
        fn seen<Id>(crm_id: Id, row: &Row) -> HistoryContact<Id> {
            HistoryContact {
                crm_id,
                stage: Some(STAGES[row.stage].0.to_owned()),
                fee_cents: row.fee,
                created_ms: Some(row.first_seen_ms - HOUR_MS / 2),
                first_seen_ms: row.first_seen_ms,
                gone_ms: row.gone_ms,
            }
        }
        let contacts = self.contacts.iter().enumerate().map(|(at, row)| seen(ContactId(id(Dataset::Contacts, at)), row));
        let deals = self.deals.iter().enumerate().map(|(at, row)| HistoryDeal {
            record: seen(DealId(id(Dataset::Deals, at)), row),
            odds: row.odds,
            contact_type: None,
            contact: row.contact.map(|contact| {
                let joined = &self.contacts[contact];
                LinkedContact {
                    crm_id: ContactId(id(Dataset::Contacts, contact)),
                    contact_type: Some(1),
                    created_ms: Some(joined.first_seen_ms - HOUR_MS / 2),
                    first_seen_ms: joined.first_seen_ms,
                    gone_ms: joined.gone_ms,
                }
            }),
        });
        History::of(&board(), Some(EpochMs(HOUR_MS - 1)), contacts.collect(), deals.collect(), &self.moves, &self.values)
    }

    /// Counted from the present rows alone.
    pub(crate) fn shown(&self) -> Shown {
        let mut shown = Shown::new();
        let mut line = |stage: usize, counts: (i64, i64), fee: Option<i64>, odds: Option<i64>| {
            let (name, _, usual) = STAGES[stage];
            let odds = Odds::from_hundredths(odds.unwrap_or(usual * 100)).unwrap();
            let line = shown.entry(name.to_owned()).or_default();
            line.0 += counts.0;
            line.1 += counts.1;
            line.2 += fee.unwrap_or(0);
            line.3 += fee.map_or(0, |fee| odds.weigh(Money(fee)).0);
        };
        for (at, contact) in self.contacts.iter().enumerate().filter(|(_, contact)| contact.gone_ms.is_none()) {
            line(contact.stage, (1, 0), None, None);
            if !self.deals.iter().any(|deal| deal.gone_ms.is_none() && deal.contact == Some(at)) {
                line(contact.stage, (0, 1), contact.fee, None);
            }
        }
        for deal in self.deals.iter().filter(|deal| deal.gone_ms.is_none()) {
            line(deal.stage, (0, 1), deal.fee, deal.odds);
        }
        shown
    }

    /// The value of what is open, and how many deals that is.
    pub(crate) fn open(&self) -> (i64, i64) {
        let role = |name: &str| STAGES.iter().find(|(known, _, _)| *known == name).unwrap().1;
        let open = self.shown().into_iter().filter(|(name, _)| role(name).is_open());
        open.fold((0, 0), |(value, deals), (_, line)| (value + line.2, deals + line.1))
    }
}

fn id(of: Dataset, at: usize) -> String {
    let letter = if of == Dataset::Deals { 'd' } else { 'c' };
    format!("{letter}{at}")
}
