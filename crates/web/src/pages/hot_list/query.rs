//! What the address of the hot list means: which candidates, in which order, which part of them.

use std::cmp::Ordering;

use tetherboard_domain::Odds;
use tetherboard_metrics::{HotListItem, Status};

use crate::links::Link;
use crate::query::{Pairs, one_of, page_number, sort_by};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HotSort {
    Score,
    Name,
    Stage,
    Days,
    Fee,
    Weighted,
    Units,
    Owner,
    Touch,
    Status,
}

pub(super) const HOT_SORTS: [(&str, HotSort); 10] = [
    ("score", HotSort::Score),
    ("name", HotSort::Name),
    ("stage", HotSort::Stage),
    ("days", HotSort::Days),
    ("fee", HotSort::Fee),
    ("weighted", HotSort::Weighted),
    ("units", HotSort::Units),
    ("owner", HotSort::Owner),
    ("touch", HotSort::Touch),
    ("status", HotSort::Status),
];

const STATUSES: [(&str, Status); 7] = [
    ("awarded", Status::Awarded),
    ("overdue", Status::OverdueAction),
    ("booked", Status::AppointmentBooked),
    ("waiting", Status::WaitingPeriod),
    ("stalled", Status::Stalled),
    ("moving", Status::Moving),
    ("quiet", Status::Quiet),
];

#[derive(Clone, Debug, Default)]
pub(super) struct HotQuery {
    pub(super) status: Option<Status>,
    /// Only those whose fee is known, or only the others.
    pub(super) fee: Option<bool>,
    pub(super) owner: Option<String>,
    pub(super) market: Option<String>,
    pub(super) sort: Option<(HotSort, bool)>,
    pub(super) page: i64,
}

impl HotQuery {
    /// # Errors
    /// A sentence that names the value that cannot be read, and what could.
    pub(super) fn parse(pairs: &Pairs) -> Result<Self, String> {
        // A form without scripts sends its "all".
        let label = |key: &str| pairs.get(key).filter(|text| *text != "*").map(|text| text.trim().to_owned());
        Ok(Self {
            status: one_of(pairs, "status", &STATUSES)?,
            fee: one_of(pairs, "fee", &[("known", true), ("unknown", false)])?,
            owner: label("owner"),
            market: label("market"),
            sort: sort_by("sort", pairs, &HOT_SORTS)?,
            page: page_number(pairs)?,
        })
    }

    pub(super) fn is_narrowed(&self) -> bool {
        self.status.is_some() || self.fee.is_some() || self.owner.is_some() || self.market.is_some()
    }

    /// The highest scores first, unless the address says otherwise.
    pub(super) fn order(&self) -> (HotSort, bool) {
        self.sort.unwrap_or((HotSort::Score, true))
    }

    /// The candidates meant, in order.
    pub(super) fn of<'a>(&self, items: &'a [HotListItem]) -> Vec<&'a HotListItem> {
        let mut found: Vec<&HotListItem> = items.iter().filter(|item| self.fits(item)).collect();
        let (sort, descending) = self.order();
        // Equal ones stay in the order of the list.
        match sort {
            HotSort::Score if descending => {}
            _ => found.sort_by(|a, b| {
                let order = compare(sort, a, b);
                unknown_last(sort, a, b).unwrap_or(if descending { order.reverse() } else { order })
            }),
        }
        found
    }

    fn fits(&self, item: &HotListItem) -> bool {
        self.has_status(item) && self.has_fee(item) && self.has_labels(item)
    }

    fn has_status(&self, item: &HotListItem) -> bool {
        self.status.is_none_or(|status| item.status == status)
    }

    fn has_fee(&self, item: &HotListItem) -> bool {
        self.fee.is_none_or(|known| item.fee.is_some() == known)
    }

    fn has_labels(&self, item: &HotListItem) -> bool {
        let same = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|wanted| is_same(wanted, text));
        same(&self.owner, &item.owner) && same(&self.market, &item.market)
    }

    /// How many candidates each filter that is one word leads to, in one walk through the list.
    pub(super) fn tally(&self, items: &[HotListItem]) -> Tally {
        let mut tally = Tally::default();
        for item in items.iter().filter(|item| self.has_labels(item)) {
            tally.by_status[item.status as usize] += i64::from(self.has_fee(item));
            tally.without_fee += i64::from(item.fee.is_none() && self.has_status(item));
        }
        tally
    }

    /// The same list at its address; sort and page are the caller's.
    pub(super) fn narrow(&self, link: Link) -> Link {
        let status = STATUSES.iter().find(|(_, known)| Some(*known) == self.status).map(|(word, _)| *word);
        link.maybe("status", status)
            .maybe("fee", self.fee.map(|known| if known { "known" } else { "unknown" }))
            .maybe("owner", self.owner.as_deref())
            .maybe("market", self.market.as_deref())
    }

    pub(super) fn sorted(&self, link: Link) -> Link {
        let Some((sort, descending)) = self.sort else { return link };
        link.with("sort", &format!("{}{}", if descending { "-" } else { "" }, word(sort)))
    }
}

/// Candidates by what a filter would be turned to, all other filters as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// In the order of [`Status::ALL`].
    by_status: [i64; Status::ALL.len()],
    pub(super) without_fee: i64,
}

impl Tally {
    pub(super) fn of(&self, status: Status) -> i64 {
        self.by_status[status as usize]
    }

    /// Of whatever status.
    pub(super) fn all(&self) -> i64 {
        self.by_status.iter().sum()
    }
}

pub(super) fn word(sort: HotSort) -> &'static str {
    HOT_SORTS.iter().find(|(_, known)| *known == sort).map_or("score", |(word, _)| word)
}

fn is_same(wanted: &str, text: &str) -> bool {
    let text = text.trim();
    if wanted.is_ascii() && text.is_ascii() {
        return wanted.eq_ignore_ascii_case(text);
    }
    text.to_lowercase() == wanted.to_lowercase()
}

/// What is not known stands at the end, whichever way the list is sorted.
fn unknown_last(sort: HotSort, a: &HotListItem, b: &HotListItem) -> Option<Ordering> {
    let unknown = |item: &HotListItem| match sort {
        HotSort::Fee | HotSort::Weighted => item.fee.is_none(),
        HotSort::Units => item.units.trim().is_empty(),
        HotSort::Owner => item.owner.trim().is_empty(),
        HotSort::Touch => item.last_touch_ms.is_none(),
        _ => false,
    };
    match (unknown(a), unknown(b)) {
        (false, false) => None,
        (a, b) => Some(a.cmp(&b)),
    }
}

fn compare(sort: HotSort, a: &HotListItem, b: &HotListItem) -> Ordering {
    let by_text = |a: &str, b: &str| a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase));
    let units = |item: &HotListItem| item.units.trim().parse::<f64>().unwrap_or(f64::MAX);
    match sort {
        HotSort::Score => b.place.cmp(&a.place),
        HotSort::Name => by_text(&a.name, &b.name),
        HotSort::Stage => {
            let odds = |item: &HotListItem| item.odds.map(Odds::hundredths);
            odds(a).cmp(&odds(b)).then_with(|| a.stage.cmp(&b.stage))
        }
        HotSort::Days => b.stage_since_ms.cmp(&a.stage_since_ms),
        HotSort::Fee => a.fee.cmp(&b.fee),
        HotSort::Weighted => a.weighted.cmp(&b.weighted),
        HotSort::Units => units(a).total_cmp(&units(b)),
        HotSort::Owner => by_text(&a.owner, &b.owner),
        HotSort::Touch => a.last_touch_ms.cmp(&b.last_touch_ms),
        HotSort::Status => a.status.cmp(&b.status),
    }
}
