//! Faults of the rows of a page.

use rstest::rstest;
use tetherboard_simulator::Fault;

use crate::faults::page;

#[tokio::test]
async fn numbers_can_replace_numeric_strings() {
    let row = page(Fault::NumbersForText, "").await.rows().remove(0);
    assert!(row["client_id"].is_number() && row["contact_type"].is_number() && row["city"].is_string());
}

#[tokio::test]
async fn rows_can_be_other_types_or_lack_an_id() {
    let rows = page(Fault::RowsNotObjects, "").await.rows();
    assert_eq!(rows.iter().filter(|row| !row.is_object()).count(), 33);
    let rows = page(Fault::RowsWithoutId(60), "").await.rows();
    assert_eq!(rows.iter().filter(|row| row.get("client_id").is_none()).count(), 60);
    let second = page(Fault::RowsWithoutId(130), "?offset=100").await.rows();
    assert_eq!(second.iter().filter(|row| row.get("client_id").is_none()).count(), 30);
}

#[tokio::test]
async fn a_row_can_have_duplicate_keys() {
    let text = page(Fault::DuplicateKeys, "?limit=3").await.text();
    let right = page(Fault::SlowMs(0), "?limit=3").await.ids();
    let (first, second) = (format!("\"client_id\":\"{}\"", right[0]), format!("\"client_id\":\"{}\"", right[1]));
    assert!(text.find(&first) < text.find(&second), "its own id comes first");
    assert_eq!((text.matches(&second).count(), text.matches("\"firstName\":").count()), (2, 6));
}

#[rstest]
#[case::huge(Fault::HugeIds, "\"client_id\":\"9", 40)]
#[case::huge_number(Fault::HugeNumberIds, "\"client_id\":9", 40)]
#[case::number(Fault::NumberIds, "\"client_id\":", 7)]
#[case::object(Fault::ObjectIds, "\"client_id\":{\"id\":\"", 7)]
#[tokio::test]
async fn ids_can_be_huge_or_of_other_types(#[case] fault: Fault, #[case] begins: &str, #[case] digits: usize) {
    let text = page(fault, "?limit=3").await.text();
    let ids: Vec<&str> = text.match_indices("\"client_id\":").map(|(at, _)| &text[at..]).collect();
    assert_eq!(ids.len(), 3);
    for id in ids {
        assert!(id.starts_with(begins), "{id:.60}");
        let counted = id.chars().skip("\"client_id\":".len()).skip_while(|c| !c.is_ascii_digit());
        assert_eq!(counted.take_while(char::is_ascii_digit).count(), digits, "{id:.60}");
    }
}

#[rstest]
#[case::lone_surrogates(Fault::LoneSurrogates, &["\"firstName\":\"\\ud800 and \\udfff\\udc00\"", "\"whiteboard\":\"\\ud800"])]
#[case::nul(Fault::NulText, &["\"firstName\":\"nothing\\u0000nothing\""])]
#[case::control_characters(Fault::ControlCharacters, &["\"firstName\":\"one\r\ntwo\tthree\u{1}\""])]
#[case::not_a_number(Fault::BareWord("NaN".into()), &["\"deal_size\":NaN"])]
#[case::infinite(Fault::BareWord("-Infinity".into()), &["\"deal_size\":-Infinity"])]
#[case::huge_numbers(Fault::HugeNumbers, &["\"deal_size\":99999999999999999999999999"])]
#[case::far_dates(Fault::FarDates, &["\"created\":\"0001-01-01 00:00:00\"", "\"last_modified_date\":\"9999-12-31 23:59:59\""])]
#[tokio::test]
async fn the_first_row_can_hold_unexpected_values(#[case] fault: Fault, #[case] holds: &[&str]) {
    let text = page(fault, "").await.text();
    for words in holds {
        assert_eq!(text.matches(words).count(), 1, "{words}: {text:.900}");
    }
    assert_eq!(text.matches("\"client_id\":").count(), 100);
}

#[tokio::test]
async fn every_string_of_a_row_can_be_long() {
    let rows = page(Fault::LongTexts(3_000), "?limit=2").await.rows();
    for field in ["firstName", "email", "city", "clients_sales_cycle", "clients_lead_source"] {
        assert_eq!((rows[0][field].as_str().unwrap().len(), rows[1][field].as_str().unwrap().len() < 300), (3_000, true));
    }
    assert_eq!(rows[0]["client_id"].as_str().unwrap().len(), 7);
}

#[tokio::test]
async fn a_field_can_be_huge_deep_or_not_utf8() {
    let huge = page(Fault::HugeField(3_000_000), "?limit=2").await;
    assert_eq!(huge.rows()[0]["whiteboard"].as_str().unwrap().len(), 3_000_000);
    let deep = page(Fault::DeepJson(9_000), "?limit=2").await.text();
    assert!(deep.contains(&"[".repeat(9_000)) && deep.contains(&"]".repeat(9_000)));
    let braces = page(Fault::DeepObjects(9_000), "?limit=2").await.text();
    assert!(braces.contains(&"{\"x\":".repeat(9_000)) && braces.contains(&"}".repeat(9_000)));
    let torn = page(Fault::InvalidUtf8, "?limit=2").await;
    assert!(std::str::from_utf8(&torn.body).is_err());
    assert!(torn.text().contains("caf\u{FFFD}"));
}
