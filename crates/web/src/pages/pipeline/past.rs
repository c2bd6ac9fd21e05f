//! The pipeline at the end of a past day.

use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::Money;
use tetherboard_metrics::{AS_OF, Board, History, Pipeline, StageLine};

use super::stages::{listed, open_contacts, value_cells, weighted_fees};
use crate::address::as_of::{AsOf, history_start};
use crate::address::label::with_label;
use crate::address::links::{self, Link, Tab};
use crate::address::period::PeriodQuery;
use crate::http::error::{HttpError, HttpResult};
use crate::parts::actions::copy_link_button;
use crate::parts::card::{self, Card};
use crate::parts::format::{counted, number};
use crate::parts::shell::{EMPTY, Page, Shell};
use crate::parts::stages::{role_class, stage};
use crate::parts::table::{count_link, role_bar};
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
    let pipeline = pipeline_as_of(shell.portal, tenant, history, as_of, shell.now).await?;
    let day = as_of.day.to_string();
    Ok(shell.render(&Page {
        tab: Tab::Pipeline,
        bar: html! {
            (menu(slug, Some(as_of.day), history_start(history, tenant), tenant.zone.date(shell.now)))
            div.push.flex { (copy_link_button()) }
        },
        body: body(slug, history.board_at(as_of.before_ms).unwrap_or(&numbers.board), &pipeline, as_of.day),
        address: links::pipeline(slug).with("asof", &day),
        filters: Link::to("").with("asof", &day).url(),
        period: period.add_to(Link::to("")).url(),
    }))
}

/// The page has no list of deals, but each of its counts leads to one.
pub(super) fn no_csv(slug: &str, as_of: AsOf) -> HttpError {
    let deals = rows_link(slug, "deals", as_of.day).with("format", "csv").url();
    HttpError::bad_request(format!("This CSV lists today's deals. For those of {}, use {deals}.", as_of.day))
}

/// A menu that chooses the day.
pub(super) fn menu(slug: &str, shown: Option<Date>, history_start: Option<Date>, today: Date) -> Markup {
    let label = shown.map_or("As of today".to_owned(), |day| format!("As of {}", time::full_day(day)));
    html! {
        details.menu id="asof" {
            summary.btn { (icon("history", 15)) (label) (icon("chevron-down", 14)) }
            div.menu-panel {
                form.menu-form method="get" action=(links::pipeline(slug).path()) {
                    div.field {
                        label for="asof-day" { "Pipeline at the end of" }
                        input.input.s type="date" id="asof-day" name="asof" required min=[history_start] max=(today)
                            value=(shown.unwrap_or(today));
                    }
                    div.acts {
                        button.btn { "Apply" }
                        @if shown.is_some() { a.btn.plain href=(links::pipeline(slug).url()) { "Back to today" } }
                    }
                }
            }
        }
    }
}

fn body(slug: &str, board: &Board, pipeline: &Pipeline, day: Date) -> Markup {
    html! {
        h1.sr { "Pipeline as of " (time::full_day(day)) }
        div.notice.info {
            (toned_icon("history", 15))
            span { b { "As of " (time::full_day(day)) ". " } (AS_OF) }
            a.btn href=(links::pipeline(slug).url()) { "Back to today" }
        }
        (cards(slug, pipeline, day))
        (stages(slug, board, pipeline, day))
    }
}

fn rows_link(slug: &str, show: &str, day: Date) -> Link {
    links::pipeline_rows(slug, show).with("asof", &day.to_string())
}

fn cards(slug: &str, pipeline: &Pipeline, day: Date) -> Markup {
    let open = counted(pipeline.open_deals, "open deal", "open deals");
    let known = counted(pipeline.fees_known, "deal", "deals");
    let deals = || rows_link(slug, "deals", day).with("in", "open");
    let known_link = || (deals().with("fee", "known").url(), pipeline.fees_known);
    let candidates = rows_link(slug, "candidates", day).with("in", "pipeline").url();
    let amount = |amount: Money| if pipeline.fees_known == 0 { "—".to_owned() } else { amount.short() };
    let card = |id, name, value, link, meaning, counted: String| {
        let below = html! { (counted) };
        Card { id, name, value, link: Some(link), meaning, counted, spark: EMPTY, below }
    };
    let cards = [
        card(
            "value",
            "Pipeline value",
            amount(pipeline.value),
            known_link(),
            "The total fees of deals that were open, excluding awarded deals.",
            format!("fee known for {} of {open}", number(pipeline.fees_known)),
        ),
        card(
            "weighted",
            "Weighted value",
            amount(pipeline.weighted),
            known_link(),
            "The sum of each open deal’s fee times its odds.",
            format!("fee × odds, same {known}"),
        ),
        card(
            "open",
            "Open deals",
            number(pipeline.open_deals),
            (deals().url(), pipeline.open_deals),
            "Deals of prospects that were not yet awarded, parked, or inactive. A prospect who never had a deal record counts as one.",
            format!("{} had deal records in ClientTether", number(pipeline.crm_deals)),
        ),
        card(
            "in-pipeline",
            "Leads in pipeline",
            number(pipeline.leads_in_pipeline),
            (candidates, pipeline.leads_in_pipeline),
            "Prospects whose stage was not inactive, including parked ones.",
            format!("{} qualified", number(pipeline.qualified)),
        ),
    ];
    let day = time::full_day(day);
    card::cards(&format!("Pipeline as of {day}"), &cards, Some(&day))
}

fn stages(slug: &str, board: &Board, pipeline: &Pipeline, day: Date) -> Markup {
    let most = pipeline.stages.iter().map(|line| line.contacts).max().unwrap_or(0).max(1);
    html! {
        section.card {
            div.toolbar {
                h2 { "Stages" } span.sub { "end of " (time::full_day(day)) ", with today’s roles" }
            }
            div.scroll tabindex="0" role="region" aria-label="Stages" {
                table.table.breakdown {
                    thead { tr {
                        th scope="col" { "Stage" } th.num scope="col" { "Candidates" }
                        th.no-phone scope="col" { span.sr { "Bar" } }
                        th.num scope="col" { "Deals" } th.num scope="col" { "Value" }
                        th.num.no-phone scope="col" { "Fee known" } th.num scope="col" { "Weighted" }
                    } }
                    tbody { @for line in listed(pipeline) { (stage_row(slug, line, 100 * line.contacts / most, day)) } }
                    tfoot { tr {
                        th scope="row" { "Open, excluding awarded" }
                        td.num { (number(open_contacts(board, pipeline))) } td.no-phone {}
                        td.num { (number(pipeline.open_deals)) } td.num { (pipeline.value) }
                        td.num.no-phone { (number(pipeline.fees_known)) " of " (number(pipeline.open_deals)) }
                        td.num { (pipeline.weighted) }
                    } }
                }
            }
        }
    }
}

fn stage_row(slug: &str, line: &StageLine, width: i64, day: Date) -> Markup {
    let name = line.stage.as_deref();
    let rows = |show: &str, count: i64| count_link(count, with_label(rows_link(slug, show, day), "stage", name));
    html! {
        tr {
            th scope="row" { (stage(name, line.role)) }
            td.num.w600 { (rows("candidates", line.contacts)) }
            td.c-bar.no-phone { (role_bar(role_class(line.role), width)) }
            td.num { (rows("deals", line.deals)) }
            (value_cells(line, "no-phone"))
            td.num { (weighted_fees(line)) }
        }
    }
}
