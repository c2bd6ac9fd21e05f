//! What changed since the period began, in at most four sentences, each linked to its rows.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{Money, Period};
use tetherboard_metrics::{Changes, Pipeline, StageAdvance};

use crate::address::computed_filter::ComputedFilter;
use crate::address::leads::LeadQuery;
use crate::address::links::{self, Link};
use crate::parts::format::{clipped, count, counted};
use crate::parts::shell::Shell;
use crate::parts::{icon, time};

const SENTENCES: usize = 4;

/// The day since which changes are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since {
    pub(super) period: Period,
    pub(super) day: Date,
}

impl Since {
    /// The first day of a period.
    pub(super) fn of(period: Period, today: Date) -> Self {
        Self { period, day: period.days(today).0 }
    }

    fn text(self, today: Date) -> String {
        match self.period {
            Period::WeekToDate if self.day == today => "today".to_owned(),
            Period::WeekToDate => "since Monday".to_owned(),
            _ => format!("since {}", time::day_of_year(self.day, today)),
        }
    }
}

struct Sentence {
    tone: &'static str,
    icon: &'static str,
    link: Link,
    /// The number of linked rows, if the sentence states it.
    count: Option<i64>,
    /// Whether the link is a candidate's page.
    is_candidate: bool,
    text: Markup,
}

/// The card of the changes.
pub(super) fn card(shell: &Shell<'_>, changes: &Changes, since: Since, pipeline: &Pipeline) -> Markup {
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    let begins = changes.begins.filter(|begins| *begins > since.day && *begins <= today);
    let sentences = sentences(shell, changes, since.day, pipeline);
    html! {
        section.card id="changes" {
            div.card-head {
                h2 { "What changed" }
                span.sub {
                    @match begins {
                        Some(begins) => { "since history started on " (time::day_of_year(begins, today)) }
                        None => (since.text(today)),
                    }
                }
            }
            @if sentences.is_empty() {
                p.card-body.sub { (nothing(pipeline.as_of, since, today, zone.start_of(since.day))) }
            } @else {
                div.rows.across.mt2 { @for sentence in &sentences { (row(sentence)) } }
            }
        }
    }
}

fn nothing(as_of: Option<Timestamp>, since: Since, today: Date, starts: Timestamp) -> String {
    if since.day > today {
        return "These days are in the future.".to_owned();
    }
    if as_of.is_none_or(|as_of| as_of < starts) {
        return format!("No data {} yet.", since.text(today));
    }
    "No candidate moved ahead or became inactive, no Discovery Day was booked, and the weighted value is unchanged.".to_owned()
}

fn row(sentence: &Sentence) -> Markup {
    let content = html! {
        span class=(format!("disc {}", sentence.tone)) { (icon(sentence.icon, 15)) }
        span.p { (sentence.text) }
    };
    html! {
        a.row href=(sentence.link.clone().url()) data-count=[sentence.count] data-candidate[sentence.is_candidate] { (content) }
    }
}

fn sentences(shell: &Shell<'_>, changes: &Changes, since: Date, pipeline: &Pipeline) -> Vec<Sentence> {
    let slug = &shell.tenant().slug;
    let mut moves = changes.advances.iter().map(|moved| advances(slug, moved));
    let mut sentences: Vec<Sentence> = moves.next().into_iter().collect();
    sentences.extend(value(slug, changes, pipeline));
    sentences.extend(discovery(slug, changes, since, shell.tenant().zone.date(shell.now)));
    sentences.extend(inactive(slug, changes, since));
    // Free places go to further moves, the farthest first.
    let room = SENTENCES.saturating_sub(sentences.len());
    let more: Vec<Sentence> = moves.take(room).collect();
    let at = usize::from(!sentences.is_empty());
    sentences.splice(at..at, more);
    sentences
}

fn advances(slug: &str, moved: &StageAdvance) -> Sentence {
    let by = if moved.day_is_known { "on" } else { "by" };
    Sentence {
        tone: "move",
        icon: "trending-up",
        link: links::candidate(slug, &moved.contact_id),
        count: None,
        is_candidate: true,
        text: html! {
            b { (clipped(&moved.name)) } " moved from " (clipped(&moved.from)) " to " (clipped(&moved.to))
            " " (by) " " (time::short_day(moved.day)) "."
        },
    }
}

/// The change of the weighted value since the day before the period; none if it is less than a dollar.
fn value(slug: &str, changes: &Changes, pipeline: &Pipeline) -> Option<Sentence> {
    let (before, now) = (changes.weighted_before?, pipeline.weighted);
    let change = Money(now.0 - before.0);
    if change.0.abs() < 100 {
        return None;
    }
    let rose = change > Money::ZERO;
    let fee = changes.fee.as_ref().filter(|fee| rose && fee.weighted <= change);
    Some(Sentence {
        tone: if rose { "success" } else { "quiet" },
        icon: if rose { "arrow-up" } else { "arrow-down" },
        link: links::pipeline(slug).with("in", "open").with("fee", "known"),
        count: None,
        is_candidate: false,
        text: html! {
            b { "Weighted value" } (if rose { " rose by " } else { " fell by " }) (Money(change.0.abs()).short())
            " to " (now.short())
            @if let Some(fee) = fee {
                @if fee.weighted == change { ", all" } @else { ", including " (fee.weighted.short()) }
                " from " (clipped(&fee.name)) "’s new fee"
            }
            "."
        },
    })
}

fn discovery(slug: &str, changes: &Changes, since: Date, today: Date) -> Option<Sentence> {
    let (first, _) = changes.discovery.first()?;
    let count = count(changes.discovery.len());
    let is_one_day = changes.discovery.iter().all(|(day, _)| day == first);
    let day = if *first == today { "today".to_owned() } else { time::short_day_of_year(*first, today) };
    Some(Sentence {
        tone: "info",
        icon: "calendar-check",
        link: computed(ComputedFilter::DiscoveryDay { since }, slug),
        count: Some(count),
        is_candidate: false,
        text: html! {
            b { (counted(count, "candidate", "candidates")) } " booked a Discovery Day ("
            @if !is_one_day { "earliest: " } (day) ")."
        },
    })
}

fn computed(filter: ComputedFilter, slug: &str) -> Link {
    LeadQuery { computed: Some(filter), ..LeadQuery::default() }.add_to(links::leads(slug))
}

fn inactive(slug: &str, changes: &Changes, since: Date) -> Option<Sentence> {
    let count = Some(count(changes.inactive.len())).filter(|count| *count > 0)?;
    Some(Sentence {
        tone: "quiet",
        icon: "circle-pause",
        link: computed(ComputedFilter::BecameInactive { since }, slug),
        count: Some(count),
        is_candidate: false,
        text: html! { b { (counted(count, "lead", "leads")) } " became inactive." },
    })
}
