//! What calendar programs subscribe to: a brand's appointments as iCalendar, RFC 5545.
//!
//! A program cannot sign in, so a secret in the address stands for the person who made it, and opens what that person may see of
//! that brand, for as long as they may. Whatever is wrong with an address, the answer is the same as where there is nothing.
//!
//! A program knows an appointment again by its UID and takes a change by its growing SEQUENCE; what was called off, or is no more
//! in the CRM, stays for the time that is read and says CANCELLED.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use icalendar::{Calendar, Component, Event, Property};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use secrecy::SecretString;
use tetherboard_domain::{CALENDAR_READ_DAYS, EpochMs, Slotted, TenantId};
use tetherboard_metrics::{AppointmentType, Board, Step, appointment_type, freshness};
use tetherboard_store::schedule::{self, FeedRow};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result as StoreResult, calendar_feeds, tenants};

use crate::address::links;
use crate::cache::CacheKey;
use crate::http::auth::hash_token;
use crate::http::best_effort::best_effort;
use crate::http::error::{HttpError, HttpResult};
use crate::http::etag::{Known, digest, tag_of};
use crate::http::site::site;
use crate::parts::time;
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/calendar/{name}", get(feed))
}

async fn feed(
    State(portal): State<Portal>,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
    known: Known,
) -> HttpResult<Response> {
    let (conn, now) = (portal.store.conn(), portal.clock.now());
    let secret = path.ok().and_then(|Path(name)| name.strip_suffix(".ics").map(|secret| SecretString::from(secret.to_owned())));
    let tenant = match secret {
        Some(secret) => match calendar_feeds::by_secret(conn, &hash_token(&secret), now.into()).await? {
            Some(opened) => {
                if let Some(feed) = opened.feed {
                    best_effort("a calendar's use", calendar_feeds::mark_used(conn, feed, now.into())).await;
                }
                tenants::by_id(conn, opened.tenant).await?
            }
            None => None,
        },
        None => None,
    };
    let Some(tenant) = tenant else { return Err(HttpError::not_found(NO_SUCH_FEED)) };
    let fresh = freshness(conn, &tenant, now).await?;
    let site = site(&portal, &headers);
    let read = fresh.datasets.iter().find(|age| age.dataset == tetherboard_domain::Dataset::Events).and_then(|age| age.as_of);
    let about = About { tenant: &tenant, site: &site, read, is_old: fresh.step >= Step::Warning };
    let key = FeedKey { is_old: about.is_old };
    // Without a configured address, the feed contains the one this caller used, which is not cached for others.
    let kept = match portal.settings.public_url {
        Some(_) => portal.cache.get(&tenant, now, key, || about.render(&portal, now)).await?,
        None => Arc::new(about.render(&portal, now).await?),
    };
    Ok(answer(&tenant, &kept, &known))
}

/// The answer for every address that opens nothing: it does not say why.
const NO_SUCH_FEED: &str = "There is nothing at this address. Check it for typos.";

/// A rendered calendar.
struct RenderedFeed {
    tag: String,
    body: Bytes,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct FeedKey {
    is_old: bool,
}

impl CacheKey for FeedKey {
    type Value = RenderedFeed;

    fn size(feed: &RenderedFeed) -> usize {
        feed.body.len()
    }
}

fn answer(tenant: &Tenant, kept: &RenderedFeed, known: &Known) -> Response {
    let mut response = match known.has(&kept.tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => kept.body.clone().into_response(),
    };
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &str| _ = HeaderValue::from_str(value).map(|value| headers.insert(name, value));
    put(CONTENT_TYPE, "text/calendar; charset=utf-8");
    put(CONTENT_DISPOSITION, &format!("inline; filename=\"{}.ics\"", tenant.slug));
    put(CACHE_CONTROL, "private, no-cache");
    put(REFERRER_POLICY, "no-referrer");
    put(HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
    put(ETAG, &kept.tag);
    response
}

/// What a calendar is told of.
struct About<'a> {
    tenant: &'a Tenant,
    site: &'a str,
    /// The start of the last whole read of the CRM's calendar.
    read: Option<Timestamp>,
    is_old: bool,
}

/// More than a calendar program should be given, or this one hold.
const MOST: i64 = 20_000;

impl About<'_> {
    async fn render(&self, portal: &Portal, now: Timestamp) -> StoreResult<RenderedFeed> {
        let body = self.body(portal, now).await?;
        Ok(RenderedFeed { tag: tag_of(body.as_bytes()), body: Bytes::from(body) })
    }

    async fn body(&self, portal: &Portal, now: Timestamp) -> StoreResult<String> {
        let (conn, tenant) = (portal.store.conn(), self.tenant);
        let source = tenant.source_time().0;
        let today = source.date(self.read.unwrap_or(now));
        let day = |days: i64| source.start_of(today.saturating_add(Span::new().days(days))).into();
        let (back, ahead) = CALENDAR_READ_DAYS;
        let rows = schedule::feed(conn, tenant.id, (day(-back), day(ahead + 1)), MOST).await?;
        let board = Board::load(conn, tenant.id).await?;
        let mut calendar = Calendar::empty();
        let text = |key: &str, value: &str| Property::new(key, clean(value, 500)).add_parameter("VALUE", "TEXT").done();
        for (key, value) in [
            ("VERSION", "2.0"),
            ("PRODID", "-//Tetherboard//Schedule//EN"),
            ("CALSCALE", "GREGORIAN"),
            ("METHOD", "PUBLISH"),
            ("X-WR-TIMEZONE", tenant.zone.name()),
            ("X-PUBLISHED-TTL", "PT1H"),
        ] {
            calendar.append_property(Property::new(key, value));
        }
        calendar.append_property(Property::new("REFRESH-INTERVAL", "PT1H").add_parameter("VALUE", "DURATION").done());
        let (name, description) = (format!("{} schedule", tenant.name), self.description(rows.len() as i64 == MOST));
        for (key, value) in
            [("NAME", &name), ("X-WR-CALNAME", &name), ("DESCRIPTION", &description), ("X-WR-CALDESC", &description)]
        {
            calendar.append_property(text(key, value));
        }
        for row in rows {
            if let Some(event) = self.event(&board, row) {
                calendar.push(event);
            }
        }
        Ok(calendar.to_string())
    }

    fn description(&self, is_cut: bool) -> String {
        let Some(read) = self.read else { return "ClientTether’s calendar has not been read yet.".to_owned() };
        let zone = &self.tenant.zone;
        let old = if self.is_old { " It could not be read since, so this may be out of date." } else { "" };
        let day = zone.date(read);
        let cut = if is_cut { " It has more appointments than fit here; the last ones are left out." } else { "" };
        format!("ClientTether’s calendar as of {}, {}.{old}{cut}", time::exact(read, zone), day.year())
    }

    /// `None`: its time is in no calendar.
    fn event(&self, board: &Board, row: FeedRow) -> Option<Event> {
        let (tenant, source) = (self.tenant, self.tenant.source_time().0);
        let when = Slotted::of(row.all_day, Some(row.starts_ms), row.ends_ms, &source)?;
        let changed = moment(row.changed_ms.timestamp()?);
        let is_off = row.cancelled || row.gone;
        let mut event = Event::new();
        event.add_property("UID", uid(tenant.id, &row.crm_id));
        event.add_property("DTSTAMP", changed.clone());
        event.add_property("LAST-MODIFIED", changed);
        event.add_property("SEQUENCE", sequence(&row).to_string());
        event.add_property("STATUS", if is_off { "CANCELLED" } else { "CONFIRMED" });
        // Whoever looks on is not busy for it.
        event.add_property("TRANSP", "TRANSPARENT");
        match when {
            Slotted::Timed { starts, ends } => {
                event.add_property("DTSTART", moment(starts));
                if ends > starts {
                    event.add_property("DTEND", moment(ends));
                }
            }
            Slotted::Days { first, last } => {
                event.append_property(bare_day("DTSTART", first));
                event.append_property(bare_day("DTEND", last.saturating_add(Span::new().days(1))));
            }
        }
        let of_type = appointment_type(&row.title, &row.kind, &row.place);
        event.add_property("SUMMARY", clean(&summary(&row, &of_type, is_off), 200));
        if !row.place.trim().is_empty() {
            event.add_property("LOCATION", clean(row.place.trim(), 300));
        }
        let link =
            row.client_id.as_ref().map(|contact| format!("{}{}", self.site, links::candidate(&tenant.slug, contact).url()));
        event.add_property("DESCRIPTION", clean(&told(board, &row, &of_type, link.as_deref()), 2_500));
        if let Some(link) = link {
            event.add_property("URL", link);
        }
        Some(event)
    }
}

/// The same for ever, and nothing but letters and figures whatever the CRM's id is.
fn uid(tenant: TenantId, crm_id: &str) -> String {
    format!("{}@tetherboard", digest(format!("{tenant}/{crm_id}").as_bytes()))
}

/// Seconds of the last change since 2020, and one more with each new way to read the rows: it never falls.
fn sequence(row: &FeedRow) -> i64 {
    const BEGIN_MS: EpochMs = EpochMs(1_577_836_800_000);
    // The brand's own version, and above it the program's.
    let ways = (row.mapping_version >> 32) + (row.mapping_version & 0xffff_ffff);
    ((row.changed_ms - BEGIN_MS).max(0) / 1_000 + ways).min(i64::from(i32::MAX))
}

fn summary(row: &FeedRow, of_type: &AppointmentType, is_off: bool) -> String {
    let called = [row.title.trim(), row.kind.trim()].into_iter().find(|text| !text.is_empty()).unwrap_or(of_type.name());
    let name = row.name.trim();
    let told = if name.is_empty() { called.to_owned() } else { format!("{name}: {called}") };
    if is_off { format!("Cancelled: {told}") } else { told }
}

fn told(board: &Board, row: &FeedRow, of_type: &AppointmentType, link: Option<&str>) -> String {
    let place = row.client_id.as_ref().map(|_| board.place(row.stage.as_deref()));
    let stage = place.as_ref().and_then(|place| board.label(place));
    let status = if row.gone { Some("No longer in ClientTether") } else { Some(row.status.trim()) };
    let facts = [("Type", Some(of_type.name())), ("With", Some(row.owner.trim())), ("Stage", stage), ("Status", status)];
    let mut lines: Vec<String> = facts
        .into_iter()
        .filter_map(|(name, value)| value.filter(|value| !value.is_empty()).map(|value| format!("{name}: {}", clean(value, 100))))
        .collect();
    lines.extend(link.map(str::to_owned));
    let description = row.description.trim();
    if !description.is_empty() {
        lines.push(String::new());
        lines.push(clean(description, 1_500));
    }
    lines.join("\n")
}

/// Text without what would end a line of the format, at most so many letters of it.
fn clean(text: &str, most: usize) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let plain = lines.chars().map(|c| match c {
        '\n' => c,
        '\u{2028}' | '\u{2029}' => '\n',
        c if c.is_control() => ' ',
        c => c,
    });
    let mut clipped: String = plain.take(most + 1).collect();
    if clipped.chars().count() > most {
        clipped.pop();
        clipped.push('…');
    }
    clipped
}

/// `20260312T153000Z`.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn bare_day(key: &str, day: Date) -> Property {
    Property::new(key, day.strftime("%Y%m%d").to_string()).add_parameter("VALUE", "DATE").done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_the_crm_is_always_the_same_uid_and_never_text_of_it() {
        let one = uid(TenantId(1), "77\r\nBEGIN:VEVENT");
        assert_eq!(one, uid(TenantId(1), "77\r\nBEGIN:VEVENT"));
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'@'), "{one}");
        assert_ne!(uid(TenantId(1), "77"), uid(TenantId(2), "77"));
        assert_ne!(uid(TenantId(1), "177"), uid(TenantId(11), "77"));
    }

    #[test]
    fn text_holds_no_sign_that_ends_a_line() {
        assert_eq!(clean("a\r\nb\rc\u{2028}d\u{0}e\u{85}f\tg", 99), "a\nb\nc\nd e f g");
        assert_eq!(clean("éééé", 3), "ééé…");
    }
}
