//! Pipeline: what stands where, what it is worth and how surely, what moved it, and the deals themselves.

mod board;
mod past;
mod pictures;
mod rows;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_domain::{Bar, ChartSpec, ChartUnit, Compare, DAY, EpochMs, Money, Odds, Period, StageRole, weighted};
use tetherboard_metrics::{
    AWARDS, Board, CYCLE_TIME, Closing, DayTotals, History, LOST, LeadGroup, StageLine, WIN_RATE, WinRate, pipeline_at,
};
use tetherboard_store::deals::{self, DealFilter, DealRow};
use tetherboard_store::{Conn, Result as StoreResult};

use super::candidate::candidate_name;
use crate::Portal;
use crate::asof::{AsOf, Asked};
use crate::csv;
use crate::error::{Answer, Refusal, Wants};
use crate::links::{self, Link, Tab};
use crate::numbers::Numbers;
use crate::parts::card::{Card, delta};
use crate::parts::figure::Figure;
use crate::parts::period::picker;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::spark::sparkline;
use crate::parts::stages::{role_class, shown, stage, stage_link, strip, unconfirmed_notice};
use crate::parts::table::{PAGE, Sorting, pager};
use crate::parts::words::{change, count, counted, number, owner, weighted_fee};
use crate::parts::{icon, time, toned_icon};
use crate::query::{DEAL_SORTS, DealQuery, Label, Pairs, PeriodQuery, group_word, with_label};
use crate::story::{Habits, Story};
use crate::viewer::BrandViewer;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/pipeline", get(page)).route("/t/{brand}/pipeline/rows", get(rows::page))
}

/// Of an address that names no period.
fn usual_period() -> Period {
    Period::Last90Days
}

/// What the bars of the stages measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Count,
    Value,
}

/// How the deals are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Table,
    Board,
}

/// What the page shows.
struct PipelineView {
    numbers: Arc<Numbers>,
    story: Arc<Story>,
    habits: Arc<Habits>,
    period: PeriodQuery,
    measure: Measure,
    layout: Layout,
    query: DealQuery,
    deals: Arc<DealPage>,
}

/// One page of the list.
struct DealPage {
    total: i64,
    rows: Vec<DealRow>,
}

impl PipelineView {
    /// The page's address with what is not about its list.
    fn base(&self, slug: &str) -> Link {
        self.with_base(links::pipeline(slug))
    }

    fn bare(&self) -> Self {
        Self {
            numbers: Arc::clone(&self.numbers),
            story: Arc::clone(&self.story),
            habits: Arc::clone(&self.habits),
            query: self.query.clone(),
            deals: Arc::clone(&self.deals),
            ..*self
        }
    }

    fn with_base(&self, link: Link) -> Link {
        measured(self.period.narrow(link), self.measure).maybe("view", (self.layout == Layout::Board).then_some("board"))
    }
}

async fn page(brand: BrandViewer, State(portal): State<Portal>, theme: Theme, pairs: Pairs) -> Answer<Response> {
    let bad = |detail: String| Refusal::bad_request(Wants::Page, detail);
    let query = DealQuery::parse(&pairs).map_err(bad)?;
    let period = PeriodQuery::parse(&pairs, usual_period()).map_err(bad)?;
    let measure = match pairs.get("by") {
        None | Some("" | "count") => Measure::Count,
        Some("value") => Measure::Value,
        Some(other) => return Err(bad(format!("`by={other}` is not known; use count or value."))),
    };
    let layout = match pairs.get("view") {
        None | Some("" | "table") => Layout::Table,
        Some("board") => Layout::Board,
        Some(other) => return Err(bad(format!("`view={other}` is not known; use table or board."))),
    };
    let (conn, tenant, now) = (portal.store.conn(), &brand.tenant, portal.clock.now());
    let numbers = portal.numbers.of(&portal.store, tenant, now).await?;
    let board = &numbers.board;
    let mut before_history = None;
    if pairs.filled("asof").is_some() {
        let history = portal.history(tenant, board).await?;
        match AsOf::asked(&pairs, tenant, now, &history).map_err(bad)? {
            Asked::Now => {}
            Asked::Before(sentence) => before_history = Some(sentence),
            Asked::Day(asof) => {
                let shell = Shell::load(&portal, &brand, theme).await?;
                return Ok(page_as_of(&shell, &numbers, &history, asof, &pairs).await?.into_response());
            }
        }
    }
    let filter = query.filter(board, tenant.zone.date(now));
    if pairs.wants_csv().map_err(bad)? {
        return Ok(as_csv(conn, &brand, board, &query, &filter).await?);
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    let (sort, descending) = query.order();
    let offset = (query.page - 1) * PAGE;
    let key = format!("deals {}", sorted(query.narrow(Link::to("")), &query).with("page", &query.page.to_string()).url());
    let deals = async || {
        let rows = deals::list(conn, tenant.id, &filter, sort, descending, &board.progress_order(), (offset, PAGE)).await?;
        Ok(DealPage { total: deals::count(conn, tenant.id, &filter).await?, rows })
    };
    let deals = portal.numbers.get(tenant, now, &key, deals).await?;
    if deals.rows.is_empty() && offset > 0 {
        return Err(Refusal::missing(Wants::Page, "This list has no such page; it may have become shorter."));
    }
    let story = portal.story(tenant, &numbers, period.period(), period.compare, now).await?;
    let habits = portal.habits(tenant, &numbers, now).await?;
    let view = PipelineView { story, habits, period, measure, layout, query, deals, numbers };
    let leading = match layout {
        Layout::Board => Some(board::load(&portal, tenant, now).await?),
        Layout::Table => None,
    };
    let slug = &tenant.slug;
    let address = sorted(view.query.narrow(view.base(slug)), &view.query);
    let address = if view.query.page == 1 { address } else { address.with("page", &view.query.page.to_string()) };
    let kept = view.query.narrow(view.with_base(Link::to(""))).url();
    let board = leading.map(|leading| board::board(&shell, &view.numbers, &leading));
    let notice = before_history.map(|sentence| html! { div.notice.warning { (toned_icon("info", 15)) span { (sentence) " This is the pipeline of today." } } });
    let markup = shell.render(&Page {
        tab: Tab::Pipeline,
        bar: bar(&shell, &view),
        body: html! { @if let Some(notice) = notice { (notice) } (body(&shell, &view, board)) },
        address,
        kept,
        period: view.period.narrow(Link::to("")).url(),
    });
    Ok(markup.into_response())
}

async fn page_as_of(shell: &Shell<'_>, numbers: &Numbers, history: &History, asof: AsOf, pairs: &Pairs) -> StoreResult<Markup> {
    let (tenant, board, slug) = (shell.tenant(), &numbers.board, &shell.tenant().slug);
    let key = format!("pipeline as of {}", asof.day);
    let then = async || Ok(pipeline_at(history, board, asof.before_ms));
    let then = shell.portal.numbers.get(tenant, shell.now, &key, then).await?;
    let kept = Link::to("").with("asof", &asof.day.to_string());
    let period = PeriodQuery::parse(pairs, usual_period()).map(|period| period.narrow(Link::to("")).url()).unwrap_or_default();
    Ok(shell.render(&Page {
        tab: Tab::Pipeline,
        bar: html! {
            (past::chooser(slug, Some(asof.day), crate::story::begins(history, tenant), tenant.zone.date(shell.now)))
            div.push.flex { button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } } }
        },
        body: past::body(shell, board, &then, asof.day),
        address: links::pipeline(slug).with("asof", &asof.day.to_string()),
        kept: kept.url(),
        period,
    }))
}

fn measured(link: Link, measure: Measure) -> Link {
    link.maybe("by", (measure == Measure::Value).then_some("value"))
}

fn sorted(link: Link, query: &DealQuery) -> Link {
    match query.sort {
        None => link,
        Some((sort, descending)) => {
            let name = column(sort);
            link.with("sort", &if descending { format!("-{name}") } else { name.to_owned() })
        }
    }
}

fn column(sort: deals::DealSort) -> &'static str {
    DEAL_SORTS.iter().find(|(_, known)| *known == sort).map_or("stage", |(name, _)| name)
}

// CSV ------------------------------------------------------------------------------------------------------------------

const CSV_HEADER: [&str; 11] =
    ["Candidate", "Deal", "Market", "Stage", "Role", "Odds %", "Fee", "Weighted", "Close date", "Owner", "ClientTether deal id"];
const CSV_PART: i64 = 5_000;

async fn as_csv<C: Conn>(
    conn: &C,
    brand: &BrandViewer,
    board: &Board,
    query: &DealQuery,
    filter: &DealFilter,
) -> StoreResult<Response> {
    let (sort, descending) = query.order();
    let mut rows = Vec::new();
    loop {
        let offset = count(rows.len());
        let part =
            deals::list(conn, brand.tenant.id, filter, sort, descending, &board.progress_order(), (offset, CSV_PART)).await?;
        if part.is_empty() {
            break;
        }
        rows.extend(part.into_iter().map(|row| csv_row(board, row)));
    }
    Ok(csv::download(&format!("{}-deals", brand.tenant.slug), &CSV_HEADER, rows.into_iter()))
}

fn csv_row(board: &Board, row: DealRow) -> Vec<String> {
    let deal = Deal::of(board, &row);
    let stage = deal.stage.unwrap_or_default().to_owned();
    let role = deal.role.as_str().to_owned();
    let odds = deal.odds.map(|odds| odds.percent().to_string()).unwrap_or_default();
    let amount = |amount: Option<Money>| amount.map(Money::plain).unwrap_or_default();
    let (fee, weighted) = (amount(deal.fee), amount(deal.weighted));
    vec![
        row.name,
        row.title,
        row.market,
        stage,
        role,
        odds,
        fee,
        weighted,
        row.close_date.unwrap_or_default(),
        row.owner,
        row.deal_id.into(),
    ]
}

/// A deal's row with what the board adds to it.
struct Deal<'a> {
    stage: Option<&'a str>,
    role: StageRole,
    odds: Option<Odds>,
    fee: Option<Money>,
    /// `None` while fee or odds are not known: such a deal adds nothing to a sum.
    weighted: Option<Money>,
}

impl<'a> Deal<'a> {
    fn of(board: &'a Board, row: &'a DealRow) -> Self {
        let place = board.place(row.stage.as_deref());
        let listed = board.stage(&place);
        let odds = board.odds_of(row.odds, &place);
        let fee = row.fee_cents.map(Money);
        Self {
            stage: listed.map(|stage| stage.name.as_str()).or(row.stage.as_deref()),
            role: board.role(&place),
            odds,
            fee,
            weighted: weighted(fee, odds),
        }
    }
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn bar(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let tenant = shell.tenant();
    let today = tenant.zone.date(shell.now);
    let elsewhere =
        PipelineView { period: PeriodQuery { asked: None, compare: Compare::default(), ..view.period }, ..view.bare() };
    let base = view.query.narrow(elsewhere.base(&tenant.slug));
    html! {
        (picker(view.period, view.story.period.as_ref(), today, &tenant.zone, &base))
        div.push.flex {
            (past::chooser(&tenant.slug, None, view.habits.begins, today))
            button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
            a.btn href=(csv_link(shell, view)) { (icon("download", 15)) "CSV, " (counted(view.deals.total, "row", "rows")) }
        }
    }
}

fn csv_link(shell: &Shell<'_>, view: &PipelineView) -> String {
    sorted(view.query.narrow(links::pipeline(&shell.tenant().slug)), &view.query).with("format", "csv").url()
}

fn body(shell: &Shell<'_>, view: &PipelineView, board: Option<Markup>) -> Markup {
    let roles = &view.numbers.board;
    let list = match board {
        Some(board) => html! { section.card id="list" { (toolbar(shell, view)) (board) } },
        None => list(shell, roles, view),
    };
    let asked = view.query.is_narrowed() || view.query.page > 1 || view.layout == Layout::Board;
    html! {
        h1.sr { "Pipeline" }
        @if asked { (list) }
        @if let Some(notice) = unconfirmed_notice(roles, &view.numbers.pipeline, shell.brand.viewer.is_agency()) { (notice) }
        (cards(shell, view))
        (stages(shell, roles, view))
        div.cols.even { (pictures::forecast(shell, view)) (pictures::over_time(shell, view)) }
        (pictures::movement(shell, view))
        (endings(shell, view))
        div.cols.even { (pictures::funnel(shell, view)) (pictures::time_in_stage(shell, view)) }
        (pictures::flow(shell, view))
        @if !asked { (list) }
    }
}

/// Won and lost in the period, and how long an award usually takes.
fn endings(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let as_of = view.numbers.pipeline.as_of.map(|as_of| time::exact(as_of, &shell.tenant().zone));
    let (rate, before) = (view.story.rate, view.story.before);
    let rows = |show: &str, count: i64| Some((view.period.narrow(links::pipeline_rows(slug, show)).url(), count));
    let words = view.period.period().words();
    let than = |now: i64, before: Option<i64>| match before {
        Some(before) => delta(now, before, "in the period before"),
        None => html! { (words) },
    };
    let ended = rate.awards + rate.lost;
    let cycle = view.habits.cycle;
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
    let size = |line: &StageLine| if view.measure == Measure::Value { line.value.0 } else { line.contacts };
    let most = p.stages.iter().map(size).max().unwrap_or(0).max(1);
    let turn = |measure: Measure| view.query.narrow(PipelineView { measure, ..view.bare() }.base(slug)).url();
    html! {
        section.card {
            div.card-head.mid {
                h2 { "Stages" } span.sub { "ClientTether’s names and order" }
                div.push.seg role="group" aria-label="Bars show" {
                    a href=(turn(Measure::Count)) aria-current=[(view.measure == Measure::Count).then_some("true")] { "Count" }
                    a href=(turn(Measure::Value)) aria-current=[(view.measure == Measure::Value).then_some("true")] { "Value" }
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
                summary { (icon("chevron-down", 14)) @if view.measure == Measure::Value { "Value by stage as a chart" } @else { "Candidates by stage as a chart" } }
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
        let link = match view.measure {
            Measure::Count => stage_link(slug, name),
            Measure::Value => with_label(links::pipeline(slug), "stage", name).with("fee", "known"),
        };
        Bar {
            label: shown(name).to_owned(),
            value: match view.measure {
                Measure::Count => Some(line.contacts),
                Measure::Value => (line.fees_known > 0).then_some(line.value.0),
            },
            role: Some(role_class(line.role)),
            href: Some(link.url()),
            ..Bar::default()
        }
    };
    let (unit, series) = match view.measure {
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
        @match view.measure {
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

fn list(shell: &Shell<'_>, board: &Board, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let narrowed = view.query.narrow(view.base(slug));
    html! {
        section.card id="list" {
            (toolbar(shell, view))
            @if view.query.is_narrowed() { (in_force(slug, view)) }
            @if view.deals.rows.is_empty() {
                div.empty data-total="0" {
                    span.disc.quiet { (icon("funnel", 20)) }
                    h2 { @if view.query.is_narrowed() { "No deal fits these filters" } @else { "No deals yet" } }
                    @if view.query.is_narrowed() { div.chips { a.btn href=(view.base(slug).url()) { (icon("x", 14)) "Clear all filters" } } }
                }
            } @else {
                (table(shell, board, view, &narrowed))
                (pager(&sorted(narrowed, &view.query), view.query.page, view.deals.total))
            }
        }
    }
}

fn toolbar(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let turn = |layout: Layout| {
        let turned = PipelineView { layout, ..view.bare() };
        let list = if layout == Layout::Board { DealQuery::default() } else { view.query.clone() };
        format!("{}#list", list.narrow(turned.base(slug)).url())
    };
    let searched =
        DealQuery { text: None, ..view.query.clone() }.narrow(PipelineView { layout: Layout::Table, ..view.bare() }.base(slug));
    html! {
        div.toolbar {
            h2 { "Deals" } span.sub { (counted(view.deals.total, "deal of a prospect", "deals of prospects")) }
            div.push.flex.wrapf {
                div.seg role="group" aria-label="Deals as" {
                    a href=(turn(Layout::Table)) aria-current=[(view.layout == Layout::Table).then_some("true")] { (icon("table", 14)) "Table" }
                    a href=(turn(Layout::Board)) aria-current=[(view.layout == Layout::Board).then_some("true")] { (icon("square-kanban", 14)) "Board" }
                }
                form method="get" action=(Tab::Pipeline.url(slug)) role="search" aria-label="Deals" { label.search.in-card {
                    (icon("search", 15)) span.sr { "Search in these deals" }
                    input type="search" name="q" placeholder="Search in these deals" value=(view.query.text.as_deref().unwrap_or_default());
                    @for (key, value) in searched.pairs() { input type="hidden" name=(key) value=(value); }
                } }
                a.btn href=(csv_link(shell, view)) { (icon("download", 15)) "CSV" }
            }
        }
    }
}

fn in_force(slug: &str, view: &PipelineView) -> Markup {
    let query = &view.query;
    let mut chips: Vec<(String, DealQuery)> = Vec::new();
    if let Some(stage) = &query.stage {
        let name = match stage {
            Label::Named(name) if name.is_empty() => "blank",
            Label::Named(name) => name,
            Label::NotText => "not readable",
        };
        chips.push((format!("Stage: {name}"), DealQuery { stage: None, ..query.clone() }));
    }
    if let Some(group) = query.group {
        chips.push((format!("Only {}", group_word(group)), DealQuery { group: None, ..query.clone() }));
    }
    if let Some(role) = query.role {
        chips.push((format!("Role: {}", crate::parts::stages::role_name(role)), DealQuery { role: None, ..query.clone() }));
    }
    if query.fee_known {
        chips.push(("Fee known".to_owned(), DealQuery { fee_known: false, ..query.clone() }));
    }
    if let Some(close) = query.close {
        let words = match close {
            Closing::Overdue => "Close date passed".to_owned(),
            Closing::Month(month) => format!("Closes in {}", month.strftime("%B %Y")),
            Closing::Undated => "No close date".to_owned(),
        };
        chips.push((words, DealQuery { close: None, ..query.clone() }));
    }
    if let Some(text) = &query.text {
        chips.push((format!("“{text}”"), DealQuery { text: None, ..query.clone() }));
    }
    html! {
        div.in-force {
            span { "Shown:" }
            @for (text, without) in &chips {
                a.chip.on href=(without.narrow(view.base(slug)).url()) aria-label=(format!("Drop the filter {text}")) { span.t title=(text) { (text) } (icon("x", 13)) }
            }
            @if chips.len() > 1 { a.btn.plain href=(view.base(slug).url()) { "Clear all" } }
        }
    }
}

fn table(shell: &Shell<'_>, board: &Board, view: &PipelineView, list: &Link) -> Markup {
    let (sort, descending) = view.query.order();
    let sorting = Sorting { list, column: column(sort), descending };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Deals" {
            table.table data-total=(view.deals.total) {
                thead { tr {
                    (sorting.header("Candidate", "name", "", false)) (sorting.header("Stage", "stage", "", true)) th.num.no-phone scope="col" { "Odds" }
                    (sorting.header("Fee", "fee", "num", true)) th.num scope="col" { "Weighted" } (sorting.header("Close date", "close", "no-phone", false))
                    (sorting.header("In stage", "since", "num no-phone", false)) (sorting.header("Owner", "owner", "no-phone", false))
                } }
                tbody { @for row in &view.deals.rows { (deal_row(shell, board, row)) } }
            }
        }
    }
}

fn deal_row(shell: &Shell<'_>, board: &Board, row: &DealRow) -> Markup {
    let deal = Deal::of(board, row);
    let days = (EpochMs::from(shell.now) - row.stage_since_ms).max(0) / DAY;
    let since = row.stage_since_ms.timestamp();
    html! {
        tr {
            th scope="row" {
                (candidate_name(&shell.tenant().slug, row.contact_id.as_ref(), &row.name))
                @if !row.title.is_empty() { span.l2.t title=(row.title) { (row.title) } } @else if !row.market.is_empty() { span.l2.t title=(row.market) { (row.market) } }
            }
            td { (stage(deal.stage, deal.role)) @if row.contact_id.is_none() { span.l2 { "not linked to a contact" } } }
            td.num.muted.no-phone { @match deal.odds { Some(odds) => (odds), None => "—" } }
            td.num { @match deal.fee { Some(fee) => (fee), None => span.muted { "not known" } } }
            td.num { (weighted_fee(deal.fee, deal.weighted)) }
            td.nowrap.no-phone { @match row.close_date.as_deref().and_then(|day| day.parse().ok()) { Some(day) => (time::full_day(day)), None => span.muted { "—" } } }
            td.num.no-phone title=[since.map(|since| time::exact(since, &shell.tenant().zone))] { @if !row.stage_since_exact { "≥ " } (number(days)) " d" }
            td.no-phone { (owner(&row.owner)) }
        }
    }
}
