//! What changed since the period began, in at most four sentences, each leading to what it speaks of.

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{Money, Period};
use tetherboard_metrics::{Changes, Pipeline, StageAdvance};

use crate::address::computed_filter::ComputedFilter;
use crate::address::leads::LeadQuery;
use crate::address::links::{self, Link};
use crate::parts::format::{clipped, count, counted, number};
use crate::parts::shell::Shell;
use crate::parts::{icon, time};

const SENTENCES: usize = 4;

/// Since when changes are told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since {
    pub(super) period: Period,
    pub(super) day: Date,
}

impl Since {
    pub(super) fn of(period: Period, today: Date) -> Self {
        Self { period, day: period.days(today).0 }
    }

    fn words(self, today: Date) -> String {
        match self.period {
            Period::WeekToDate if self.day == today => "today".to_owned(),
            Period::WeekToDate => "since Monday".to_owned(),
            _ => format!("since {}", time::day_of_year(self.day, today)),
        }
    }
}

struct Sentence {
    tone: &'static str,
    picture: &'static str,
    link: Option<Link>,
    /// Of the rows that the link leads to, where that is what the sentence counts.
    count: Option<i64>,
    is_candidate: bool,
    words: Markup,
}

pub(super) fn card(shell: &Shell<'_>, changes: &Changes, since: Since, pipeline: &Pipeline) -> Markup {
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    let begins = changes.begins.filter(|begins| *begins > since.day && *begins <= today);
    let sentences = sentences(shell, changes, since.day, pipeline);
    html! {
        section.card id="changes" {
            div.card-head { h2 { "What changed" } span.sub {
                @match begins {
                    Some(begins) => { "since reading began on " (time::day_of_year(begins, today)) }
                    None => (since.words(today)),
                }
            } }
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
        return "These days are still to come.".to_owned();
    }
    if as_of.is_none_or(|as_of| as_of < starts) {
        return format!("No data has been read {}.", since.words(today));
    }
    "No candidate moved ahead or became inactive, no Discovery Day was booked, and the pipeline’s weighted value is not known to have changed.".to_owned()
}

fn row(sentence: &Sentence) -> Markup {
    let inside = html! {
        span class=(format!("disc {}", sentence.tone)) { (icon(sentence.picture, 15)) }
        span.p { (sentence.words) }
    };
    html! {
        @match &sentence.link {
            Some(link) => a.row href=(link.clone().url()) data-count=[sentence.count] data-candidate[sentence.is_candidate] { (inside) },
            None => div.row { (inside) },
        }
    }
}

fn sentences(shell: &Shell<'_>, changes: &Changes, since: Date, pipeline: &Pipeline) -> Vec<Sentence> {
    let slug = &shell.tenant().slug;
    let mut moves = changes.advances.iter().map(|moved| moved_on(slug, moved));
    let mut told: Vec<Sentence> = moves.next().into_iter().collect();
    told.extend(value(slug, changes, pipeline));
    told.extend(discovery(slug, changes, since, shell.tenant().zone.date(shell.now)));
    told.extend(inactive(slug, changes, since));
    // Where there is less to tell, the next farthest move is told too.
    let room = SENTENCES.saturating_sub(told.len());
    let more: Vec<Sentence> = moves.take(room).collect();
    let at = usize::from(!told.is_empty());
    told.splice(at..at, more);
    told
}

fn moved_on(slug: &str, moved: &StageAdvance) -> Sentence {
    let by = if moved.day_is_known { "on" } else { "by" };
    Sentence {
        tone: "move",
        picture: "trending-up",
        link: Some(links::candidate(slug, &moved.contact_id)),
        count: None,
        is_candidate: true,
        words: html! {
            b { (clipped(&moved.name)) } " moved to " (clipped(&moved.to)) " " (by) " " (time::short_day(moved.day)) ", from " (clipped(&moved.from)) "."
        },
    }
}

/// The day before the period is what the change is from. Less than a dollar is no news.
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
        picture: if rose { "arrow-up" } else { "arrow-down" },
        link: Some(links::pipeline(slug).with("in", "open").with("fee", "known")),
        count: None,
        is_candidate: false,
        words: html! {
            b { "Weighted value" } " " (if rose { "rose" } else { "fell" }) " by " (Money(change.0.abs()).short()) " to " (now.short())
            @if let Some(fee) = fee {
                "; " (if fee.weighted == change { "all".to_owned() } else { fee.weighted.short() }) " of it is " (clipped(&fee.name)) "’s fee, now known"
            }
            "."
        },
    })
}

fn discovery(slug: &str, changes: &Changes, since: Date, today: Date) -> Option<Sentence> {
    let (first, _) = changes.discovery.first()?;
    let count = count(changes.discovery.len());
    let one_day = changes.discovery.iter().all(|(day, _)| day == first);
    let day = match *first {
        day if day == today => "today".to_owned(),
        day => format!("on {}", time::day_of_year(day, today)),
    };
    Some(Sentence {
        tone: "info",
        picture: "calendar-check",
        link: Some(computed(ComputedFilter::DiscoveryDay { since }, slug)),
        count: Some(count),
        is_candidate: false,
        words: html! {
            b { (counted(count, "candidate", "candidates")) } " " (if count == 1 { "is" } else { "are" }) " booked for a Discovery Day"
            (if one_day { " " } else { ", the first " }) (day)
            "."
        },
    })
}

fn computed(filter: ComputedFilter, slug: &str) -> Link {
    LeadQuery { computed: Some(filter), ..LeadQuery::default() }.add_to(links::leads(slug))
}

fn inactive(slug: &str, changes: &Changes, since: Date) -> Option<Sentence> {
    let count = i64::try_from(changes.inactive.len()).ok().filter(|count| *count > 0)?;
    Some(Sentence {
        tone: "quiet",
        picture: "circle-pause",
        link: Some(computed(ComputedFilter::BecameInactive { since }, slug)),
        count: Some(count),
        is_candidate: false,
        words: html! { b { (number(count)) " " (if count == 1 { "lead" } else { "leads" }) } " became inactive." },
    })
}
