//! The feed that calendar apps subscribe to: a brand's appointments as iCalendar, RFC 5545.
//!
//! A calendar app cannot sign in, so a secret in the address grants what the person who created it may see of that brand, for as
//! long as they may see it. The response to an address that is wrong in any way is the same as where there is nothing.
//!
//! Apps identify an appointment by its UID and accept a change if SEQUENCE has grown. An appointment that was canceled, or is no
//! longer in the CRM, stays in the feed with the status CANCELLED.

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
use tetherboard_domain::{AppointmentTime, CALENDAR_READ_DAYS, Dataset, EpochMs, TenantId, isolated};
use tetherboard_metrics::{AppointmentType, Board, Staleness, appointment_type, freshness};
use tetherboard_store::schedule::{self, FeedRow};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Result as StoreResult, calendar_feeds, tenants};

use crate::address::links;
use crate::cache::CacheKey;
use crate::http::NO_SUCH_PAGE;
use crate::http::auth::hash_token;
use crate::http::best_effort::best_effort;
use crate::http::error::{HttpError, HttpResult};
use crate::http::etag::{IfNoneMatch, digest, tag_of};
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
    if_none_match: IfNoneMatch,
) -> HttpResult<Response> {
    let (conn, now) = (portal.store.conn(), portal.clock.now());
    let secret = path.ok().and_then(|Path(name)| name.strip_suffix(".ics").map(|secret| SecretString::from(secret.to_owned())));
    let tenant = match secret {
        Some(secret) => tenant_of(&portal, &secret, now).await?,
        None => None,
    };
    let tenant = tenant.ok_or_else(|| HttpError::not_found(NO_SUCH_PAGE))?;
    let fresh = freshness(conn, &tenant, now).await?;
    let site = site(&portal, &headers);
    let read_at = fresh.datasets.iter().find(|age| age.dataset == Dataset::Events).and_then(|age| age.as_of);
    let content = FeedContent { tenant: &tenant, site: &site, read_at, is_old: fresh.staleness >= Staleness::Warning };
    let key = FeedKey { is_old: content.is_old };
    // Without a configured address, the feed contains the one this caller used, which is not cached for others.
    let rendered = match portal.settings.public_url {
        Some(_) => portal.cache.get(&tenant, now, key, || content.render(&portal, now)).await?,
        None => Arc::new(content.render(&portal, now).await?),
    };
    Ok(respond(&tenant, &rendered, &if_none_match))
}

/// The brand that a secret grants; `None` if it grants nothing.
async fn tenant_of(portal: &Portal, secret: &SecretString, now: Timestamp) -> StoreResult<Option<Tenant>> {
    let conn = portal.store.conn();
    let Some(grant) = calendar_feeds::by_secret(conn, &hash_token(secret), now.into()).await? else { return Ok(None) };
    if let Some(feed) = grant.feed {
        best_effort("the use of a calendar feed", calendar_feeds::mark_used(conn, feed, now.into())).await;
    }
    tenants::by_id(conn, grant.tenant).await
}

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

fn respond(tenant: &Tenant, feed: &RenderedFeed, if_none_match: &IfNoneMatch) -> Response {
    let mut response = match if_none_match.has(&feed.tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => feed.body.clone().into_response(),
    };
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &str| _ = HeaderValue::from_str(value).map(|value| headers.insert(name, value));
    put(CONTENT_TYPE, "text/calendar; charset=utf-8");
    put(CONTENT_DISPOSITION, &format!("inline; filename=\"{}.ics\"", tenant.slug));
    put(CACHE_CONTROL, "private, no-cache");
    put(REFERRER_POLICY, "no-referrer");
    put(HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
    put(ETAG, &feed.tag);
    response
}

/// What a feed contains.
struct FeedContent<'a> {
    tenant: &'a Tenant,
    site: &'a str,
    /// When the CRM's calendar was last read in full.
    read_at: Option<Timestamp>,
    is_old: bool,
}

/// The number of appointments at most: calendar apps, and this process, should not have to hold more.
const MAX_EVENTS: i64 = 20_000;

impl FeedContent<'_> {
    async fn render(&self, portal: &Portal, now: Timestamp) -> StoreResult<RenderedFeed> {
        let body = self.body(portal, now).await?;
        Ok(RenderedFeed { tag: tag_of(body.as_bytes()), body: Bytes::from(body) })
    }

    async fn body(&self, portal: &Portal, now: Timestamp) -> StoreResult<String> {
        let (conn, tenant) = (portal.store.conn(), self.tenant);
        let source = tenant.source_time().0;
        let today = source.date(self.read_at.unwrap_or(now));
        let day = |days: i64| source.start_of(today.saturating_add(Span::new().days(days))).into();
        let (back, ahead) = CALENDAR_READ_DAYS;
        let rows = schedule::feed(conn, tenant.id, (day(-back), day(ahead + 1)), MAX_EVENTS).await?;
        let board = Board::load(conn, tenant.id).await?;
        let mut calendar = self.header(rows.len() as i64 == MAX_EVENTS);
        for row in rows {
            if let Some(event) = self.event(&board, row) {
                calendar.push(event);
            }
        }
        Ok(folded(&calendar.to_string()))
    }

    /// The calendar without its events.
    fn header(&self, is_cut: bool) -> Calendar {
        let tenant = self.tenant;
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
        let (name, description) = (format!("{} schedule", tenant.name), self.description(is_cut));
        for (key, value) in
            [("NAME", &name), ("X-WR-CALNAME", &name), ("DESCRIPTION", &description), ("X-WR-CALDESC", &description)]
        {
            calendar.append_property(text(key, value));
        }
        calendar
    }

    fn description(&self, is_cut: bool) -> String {
        let Some(read_at) = self.read_at else { return "ClientTether’s calendar has not been read yet.".to_owned() };
        let zone = &self.tenant.zone;
        let old = if self.is_old { " It could not be read since then, so appointments may be out of date." } else { "" };
        let day = zone.date(read_at);
        let cut = if is_cut { " It has more appointments than this feed can contain; the last ones are left out." } else { "" };
        format!("ClientTether’s calendar as of {}, {}.{old}{cut}", time::exact(read_at, zone), day.year())
    }

    /// The event of an appointment; `None` if its time is out of range.
    fn event(&self, board: &Board, row: FeedRow) -> Option<Event> {
        let (tenant, source) = (self.tenant, self.tenant.source_time().0);
        let when = AppointmentTime::of(row.all_day, Some(row.starts_ms), row.ends_ms, &source)?;
        let changed = moment(row.changed_ms.timestamp()?);
        let is_canceled = row.cancelled || row.gone;
        let mut event = Event::new();
        event.add_property("UID", uid(tenant.id, &row.crm_id));
        event.add_property("DTSTAMP", changed.clone());
        event.add_property("LAST-MODIFIED", changed);
        event.add_property("SEQUENCE", sequence(&row).to_string());
        event.add_property("STATUS", if is_canceled { "CANCELLED" } else { "CONFIRMED" });
        // A subscriber is not busy during other people's appointments.
        event.add_property("TRANSP", "TRANSPARENT");
        add_times(&mut event, when);
        let of_type = appointment_type(&row.title, &row.kind, &row.place);
        event.add_property("SUMMARY", clean(&summary(&row, &of_type, is_canceled), 200));
        if !row.place.trim().is_empty() {
            event.add_property("LOCATION", clean(row.place.trim(), 300));
        }
        let link =
            row.client_id.as_ref().map(|contact| format!("{}{}", self.site, links::candidate(&tenant.slug, contact).url()));
        event.add_property("DESCRIPTION", clean(&description(board, &row, &of_type, link.as_deref()), 2_500));
        if let Some(link) = link {
            event.add_property("URL", link);
        }
        Some(event)
    }
}

fn add_times(event: &mut Event, when: AppointmentTime) {
    match when {
        AppointmentTime::Timed { starts, ends } => {
            event.add_property("DTSTART", moment(starts));
            if ends > starts {
                event.add_property("DTEND", moment(ends));
            }
        }
        AppointmentTime::Days { first, last } => {
            event.append_property(date("DTSTART", first));
            event.append_property(date("DTEND", last.saturating_add(Span::new().days(1))));
        }
    }
}

/// Never changes, and contains only letters and digits whatever the CRM's ID is.
fn uid(tenant: TenantId, crm_id: &str) -> String {
    format!("{}@tetherboard", digest(format!("{tenant}/{crm_id}").as_bytes()))
}

/// Seconds from 2020 to the last change, plus the version of the field mapping: it never falls.
fn sequence(row: &FeedRow) -> i64 {
    const BEGIN_MS: EpochMs = EpochMs(1_577_836_800_000);
    // The low half is the brand's own version, the high half the program's.
    let mapping = (row.mapping_version >> 32) + (row.mapping_version & 0xffff_ffff);
    ((row.changed_ms - BEGIN_MS).max(0) / 1_000 + mapping).min(i64::from(i32::MAX))
}

/// `Ada Ash: Discovery Day`.
fn summary(row: &FeedRow, of_type: &AppointmentType, is_canceled: bool) -> String {
    let title = [row.title.trim(), row.kind.trim()].into_iter().find(|text| !text.is_empty()).unwrap_or(of_type.name());
    let name = row.name.trim();
    let summary = if name.is_empty() { title.to_owned() } else { format!("{}: {}", isolated(name), isolated(title)) };
    if is_canceled { format!("Canceled: {summary}") } else { summary }
}

/// Type, owner, stage, status, the link, and the appointment's own description.
fn description(board: &Board, row: &FeedRow, of_type: &AppointmentType, link: Option<&str>) -> String {
    let place = row.client_id.as_ref().map(|_| board.place(row.stage.as_deref()));
    let stage = place.as_ref().and_then(|place| board.label(place));
    let status = if row.gone { Some("Removed from ClientTether") } else { Some(row.status.trim()) };
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

/// At most `max` characters of a text, without control characters that would end a line of the format, and with its direction
/// characters confined to it.
fn clean(text: &str, max: usize) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let plain = lines.chars().map(|c| match c {
        '\n' => c,
        '\u{2028}' | '\u{2029}' => '\n',
        c if c.is_control() => ' ',
        c => c,
    });
    let mut clipped: String = plain.take(max + 1).collect();
    if clipped.chars().count() > max {
        clipped.pop();
        clipped.push('…');
    }
    isolated(&clipped).into_owned()
}

/// The calendar with its long lines folded: no line has more than 75 octets, and no character is split.
fn folded(calendar: &str) -> String {
    const LONGEST_LINE: usize = 75;
    // The library folds too, but counts an octet too few.
    let unfolded = calendar.replace("\r\n ", "");
    let mut out = String::with_capacity(unfolded.len() + unfolded.len() / 60);
    for line in unfolded.lines() {
        let mut length = 0;
        for c in line.chars() {
            if length + c.len_utf8() > LONGEST_LINE {
                out.push_str("\r\n ");
                length = 1;
            }
            length += c.len_utf8();
            out.push(c);
        }
        out.push_str("\r\n");
    }
    out
}

/// `20260312T153000Z`.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A date without a time.
fn date(key: &str, day: Date) -> Property {
    Property::new(key, day.strftime("%Y%m%d").to_string()).add_parameter("VALUE", "DATE").done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crm_id_always_gives_the_same_uid_and_none_of_its_text() {
        let one = uid(TenantId(1), "77\r\nBEGIN:VEVENT");
        assert_eq!(one, uid(TenantId(1), "77\r\nBEGIN:VEVENT"));
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'@'), "{one}");
        assert_ne!(uid(TenantId(1), "77"), uid(TenantId(2), "77"));
        assert_ne!(uid(TenantId(1), "177"), uid(TenantId(11), "77"));
    }

    #[test]
    fn a_folded_line_has_at_most_75_octets_and_unfolds_to_the_same_text() {
        for sign in ["a", "é", "議", "🎉", "a議é🎉\\n"] {
            for length in 0..160 {
                let text: String = sign.chars().cycle().take(length).collect();
                let mut calendar = Calendar::empty();
                calendar.append_property(Property::new("SUMMARY", &text));
                let written = calendar.to_string();
                let folded = folded(&written);
                assert!(folded.split("\r\n").all(|line| line.len() <= 75), "{folded}");
                assert_eq!(folded.replace("\r\n ", ""), written.replace("\r\n ", ""));
                assert!(folded.ends_with("END:VCALENDAR\r\n"));
            }
        }
    }

    #[test]
    fn text_contains_no_character_that_ends_a_line() {
        assert_eq!(clean("a\r\nb\rc\u{2028}d\u{0}e\u{85}f\tg", 99), "a\nb\nc\nd e f g");
        assert_eq!(clean("éééé", 3), "ééé…");
        assert_eq!(clean("a\u{202e}bc", 3), "\u{2068}a\u{202e}b…\u{202c}\u{2069}");
    }
}
