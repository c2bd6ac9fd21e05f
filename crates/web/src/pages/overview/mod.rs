//! Overview: the brand in one sentence, four numbers, and the pictures behind them.

mod appointments;
mod attention;
mod changes;
mod hot_list;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, ContactId, DatasetStatus, NO_NAME, Period};
use tetherboard_metrics::{Attention, Board, Changes, DayTotals, StageLine, WeekCount};
use tetherboard_store::Result as StoreResult;
use tetherboard_store::candidate_facts::CandidateEvent;
use tetherboard_store::leads::{self, ContactTypes, LeadFilter, LeadRow, LeadSort};
use tetherboard_store::tenants::Tenant;

use self::changes::Since;
use crate::address::links::{self, Link, Tab};
use crate::address::pairs::Pairs;
use crate::address::period::PeriodQuery;
use crate::cache::CacheKey;
use crate::http::error::HttpResult;
use crate::http::viewer::BrandViewer;
use crate::parts::candidate::display_name;
use crate::parts::card::{Card, delta};
use crate::parts::figure::Figure;
use crate::parts::format::{change, clipped, count, counted, number, percent};
use crate::parts::freshness::dataset_name;
use crate::parts::new_leads::{new_leads_card, new_leads_link, than_before};
use crate::parts::period::picker;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::sparkline::sparkline;
use crate::parts::stages::{stage_link, strip, unconfirmed_notice};
use crate::parts::{icon, time, toned_icon};
use crate::read::attention::{changes_since, needs_attention};
use crate::read::hot_list::{HotListData, hot_list};
use crate::read::numbers::{NewLeadsIn, Numbers, numbers};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/overview", get(overview))
}

/// What the page shows.
struct Overview {
    numbers: Arc<Numbers>,
    query: PeriodQuery,
    /// `None`: no data in the period yet.
    new: Option<NewLeadsIn>,
    attention: Arc<Attention>,
    called_instead: Arc<HashMap<ContactId, String>>,
    hot_list: Arc<HotListData>,
    /// Today's appointments and the first after today.
    events: Arc<Vec<CandidateEvent>>,
    changes: Arc<Changes>,
    since: Since,
    /// The first of those who are one step from signing.
    near: Arc<Option<Near>>,
}

/// A candidate one step from signing.
struct Near {
    contact_id: ContactId,
    /// `None` where the CRM has neither a name nor what could stand for one.
    called: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct NearKey;

impl CacheKey for NearKey {
    type Value = Option<Near>;

    fn size(_: &Option<Near>) -> usize {
        200
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct NextAppointmentsKey;

impl CacheKey for NextAppointmentsKey {
    type Value = Vec<CandidateEvent>;

    fn size(events: &Vec<CandidateEvent>) -> usize {
        300 * events.len()
    }
}

/// More than these are not looked through for the one who is named.
const MOST_NEAR: i64 = 500;

async fn overview(brand: BrandViewer, State(portal): State<Portal>, theme: Theme, pairs: Pairs) -> HttpResult<Markup> {
    let query = PeriodQuery::parse(&pairs, Period::WeekToDate)?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let tenant = &brand.tenant;
    let numbers = numbers(&portal, tenant, shell.now).await?;
    let new = numbers.new_leads(tenant, query.period(), query.compare, shell.now);
    let (board, now) = (&numbers.board, shell.now);
    let since = Since::of(query.period(), tenant.zone.date(now));
    let hot_list = hot_list(&portal, tenant, now).await?;
    let attention = needs_attention(&portal, tenant, board, now).await?;
    let view = Overview {
        called_instead: attention::called_instead(&portal, tenant, &attention, now).await?,
        attention,
        events: portal.cache.get(tenant, now, NextAppointmentsKey, || appointments::load(&portal, tenant, now)).await?,
        changes: changes_since(&portal, tenant, board, since.day, now).await?,
        since,
        near: near(&portal, tenant, &numbers, &hot_list, now).await?,
        hot_list,
        numbers: numbers.clone(),
        query,
        new,
    };
    let body = if view.numbers.summary.as_of.is_none() { first_sync(&shell) } else { body(&shell, &view) };
    let address = query.add_to(Link::to(Tab::Overview.url(&tenant.slug)));
    let kept = query.add_to(Link::to("")).url();
    Ok(shell.render(&Page { tab: Tab::Overview, bar: bar(&shell, &view), body, address, kept: kept.clone(), period: kept }))
}

/// Who is nearest to a signature of those one step from it, by the hot list, else by name.
async fn near(
    portal: &Portal,
    tenant: &Tenant,
    numbers: &Numbers,
    hot_list: &HotListData,
    now: Timestamp,
) -> StoreResult<Arc<Option<Near>>> {
    let filter = numbers.board.last_step().map(|place| LeadFilter {
        stages: vec![numbers.board.place_filter(&place)],
        types: Some(ContactTypes::Prospects),
        ..LeadFilter::default()
    });
    let load = async || {
        let Some(filter) = filter else { return Ok(None) };
        let rows = leads::list(portal.store.conn(), tenant.id, &filter, LeadSort::Name, false, &[], (0, MOST_NEAR)).await?;
        let by_id: HashMap<&ContactId, &LeadRow> = rows.iter().map(|row| (&row.crm_id, row)).collect();
        let mut ranked = hot_list.list.items.iter().filter_map(|item| by_id.get(item.contact_id.as_ref()?).copied());
        let near = |row: &LeadRow| Near {
            contact_id: row.crm_id.clone(),
            called: Some(display_name(&row.name, &row.email)).filter(|called| *called != NO_NAME).map(str::to_owned),
        };
        Ok(ranked.next().or(rows.first()).map(near))
    };
    portal.cache.get(tenant, now, NearKey, load).await
}

fn bar(shell: &Shell<'_>, view: &Overview) -> Markup {
    let tenant = shell.tenant();
    let (zone, base) = (&tenant.zone, Link::to(Tab::Overview.url(&tenant.slug)));
    html! {
        (picker(view.query, view.new.map(|new| new.period).as_ref(), zone.date(shell.now), zone, &base))
        div.push.flex {
            button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
            button.btn.plain type="button" data-print { (icon("printer", 15)) "Print" }
        }
    }
}

fn body(shell: &Shell<'_>, page: &Overview) -> Markup {
    let view = &*page.numbers;
    let board = &view.board;
    let slug = &shell.tenant().slug;
    html! {
        (headline(shell, page))
        @if let Some(notice) = unconfirmed_notice(board, &view.pipeline, shell.brand.viewer.is_agency()) { (notice) }
        (cards(shell, page))
        div.cols.even {
            section.card.c-7 {
                div.card-head { h2 { "New leads by week" } span.sub { "12 weeks" } a.more href=(links::leads(slug).url()) { "All leads " (icon("arrow-right", 13)) } }
                div.card-body { (weeks_figure(slug, &view.summary.new_by_week)) }
            }
            (attention::card(shell, &page.attention, &page.called_instead))
        }
        section.card {
            div.card-head {
                h2 { "Pipeline by stage" }
                span.sub { (counted(view.pipeline.leads_in_pipeline, "lead", "leads")) " in ClientTether’s order" }
                a.more href=(links::pipeline(slug).url()) { "Pipeline " (icon("arrow-right", 13)) }
            }
            div.card-body.roomy { (strip(slug, board, &view.pipeline)) }
        }
        div.cols.even {
            (hot_list::card(shell, &page.hot_list))
            (appointments::card(shell, &page.events, view.pipeline.as_of))
        }
        (changes::card(shell, &page.changes, page.since, &view.pipeline))
    }
}

fn headline(shell: &Shell<'_>, page: &Overview) -> Markup {
    let (slug, view) = (&shell.tenant().slug, &page.numbers);
    let last_step = view.board.last_step();
    let last = view.pipeline.stages.iter().find(|line| Some(&line.place) == last_step.as_ref() && line.contacts > 0);
    html! {
        h1.hero {
            @match page.new {
                Some(new) => {
                    a href=(new_leads_link(slug, &new).url()) data-count=(new.this.contacts) { (counted(new.this.contacts, "new lead", "new leads")) }
                    " " (new.period.period.words())
                    @if let Some((_, before)) = new.before {
                        ", " (change(new.this.contacts, before.contacts))
                        @if new.this.contacts == before.contacts { " as " } @else { " than " } (than_before(shell, page.query, &new))
                    }
                    ". "
                }
                None => { "No data yet " (page.query.period().words()) ". " }
            }
            @if let Some(line) = last {
                (one_step_away(slug, line, page.near.as_ref().as_ref()))
            } @else {
                a href=(links::leads(slug).with("in", "qualified").url()) data-count=(view.pipeline.qualified) { (counted(view.pipeline.qualified, "candidate", "candidates")) }
                (if view.pipeline.qualified == 1 { " is" } else { " are" }) " qualified."
            }
        }
    }
}

/// `Ada Ash is one step from signing.`, `3 candidates are one step from signing: Ada Ash and 2 more.`
fn one_step_away(slug: &str, line: &StageLine, first: Option<&Near>) -> Markup {
    let named = first.and_then(|near| Some((near, near.called.as_deref()?)));
    let name = |(near, called): (&Near, &str)| {
        let link = links::candidate(slug, &near.contact_id).url();
        html! { a.name href=(link) data-candidate { (clipped(called)) } }
    };
    html! {
        @match named {
            Some(named) if line.contacts == 1 => { (name(named)) " is one step from signing." }
            _ => {
                a href=(stage_link(slug, line.stage.as_deref()).url()) data-count=(line.contacts) { (counted(line.contacts, "candidate", "candidates")) }
                (if line.contacts == 1 { " is" } else { " are" }) " one step from signing"
                @if let Some(named) = named { ": " (name(named)) " and " (number(line.contacts - 1)) " more" }
                "."
            }
        }
    }
}

fn cards(shell: &Shell<'_>, page: &Overview) -> Markup {
    let (view, new) = (&*page.numbers, page.new);
    let board = &view.board;
    let (slug, zone) = (&shell.tenant().slug, &shell.tenant().zone);
    let as_of = |moment: Option<Timestamp>| moment.map(|moment| time::exact(moment, zone));
    let leads_as_of = as_of(view.summary.as_of);
    let pipeline_as_of = as_of(view.pipeline.as_of);
    let weeks: Vec<i64> = view.summary.new_by_week.iter().skip(2).filter_map(|week| week.count).collect();
    let history = |of: fn(&DayTotals) -> i64| view.days.iter().map(of).collect::<Vec<i64>>();
    let than_before = |now: i64, of: fn(&DayTotals) -> i64| {
        let day = week_ago(view, shell)?;
        Some(delta(now, of(day), &format!("on {}", time::day(day.day))))
    };
    let p = &view.pipeline;
    let new_leads =
        new_leads_card(shell, page.query, view, new, sparkline(&weeks, "New leads, last 10 weeks, this week unfinished", true));
    let in_pipeline = Card {
        id: "in-pipeline",
        name: "Leads in pipeline",
        value: number(p.leads_in_pipeline),
        link: Some((links::leads(slug).with("in", "pipeline").url(), p.leads_in_pipeline)),
        meaning: "Prospects whose stage is not inactive, parked ones included: ClientTether’s own count, until the agency changes a stage’s role.",
        counted: format!("{} of {}", number(p.leads_in_pipeline), counted(view.summary.prospects, "prospect", "prospects")),
        spark: sparkline(&history(|day| day.in_pipeline), "Leads in pipeline, last 10 weeks", false),
        below: than_before(p.leads_in_pipeline, |day| day.in_pipeline)
            .unwrap_or_else(|| html! { "of " (counted(view.summary.prospects, "prospect", "prospects")) }),
    };
    let names = qualified_names(board);
    let qualified = Card {
        id: "qualified",
        name: "Qualified candidates",
        value: number(p.qualified),
        link: Some((links::leads(slug).with("in", "qualified").url(), p.qualified)),
        meaning: "Prospects from the first qualified stage to the last before the agreement is signed.",
        counted: names.unwrap_or_else(|| "no stage of this brand is known as qualified".to_owned()),
        spark: sparkline(&history(|day| day.qualified), "Qualified candidates, last 10 weeks", false),
        below: than_before(p.qualified, |day| day.qualified)
            .unwrap_or_else(|| html! { (percent(p.qualified, p.leads_in_pipeline)) " of the pipeline" }),
    };
    let weighted = Card {
        id: "weighted",
        name: "Weighted pipeline value",
        value: if p.fees_known == 0 { "—".to_owned() } else { p.weighted.short() },
        link: Some((links::pipeline(slug).with("in", "open").with("fee", "known").url(), p.fees_known)),
        meaning: "Each open deal’s fee times its odds, rounded to the cent, added up. A deal’s own odds count before its stage’s. Deals whose fee is not known add nothing.",
        counted: format!("{} of {} have a known fee", number(p.fees_known), counted(p.open_deals, "open deal", "open deals")),
        spark: sparkline(&history(|day| day.weighted.0), "Weighted pipeline value, last 10 weeks", false),
        below: html! { "fee known for " (number(p.fees_known)) " of " (counted(p.open_deals, "open deal", "open deals")) },
    };
    html! {
        section.card.stats aria-label="Four numbers" {
            (new_leads.render(leads_as_of.as_deref()))
            @for card in [&in_pipeline, &qualified, &weighted] { (card.render(pipeline_as_of.as_deref())) }
        }
    }
}

fn qualified_names(board: &Board) -> Option<String> {
    let stages = board.qualified();
    let name = |at: &usize| board.stages()[*at].name.clone();
    Some(format!("{} to {}", name(stages.first()?), name(stages.last()?)))
}

/// The day a week before today, or the first after it that is kept.
fn week_ago<'a>(view: &'a Numbers, shell: &Shell<'_>) -> Option<&'a DayTotals> {
    let today = shell.tenant().zone.date(shell.now);
    let wanted = today.checked_sub(jiff::Span::new().days(7)).ok()?;
    view.days.iter().find(|day| day.day >= wanted && day.day < today)
}

/// Twelve weeks as bars, each leading to its contacts.
pub(crate) fn weeks_figure(slug: &str, weeks: &[WeekCount]) -> Markup {
    let bar = |week: &WeekCount| {
        let last = week.starts.checked_add(jiff::Span::new().days(6)).unwrap_or(week.starts);
        Bar {
            label: time::short_day(week.starts),
            value: week.count,
            open: week.open && week.count.is_some(),
            href: week
                .count
                .map(|_| links::leads(slug).with("from", &week.starts.to_string()).with("to", &last.to_string()).url()),
            title: Some(format!("Week of {}{}", time::short_day(week.starts), if week.open { ", so far" } else { "" })),
            ..Bar::default()
        }
    };
    let spec = ChartSpec::Columns {
        unit: ChartUnit::Count,
        series: "New leads".to_owned(),
        previous: None,
        data: weeks.iter().map(bar).collect(),
    };
    Figure {
        id: "new-by-week",
        label: "New leads by week, 12 weeks",
        category: "Week of",
        sentence: weeks_sentence(weeks),
        spec: &spec,
        height: None,
    }
    .render()
}

fn weeks_sentence(weeks: &[WeekCount]) -> Markup {
    let full: Vec<i64> = weeks.iter().filter(|week| !week.open).filter_map(|week| week.count).collect();
    let total: i64 = full.iter().sum();
    let count = count(full.len());
    let best = weeks.iter().filter(|week| !week.open).max_by_key(|week| week.count);
    html! {
        @if count == 0 { "No full week has been read yet." }
        @else {
            "A full week has brought " (counted((2 * total + count) / (2 * count), "new lead", "new leads")) " on average"
            @if let Some(best) = best.filter(|best| best.count > Some(0)) {
                ", most in the week of " (time::short_day(best.starts)) " (" (number(best.count.unwrap_or(0))) ")"
            }
            "."
        }
        @match weeks.last() {
            Some(week) if week.count.is_none() => " There is no data yet this week.",
            Some(week) => { " This week has brought " (number(week.count.unwrap_or(0))) " so far." }
            None => "",
        }
    }
}

/// Until the contacts have been read whole once: how far it is.
fn first_sync(shell: &Shell<'_>) -> Markup {
    let progress = shell.fresh.progress.as_ref();
    html! {
        section.card { div.card-body.first-sync {
            div {
                h1.hero { @if progress.is_some() { "Reading " } @else { "Waiting to read " } (shell.tenant().name) " for the first time" }
                p.lead { "Numbers appear as they land; you can leave this page and come back." }
            }
            @if let Some(progress) = progress {
                ul.datasets {
                    @for report in &progress.datasets {
                        @let (tone, picture) = match report.status {
                            DatasetStatus::Waiting => ("quiet", "clock"),
                            DatasetStatus::Reading => ("info", "refresh-cw"),
                            DatasetStatus::Succeeded => ("success", "circle-check"),
                            _ => ("warning", "circle-alert"),
                        };
                        li class=(tone) {
                            (toned_icon(picture, 16))
                            span { b { (dataset_name(report.dataset)) } " " span.muted {
                                (number(report.read)) @if let Some(expected) = report.expected { " of " (number(expected.max(report.read))) } " read"
                            } }
                        }
                    }
                }
            }
        } }
    }
}
