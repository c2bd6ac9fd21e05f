//! Texts that people typed: whatever signs they contain, every word is on the page, in CSV, in the API, and found by search.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rstest::rstest;
use tetherboard_domain::RunStatus;
use tetherboard_simulator::{ContactEdit, Edit, EventEdit, NoteEdit};
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::hostile_text::is_only_ours;
use crate::page::words;
use crate::world::{HARBOR, Person, Visitor, World};

const NOTES: &str = "/t/harbor/notes";
const API: &str = "/api/v1/tenants/harbor/notes";
const TEXTS: usize = 200;
const WORDS: usize = 6;

/// Texts with six words each, as `{0}` to `{5}`: how people and programs write.
const SHAPES: [&str; 24] = [
    "{0} {1}\n{2}\n\n{3}\r\n{4} {5}",
    "{0} with {1} <{2}@example.com> about <{3} thousand, wants >2 units, {4} <{5}",
    "{0} < {1} && {2} > {3} <- {4} <3 {5}",
    "{0}<{1}>{2}<y>{3}</y>{4}</{5}>",
    "use <script> {0} <style> {1} <!-- {2} </script {3} <![if {4}> {5}",
    "<p>{0} <b>{1}</b> {2}<p>{3}<br>{4}<div>{5}</div>",
    "<section>{0}</section><section>{1}</section><dl><dt>{2}<dd>{3}</dl><address>{4}</address><center>{5}</center>",
    "<select><option>{0}<option>{1}</select><fieldset><legend>{2}</legend>{3}</fieldset><textarea>{4}</textarea>{5}",
    "<table><caption>{0}</caption><tr><td>{1}<td>{2}<tr>{3}<th>{4}</table>{5}",
    "<ul><li>{0}<li>{1}<ol><li>{2}</ol></ul><h1>{3}<h2>{4}</h1>{5}",
    "<a href=\"https://a.example/?q=1&amp;r=2\">{0}</a> <a href=\"javascript:x\">{1}</a> <a href=\"http://b.example>{2}</a> {3} \"{4}\" {5}",
    "<b>{0} <i>{1}</b> {2}</i><p>{3}</b> <a>{4} <a>{5}",
    "<pre>{0}\n  {1}\n\n{2}</pre><code>{3}</code><xmp>{4}</xmp>{5}",
    "<svg><text>{0}</text><path d=\"M0\"/></svg><math><mi>{1}</mi></math><noscript>{2}</noscript><iframe>{3}</iframe><object>{4}</object>{5}",
    "<p class=MsoNormal style='mso-x:y'>{0}<o:p></o:p></p><!--[if gte mso 9]><xml><w:x/></xml><![endif]--><![if !mso]>{1} <![endif]>{2} {3} {4} {5}",
    "<script>alert(1)</script>{0} <style>p{}</style>{1} <img src=x onerror=alert(1)>{2} <svg/onload=alert(1)>{3}</svg> {4} {5}",
    "AT&amp;T {0} R&D {1} &lt;{2}&gt; ?a=1&copy=2 {3} &nbsp;{4}&#8217; {5}",
    "\u{feff}{0}\u{2028}{1}\u{b}{2}\u{202e}{3}\u{202c} {4}\u{0}{5}",
    "{0} <b and {1}> {2} <section 8> {3} <time to {4}> {5}",
    "</textarea></div></body></html>{0} <p>{1}</p></p></li>{2}<td>{3}</td><tr>{4}</tr>{5}",
    "<font color=red>{0}</font> <strike>{1}</strike> <tt>{2}</tt> <big>{3}</big> <acronym>{4}</acronym> <mark>{5}</mark>",
    "<div><div><div>{0}<blockquote>{1}<hr>{2}</blockquote></div>{3}</div><details open><summary>{4}</summary>{5}</details></div>",
    "=1+1 {0} | {1} , \"{2}\" ; '{3}' \\ {4} % {5}",
    "<?xml version=\"1.0\"?><!DOCTYPE html><html><head><title>{0}</title></head><body>{1} <q>{2}</q> <kbd>{3}</kbd> {4} {5}</body></html>",
];

/// Pieces that are typed between words.
const BETWEEN: [&str; 20] = [
    " ",
    "\n",
    "<br>",
    "<b> ",
    "</b> ",
    "<p>",
    "</p>",
    " <y> ",
    " < ",
    " > ",
    " & ",
    "<td>",
    "</table>",
    "<table>",
    "<li>",
    "</div>",
    "<a href=x> ",
    " <script> ",
    "<section>",
    " \" ",
];

struct Text {
    typed: String,
    words: Vec<String>,
}

/// Texts of every shape, and texts whose words are separated at random.
fn texts() -> Vec<Text> {
    let mut runner = TestRunner::deterministic();
    let between = prop::collection::vec(prop::sample::select(&BETWEEN[..]), WORDS);
    (0..TEXTS)
        .map(|number| {
            let words: Vec<String> = (0..WORDS).map(|word| format!("word{number}x{word}")).collect();
            let typed = match SHAPES.get(number) {
                Some(shape) => {
                    (0..WORDS).fold((*shape).to_owned(), |text, word| text.replace(&format!("{{{word}}}"), &words[word]))
                }
                None => {
                    let between = between.new_tree(&mut runner).unwrap().current();
                    words.iter().zip(between).map(|(word, between)| format!("{word}{between}")).collect()
                }
            };
            Text { typed, words }
        })
        .collect()
}

async fn world_with(kind: Kind, edits: Vec<Edit>) -> World {
    let world = World::read(kind).await;
    world.pass(SignedDuration::from_hours(1));
    world.simulator.edit(0, Edit::AddContact(ContactEdit::named("Marisol Vega").id("7001").in_stage("FDD Sent")));
    for edit in edits {
        world.simulator.edit(0, edit);
    }
    assert_eq!(world.sync_with_notes(HARBOR).await.run.status, RunStatus::Succeeded);
    world
}

/// The notes of the API as `(text, html)`, newest first.
async fn of_api(visitor: &Visitor) -> Vec<(String, String)> {
    let (mut notes, mut next) = (Vec::new(), Some(format!("{API}?client=7001")));
    while let Some(address) = next {
        let part = visitor.json(&address).await;
        let text = |note: &serde_json::Value, field: &str| note[field].as_str().unwrap().to_owned();
        notes.extend(part["notes"].as_array().unwrap().iter().map(|note| (text(note, "text"), text(note, "html"))));
        next = part["next"].as_str().map(|cursor| format!("{API}?client=7001&cursor={cursor}"));
    }
    notes
}

#[rstest]
#[tokio::test]
async fn two_hundred_texts_of_every_kind_lose_no_word(#[values(Sqlite, Postgres)] kind: Kind) {
    let texts = texts();
    let first: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let note = |(minute, text): (i64, &Text)| {
        Edit::AddNote(NoteEdit::on("7001", &text.typed).created(first + SignedDuration::from_mins(minute)))
    };
    let world = world_with(kind, (0..).zip(&texts).map(note).collect()).await;
    let visitor = world.visitor(Person::Riley).await;

    let mut of_api = of_api(&visitor).await;
    let mut of_csv: Vec<String> =
        visitor.csv(&format!("{NOTES}?client=7001")).await.into_iter().map(|row| row[6].clone()).collect();
    of_api.reverse();
    of_csv.reverse();
    assert_eq!((of_api.len(), of_csv.len()), (TEXTS, TEXTS));
    for ((text, (plain, html)), cell) in texts.iter().zip(&of_api).zip(&of_csv) {
        for word in &text.words {
            for shown in [plain, cell, &words(html)] {
                let is_whole = shown.split(|c: char| !c.is_ascii_alphanumeric()).any(|shown| shown == word);
                assert!(is_whole, "{word} of {:?} is not in {shown:?}", text.typed);
            }
        }
    }

    let mut pages = String::new();
    for page in 1.. {
        let html = visitor.get(&format!("{NOTES}?client=7001&page={page}")).await.text();
        let typed_markup = [(" href=\"https://a.example/?q=1&amp;r=2\"", ""), ("<blockquote", "<div")];
        let ours = typed_markup.iter().fold(html.clone(), |html, (typed, ours)| html.replace(typed, ours));
        is_only_ours(NOTES, &ours);
        pages.push_str(&words(&html));
        if !html.contains("rel=\"next\"") {
            break;
        }
    }
    for (number, text) in texts.iter().enumerate() {
        assert!(text.words.iter().all(|word| pages.contains(word.as_str())), "{:?} is not on the pages", text.typed);
        // One word of each text is enough: the search index is made from the plain text.
        let found = visitor.json(&format!("{API}?q={}", text.words[number % WORDS])).await;
        assert_eq!(found["total"], 1, "{:?}", text.typed);
    }
}

#[rstest]
#[tokio::test]
async fn typed_lines_and_brackets_are_shown_and_found_but_markup_is_not(#[values(Sqlite, Postgres)] kind: Kind) {
    const TYPED: &str = "Spoke with Jane <jane@example.com>\nabout the fee <ninety thousand, wants >2 units";
    const HTML: &str = "<p>We discus<b>sed</b> the <strong>fee</strong> on <a href=\"https://a.example\">the site</a></p>";
    let moved: Timestamp = "2026-11-23T16:00:00Z".parse().unwrap();
    let world = world_with(
        kind,
        vec![
            Edit::AddNote(NoteEdit::on("7001", TYPED)),
            Edit::AddNote(NoteEdit::on("7001", HTML)),
            Edit::SetContact { client_id: "7001".into(), field: "whiteboard", value: TYPED.into() },
            Edit::AddEvent(EventEdit::at(moved, "Call").with_contact("7001").with("description", TYPED)),
        ],
    )
    .await;
    let visitor = world.visitor(Person::Riley).await;
    let found = async |q: &str| visitor.json(&format!("{API}?client=7001&q={q}")).await["total"].as_i64().unwrap();
    for (q, total) in
        [("ninety", 1), ("discussed", 1), ("jane", 1), ("fee", 2), ("strong", 0), ("href", 0), ("sed", 0), ("br", 0)]
    {
        assert_eq!(found(q).await, total, "{q}");
    }
    let cells: Vec<String> =
        visitor.csv(&format!("{NOTES}?client=7001&q=ninety")).await.into_iter().map(|row| row[6].clone()).collect();
    assert_eq!(cells, [TYPED]);
    const LINES: &str = "Spoke with Jane &lt;jane@example.com&gt;<br>about the fee &lt;ninety thousand, wants &gt;2 units";
    for page in [format!("{NOTES}?client=7001"), "/t/harbor/candidates/7001".to_owned()] {
        assert!(visitor.get(&page).await.text().contains(LINES), "{page}");
    }
    let candidate = visitor.get("/t/harbor/candidates/7001").await.text();
    assert_eq!(
        candidate.matches("&lt;ninety thousand, wants &gt;2 units").count(),
        3,
        "the note, the whiteboard, and the appointment"
    );
    let events = visitor.json("/api/v1/tenants/harbor/schedule?from=2026-11-20&to=2026-11-30").await;
    let descriptions: Vec<&str> =
        events["events"].as_array().unwrap().iter().filter_map(|event| event["description"].as_str()).collect();
    assert!(descriptions.contains(&TYPED), "{descriptions:?}");
}
