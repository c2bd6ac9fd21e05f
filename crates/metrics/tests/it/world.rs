//! A small CRM in memory, with the records that a sync would write if it saw every change.

use std::collections::{BTreeMap, HashMap};

use tetherboard_domain::{ContactId, Dataset, DealId, EpochMs, Money, Odds, Role, StageKey};
use tetherboard_metrics::{Board, BoardHistory, History};
use tetherboard_store::history::{HistoryContact, HistoryDeal, LISTED, REMOVED, Transition, ValueChange};
use tetherboard_store::lookups::Stage;

/// Name, role, and odds in percent.
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
    let listed = (1..).zip(STAGES).map(|(order, (name, role, odds))| Stage {
        crm_id: order.to_string(),
        name: name.to_owned(),
        key: StageKey::of(name),
        active: true,
        order: Some(order),
        odds: Odds::from_hundredths(odds * 100),
        contact_type: Some(1),
        role: Some(role),
        milestone: None,
    });
    Board::new(listed.collect(), HashMap::new())
}

/// An event in the CRM. Contacts and deals are referred to by number.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    AddContact {
        stage: usize,
        fee: Option<i64>,
    },
    AddDeal {
        contact: Option<usize>,
        stage: usize,
        fee: Option<i64>,
        odds: Option<i64>,
    },
    MoveContact {
        contact: usize,
        stage: usize,
    },
    MoveDeal {
        deal: usize,
        stage: usize,
    },
    PriceContact {
        contact: usize,
        fee: Option<i64>,
    },
    PriceDeal {
        deal: usize,
        fee: Option<i64>,
    },
    Reckon {
        deal: usize,
        odds: Option<i64>,
    },
    LoseContact {
        contact: usize,
    },
    LoseDeal {
        deal: usize,
    },
    ReturnContact {
        contact: usize,
    },
    ReturnDeal {
        deal: usize,
    },
    /// Makes a contact a prospect, or another type.
    Retype {
        contact: usize,
        prospect: bool,
    },
    /// Gives a deal to another contact, or to none.
    Relink {
        deal: usize,
        contact: Option<usize>,
    },
}

/// The time between two events. The first read is at hour 1.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// The first read.
pub(crate) const START_MS: EpochMs = EpochMs(500_000 * HOUR_MS);

#[derive(Clone, Debug, Default)]
struct Row {
    stage: usize,
    fee: Option<i64>,
    odds: Option<i64>,
    contact: Option<usize>,
    first_seen_ms: EpochMs,
    gone_ms: Option<EpochMs>,
    /// Of a contact: whether it is a prospect.
    is_other: bool,
    /// Of a contact: when a deal first named it.
    had_deal_ms: Option<EpochMs>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) now_ms: EpochMs,
    contacts: Vec<Row>,
    deals: Vec<Row>,
    moves: Vec<Transition>,
    values: Vec<ValueChange>,
}

/// What the pipeline page shows: contacts, deals, value, and weighted value by stage.
pub(crate) type StageFigures = BTreeMap<String, (i64, i64, i64, i64)>;

impl World {
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut world = Self { now_ms: START_MS, ..Self::default() };
        events.iter().for_each(|event| world.happen(event));
        world
    }

    /// Applies an event, which is seen at once. An event about a missing contact or deal has no effect.
    pub(crate) fn happen(&mut self, event: &Event) {
        let now_ms = self.now_ms;
        match event {
            Event::AddContact { stage, fee } => {
                self.contacts.push(Row { stage: *stage, fee: *fee, first_seen_ms: now_ms, ..Row::default() });
            }
            Event::AddDeal { contact, stage, fee, odds } => {
                let contact = contact.filter(|_| !self.contacts.is_empty()).map(|at| at % self.contacts.len());
                let row = Row { stage: *stage, fee: *fee, odds: *odds, contact, first_seen_ms: now_ms, ..Row::default() };
                self.deals.push(row);
                self.mark(contact);
            }
            Event::MoveContact { contact, stage } => self.moved(Dataset::Contacts, *contact, *stage),
            Event::MoveDeal { deal, stage } => self.moved(Dataset::Deals, *deal, *stage),
            Event::PriceContact { contact, fee } => self.priced(Dataset::Contacts, *contact, "fee", *fee),
            Event::PriceDeal { deal, fee } => self.priced(Dataset::Deals, *deal, "fee", *fee),
            Event::Reckon { deal, odds } => self.priced(Dataset::Deals, *deal, "odds", *odds),
            Event::LoseContact { contact } => self.listed(Dataset::Contacts, *contact, false),
            Event::LoseDeal { deal } => self.listed(Dataset::Deals, *deal, false),
            Event::ReturnContact { contact } => self.listed(Dataset::Contacts, *contact, true),
            Event::ReturnDeal { deal } => self.listed(Dataset::Deals, *deal, true),
            Event::Retype { contact, prospect } => {
                let Some((at, row)) = self.row(Dataset::Contacts, *contact) else { return self.pass() };
                let was_other = std::mem::replace(&mut row.is_other, !prospect);
                if was_other == *prospect {
                    let of = |is_other: bool| Some(if is_other { "2" } else { "1" }.to_owned());
                    self.changed(Dataset::Contacts, at, "contact_type", of(was_other), of(!prospect));
                }
            }
            Event::Relink { deal, contact } => {
                let contact = contact.filter(|_| !self.contacts.is_empty()).map(|at| at % self.contacts.len());
                let Some((at, row)) = self.row(Dataset::Deals, *deal) else { return self.pass() };
                let old = std::mem::replace(&mut row.contact, contact);
                if old != contact {
                    let of = |contact: Option<usize>| contact.map(|at| id(Dataset::Contacts, at));
                    self.changed(Dataset::Deals, at, "contact", of(old), of(contact));
                    self.mark(contact);
                }
            }
        }
        self.pass();
    }

    fn pass(&mut self) {
        self.now_ms = self.now_ms + HOUR_MS;
    }

    /// Removes a record from the CRM's list, or brings it back.
    fn listed(&mut self, of: Dataset, number: usize, is_listed: bool) {
        let now_ms = self.now_ms;
        let rows = if of == Dataset::Deals { &mut self.deals } else { &mut self.contacts };
        let Some(at) = number.checked_rem(rows.len()).filter(|at| rows[*at].gone_ms.is_some() == is_listed) else { return };
        rows[at].gone_ms = Some(now_ms).filter(|_| !is_listed);
        let (old, new) = if is_listed { (REMOVED, LISTED) } else { (LISTED, REMOVED) };
        self.changed(of, at, "presence", Some(old.to_owned()), Some(new.to_owned()));
    }

    /// Notes that a contact has a deal of its own.
    fn mark(&mut self, contact: Option<usize>) {
        if let Some(contact) = contact {
            self.contacts[contact].had_deal_ms.get_or_insert(self.now_ms);
        }
    }

    fn changed(&mut self, of: Dataset, at: usize, field: &str, old: Option<String>, new: Option<String>) {
        let now_ms = self.now_ms;
        self.values.push(ValueChange {
            subject: of,
            crm_id: id(of, at),
            field: field.to_owned(),
            old,
            new,
            seen_before_ms: now_ms - HOUR_MS,
            seen_after_ms: now_ms,
            at_ms: now_ms - HOUR_MS / 2,
        });
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
            from_id: None,
            to_id: None,
            since: None,
            renamed: false,
            seen_before_ms: now_ms - HOUR_MS,
            seen_after_ms: now_ms,
            at_ms: now_ms - HOUR_MS / 2,
        });
    }

    fn priced(&mut self, of: Dataset, number: usize, field: &str, value: Option<i64>) {
        let Some((at, row)) = self.row(of, number) else { return };
        let own = if field == "fee" { &mut row.fee } else { &mut row.odds };
        let old = std::mem::replace(own, value);
        if old == value {
            return;
        }
        let text = |value: Option<i64>| value.map(|value| value.to_string());
        self.changed(of, at, field, text(old), text(value));
    }

    /// The history that the store would return. Contacts were created half an hour before they were first seen.
    pub(crate) fn history(&self) -> History {
        fn seen<Id>(crm_id: Id, row: &Row) -> HistoryContact<Id> {
            HistoryContact {
                crm_id,
                stage: Some(STAGES[row.stage].0.to_owned()),
                stage_id: None,
                fee_cents: row.fee,
                contact_type: Some(if row.is_other { 2 } else { 1 }),
                created_ms: Some(row.first_seen_ms - HOUR_MS / 2),
                first_seen_ms: row.first_seen_ms,
                gone_ms: row.gone_ms,
                had_deal_ms: row.had_deal_ms,
            }
        }
        let contacts = self.contacts.iter().enumerate().map(|(at, row)| seen(ContactId(id(Dataset::Contacts, at)), row));
        let deals = self.deals.iter().enumerate().map(|(at, row)| HistoryDeal {
            record: HistoryContact { contact_type: None, ..seen(DealId(id(Dataset::Deals, at)), row) },
            odds: row.odds,
            contact: row.contact.map(|contact| ContactId(id(Dataset::Contacts, contact))),
        });
        let boards = BoardHistory::of(&board());
        History::of(boards, Some(START_MS - 1), contacts.collect(), deals.collect(), &self.moves, &self.values)
    }

    /// Counted from the current rows only.
    pub(crate) fn shown(&self) -> StageFigures {
        let mut shown = StageFigures::new();
        let mut line = |stage: usize, counts: (i64, i64), fee: Option<i64>, odds: Option<i64>| {
            let (name, _, usual) = STAGES[stage];
            let odds = Odds::from_hundredths(odds.unwrap_or(usual * 100)).unwrap();
            let line = shown.entry(name.to_owned()).or_default();
            line.0 += counts.0;
            line.1 += counts.1;
            line.2 += fee.unwrap_or(0);
            line.3 += fee.map_or(0, |fee| odds.weigh(Money(fee)).0);
        };
        for contact in self.contacts.iter().filter(|contact| contact.gone_ms.is_none() && !contact.is_other) {
            line(contact.stage, (1, 0), None, None);
            if contact.had_deal_ms.is_none() {
                line(contact.stage, (0, 1), contact.fee, None);
            }
        }
        let is_prospects = |deal: &&Row| {
            let contact = deal.contact.map(|contact| &self.contacts[contact]);
            contact.is_none_or(|contact| contact.gone_ms.is_some() || !contact.is_other)
        };
        for deal in self.deals.iter().filter(|deal| deal.gone_ms.is_none()).filter(is_prospects) {
            line(deal.stage, (0, 1), deal.fee, deal.odds);
        }
        shown
    }

    /// The value and the number of open deals.
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
