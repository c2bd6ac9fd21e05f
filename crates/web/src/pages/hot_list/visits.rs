//! What is new to a person since they last looked at the list.
//!
//! Looking again within half an hour is one visit, so that a refresh does not eat the news. A page that refreshes itself,
//! because a sync landed, is nobody looking.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tetherboard_domain::{ContactId, EpochMs, UserId};
use tetherboard_metrics::{HotList, HotListItem};
use tetherboard_store::hot_list::{self, Visit};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Conn, Result, deals};

use crate::http::best_effort::best_effort;

const PAUSE_MS: i64 = 30 * 60_000;
/// Looking often is written down now and then.
const WRITTEN_EVERY_MS: i64 = 5 * 60_000;
/// A list of more is not remembered by its members.
const MOST: usize = 5_000;

type Seen = BTreeMap<String, i64>;

/// What changed since a visit.
#[derive(Clone, Debug, Default)]
pub(super) struct News<'a> {
    pub(super) since_ms: EpochMs,
    pub(super) came: Vec<&'a HotListItem>,
    /// With the score that they had then, the largest change first.
    pub(super) changed: Vec<(&'a HotListItem, i64)>,
    /// Contacts that are not on the list any more, with their names.
    pub(super) left: Vec<(ContactId, String)>,
}

/// Writes the visit down and tells the news; `None` on the first visit. `is_person`: somebody opened the page.
pub(super) async fn visit<'a, C: Conn>(
    conn: &C,
    tenant: &Tenant,
    user: UserId,
    list: &'a HotList,
    now: Timestamp,
    is_person: bool,
) -> Result<Option<News<'a>>> {
    let now_ms = EpochMs::from(now);
    let kept = hot_list::visit(conn, tenant.id, user).await?;
    if list.items.len() > MOST || list.as_of.is_none() {
        return Ok(None);
    }
    let seen = || serde_json::to_string(&scores(list)).unwrap_or_default();
    let visit = match kept {
        None => Visit { last_ms: now_ms, last_seen: seen(), before_ms: None, before_seen: "{}".to_owned() },
        // What was seen at the end of the last visit is what this one is held against.
        Some(kept) if is_person && now_ms - kept.last_ms > PAUSE_MS => {
            Visit { last_ms: now_ms, last_seen: seen(), before_ms: Some(kept.last_ms), before_seen: kept.last_seen }
        }
        Some(kept) if is_person && now_ms - kept.last_ms >= WRITTEN_EVERY_MS => {
            Visit { last_ms: now_ms, last_seen: seen(), ..kept }
        }
        Some(kept) => return news(conn, tenant, list, &kept).await,
    };
    if is_person {
        best_effort("a visit", hot_list::set_visit(conn, tenant.id, user, &visit)).await;
    }
    news(conn, tenant, list, &visit).await
}

fn scores(list: &HotList) -> Seen {
    list.items.iter().map(|item| (item.key.clone(), item.score)).collect()
}

async fn news<'a, C: Conn>(conn: &C, tenant: &Tenant, list: &'a HotList, visit: &Visit) -> Result<Option<News<'a>>> {
    let Some(since_ms) = visit.before_ms else { return Ok(None) };
    let Ok(mut before) = serde_json::from_str::<Seen>(&visit.before_seen) else { return Ok(None) };
    let mut news = News { since_ms, ..News::default() };
    for item in &list.items {
        match before.remove(&item.key) {
            None => news.came.push(item),
            Some(score) if score != item.score => news.changed.push((item, score)),
            Some(_) => {}
        }
    }
    news.changed.sort_by_key(|(item, score)| (-(item.score - score).abs(), item.place));
    let left: Vec<ContactId> = before.into_keys().map(ContactId).collect();
    let names = deals::names(conn, tenant.id, &left).await?;
    news.left = left.into_iter().filter_map(|key| Some((key.clone(), names.get(&key)?.name.clone()))).collect();
    Ok(Some(news))
}
