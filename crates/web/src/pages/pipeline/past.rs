//! The pipeline as a past day left it.

use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::Money;
use tetherboard_metrics::{AS_OF, Board, History, LeadGroup, Pipeline, StageLine};

use super::weighted_fees;
use crate::address::as_of::{AsOf, history_start};
use crate::address::label::with_label;
use crate::address::links::{self, Link, Tab};
use crate::address::period::PeriodQuery;
use crate::http::error::HttpResult;
use crate::parts::card::Card;
use crate::parts::format::{counted, number};
use crate::parts::shell::{EMPTY, Page, Shell};
use crate::parts::stages::{role_class, stage};
use crate::parts::{icon, time, toned_icon};
use crate::read::numbers::Numbers;
use crate::read::pipeline_history::pipeline_as_of;

/// The page as of a past day.
pub(super) async fn page(
    shell: &Shell<'_>,
    numbers: &Numbers,
    history: &History,
    as_of: AsOf,
    period: PeriodQuery,
) -> HttpResult<Markup> {
    let (tenant, slug) = (shell.tenant(), &shell.tenant().slug);
    let pipeline = pipeline_as_of(shell.portal, tenant, numbers, history, as_of, shell.now).await?;
    let asof = as_of.day.to_string();
    Ok(shell.render(&Page {
        tab: Tab::Pipeline,
        bar: html! {
            (chooser(slug, Some(as_of.day), history_start(history, tenant), tenant.zone.date(shell.now)))
            div.push.flex { button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } } }
        },
        body: body(shell, &numbers.board, &pipeline, as_of.day),
        address: links::pipeline(slug).with("asof", &asof),
        kept: Link::to("").with("asof", &asof).url(),
        period: period.add_to(Link::to("")).url(),
    }))
}

/// Chooses the day that the page is as of.
pub(super) fn chooser(slug: &str, shown: Option<Date>, begins: Option<Date>, today: Date) -> Markup {
    html! {
        details.menu id="asof" {
            summary.btn { (icon("history", 15)) @match shown { Some(day) => { "As of " (time::full_day(day)) } None => "As of today" } (icon("chevron-down", 14)) }
            div.menu-panel {
                form.menu-form method="get" action=(links::pipeline(slug).path()) {
                    div.field { label for="asof-day" { "The pipeline at the end of" } input.input.s type="date" id="asof-day" name="asof" required min=[begins] max=(today) value=(shown.unwrap_or(today)); }
                    div.acts { button.btn { "Show this day" } @if shown.is_some() { a.btn.plain href=(links::pipeline(slug).url()) { "Back to today" } } }
                }
            }
        }
    }
}

/// A notice that the page is not of today, or why it is.
fn notice(slug: &str, day: Date) -> Markup {
    html! {
        div.notice.info {
            (toned_icon("history", 15))
            span { b { "As of " (time::full_day(day)) ". " } (AS_OF) }
            a.btn href=(links::pipeline(slug).url()) { "Back to today" }
        }
    }
}

fn body(shell: &Shell<'_>, board: &Board, pipeline: &Pipeline, day: Date) -> Markup {
    let slug = &shell.tenant().slug;
    html! {
        h1.sr { "Pipeline as of " (time::full_day(day)) }
        (notice(slug, day))
        (cards(slug, pipeline, day))
        (stages(slug, board, pipeline, day))
    }
}

fn rows(slug: &str, show: &str, day: Date) -> Link {
    links::pipeline_rows(slug, show).with("asof", &day.to_string())
}

fn cards(slug: &str, p: &Pipeline, day: Date) -> Markup {
    let then = time::full_day(day);
    let known = || (rows(slug, "deals", day).with("in", "open").with("fee", "known").url(), p.fees_known);
    let coverage = format!("fee known for {} of {}", number(p.fees_known), counted(p.open_deals, "open deal", "open deals"));
    let or_unknown = |amount: Money| if p.fees_known == 0 { "—".to_owned() } else { amount.short() };
    let card = |id, name, value, link, meaning, below: String| Card {
        id,
        name,
        value,
        link: Some(link),
        meaning,
        counted: below.clone(),
        spark: EMPTY,
        below: html! { (below) },
    };
    let cards = [
        card(
            "value",
            "Pipeline value",
            or_unknown(p.value),
            known(),
            "The fees of all deals that were open, before any is awarded.",
            coverage,
        ),
        card(
            "weighted",
            "Weighted value",
            or_unknown(p.weighted),
            known(),
            "Each open deal’s fee times its odds, rounded to the cent, added up.",
            format!("fee × odds, over the same {}", counted(p.fees_known, "deal", "deals")),
        ),
        card(
            "open",
            "Open deals",
            number(p.open_deals),
            (rows(slug, "deals", day).with("in", "open").url(), p.open_deals),
            "Deals of prospects that were on the way to a signature, implicit ones included.",
            format!("ClientTether listed {} of its own", number(p.crm_deals)),
        ),
        card(
            "in-pipeline",
            "Leads in pipeline",
            number(p.leads_in_pipeline),
            (rows(slug, "candidates", day).with("in", "pipeline").url(), p.leads_in_pipeline),
            "Prospects whose stage is not inactive, parked ones included.",
            format!("{} of them qualified", number(p.qualified)),
        ),
    ];
    html! { section.card.stats aria-label=(format!("Pipeline as of {then}")) { @for card in &cards { (card.render(Some(&then))) } } }
}

fn stages(slug: &str, board: &Board, p: &Pipeline, day: Date) -> Markup {
    let most = p.stages.iter().map(|line| line.contacts).max().unwrap_or(0).max(1);
    let held = p.stages.iter().filter(|line| line.contacts > 0 || line.deals > 0 || !line.role.is_inactive());
    let open = || p.stages.iter().filter(|line| board.is_in(LeadGroup::Open, &line.place));
    html! {
        section.card {
            div.toolbar { h2 { "Stages" } span.sub { "at the end of " (time::full_day(day)) ", in today’s order and roles" } }
            div.scroll tabindex="0" role="region" aria-label="Stages" {
                table.table.breakdown {
                    thead { tr {
                        th scope="col" { "Stage" } th.num scope="col" { "Candidates" } th.no-phone scope="col" { span.sr { "Drawn" } }
                        th.num scope="col" { "Deals" } th.num scope="col" { "Value" } th.num.no-phone scope="col" { "Fee known" } th.num scope="col" { "Weighted" }
                    } }
                    tbody { @for line in held { (stage_row(slug, line, 100 * line.contacts / most, day)) } }
                    tfoot { tr {
                        th scope="row" { "Open, before awarded" } td.num { (number(open().map(|line| line.contacts).sum())) } td.no-phone {}
                        td.num { (number(p.open_deals)) } td.num { (p.value) } td.num.no-phone { (number(p.fees_known)) " of " (number(p.open_deals)) } td.num { (p.weighted) }
                    } }
                }
            }
        }
    }
}

fn stage_row(slug: &str, line: &StageLine, width: i64, day: Date) -> Markup {
    let name = line.stage.as_deref();
    let class = role_class(line.role);
    let count = |show: &str, count: i64| {
        html! {
            @if count > 0 { a.who-plain data-count=(count) href=(with_label(rows(slug, show, day), "stage", name).url()) { (number(count)) } }
            @else { span.zero { "0" } }
        }
    };
    html! {
        tr {
            th scope="row" { (stage(name, line.role)) }
            td.num.w600 { (count("candidates", line.contacts)) }
            td.c-bar.no-phone { span.bar.plain { i class=(if width > 0 { format!("r-{class}") } else { format!("r-{class} none") }) style=(format!("width:{width}%")) {} } }
            td.num { (count("deals", line.deals)) }
            td.num { @if line.fees_known > 0 { (line.value) } @else { span.muted { "—" } } }
            td.num.muted.no-phone { @if line.deals > 0 { (number(line.fees_known)) " of " (number(line.deals)) } }
            td.num { (weighted_fees(line)) }
        }
    }
}
