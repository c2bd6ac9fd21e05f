use jiff::civil::date;
use rstest::rstest;
use tetherboard_domain::{Dataset, Zone};

use super::*;
use crate::fields::{Fee, Moment, Person, Text};
use crate::rows::{RawContact, RawDeal, RawEvent, SkipReason};

fn rule<const N: usize>(places: [&str; N]) -> FieldRule {
    FieldRule::at(places)
}

fn many_places() -> FieldRule {
    FieldRule { places: (0..50).map(|n| format!("/{n}")).collect(), ..rule([]) }
}

fn dated(formats: &[&str], zone: Option<&str>) -> FieldRule {
    let formats = formats.iter().map(|format| (*format).to_owned()).collect();
    FieldRule { formats, zone: zone.map(|zone| Zone::named(zone).unwrap()), ..rule(["/created"]) }
}

fn contacts(field: &str, rule: FieldRule) -> Mapping {
    let mut mapping = Mapping::default();
    mapping.set(Dataset::Contacts, field, rule).unwrap();
    mapping
}

fn contact(mapping: &Mapping, fields: &str) -> RawContact {
    RawContact::decode(format!(r#"{{"client_id":7,{fields}}}"#).as_bytes(), mapping).unwrap()
}

#[rstest]
#[case::nested_in_a_list(rule(["/custom/1/value"]), r#""custom":[{"value":"1"},{"value":"3"}]"#, Some("3"))]
#[case::nested_in_an_object(rule(["/custom/Units"]), r#""custom":{"Units":3}"#, Some("3"))]
#[case::slash_in_a_name(rule(["/custom~1units"]), r#""custom/units":"3""#, Some("3"))]
#[case::tilde_in_a_name(rule(["/~0units"]), r#""~units":"3""#, Some("3"))]
#[case::escaped_in_the_row(rule(["/é"]), r#""\u00e9":"3""#, Some("3"))]
#[case::first_of_two(rule(["/a", "/b"]), r#""b":"4","a":"3""#, Some("3"))]
#[case::second_if_the_first_is_blank(rule(["/a", "/b"]), r#""a":" ","b":"4""#, Some("4"))]
#[case::second_if_the_first_is_null(rule(["/a", "/b"]), r#""a":null,"b":"4""#, Some("4"))]
#[case::second_if_the_first_is_missing(rule(["/a/0", "/b"]), r#""a":[],"b":"4""#, Some("4"))]
#[case::second_if_the_first_is_unreadable(rule(["/a", "/b"]), r#""a":{"x":1},"b":"4""#, Some("4"))]
#[case::two_places_under_one_key(rule(["/c/a", "/c/b"]), r#""c":{"b":"4"}"#, Some("4"))]
#[case::the_key_of_another_field(rule(["/city"]), r#""city":"Reno""#, Some("Reno"))]
#[case::first_of_duplicate_keys(rule(["/a/b"]), r#""a":{"b":"3","b":"4"},"a":{"b":"5"}"#, Some("3"))]
#[case::nowhere(rule([]), r#""units":"3""#, None)]
#[case::a_whole_list(rule(["/a"]), r#""a":["3"]"#, None)]
#[case::past_the_end(rule(["/a/18446744073709551616"]), r#""a":["3"]"#, None)]
#[case::through_text(rule(["/a/b"]), r#""a":"{\"b\":3}""#, None)]
fn a_field_is_found_where_its_rule_says(#[case] rule: FieldRule, #[case] fields: &str, #[case] units: Option<&str>) {
    let found = contact(&contacts("units", rule), fields);
    let bit = fields_of(Dataset::Contacts).iter().position(|spec| spec.name == "units").unwrap();
    assert_eq!((found.units.as_deref(), found.filled >> bit & 1 == 1), (units, units.is_some()));
}

#[rstest]
#[case::american(&["%m/%d/%Y %I:%M %p"], None, r#""11/20/2026 09:30 PM""#, Moment::Local(date(2026, 11, 20).at(21, 30, 0, 0)))]
#[case::offset(&["%Y-%m-%dT%H:%M:%S%z"], None, r#""2026-11-20T21:30:00-0600""#, exact("2026-11-21T03:30:00Z"))]
#[case::zulu(&["%Y-%m-%dT%H:%M:%S%:z"], None, r#""2026-11-20T21:30:00+00:00""#, exact("2026-11-20T21:30:00Z"))]
#[case::fraction(&["%Y-%m-%dT%H:%M:%S%.fZ"], Some("UTC"), r#""2026-11-20T21:30:00.250Z""#, exact("2026-11-20T21:30:00.25Z"))]
#[case::seconds_since_1970(&["%s"], None, "1772937000", exact("2026-03-08T02:30:00Z"))]
#[case::seconds_as_text(&["%s"], Some("Asia/Tokyo"), r#""1772937000""#, exact("2026-03-08T02:30:00Z"))]
#[case::zone_of_the_rule(&[], Some("America/Denver"), r#""2026-11-20 09:30:00""#, exact("2026-11-20T16:30:00Z"))]
#[case::skipped_hour(&[], Some("America/Chicago"), r#""2026-03-08 02:30:00""#, exact("2026-03-08T08:30:00Z"))]
#[case::offset_wins(&["%F %T %z"], Some("Asia/Tokyo"), r#""2026-11-20 09:30:00 -0600""#, exact("2026-11-20T15:30:00Z"))]
#[case::second_format(&["%s", "%m/%d/%Y"], None, r#""11/20/2026""#, Moment::Local(date(2026, 11, 20).at(0, 0, 0, 0)))]
#[case::the_default_format_no_longer_applies(&["%m/%d/%Y"], None, r#""2026-11-20 09:30:00""#, Moment::Unreadable)]
#[case::nonexistent_date(&["%m/%d/%Y"], None, r#""02/30/2026""#, Moment::Unreadable)]
#[case::zero(&["%m/%d/%Y"], None, r#""00/00/0000""#, Moment::None)]
#[case::a_list(&["%s"], None, "[1772937000]", Moment::Unreadable)]
#[case::out_of_range(&["%s"], None, "99999999999999", Moment::Unreadable)]
fn a_date_is_read_in_the_formats_of_its_rule(
    #[case] formats: &[&str],
    #[case] zone: Option<&str>,
    #[case] value: &str,
    #[case] moment: Moment,
) {
    let mapping = contacts("created", dated(formats, zone));
    assert_eq!(contact(&mapping, &format!(r#""created":{value}"#)).created, moment);
}

fn exact(at: &str) -> Moment {
    Moment::Exact(at.parse().unwrap())
}

#[rstest]
#[case::as_written(None, date(2026, 11, 20))]
#[case::in_the_zone_of_the_rule(Some("UTC"), date(2026, 11, 21))]
fn the_date_of_an_exact_time(#[case] zone: Option<&str>, #[case] date: jiff::civil::Date) {
    let mut mapping = Mapping::default();
    let rule = FieldRule { places: vec!["/close_date".into()], ..dated(&["%F %T %z"], zone) };
    mapping.set(Dataset::Deals, "close_date", rule).unwrap();
    let deal = RawDeal::decode(br#"{"opportunity_id":1,"close_date":"2026-11-20 21:30:00 -0600"}"#, &mapping).unwrap();
    assert_eq!(deal.close_date, Some(date));
}

#[test]
fn an_event_whose_format_has_no_time_lasts_all_day() {
    let mut mapping = Mapping::default();
    let rule = FieldRule { places: vec!["/start_date".into()], ..dated(&["%m/%d/%Y", "%m/%d/%Y %H:%M"], Some("America/Denver")) };
    mapping.set(Dataset::Events, "starts", rule).unwrap();
    let event = RawEvent::decode(br#"{"event_id":1,"start_date":"11/20/2026"}"#, &mapping).unwrap();
    assert_eq!((event.starts, event.all_day), (exact("2026-11-20T07:00:00Z"), true));
    let event = RawEvent::decode(br#"{"event_id":1,"start_date":"11/20/2026 00:00"}"#, &mapping).unwrap();
    assert_eq!((event.starts, event.all_day), (exact("2026-11-20T07:00:00Z"), false));
}

#[rstest]
#[case::first_key(rule(["/id"]), br#"{"id":"7","client_id":"8"}"#, Some("7"))]
#[case::later_key(rule(["/id"]), br#"{"client_id":"8","id":7}"#, Some("7"))]
#[case::nested(rule(["/who/id"]), br#"{"who":{"id":"7"}}"#, Some("7"))]
#[case::second_place(rule(["/id", "/client_id"]), br#"{"client_id":"8","id":""}"#, Some("8"))]
#[case::unreadable_first(rule(["/id", "/client_id"]), br#"{"id":"1e3","client_id":"8"}"#, Some("8"))]
#[case::duplicate_key(rule(["/id"]), br#"{"id":"7","id":"8"}"#, Some("7"))]
#[case::escaped_name(rule(["/i\\u0064"]), br#"{"i\u0064":"7"}"#, None)]
#[case::name_that_ends_the_string(rule(["/a\":\"7\",\"b"]), br#"{"a":"7","b":"8"}"#, None)]
#[case::damaged_elsewhere(rule(["/id"]), b"{\"id\":\"7\",\"x\":\"Ren\xe9\ty\"}", Some("7"))]
#[case::damaged_before(rule(["/id"]), b"{\"x\":\"a\tb\",\"id\":\"7\"}", Some("7"))]
#[case::damaged_itself(rule(["/id", "/x"]), b"{\"x\":\"8\",\"id\":\"7\t\"}", Some("7"))]
#[case::nowhere(rule(["/id"]), br#"{"client_id":"8"}"#, None)]
fn the_page_and_the_decoder_find_the_same_id(#[case] rule: FieldRule, #[case] row: &[u8], #[case] id: Option<&str>) {
    let mapping = contacts("client_id", rule);
    assert_eq!(mapping.row_id(Dataset::Contacts, row).as_deref(), id);
    let decoded = RawContact::decode(row, &mapping).map(|contact| contact.client_id);
    assert_eq!(decoded.map_err(|skipped| skipped.reason), id.map(String::from).ok_or(SkipReason::NoId));
}

#[rstest]
#[case::unknown_field("shoe_size", rule(["/x"]), "unknown field; the fields are: client_id, first_name,")]
#[case::no_slash("units", rule(["custom"]), "`custom` is not a place in a row: it must begin with a slash")]
#[case::empty("units", rule([""]), "`` is not a place in a row: it must begin with a slash")]
#[case::tilde("units", rule(["/a", "/~x"]), "`/~x` is not a place in a row: write a tilde as ~0")]
#[case::id_nowhere("client_id", rule([]), "a row without an ID cannot be stored")]
#[case::format_without_a_date("created", dated(&["%H:%M"], None), "`%H:%M` is not a date format: it does not give the full date")]
#[case::invalid_format("created", dated(&["%Y-%m-%d %!"], None), "`%Y-%m-%d %!` is not a date format: it is not a valid pattern")]
#[case::format_of_text("city", dated(&["%s"], None), "only dates have formats and a time zone, and this is text")]
#[case::zone_of_text("city", dated(&[], Some("UTC")), "only dates have formats and a time zone, and this is text")]
#[case::too_many("units", many_places(), "the rules of this list use more than 64 keys")]
fn an_unusable_rule_says_why_and_changes_nothing(#[case] field: &str, #[case] rule: FieldRule, #[case] message: &str) {
    let mut mapping = Mapping::default();
    let error = mapping.set(Dataset::Contacts, field, rule).unwrap_err();
    assert_eq!(error.to_string(), format!("the rule for `{field}` of contacts cannot be used"));
    assert!(error.problem.to_string().starts_with(message), "{}", error.problem);
    assert_eq!(mapping, Mapping::default());
}

#[test]
fn the_default_is_the_crms_own_layout_and_a_rule_replaces_it() {
    let mapping = contacts("stage", rule(["/stage"]));
    assert_eq!(mapping.rule(Dataset::Contacts, "stage"), Some(&rule(["/stage"])));
    assert_eq!(mapping.rule(Dataset::Contacts, "city"), Some(&rule(["/city"])));
    assert_eq!(mapping.rule(Dataset::Contacts, "market"), Some(&rule([])));
    assert_eq!(mapping.rule(Dataset::Contacts, "shoe_size"), None);
    assert_eq!(contact(&mapping, r#""stage":"QR Sent","clients_sales_cycle":"FDD Sent""#).stage, Text::Text("QR Sent".into()));
}

#[test]
fn unusable_stored_rules_are_ignored_and_reported() {
    let stored = [
        ("units", rule(["/cf_units"]).to_json()),
        ("market", "{\"places\":7}".to_owned()),
        ("created", "{\"places\":[],\"zone\":\"Mars/Base\"}".to_owned()),
        ("shoe_size", rule(["/x"]).to_json()),
    ];
    let rules = stored.map(|(field, json)| (Dataset::Contacts, field.to_owned(), json));
    let (mapping, ignored) = Mapping::from_rules(rules);
    assert_eq!(mapping, contacts("units", rule(["/cf_units"])));
    let ignored: Vec<_> = ignored.iter().map(|rule| (rule.field.as_str(), rule.reason.to_string())).collect();
    assert_eq!(ignored[0], ("market", "the rule is not valid JSON with places, forms, and zone".to_owned()));
    assert_eq!(ignored[1], ("created", "`Mars/Base` is not an IANA time zone; write one like America/Chicago".to_owned()));
    assert!(ignored[2].1.starts_with("unknown field"), "{ignored:?}");
}

#[test]
fn an_unreadable_value_is_reported_only_if_no_place_is_readable() {
    let mut mapping = contacts("fee", rule(["/a", "/b"]));
    mapping.set(Dataset::Contacts, "owner", rule(["/a", "/b"])).unwrap();
    assert_eq!(contact(&mapping, r#""a":"ask Bob","b":"0.00""#).fee, Fee::Flagged);
    assert_eq!(contact(&mapping, r#""a":"ask Bob","b":"5""#).fee, Fee::Cents(500));
    assert_eq!(contact(&mapping, r#""a":"0","b":"Ada Ash""#).owner, Person::Name("Ada Ash".into()));
}

#[rstest]
#[case::fee("fee", r#""deal_size":"90000""#, Some("/deal_size"), r#""90000""#, Ok(Some("$90,000.00")))]
#[case::unreadable_fee("fee", r#""deal_size":"ask Bob""#, Some("/deal_size"), r#""ask Bob""#, Err("this is not an amount"))]
#[case::local_time(
    "created",
    r#""created":"2026-11-20 09:30:00""#,
    Some("/created"),
    r#""2026-11-20 09:30:00""#,
    Ok(Some("2026-11-20 09:30:00"))
)]
#[case::unreadable_time(
    "created",
    r#""created":20261120"#,
    Some("/created"),
    "20261120",
    Err("this is not a date and time in the given formats")
)]
#[case::in_a_zone(
    "modified",
    r#""m":"2026-11-20 09:30:00""#,
    Some("/m"),
    r#""2026-11-20 09:30:00""#,
    Ok(Some("2026-11-20 09:30:00 America/Denver"))
)]
#[case::person(
    "owner",
    r#""assigned_user":{"first_name":"Ada","last_name":"Ash"}"#,
    Some("/assigned_user"),
    r#"{"first_name":"Ada","last_name":"Ash"}"#,
    Ok(Some("Ada Ash"))
)]
#[case::user("owner", r#""assigned_user":"17""#, Some("/assigned_user"), r#""17""#, Ok(Some("user 17")))]
#[case::id("client_id", r#""x":1"#, Some("/client_id"), "7", Ok(Some("7")))]
#[case::second_place("units", r#""a":"","b":[{"c":3}]"#, Some("/b/0/c"), "3", Ok(Some("3")))]
#[case::blank("city", r#""city":" ""#, None, "", Ok(None))]
#[case::unknown("shoe_size", r#""city":"Reno""#, None, "", Ok(None))]
fn a_preview_shows_the_value_and_its_place(
    #[case] field: &str,
    #[case] fields: &str,
    #[case] place: Option<&str>,
    #[case] raw: &str,
    #[case] value: Result<Option<&str>, &str>,
) {
    let mut mapping = contacts("units", rule(["/a", "/b/0/c"]));
    let zoned = FieldRule { zone: Some(Zone::named("America/Denver").unwrap()), ..rule(["/m"]) };
    mapping.set(Dataset::Contacts, "modified", zoned).unwrap();
    let preview = mapping.preview(Dataset::Contacts, field, format!(r#"{{"client_id":7,{fields}}}"#).as_bytes());
    assert_eq!((preview.place.as_deref(), preview.raw.as_deref().unwrap_or_default()), (place, raw));
    let shown = preview.value.map_err(|unreadable| unreadable.to_string());
    assert_eq!(shown.as_ref().map(Option::as_deref).map_err(String::as_str), value);
}

#[test]
fn a_preview_is_short() {
    let row = format!(r#"{{"client_id":7,"whiteboard":"{}"}}"#, "é".repeat(500));
    let preview = Mapping::default().preview(Dataset::Contacts, "whiteboard", row.as_bytes());
    assert_eq!((preview.raw.unwrap().chars().count(), preview.value.unwrap().unwrap().chars().count()), (200, 200));
}

#[test]
fn keys_that_no_field_uses_are_listed() {
    let row = br#"{"zip":"89501","client_id":7,"custom":{"city":1},"city":"Reno","zip":1,"units":2}"#;
    assert_eq!(Mapping::default().unmapped_keys(Dataset::Contacts, row), ["zip", "custom", "units"]);
    assert_eq!(contacts("units", rule(["/custom/u"])).unmapped_keys(Dataset::Contacts, row), ["zip", "units"]);
    assert!(Mapping::default().unmapped_keys(Dataset::Contacts, b"[1]").is_empty());
}

proptest::proptest! {
    #[test]
    fn no_rule_and_no_row_panic(
        place in r"/?[a-c0-2~/é]{0,8}",
        format in "(%[a-zA-Z:. 0-9]|[a-z/ -]){0,6}",
        row: Vec<u8>,
        value in r#""[^"\\]{0,24}"|-?(0|[1-9][0-9]{0,19})|null|\[1\]|\{"a":\{"b":[12]\}\}"#,
    ) {
        let mut mapping = Mapping::default();
        let _ = mapping.set(Dataset::Contacts, "client_id", rule([&place]));
        let _ = mapping.set(Dataset::Contacts, "created", FieldRule { formats: vec![format], ..rule([&place, "/c"]) });
        for row in [row, format!(r#"{{"client_id":1,"a":{value},"b":[{value}],"c":{value}}}"#).into_bytes()] {
            let id = mapping.row_id(Dataset::Contacts, &row);
            if let Ok(contact) = RawContact::decode(&row, &mapping) {
                proptest::prop_assert_eq!(id.as_ref(), Some(&contact.client_id));
            }
            let _ = (mapping.preview(Dataset::Contacts, "created", &row), mapping.unmapped_keys(Dataset::Contacts, &row));
        }
    }
}
