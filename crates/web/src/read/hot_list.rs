//! The hot list: ranked candidates of late stages, and what the page shows beside them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use tetherboard_domain::{ContactId, Odds, ScoreRules, StageRole};
use tetherboard_metrics::{AwardNow, Board, Heating, HotList, HotListItem, Status, awarded_now, heating_up, hot_list_rules};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result, lookups};

use crate::address::hot_list::{FeeFilter, HotListQuery, HotListSort};
use crate::cache::CacheKey;
use crate::state::Portal;

/// A brand's hot list in one version of its data.
pub(crate) struct HotListData {
    pub(crate) list: HotList,
    pub(crate) board: Board,
    pub(crate) rules: ScoreRules,
    pub(crate) heating: Vec<Heating>,
    pub(crate) awarded: Vec<AwardNow>,
    /// Email addresses of the CRM's users, by their names in lower case.
    pub(crate) addresses: HashMap<String, String>,
    /// The owners on the list, each once.
    pub(crate) owners: Labels,
    /// The markets on the list, each once.
    pub(crate) markets: Labels,
}

/// Values by their lower case; each is spelled as it first occurs.
type Labels = BTreeMap<String, String>;

impl HotListData {
    /// A contact's entry on the list, and the list's date.
    pub(crate) fn of_contact(&self, contact: &ContactId) -> Option<(&HotListItem, Timestamp)> {
        let item = self.list.items.iter().find(|item| item.contact_id.as_ref() == Some(contact))?;
        Some((item, self.list.as_of?))
    }

    pub(crate) fn role_of(&self, item: &HotListItem) -> StageRole {
        self.board.role(&self.board.place(item.stage.as_deref()))
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct HotListKey;

impl CacheKey for HotListKey {
    type Value = HotListData;

    fn size(data: &HotListData) -> usize {
        let others = data.heating.len() + data.awarded.len() + data.addresses.len() + data.owners.len() + data.markets.len();
        size_of::<HotListData>() + 800 * data.list.items.len() + 200 * others
    }
}

/// The hot list of the data version that `tenant` was read with.
///
/// # Errors
/// When the database fails.
pub(crate) async fn hot_list(portal: &Portal, tenant: &Tenant, now: Timestamp) -> Result<Arc<HotListData>> {
    portal.cache.get(tenant, now, HotListKey, || load(portal, tenant)).await
}

async fn load(portal: &Portal, tenant: &Tenant) -> Result<HotListData> {
    let conn = portal.store.conn();
    let (list, board) = (tetherboard_metrics::hot_list(conn, tenant.id).await?, Board::load(conn, tenant.id).await?);
    let (heating, awarded) = match list.as_of {
        Some(at) => (heating_up(conn, tenant, &board, at).await?, awarded_now(conn, tenant, &board, at).await?),
        None => (Vec::new(), Vec::new()),
    };
    let users = lookups::crm_users(conn, tenant.id).await?;
    let addresses = users.into_iter().map(|user| (user.name.trim().to_lowercase(), user.email)).collect();
    let rules = hot_list_rules(conn, tenant.id).await?.score;
    let (owners, markets) = (labels(&list, |item| &item.owner), labels(&list, |item| &item.market));
    Ok(HotListData { list, board, rules, heating, awarded, addresses, owners, markets })
}

fn labels(list: &HotList, of: fn(&HotListItem) -> &str) -> Labels {
    let mut labels = Labels::new();
    for text in list.items.iter().map(|item| of(item).trim()) {
        labels.entry(text.to_lowercase()).or_insert_with(|| text.to_owned());
    }
    labels
}

// Filter and order -----------------------------------------------------------------------------------------------------

/// The candidates that match a query, in its order.
pub(crate) fn matching<'a>(query: &HotListQuery, items: &'a [HotListItem]) -> Vec<&'a HotListItem> {
    let matches = |item: &&HotListItem| has_status(query, item) && has_fee(query, item) && has_labels(query, item);
    let mut found: Vec<&HotListItem> = items.iter().filter(matches).collect();
    let (sort, descending) = query.order();
    // Equal candidates stay in the order of the list.
    match sort {
        HotListSort::Score if descending => {}
        _ => found.sort_by(|a, b| {
            let order = compare(sort, a, b);
            unknown_last(sort, a, b).unwrap_or(if descending { order.reverse() } else { order })
        }),
    }
    found
}

fn has_status(query: &HotListQuery, item: &HotListItem) -> bool {
    query.status.is_none_or(|status| item.status == status)
}

fn has_fee(query: &HotListQuery, item: &HotListItem) -> bool {
    query.fee.is_none_or(|fee| item.fee.is_some() == (fee == FeeFilter::Known))
}

fn has_labels(query: &HotListQuery, item: &HotListItem) -> bool {
    query.owner.matches(&item.owner) && query.market.matches(&item.market)
}

/// How many candidates each status and fee filter leads to, with all other filters unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FilterCounts {
    /// In the order of [`Status::ALL`].
    by_status: [i64; Status::ALL.len()],
    pub(crate) without_fee: i64,
}

impl FilterCounts {
    pub(crate) fn of(query: &HotListQuery, items: &[HotListItem]) -> Self {
        let mut counts = Self::default();
        for item in items.iter().filter(|item| has_labels(query, item)) {
            counts.by_status[item.status as usize] += i64::from(has_fee(query, item));
            counts.without_fee += i64::from(item.fee.is_none() && has_status(query, item));
        }
        counts
    }

    pub(crate) fn status(&self, status: Status) -> i64 {
        self.by_status[status as usize]
    }

    /// Candidates of any status.
    pub(crate) fn all(&self) -> i64 {
        self.by_status.iter().sum()
    }
}

/// Unknown values come last in either direction.
fn unknown_last(sort: HotListSort, a: &HotListItem, b: &HotListItem) -> Option<Ordering> {
    let unknown = |item: &HotListItem| match sort {
        HotListSort::Fee | HotListSort::Weighted => item.fee.is_none(),
        HotListSort::Units => item.units.trim().is_empty(),
        HotListSort::Owner => item.owner.trim().is_empty(),
        HotListSort::Touch => item.last_touch_ms.is_none(),
        _ => false,
    };
    match (unknown(a), unknown(b)) {
        (false, false) => None,
        (a, b) => Some(a.cmp(&b)),
    }
}

fn compare(sort: HotListSort, a: &HotListItem, b: &HotListItem) -> Ordering {
    let by_text = |a: &str, b: &str| a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase));
    let units = |item: &HotListItem| item.units.trim().parse::<f64>().unwrap_or(f64::MAX);
    match sort {
        HotListSort::Score => b.place.cmp(&a.place),
        HotListSort::Name => by_text(&a.name, &b.name),
        HotListSort::Stage => {
            let odds = |item: &HotListItem| item.odds.map(Odds::hundredths);
            odds(a).cmp(&odds(b)).then_with(|| a.stage.cmp(&b.stage))
        }
        HotListSort::Days => b.stage_since_ms.cmp(&a.stage_since_ms),
        HotListSort::Fee => a.fee.cmp(&b.fee),
        HotListSort::Weighted => a.weighted.cmp(&b.weighted),
        HotListSort::Units => units(a).total_cmp(&units(b)),
        HotListSort::Owner => by_text(&a.owner, &b.owner),
        HotListSort::Touch => a.last_touch_ms.cmp(&b.last_touch_ms),
        HotListSort::Status => a.status.cmp(&b.status),
    }
}
