//! The feed: days, notes, and the stage moves and appointments between them.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{EpochMs, PlausibleDates, Search};
use tetherboard_metrics::{FeedEvent, FeedEventKind, StagePlace};
use tetherboard_store::notes::NoteRow;

use super::empty::empty;
use super::{NotesView, PAGE, SHORT_NOTE};
use crate::address::links;
use crate::parts::candidate::candidate_name;
use crate::parts::doubtful_date::doubtful_date;
use crate::parts::format::{count, counted, number};
use crate::parts::hide_note::hide_form;
use crate::parts::highlight::{excerpt, marked, marked_html};
use crate::parts::rich_text::rich;
use crate::parts::shell::Shell;
use crate::parts::stages::{stage, stage_name};
use crate::parts::{icon, time};
use crate::read::note_feed::EXCERPT_CHARS;

/// One entry of the feed.
enum Entry<'a> {
    Note(&'a NoteRow),
    Event(&'a FeedEvent),
}

impl Entry<'_> {
    /// `None` without a date, and with a doubtful one.
    fn at_ms(&self, dates: PlausibleDates) -> Option<EpochMs> {
        match self {
            Self::Note(note) => note.created_ms.filter(|ms| dates.of_past().contains(ms)),
            Self::Event(event) => Some(event.at_ms),
        }
    }
}

/// The notes of one page, grouped by day.
pub(super) fn feed(shell: &Shell<'_>, view: &NotesView) -> Markup {
    if view.rows.is_empty() {
        return empty(shell, view);
    }
    let zone = &shell.tenant().zone;
    let notes = view.rows.iter().map(Entry::Note);
    let mut entries: Vec<Entry<'_>> = notes.chain(view.events.shown.iter().map(Entry::Event)).collect();
    // A stable sort: notes of the same moment keep their order.
    let dates = PlausibleDates::at(shell.now);
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at_ms(dates)));
    let day = |entry: &Entry<'_>| entry.at_ms(dates).and_then(time::moment).map(|at| zone.date(at));
    html! {
        section.card.notes-list aria-label="Notes, newest first" data-total=(view.total()) {
            @for group in entries.chunk_by(|entry, next| day(entry) == day(next)) {
                (heading(shell, view, group.first().and_then(day), group))
                @for entry in group {
                    @match entry {
                        Entry::Note(row) => (note(shell, view, row)),
                        Entry::Event(event) => (event_entry(shell, view, event)),
                    }
                }
            }
            @if view.events.is_cut {
                p.sub.notes-more {
                    "Some stage moves or appointments of these days are not shown. Choose a shorter period to see all of them."
                }
            }
            (pager(shell, view))
        }
    }
}

fn heading(shell: &Shell<'_>, view: &NotesView, day: Option<Date>, group: &[Entry<'_>]) -> Markup {
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    let all = &view.notes.selection.notes;
    let Some(day) = day else {
        let undated = count(all.iter().filter(|note| note.at_ms.is_none()).count());
        return html! { h2.day-h { "No date" span { (counted(undated, "note", "notes")) " without a usable date" } } };
    };
    let (start, end) = (zone.start_of(day), day.tomorrow().map(|next| zone.start_of(next)).unwrap_or(Timestamp::MAX));
    let is_of_day = |ms: EpochMs| ms >= start.into() && ms < end.into();
    let notes = count(all.iter().filter(|note| note.at_ms.is_some_and(is_of_day)).count());
    let events = |is_counted: fn(&FeedEventKind) -> bool| {
        count(group.iter().filter(|entry| matches!(entry, Entry::Event(event) if is_counted(&event.what))).count())
    };
    let moves = events(|event| matches!(event, FeedEventKind::Moved { .. }));
    let appointments = events(|event| matches!(event, FeedEventKind::Appointment { .. }));
    let year = if day.year() == today.year() { "" } else { ", %Y" };
    html! {
        h2.day-h {
            span.day-name {
                @match (today - day).get_days() { 0 => "Today, ", 1 => "Yesterday, ", -1 => "Tomorrow, ", _ => {} }
                (day.strftime(&format!("%A, %B %-d{year}")))
            }
            span {
                (counted(notes, "note", "notes"))
                @if moves > 0 { ", " (counted(moves, "move", "moves")) }
                @if appointments > 0 { ", " (counted(appointments, "appointment", "appointments")) }
            }
        }
    }
}

fn note(shell: &Shell<'_>, view: &NotesView, row: &NoteRow) -> Markup {
    let slug = &shell.tenant().slug;
    let board = &view.numbers.board;
    let place = board.place(row.stage.as_deref());
    let (tone, icon_name) = kind_icon(&row.kind);
    html! {
        article.note class=[row.hidden.then_some("is-hidden")] {
            span class=(format!("disc {tone}")) { (icon(icon_name, 15)) }
            p.by {
                (candidate_name(slug, Some(&row.client_id), &row.name))
                span { (kind_and_author(&row.kind, &row.author)) }
                (stage(board.label(&place), board.role(&place)))
                @if PlausibleDates::at(shell.now).doubts_past(row.created_ms) { (doubtful_date(shell, row.created_ms)) }
                @else { (clock_time(shell, row.created_ms)) }
            }
            (text(slug, row, view.notes.search.as_ref()))
            @if shell.brand.viewer.is_agency() { (hide_form(slug, &row.crm_id, row.hidden, row.hidden_kind)) }
        }
    }
}

/// `Call by Dana`; `Call`, `Note by Dana`, or `Note` where the CRM names less.
pub(super) fn kind_and_author(kind: &str, author: &str) -> String {
    match (kind.trim(), author.trim()) {
        ("", "") => "Note".to_owned(),
        ("", author) => format!("Note by {author}"),
        (kind, "") => kind.to_owned(),
        // The CRM names its own notes' type as their author.
        (kind, author) if kind.to_lowercase() == author.to_lowercase() => kind.to_owned(),
        (kind, author) => format!("{kind} by {author}"),
    }
}

/// The tone and the icon of a note type.
fn kind_icon(kind: &str) -> (&'static str, &'static str) {
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

/// All of a short note; of a longer one an excerpt, and a way to read the rest.
fn text(slug: &str, row: &NoteRow, search: Option<&Search>) -> Markup {
    let all_of = |html: &str| rich(&search.map_or_else(|| html.to_owned(), |search| marked_html(html, search)));
    if row.letters <= SHORT_NOTE && !(row.html.is_empty() && row.letters > 0) {
        return html! { div.txt { @if row.letters == 0 { span.muted { "An empty note" } } @else { (all_of(&row.html)) } } };
    }
    let (is_cut_before, part, is_cut_after) = excerpt(&row.body, search, SHORT_NOTE as usize * 3 / 5);
    html! {
        p.txt {
            @if is_cut_before { "… " }
            (marked(part, search))
            @if is_cut_after || row.letters > i64::from(EXCERPT_CHARS) { " …" }
        }
        @if row.html.is_empty() {
            p.txt { a.more href=(links::note(slug, &row.crm_id).url()) { "Read all " (number(row.letters)) " characters" } }
        } @else {
            details.whole { summary { "Show full note" } (all_of(&row.html)) }
        }
    }
}

fn event_entry(shell: &Shell<'_>, view: &NotesView, event: &FeedEvent) -> Markup {
    let slug = &shell.tenant().slug;
    let board = &view.numbers.board;
    let name = view.names.get(&event.client_id).map_or("A candidate", |(name, _)| name);
    let label = |place: &StagePlace| stage_name(board.label(place)).to_owned();
    html! {
        article.note.moved {
            @match &event.what {
                FeedEventKind::Moved { from, to } => {
                    span.disc.move { (icon("trending-up", 15)) }
                    p.by {
                        (candidate_name(slug, Some(&event.client_id), name))
                        span { "moved from " (label(from)) " to" }
                        (stage(board.label(to), board.role(to)))
                        (clock_time(shell, Some(event.at_ms)))
                    }
                }
                FeedEventKind::Appointment { name: title, owner, cancelled } => {
                    span.disc.info { (icon(if *cancelled { "calendar-x" } else { "calendar-check" }, 15)) }
                    p.by {
                        (candidate_name(slug, Some(&event.client_id), name))
                        span {
                            @if *cancelled { "canceled appointment" } @else { "appointment" }
                            @if !title.trim().is_empty() { ": " (title) }
                            @if !owner.is_empty() { ", with " (owner) }
                        }
                        (clock_time(shell, Some(event.at_ms)))
                    }
                }
            }
        }
    }
}

fn clock_time(shell: &Shell<'_>, at_ms: Option<EpochMs>) -> Markup {
    let zone = &shell.tenant().zone;
    html! {
        @if let Some(at) = at_ms.and_then(time::moment) {
            time datetime=(at) title=(time::exact_of_year(at, zone.date(shell.now), zone)) {
                (at.to_zoned(zone.tz().clone()).strftime("%-I:%M %p").to_string())
            }
        }
    }
}

fn pager(shell: &Shell<'_>, view: &NotesView) -> Markup {
    let (page, total) = (view.page.0, view.total());
    let link = view.query.add_to(links::notes(&shell.tenant().slug));
    let at = |page: i64| if page == 1 { link.clone().url() } else { link.clone().with("page", &page.to_string()).url() };
    let last = (page * PAGE).min(total);
    let first = ((page - 1) * PAGE + 1).min(last);
    html! {
        div.card-foot {
            span { (number(first)) "–" (number(last)) " of " (counted(total, "note", "notes")) }
            div.push.flex {
                @if page > 1 { a.btn href=(at(page - 1)) rel="prev" { (icon("chevron-left", 15)) "Newer notes" } }
                @if last < total { a.btn href=(at(page + 1)) rel="next" { "Older notes" (icon("chevron-right", 15)) } }
            }
        }
    }
}
