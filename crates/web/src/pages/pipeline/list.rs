//! The list of deals: its filters, its rows, its CSV.

use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{DAY, EpochMs, Money};
use tetherboard_metrics::{Board, CloseBucket};
use tetherboard_store::deals::DealRow;
use tetherboard_store::tenants::Tenant;

use super::{Layout, PipelineAddress, PipelineView, board};
use crate::address::deals::DealQuery;
use crate::address::label::Label;
use crate::address::links::{self, Link, Tab};
use crate::address::query::{Choice, SearchText};
use crate::http::csv;
use crate::http::error::HttpResult;
use crate::parts::active_filters::active_filters;
use crate::parts::candidate::candidate_name;
use crate::parts::format::{counted, number, owner, weighted_fee};
use crate::parts::shell::Shell;
use crate::parts::stages::{role_name, stage};
use crate::parts::table::{Sorting, pager};
use crate::parts::{icon, time};
use crate::read::deal_list::{DealFacts, all_deals};
use crate::state::Portal;

/// The deals, as a table or as a board.
pub(super) fn section(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    match &view.board_cards {
        Some(cards) => html! { section.card id="list" { (toolbar(shell, view)) (board::board(shell, &view.numbers, cards)) } },
        None => list(shell, view),
    }
}

fn list(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let (slug, address) = (&shell.tenant().slug, &view.address);
    let filtered = address.deals.add_filters_to(address.base(slug));
    html! {
        section.card id="list" {
            (toolbar(shell, view))
            @if view.address.deals.is_filtered() { (filter_chips(slug, view)) }
            @if view.deals.rows.is_empty() {
                div.empty data-total="0" {
                    span.disc.quiet { (icon("funnel", 20)) }
                    h2 { @if view.address.deals.is_filtered() { "No deal fits these filters" } @else { "No deals yet" } }
                    @if view.address.deals.is_filtered() { div.chips { a.btn href=(view.address.base(slug).url()) { (icon("x", 14)) "Clear all filters" } } }
                }
            } @else {
                (table(shell, &view.numbers.board, view, &filtered))
                (pager(&address.deals.add_to(address.base(slug)), address.page.0, view.deals.total))
            }
        }
    }
}

fn toolbar(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let slug = &shell.tenant().slug;
    let turn = |layout: Layout| {
        let turned = PipelineAddress { layout, ..view.address.clone() };
        let list = if layout == Layout::Board { DealQuery::default() } else { view.address.deals.clone() };
        format!("{}#list", list.add_filters_to(turned.base(slug)).url())
    };
    let table = PipelineAddress { layout: Layout::Table, ..view.address.clone() };
    let searched = DealQuery { text: SearchText::default(), ..table.deals.clone() }.add_filters_to(table.base(slug));
    html! {
        div.toolbar {
            h2 { "Deals" } span.sub { (counted(view.deals.total, "deal of a prospect", "deals of prospects")) }
            div.push.flex.wrapf {
                div.seg role="group" aria-label="Deals as" {
                    a href=(turn(Layout::Table)) aria-current=[(view.address.layout == Layout::Table).then_some("true")] { (icon("table", 14)) "Table" }
                    a href=(turn(Layout::Board)) aria-current=[(view.address.layout == Layout::Board).then_some("true")] { (icon("square-kanban", 14)) "Board" }
                }
                form method="get" action=(Tab::Pipeline.url(slug)) role="search" aria-label="Deals" { label.search.in-card {
                    (icon("search", 15)) span.sr { "Search in these deals" }
                    input type="search" name="q" placeholder="Search in these deals" value=(view.address.deals.text.as_deref().unwrap_or_default());
                    @for (key, value) in searched.pairs() { input type="hidden" name=(key) value=(value); }
                } }
                a.btn href=(csv_link(shell, view)) { (icon("download", 15)) "CSV" }
            }
        }
    }
}

fn filter_chips(slug: &str, view: &PipelineView) -> Markup {
    let query = &view.address.deals;
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
        chips.push((format!("Only {}", group.word()), DealQuery { group: None, ..query.clone() }));
    }
    if let Some(role) = query.role {
        chips.push((format!("Role: {}", role_name(role)), DealQuery { role: None, ..query.clone() }));
    }
    if query.fee.is_some() {
        chips.push(("Fee known".to_owned(), DealQuery { fee: None, ..query.clone() }));
    }
    if let Some(close) = query.close {
        let words = match close {
            CloseBucket::Overdue => "Close date passed".to_owned(),
            CloseBucket::Month(month) => format!("Closes in {}", month.strftime("%B %Y")),
            CloseBucket::Undated => "No close date".to_owned(),
        };
        chips.push((words, DealQuery { close: None, ..query.clone() }));
    }
    if let Some(text) = query.text.as_deref() {
        chips.push((format!("“{text}”"), DealQuery { text: SearchText::default(), ..query.clone() }));
    }
    let base = || view.address.base(slug);
    let chips: Vec<_> = chips.into_iter().map(|(name, without)| (name, without.add_filters_to(base()).url())).collect();
    active_filters(&chips, &base().url(), "")
}

fn table(shell: &Shell<'_>, board: &Board, view: &PipelineView, list: &Link) -> Markup {
    let (sort, descending) = view.address.deals.order();
    let sorting = Sorting { list, column: sort.word(), descending };
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
    let deal = DealFacts::of(board, row);
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

// CSV ------------------------------------------------------------------------------------------------------------------

const CSV_HEADER: [&str; 11] =
    ["Candidate", "Deal", "Market", "Stage", "Role", "Odds %", "Fee", "Weighted", "Close date", "Owner", "ClientTether deal id"];

pub(super) async fn as_csv(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    query: &DealQuery,
    now: Timestamp,
) -> HttpResult<Response> {
    let rows = all_deals(portal, tenant, board, query, now).await?;
    Ok(csv::download(&format!("{}-deals", tenant.slug), &CSV_HEADER, rows.into_iter().map(|row| csv_row(board, row))))
}

pub(super) fn csv_link(shell: &Shell<'_>, view: &PipelineView) -> String {
    view.address.deals.add_to(links::pipeline(&shell.tenant().slug)).with("format", "csv").url()
}

fn csv_row(board: &Board, row: DealRow) -> Vec<String> {
    let deal = DealFacts::of(board, &row);
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
        row.deal_id.to_string(),
    ]
}
