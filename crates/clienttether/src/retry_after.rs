//! Parses the `Retry-After` header: seconds, or an HTTP date.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait, at most a day. A date in the past means no wait; `None` if the header has neither form.
pub(crate) fn parse(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    let wait = if !header.is_empty() && header.bytes().all(|b| b.is_ascii_digit()) {
        header.parse().map_or(MAX_WAIT, Duration::from_secs)
    } else {
        let until = DateTimeParser::new().parse_timestamp(header).ok()?;
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    };
    Some(wait.min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds("7", Some(7))]
    #[case::padded(" 120 ", Some(120))]
    #[case::more_than_a_day("999999", Some(86_400))]
    #[case::more_than_a_number_holds("99999999999999999999999", Some(86_400))]
    #[case::date("Mon, 23 Nov 2026 10:00:30 GMT", Some(30))]
    #[case::past("Mon, 23 Nov 2026 09:00:00 GMT", Some(0))]
    #[case::far("Wed, 23 Dec 2026 10:00:00 GMT", Some(86_400))]
    #[case::negative("-5", None)]
    #[case::words("soon", None)]
    #[case::empty("", None)]
    fn seconds_and_dates_are_parsed(#[case] header: &str, #[case] seconds: Option<u64>) {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        assert_eq!(parse(header, now), seconds.map(Duration::from_secs));
    }
}
