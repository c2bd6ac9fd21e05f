//! What changed on the list since a person's last visit.
//!
//! Views less than half an hour apart are one visit, so that a reload keeps the news. A page that refreshes itself after a sync
//! is not a visit.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tetherboard_domain::{ContactId, EpochMs, UserId};
use tetherboard_metrics::{HotList, HotListItem};
use tetherboard_store::hot_list::{self, Visit};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, deals};

use crate::http::best_effort::best_effort;

/// The pause after which a view begins a new visit.
const PAUSE_MS: i64 = 30 * 60_000;
/// How often the views of one visit are saved.
const SAVE_EVERY_MS: i64 = 5 * 60_000;
/// The longest list whose members are saved.
const MOST_ITEMS: usize = 5_000;

/// Scores by the item's key.
type Scores = BTreeMap<String, i64>;

/// What changed since a visit.
#[derive(Clone, Debug, Default)]
pub(super) struct News<'a> {
    pub(super) since_ms: EpochMs,
    pub(super) added: Vec<&'a HotListItem>,
    /// Candidates with another score, and the score before; the largest change first.
    pub(super) changed: Vec<(&'a HotListItem, i64)>,
    /// Contacts that left the list, with their names.
    pub(super) removed: Vec<(ContactId, String)>,
}

/// Saves the visit and returns what changed since the last one; `None` on the first visit. `is_visit` is false for a page that
/// refreshes itself.
///
/// # Errors
/// When the database fails.
pub(super) async fn visit<'a, C: Conn>(
    conn: &C,
    tenant: &Tenant,
    user: UserId,
    list: &'a HotList,
    now: Timestamp,
    is_visit: bool,
) -> Result<Option<News<'a>>> {
    let now_ms = EpochMs::from(now);
    let saved = hot_list::visit(conn, tenant.id, user).await?;
    if list.items.len() > MOST_ITEMS || list.as_of.is_none() {
        return Ok(None);
    }
    let seen = || serde_json::to_string(&scores(list)).unwrap_or_default();
    let visit = match saved {
        None => Visit { last_ms: now_ms, last_seen: seen(), before_ms: None, before_seen: "{}".to_owned() },
        // A new visit is compared with the end of the last one.
        Some(saved) if is_visit && now_ms - saved.last_ms > PAUSE_MS => {
            Visit { last_ms: now_ms, last_seen: seen(), before_ms: Some(saved.last_ms), before_seen: saved.last_seen }
        }
        Some(saved) if is_visit && now_ms - saved.last_ms >= SAVE_EVERY_MS => {
            Visit { last_ms: now_ms, last_seen: seen(), ..saved }
        }
        Some(saved) => return news(conn, tenant, list, &saved).await,
    };
    if is_visit {
        best_effort("a visit", hot_list::set_visit(conn, tenant.id, user, &visit)).await;
    }
    news(conn, tenant, list, &visit).await
}

fn scores(list: &HotList) -> Scores {
    list.items.iter().map(|item| (item.key.clone(), item.score)).collect()
}

async fn news<'a, C: Conn>(conn: &C, tenant: &Tenant, list: &'a HotList, visit: &Visit) -> Result<Option<News<'a>>> {
    let Some(since_ms) = visit.before_ms else { return Ok(None) };
    let Ok(mut before) = serde_json::from_str::<Scores>(&visit.before_seen) else { return Ok(None) };
    let mut news = News { since_ms, ..News::default() };
    for item in &list.items {
        match before.remove(&item.key) {
            None => news.added.push(item),
            Some(score) if score != item.score => news.changed.push((item, score)),
            Some(_) => {}
        }
    }
    news.changed.sort_by_key(|(item, score)| (-(item.score - score).abs(), item.place));
    let removed: Vec<ContactId> = before.into_keys().map(ContactId).collect();
    let names = deals::names(conn, tenant.id, &removed).await?;
    news.removed = removed.into_iter().filter_map(|key| Some((key.clone(), names.get(&key)?.name.clone()))).collect();
    Ok(Some(news))
}
