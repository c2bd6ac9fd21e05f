//! Computes the hot list and stores it.

use std::collections::{BTreeSet, HashMap};

use jiff::{Span, Timestamp};
use tetherboard_domain::{ContactId, EpochMs, MedianFee, Role, TenantId};
use tetherboard_store::candidate_facts::{self, Profile};
use tetherboard_store::deals::{self, DealRow};
use tetherboard_store::hot_list::{self, HotListHead};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, Tx, runs, tenants};

use super::item::ItemBuilder;
use super::next_change::NextChange;
use super::{FORMAT, HotListItem};
use crate::board::{Board, LeadGroup};
use crate::candidate_facts::{CandidateFacts, as_of};
use crate::rules::hot_list_rules;
/// Why the list is rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebuildReason {
    /// This transaction changed a setting that the list depends on.
    SettingChanged,
    /// A run has ended. The stored list may still be valid.
    RunEnded,
}

/// Rebuilds the stored list within the transaction that changed its facts.
///
/// # Errors
/// When the database fails.
pub async fn rebuild_hot_list(tx: &Tx, tenant: TenantId, now: Timestamp, why: RebuildReason) -> Result<()> {
    hot_list::lock(tx, tenant).await?;
    let Some(tenant) = tenants::by_id(tx, tenant).await? else { return Ok(()) };
    let (as_of, calendar_read) = as_of(&runs::dataset_ages(tx, tenant.id).await?);
    let Some(at) = as_of.map(|as_of| as_of.min(now)) else {
        let nothing = HotListHead { as_of_ms: None, holds_until_ms: EpochMs(0), calendar_read, format: FORMAT };
        hot_list::replace(tx, tenant.id, Vec::new()).await?;
        return hot_list::set_head(tx, tenant.id, nothing).await;
    };
    let at_ms = EpochMs::from(at);
    if why == RebuildReason::RunEnded
        && let Some(before) = hot_list::head(tx, tenant.id).await?
        && before.format == FORMAT
        && before.calendar_read == calendar_read
        && before.as_of_ms.is_some_and(|before_ms| (before_ms..before.holds_until_ms).contains(&at_ms))
    {
        return hot_list::set_head(tx, tenant.id, HotListHead { as_of_ms: Some(at_ms), ..before }).await;
    }
    let (items, holds_until_ms) = hot_list_at(tx, &tenant, at, calendar_read).await?;
    hot_list::replace(tx, tenant.id, items.into_iter().map(HotListItem::into_row).collect()).await?;
    let head = HotListHead { as_of_ms: Some(at_ms), holds_until_ms, calendar_read, format: FORMAT };
    hot_list::set_head(tx, tenant.id, head).await
}

/// Computes the list as of a moment. Also returns the moment from which time alone can change an item.
///
/// # Errors
/// When the database fails.
pub async fn hot_list_at<C: Conn>(
    conn: &C,
    tenant: &Tenant,
    at: Timestamp,
    calendar_read: bool,
) -> Result<(Vec<HotListItem>, EpochMs)> {
    let board = Board::load(conn, tenant.id).await?;
    let rules = hot_list_rules(conn, tenant.id).await?;
    let candidates = CandidateFacts::load(conn, tenant, &board, at, calendar_read, |role| role == Role::Late).await?;
    let tomorrow = tenant.zone.start_of(tenant.zone.date(at).saturating_add(Span::new().days(1)));
    let mut next_change = NextChange { at_ms: at.into(), next_ms: tomorrow.into() };
    if candidates.deals.is_empty() {
        return Ok((Vec::new(), next_change.next_ms));
    }
    let median_fee = MedianFee::of(&deals::fees(conn, tenant.id, &board.group_filter(LeadGroup::Open)).await?);
    next_change.at(candidate_facts::next_note_ms(conn, tenant.id, at.into()).await?);
    let mut by_key: HashMap<String, Vec<&DealRow>> = HashMap::new();
    for deal in &candidates.deals {
        let key = deal.contact_id.as_ref().map_or_else(|| format!("deal/{}", deal.deal_id), ToString::to_string);
        by_key.entry(key).or_default().push(deal);
    }
    let contacts: BTreeSet<&ContactId> = candidates.deals.iter().filter_map(|deal| deal.contact_id.as_ref()).collect();
    let contacts: Vec<ContactId> = contacts.into_iter().cloned().collect();
    let profiles = candidate_facts::profiles(conn, tenant.id, &contacts).await?;
    let profiles: HashMap<&str, &Profile> = profiles.iter().map(|profile| (profile.crm_id.as_str(), profile)).collect();
    let builder = ItemBuilder { tenant, board: &board, rules: &rules, candidates: &candidates, median_fee };
    let items = by_key.into_iter().map(|(key, deals)| {
        let profile = profiles.get(key.as_str()).copied();
        builder.item(key, deals, profile, &mut next_change)
    });
    let mut items: Vec<HotListItem> = items.collect();
    items.sort_by_cached_key(HotListItem::rank);
    for (place, item) in (1..).zip(&mut items) {
        item.place = place;
    }
    Ok((items, next_change.next_ms))
}
