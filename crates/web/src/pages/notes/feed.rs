//! The feed: days, notes, and what happened between them.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{EpochMs, Search};
use tetherboard_metrics::{FeedEvent, FeedEventKind, StagePlace};
use tetherboard_store::notes::NoteRow;

use super::{NotesView, PAGE, SHORT};
use crate::address::links;
use crate::address::notes::NoteQuery;
use crate::address::query::SearchText;
use crate::parts::candidate::candidate_name;
use crate::parts::format::{count, counted, number};
use crate::parts::hide_note::hide_form;
use crate::parts::highlight::{excerpt, marked, marked_html};
use crate::parts::rich_text::rich;
use crate::parts::shell::Shell;
use crate::parts::stages::{stage, stage_name};
use crate::parts::{icon, time};
use crate::read::note_feed::EXCERPT_LETTERS;

/// One entry of the feed, by when it was.
enum Entry<'a> {
    Note(&'a NoteRow),
    Event(&'a FeedEvent),
}

impl Entry<'_> {
    fn at_ms(&self) -> Option<EpochMs> {
        match self {
            Self::Note(note) => note.created_ms,
            Self::Event(one) => Some(one.at_ms),
        }
    }
}

pub(super) fn feed(shell: &Shell<'_>, view: &NotesView) -> Markup {
    if view.rows.is_empty() {
        return empty(shell, view);
    }
    let zone = &shell.tenant().zone;
    let mut entries: Vec<Entry<'_>> = view.rows.iter().map(Entry::Note).chain(view.between.iter().map(Entry::Event)).collect();
    // A stable sort: notes of one moment stay as they are.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at_ms()));
    let day = |entry: &Entry<'_>| entry.at_ms().and_then(time::moment).map(|at| zone.date(at));
    html! {
        section.card.notes-list aria-label="Notes, newest first" data-total=(view.total()) {
            @for group in entries.chunk_by(|one, next| day(one) == day(next)) {
                (heading(shell, view, group.first().and_then(day), group))
                @for entry in group {
                    @match entry {
                        Entry::Note(row) => (note(shell, view, row)),
                        Entry::Event(one) => (between(shell, view, one)),
                    }
                }
            }
            @if view.more_between { p.sub.notes-more { "More moves or appointments fall into these days than fit here; narrow the period to see them all." } }
            (pager(shell, view))
        }
    }
}

fn heading(shell: &Shell<'_>, view: &NotesView, day: Option<Date>, group: &[Entry<'_>]) -> Markup {
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    let Some(day) = day else {
        let undated = view.selection.notes.iter().filter(|note| note.at_ms.is_none()).count();
        return html! { h2.day-h { "Without a date" span { (counted(count(undated), "note", "notes")) ", dated by nothing that can be read" } } };
    };
    let (start, end) = (zone.start_of(day), day.tomorrow().map(|next| zone.start_of(next)).unwrap_or(Timestamp::MAX));
    let of_day = |ms: EpochMs| ms >= start.into() && ms < end.into();
    let notes = view.selection.notes.iter().filter(|note| note.at_ms.is_some_and(of_day)).count();
    let kinds = |wanted: fn(&FeedEventKind) -> bool| {
        count(group.iter().filter(|entry| matches!(entry, Entry::Event(one) if wanted(&one.what))).count())
    };
    let moves = kinds(|what| matches!(what, FeedEventKind::Moved { .. }));
    let met = kinds(|what| matches!(what, FeedEventKind::Appointment { .. }));
    let year = if day.year() == today.year() { "" } else { ", %Y" };
    html! {
        h2.day-h {
            span.day-name {
                @match (today - day).get_days() { 0 => "Today, ", 1 => "Yesterday, ", -1 => "Tomorrow, ", _ => {} }
                (day.strftime(&format!("%A, %B %-d{year}")))
            }
            span {
                (counted(count(notes), "note", "notes"))
                @if moves > 0 { ", " (counted(moves, "move", "moves")) }
                @if met > 0 { ", " (counted(met, "appointment", "appointments")) }
            }
        }
    }
}

fn note(shell: &Shell<'_>, view: &NotesView, row: &NoteRow) -> Markup {
    let slug = &shell.tenant().slug;
    let board = &view.numbers.board;
    let place = board.place(row.stage.as_deref());
    let (tone, picture) = picture(&row.kind);
    html! {
        article.note class=[row.hidden.then_some("is-hidden")] {
            span class=(format!("disc {tone}")) { (icon(picture, 15)) }
            p.by {
                (candidate_name(slug, Some(&row.client_id), &row.name))
                span { (written_by(&row.kind, &row.author)) }
                (stage(board.label(&place), board.role(&place)))
                (time_of(shell, row.created_ms))
            }
            (text(slug, row, view.search.as_ref()))
            @if shell.brand.viewer.is_agency() { (hide_form(slug, &row.crm_id, row.hidden, row.hidden_kind)) }
        }
    }
}

/// `Call by Dana`; `Call`, `By Dana` or `Note` where the CRM says less.
pub(super) fn written_by(kind: &str, author: &str) -> String {
    match (kind.trim(), author.trim()) {
        ("", "") => "Note".to_owned(),
        ("", author) => format!("Note by {author}"),
        (kind, "") => kind.to_owned(),
        // The CRM's own notes.
        (kind, author) if kind.to_lowercase() == author.to_lowercase() => kind.to_owned(),
        (kind, author) => format!("{kind} by {author}"),
    }
}

/// The tone and the icon of a kind of note.
fn picture(kind: &str) -> (&'static str, &'static str) {
    let kind = kind.to_lowercase();
    let names = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    match () {
        () if names(&["call", "phone", "voicemail"]) => ("info", "phone"),
        () if names(&["mail"]) => ("quiet", "mail"),
        () if names(&["text", "sms", "chat", "message"]) => ("quiet", "message-square"),
        () if names(&["meeting", "video", "zoom", "visit"]) => ("wait", "video"),
        () if names(&["system", "auto"]) => ("quiet", "activity"),
        () => ("quiet", "file-text"),
    }
}

/// A short note whole; of a longer one what matters, and the way to all of it.
fn text(slug: &str, row: &NoteRow, search: Option<&Search>) -> Markup {
    let whole = |html: &str| rich(&search.map_or_else(|| html.to_owned(), |search| marked_html(html, search)));
    if row.letters <= SHORT && !(row.html.is_empty() && row.letters > 0) {
        return html! { div.txt { @if row.letters == 0 { span.muted { "An empty note" } } @else { (whole(&row.html)) } } };
    }
    let (before, part, after) = excerpt(&row.body, search, SHORT as usize * 3 / 5);
    html! {
        p.txt { @if before { "… " } (marked(part, search)) @if after || row.letters > i64::from(EXCERPT_LETTERS) { " …" } }
        @if row.html.is_empty() {
            p.txt { a.more href=(links::note(slug, &row.crm_id).url()) { "Read all " (number(row.letters)) " letters" } }
        } @else {
            details.whole { summary { "Show whole" } (whole(&row.html)) }
        }
    }
}

fn between(shell: &Shell<'_>, view: &NotesView, one: &FeedEvent) -> Markup {
    let slug = &shell.tenant().slug;
    let board = &view.numbers.board;
    let name = view.names.get(&one.client_id).map_or("A candidate", |(name, _)| name);
    let label = |place: &StagePlace| stage_name(board.label(place)).to_owned();
    html! {
        article.note.moved {
            @match &one.what {
                FeedEventKind::Moved { from, to } => {
                    span.disc.move { (icon("trending-up", 15)) }
                    p.by {
                        (candidate_name(slug, Some(&one.client_id), name))
                        span { "moved from " (label(from)) " to" }
                        (stage(board.label(to), board.role(to)))
                        (time_of(shell, Some(one.at_ms)))
                    }
                }
                FeedEventKind::Appointment { name: what, owner, cancelled } => {
                    span.disc.info { (icon(if *cancelled { "calendar-x" } else { "calendar-check" }, 15)) }
                    p.by {
                        (candidate_name(slug, Some(&one.client_id), name))
                        span { @if *cancelled { "cancelled: " } @else { "had: " } @if what.trim().is_empty() { "an appointment" } @else { (what) } @if !owner.is_empty() { ", with " (owner) } }
                        (time_of(shell, Some(one.at_ms)))
                    }
                }
            }
        }
    }
}

fn time_of(shell: &Shell<'_>, at_ms: Option<EpochMs>) -> Markup {
    let zone = &shell.tenant().zone;
    html! {
        @if let Some(at) = at_ms.and_then(time::moment) {
            time datetime=(at) title=(crate::parts::time::exact_of_year(at, zone.date(shell.now), zone)) { (at.to_zoned(zone.tz().clone()).strftime("%-I:%M %p").to_string()) }
        }
    }
}

fn pager(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let (page, total) = (view.page.0, view.total());
    let link = view.query.add_to(links::notes(&shell.tenant().slug));
    let at = |page: i64| if page == 1 { link.clone().url() } else { link.clone().with("page", &page.to_string()).url() };
    let last = (page * PAGE).min(total);
    html! {
        div.card-foot {
            span { (number(((page - 1) * PAGE + 1).min(last))) "–" (number(last)) " of " (counted(total, "note", "notes")) }
            div.push.flex {
                @if page > 1 { a.btn href=(at(page - 1)) rel="prev" { (icon("chevron-left", 15)) "Newer notes" } }
                @if last < total { a.btn href=(at(page + 1)) rel="next" { "Older notes" (icon("chevron-right", 15)) } }
            }
        }
    }
}

fn empty(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let slug = &shell.tenant().slug;
    let all = view.feed.total(shell.brand.viewer.audience());
    let widened = view
        .query
        .text
        .as_deref()
        .filter(|text| !text.trim_end().ends_with(['*', '"']))
        .map(|text| format!("{}*", text.trim_end()));
    html! {
        div.card.empty data-total="0" {
            span.disc.quiet { (icon(if view.query.is_filtered() { "search" } else { "file-text" }, 20)) }
            @if view.search.as_ref().is_some_and(Search::is_empty) {
                h2 { "There is no word to look for" }
                p { "“" (crate::parts::format::clipped(view.query.text.as_deref().unwrap_or_default())) "” has neither letters nor digits. Type words; \"words in quotes\" are found one after the other, and financ* finds words that begin so." }
                div.chips { a.btn href=(NoteQuery { text: SearchText::default(), ..view.query.clone() }.add_to(links::notes(slug)).url()) { (icon("x", 14)) "Clear the search" } }
            } @else if view.query.is_filtered() {
                h2 { "No note fits these filters" }
                p { (counted(count(all), "note is", "notes are")) " there without them." @if view.search.is_some() { " A search finds whole words, in any order." } }
                div.chips {
                    @if let Some(text) = widened.filter(|_| view.search.is_some()) {
                        a.btn href=(NoteQuery { text: SearchText(Some(text.clone())), ..view.query.clone() }.add_to(links::notes(slug)).url()) { "Look for " (crate::parts::format::clipped(&text)) }
                    }
                    a.btn href=(links::notes(slug).url()) { (icon("x", 14)) "Clear all filters" }
                }
            } @else if view.was_read {
                h2 { "No notes yet" }
                p { "Nobody has written any about the candidates whose notes were read." }
            } @else {
                h2 { "Notes have not been read yet" }
                p { "ClientTether gives notes candidate by candidate; they appear here as each sync reads some." }
                @if shell.brand.viewer.is_agency() { p { "If they never do, " code { "CLIENTTETHER_NOTES_CALLS_PER_RUN" } " may be 0, which leaves notes out." } }
            }
        }
    }
}
