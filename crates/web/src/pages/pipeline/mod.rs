//! Pipeline: deals by stage, their value and odds, what moved them, and the deals themselves.

mod board;
mod charts;
mod list;
mod past;
mod rows;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, Money, Period};
use tetherboard_metrics::{AWARDS, Board, CYCLE_TIME, DayTotals, LOST, LeadGroup, StageLine, WIN_RATE, WinRate};
use tetherboard_store::deals::DealRow;
use tetherboard_store::tenants::Tenant;

use crate::address::as_of::{AsOfQuery, Shown};
use crate::address::deals::DealQuery;
use crate::address::label::with_label;
use crate::address::links::{self, Link, Tab};
use crate::address::pairs::Pairs;
use crate::address::period::PeriodQuery;
use crate::address::query::{Choice, Format, PageNumber, Param};
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::card::{Card, delta};
use crate::parts::figure::Figure;
use crate::parts::format::{change, counted, number, weighted_fee};
use crate::parts::period::picker;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::sparkline::sparkline;
use crate::parts::stages::{role_class, shown, stage, stage_link, strip, unconfirmed_notice};
use crate::parts::table::{PAGE, no_such_page};
use crate::parts::{icon, time, toned_icon};
use crate::read::deal_list::{DealPage, deal_page};
use crate::read::numbers::{Numbers, numbers};
use crate::read::pipeline_history::{DealBenchmarks, PeriodHistory, benchmarks, history, period_history};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/pipeline", get(page)).route("/t/{brand}/pipeline/rows", get(rows::page))
}

/// The period of an address that names none.
const DEFAULT_PERIOD: Period = Period::Last90Days;

/// What the bars of the stages measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Count,
    Value,
}

impl Choice for Measure {
    const NAMES: &'static [(&'static str, Self)] = &[("count", Self::Count), ("value", Self::Value)];
}

/// How the deals are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Table,
    Board,
}

impl Choice for Layout {
    const NAMES: &'static [(&'static str, Self)] = &[("table", Self::Table), ("board", Self::Board)];
}

/// What the address of the page says.
#[derive(Clone, Debug)]
struct PipelineAddress {
    deals: DealQuery,
    page: PageNumber,
    period: PeriodQuery,
    measure: Measure,
    layout: Layout,
    as_of: AsOfQuery,
}

impl<S: Sync> FromRequestParts<S> for PipelineAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        let measure: Option<Measure> = Param::parse(&pairs, "by")?;
        let layout: Option<Layout> = Param::parse(&pairs, "view")?;
        Ok(Self {
            deals: DealQuery::parse(&pairs)?,
            page: Param::parse(&pairs, "page")?,
            period: PeriodQuery::parse(&pairs, DEFAULT_PERIOD)?,
            measure: measure.unwrap_or(Measure::Count),
            layout: layout.unwrap_or(Layout::Table),
            as_of: AsOfQuery::parse(&pairs)?,
        })
    }
}

impl PipelineAddress {
    /// The whole address.
    fn url(&self, slug: &str) -> Link {
        self.page.add_to("page", self.deals.add_to(self.base(slug)))
    }

    /// The page without its list.
    fn base(&self, slug: &str) -> Link {
        self.add_base_to(links::pipeline(slug))
    }

    fn add_base_to(&self, link: Link) -> Link {
        let measure = Some(self.measure).filter(|measure| *measure != Measure::Count);
        let layout = Some(self.layout).filter(|layout| *layout != Layout::Table);
        measure.add_to("by", layout.add_to("view", self.period.add_to(link)))
    }
}

/// What the page shows.
struct PipelineView {
    numbers: Arc<Numbers>,
    history: Arc<PeriodHistory>,
    benchmarks: Arc<DealBenchmarks>,
    address: PipelineAddress,
    deals: Arc<DealPage>,
    /// The cards of the board, if that is how the deals are shown.
    board_cards: Option<Arc<Vec<DealRow>>>,
    /// Why a past day cannot be shown.
    notice: Option<String>,
}

impl PipelineView {
    async fn load(
        portal: &Portal,
        tenant: &Tenant,
        numbers: Arc<Numbers>,
        address: PipelineAddress,
        notice: Option<String>,
        now: Timestamp,
    ) -> HttpResult<Self> {
        let part = (address.page.offset(PAGE), PAGE);
        let deals = deal_page(portal, tenant, &numbers.board, &address.deals, part, now).await?;
        if deals.rows.is_empty() && !address.page.is_first() {
            return Err(no_such_page());
        }
        let period = (address.period.period(), address.period.compare);
        Ok(Self {
            history: period_history(portal, tenant, &numbers, period, now).await?,
            benchmarks: benchmarks(portal, tenant, &numbers, now).await?,
            board_cards: match address.layout {
                Layout::Board => Some(board::load(portal, tenant, now).await?),
                Layout::Table => None,
            },
            numbers,
            address,
            deals,
            notice,
        })
    }
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    address: PipelineAddress,
    format: Format,
) -> HttpResult<Response> {
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    let numbers = numbers(&portal, tenant, now).await?;
    let mut notice = None;
    if address.as_of.is_set() {
        let history = history(&portal, tenant, &numbers.board, now).await?;
        match address.as_of.resolve(tenant, now, &history)? {
            Shown::Now => {}
            Shown::Unknown(why) => notice = Some(why),
            Shown::Day(day) => {
                let shell = Shell::load(&portal, &brand, theme).await?;
                return Ok(past::page(&shell, &numbers, &history, day, address.period).await?.into_response());
            }
        }
    }
    if format == Format::Csv {
        return list::as_csv(&portal, tenant, &numbers.board, &address.deals, now).await;
    }
    let view = PipelineView::load(&portal, tenant, numbers, address, notice, now).await?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let address = &view.address;
    let page = Page {
        tab: Tab::Pipeline,
        bar: bar(&shell, &view),
        body: body(&shell, &view),
        address: address.url(&tenant.slug),
        kept: address.deals.add_filters_to(address.add_base_to(Link::to(""))).url(),
        period: address.period.add_to(Link::to("")).url(),
    };
    Ok(shell.render(&page).into_response())
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn bar(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let tenant = shell.tenant();
    let today = tenant.zone.date(shell.now);
    let elsewhere = PipelineAddress { period: view.address.period.reset(), ..view.address.clone() };
    let base = elsewhere.deals.add_filters_to(elsewhere.base(&tenant.slug));
    html! {
        (picker(view.address.period, view.history.period.as_ref(), today, &tenant.zone, &base))
        div.push.flex {
            (past::chooser(&tenant.slug, None, view.benchmarks.history_start, today))
            button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
            a.btn href=(list::csv_link(shell, view)) { (icon("download", 15)) "CSV, " (counted(view.deals.total, "row", "rows")) }
        }
    }
}

fn body(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let (roles, address) = (&view.numbers.board, &view.address);
    let list = list::section(shell, view);
    let list_first = address.deals.is_filtered() || !address.page.is_first() || address.layout == Layout::Board;
    html! {
        @if let Some(why) = &view.notice {
            div.notice.warning { (toned_icon("info", 15)) span { (why) " This is today’s pipeline." } }
        }
        h1.sr { "Pipeline" }
        @if list_first { (list) }
        @if let Some(notice) = unconfirmed_notice(roles, &view.numbers.pipeline, shell.brand.viewer.is_agency()) { (notice) }
        (cards(shell, view))
        (stages(shell, roles, view))
        div.cols.even { (charts::forecast(shell, view)) (charts::over_time(shell, view)) }
        (charts::movement(shell, view))
        (endings(shell, view))
        div.cols.even { (charts::funnel(shell, view)) (charts::time_in_stage(shell, view)) }
        (charts::flow(shell, view))
        @if !list_first { (list) }
    }
}

/// Won and lost in the period, and how long an award usually takes.
fn endings(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let as_of = view.numbers.pipeline.as_of.map(|as_of| time::exact(as_of, &shell.tenant().zone));
    let (rate, before) = (view.history.rate, view.history.before);
    let rows = |show: &str, count: i64| Some((view.address.period.add_to(links::pipeline_rows(slug, show)).url(), count));
    let words = view.address.period.period().phrase();
    let than = |now: i64, before: Option<i64>| match before {
        Some(before) => delta(now, before, "in the period before"),
        None => html! { (words) },
    };
    let ended = rate.awards + rate.lost;
    let cycle = view.benchmarks.cycle;
    let timed = i64::try_from(cycle.n).unwrap_or(i64::MAX);
    let percent = |rate: WinRate| rate.percent().map_or("—".to_owned(), |percent| format!("{percent}%"));
    let cards = [
        Card {
            id: "awards",
            name: "Awards",
            value: number(rate.awards),
            link: rows("awards", rate.awards),
            meaning: AWARDS,
            counted: format!("{} {words}", counted(rate.awards, "deal", "deals")),
            spark: EMPTY,
            below: than(rate.awards, before.map(|before| before.awards)),
        },
        Card {
            id: "lost",
            name: "Lost",
            value: number(rate.lost),
            link: rows("losses", rate.lost),
            meaning: LOST,
            counted: format!("{} {words}", counted(rate.lost, "deal", "deals")),
            spark: EMPTY,
            below: match before {
                Some(before) => {
                    html! { (change(rate.lost, before.lost)) (if rate.lost == before.lost { " as" } else { " than" }) " in the period before" }
                }
                None => html! { (words) },
            },
        },
        Card {
            id: "win-rate",
            name: "Win rate",
            value: percent(rate),
            link: rows("endings", ended),
            meaning: WIN_RATE,
            counted: format!("{} of {}", number(rate.awards), counted(ended, "ended deal", "ended deals")),
            spark: EMPTY,
            below: html! { @if rate.percent().is_none() { "shown from five ended deals on" } @else { (number(rate.awards)) " of " (number(ended)) } },
        },
        Card {
            id: "cycle",
            name: "Created to awarded",
            value: cycle.figures.map_or("—".to_owned(), |(median, _)| time::span(median)),
            link: Some((links::pipeline_rows(slug, "cycle").url(), timed)),
            meaning: CYCLE_TIME,
            counted: counted(timed, "award", "awards"),
            spark: EMPTY,
            below: html! { @if cycle.figures.is_none() { "shown from five awards on; " } @else { "median of " } (counted(timed, "award", "awards")) ", 12 months" },
        },
    ];
    html! { section.card.stats aria-label="Won and lost" { @for card in &cards { (card.render(as_of.as_deref())) } } }
}

fn cards(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let (slug, p) = (&shell.tenant().slug, &view.numbers.pipeline);
    let as_of = p.as_of.map(|as_of| time::exact(as_of, &shell.tenant().zone));
    let known = || (links::pipeline(slug).with("in", "open").with("fee", "known").url(), p.fees_known);
    let history = |of: fn(&DayTotals) -> i64| view.numbers.days.iter().map(of).collect::<Vec<i64>>();
    let coverage = format!("fee known for {} of {}", number(p.fees_known), counted(p.open_deals, "open deal", "open deals"));
    let or_unknown = |amount: Money| if p.fees_known == 0 { "—".to_owned() } else { amount.short() };
    let average = p.value.0.checked_div(p.fees_known).map(Money);
    let cards = [
        Card {
            id: "value",
            name: "Pipeline value",
            value: or_unknown(p.value),
            link: Some(known()),
            meaning: "The fees of all open deals, before any is awarded. A blank or zero fee is not known and adds nothing.",
            counted: coverage.clone(),
            spark: sparkline(&history(|day| day.value.0), "Pipeline value, last 10 weeks", false),
            below: html! { (coverage) },
        },
        Card {
            id: "weighted",
            name: "Weighted value",
            value: or_unknown(p.weighted),
            link: Some(known()),
            meaning: "Each open deal’s fee times its odds, rounded to the cent, added up. A deal’s own odds count before its stage’s.",
            counted: format!("over the same {}", counted(p.fees_known, "deal", "deals")),
            spark: sparkline(&history(|day| day.weighted.0), "Weighted value, last 10 weeks", false),
            below: html! { "fee × odds, over the same " (counted(p.fees_known, "deal", "deals")) },
        },
        Card {
            id: "average",
            name: "Average fee",
            value: average.map_or("—".to_owned(), Money::short),
            link: Some(known()),
            meaning: "The pipeline value divided by the open deals whose fee is known.",
            counted: counted(p.fees_known, "deal", "deals"),
            spark: EMPTY,
            below: html! { (counted(p.fees_known, "deal", "deals")) " with a known fee" },
        },
        Card {
            id: "open",
            name: "Open deals",
            value: number(p.open_deals),
            link: Some((links::pipeline(slug).with("in", "open").url(), p.open_deals)),
            meaning: "Deals of prospects on the way to a signature. A prospect without a deal counts as one, of their own stage and fee.",
            counted: format!(
                "{}; ClientTether lists {} of its own",
                counted(p.open_deals, "open deal", "open deals"),
                number(p.crm_deals)
            ),
            spark: EMPTY,
            below: html! { (number(p.leads_in_pipeline)) " leads in pipeline" },
        },
    ];
    html! { section.card.stats aria-label="Pipeline in numbers" { @for card in &cards { (card.render(as_of.as_deref())) } } }
}

fn stages(shell: &Shell<'_>, board: &Board, view: &PipelineView) -> Markup {
    let (slug, p) = (&shell.tenant().slug, &view.numbers.pipeline);
    let size = |line: &StageLine| if view.address.measure == Measure::Value { line.value.0 } else { line.contacts };
    let most = p.stages.iter().map(size).max().unwrap_or(0).max(1);
    let turn = |measure: Measure| {
        let address = PipelineAddress { measure, ..view.address.clone() };
        address.deals.add_filters_to(address.base(slug)).url()
    };
    html! {
        section.card {
            div.card-head.mid {
                h2 { "Stages" } span.sub { "ClientTether’s names and order" }
                div.push.seg role="group" aria-label="Bars show" {
                    a href=(turn(Measure::Count)) aria-current=[(view.address.measure == Measure::Count).then_some("true")] { "Count" }
                    a href=(turn(Measure::Value)) aria-current=[(view.address.measure == Measure::Value).then_some("true")] { "Value" }
                }
            }
            div.card-body.roomy { (strip(slug, board, p)) }
            div.scroll tabindex="0" role="region" aria-label="Stages" {
                table.table.breakdown {
                    thead { tr {
                        th scope="col" { "Stage" } th.num scope="col" { "Candidates" } th.no-phone scope="col" { span.sr { "Drawn" } }
                        th.num.no-phone scope="col" { "Odds" } th.num.no-phone scope="col" { "Deals" } th.num scope="col" { "Value" } th.num.no-phone scope="col" { "Fee known" }
                        th.num scope="col" { "Weighted" } th.num.no-phone scope="col" { "Median age" }
                    } }
                    tbody { @for line in p.stages.iter().filter(|line| line.contacts > 0 || line.deals > 0 || !line.role.is_inactive()) { (stage_row(slug, line, 100 * size(line) / most)) } }
                    tfoot { tr {
                        th scope="row" { "Open, before awarded" }
                        td.num { (number(p.stages.iter().filter(|line| board.is_in(LeadGroup::Open, &line.place)).map(|line| line.contacts).sum())) }
                        td.no-phone {} td.no-phone {} td.num.no-phone { (number(p.open_deals)) } td.num { (p.value) } td.num.no-phone { (number(p.fees_known)) " of " (number(p.open_deals)) }
                        td.num { (p.weighted) } td.no-phone {}
                    } }
                }
            }
            div.card-foot { p { (sentence(board, view)) } }
            // The table has the same bars; this one is to look at, and to click.
            details.more-of-it id="by-stage-chart" {
                summary { (icon("chevron-down", 14)) @if view.address.measure == Measure::Value { "Value by stage as a chart" } @else { "Candidates by stage as a chart" } }
                div.card-body { (chart(shell, view)) }
            }
        }
    }
}

fn stage_row(slug: &str, line: &StageLine, width: i64) -> Markup {
    let name = line.stage.as_deref();
    let class = role_class(line.role);
    html! {
        tr {
            th scope="row" { (stage(name, line.role)) }
            td.num.w600 { @if line.contacts > 0 { a.who-plain data-count=(line.contacts) href=(stage_link(slug, name).url()) { (number(line.contacts)) } } @else { span.zero { "0" } } }
            td.c-bar.no-phone { span.bar.plain { i class=(if width > 0 { format!("r-{class}") } else { format!("r-{class} none") }) style=(format!("width:{width}%")) {} } }
            td.num.muted.no-phone { @match line.odds { Some(odds) => (odds), None => "—" } }
            td.num.no-phone { @if line.deals > 0 { a.who-plain data-count=(line.deals) href=(with_label(links::pipeline(slug), "stage", name).url()) { (number(line.deals)) } } @else { span.zero { "0" } } }
            td.num { @if line.fees_known > 0 { (line.value) } @else { span.muted { "—" } } }
            td.num.muted.no-phone { @if line.deals > 0 { (number(line.fees_known)) " of " (number(line.deals)) } }
            td.num { (weighted_fees(line)) }
            td.num.muted.no-phone { @match line.median_days { Some(days) => { (number(days)) " d" } None => "" } }
        }
    }
}

/// What the fees of a stage weigh together.
fn weighted_fees(line: &StageLine) -> Markup {
    let is_told = line.fees_known > 0 && (line.odds.is_some() || line.weighted != Money::ZERO);
    weighted_fee((line.fees_known > 0).then_some(line.value), is_told.then_some(line.weighted))
}

fn chart(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let p = &view.numbers.pipeline;
    let held: Vec<&StageLine> =
        p.stages.iter().filter(|line| !line.role.is_inactive() && (line.contacts > 0 || line.deals > 0)).collect();
    let bar = |line: &&StageLine| {
        let name = line.stage.as_deref();
        let link = match view.address.measure {
            Measure::Count => stage_link(slug, name),
            Measure::Value => with_label(links::pipeline(slug), "stage", name).with("fee", "known"),
        };
        Bar {
            label: shown(name).to_owned(),
            value: match view.address.measure {
                Measure::Count => Some(line.contacts),
                Measure::Value => (line.fees_known > 0).then_some(line.value.0),
            },
            role: Some(role_class(line.role)),
            href: Some(link.url()),
            ..Bar::default()
        }
    };
    let (unit, series) = match view.address.measure {
        Measure::Count => (ChartUnit::Count, "Candidates"),
        Measure::Value => (ChartUnit::Money, "Value of known fees"),
    };
    let spec = ChartSpec::Bars { unit, series: series.to_owned(), previous: None, data: held.iter().map(bar).collect() };
    Figure {
        id: "by-stage",
        label: "Candidates or value by stage",
        category: "Stage",
        sentence: html! { "Stages that hold somebody, in ClientTether’s order." },
        spec: &spec,
        height: None,
    }
    .render()
}

fn sentence(board: &Board, view: &PipelineView) -> Markup {
    let p = &view.numbers.pipeline;
    let open = || p.stages.iter().filter(|line| board.is_in(LeadGroup::Open, &line.place));
    html! {
        @match view.address.measure {
            Measure::Count => {
                @if let Some(fullest) = open().max_by_key(|line| line.contacts).filter(|line| line.contacts > 0) {
                    (shown(fullest.stage.as_deref())) " holds the most open candidates: " (number(fullest.contacts)) " of " (number(p.leads_in_pipeline)) " in the pipeline. "
                }
                (number(p.qualified)) " are qualified."
            }
            Measure::Value => {
                @match open().max_by_key(|line| line.value).filter(|line| line.fees_known > 0) {
                    Some(richest) => { (shown(richest.stage.as_deref())) " holds the most: " (richest.value.short()) " of " (p.value.short()) ". The fee is known for " (number(p.fees_known)) " of " (counted(p.open_deals, "open deal", "open deals")) "." }
                    None => "No open deal has a known fee.",
                }
            }
        }
    }
}
