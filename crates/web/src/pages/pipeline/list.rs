//! The list of deals: its filters, its rows, its CSV.

use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{DAY, EpochMs, Money};
use tetherboard_metrics::{Board, CloseBucket};
use tetherboard_store::deals::DealRow;
use tetherboard_store::tenants::Tenant;

use super::address::{Layout, PipelineAddress};
use super::{PipelineView, board};
use crate::address::deals::DealQuery;
use crate::address::label::Label;
use crate::address::links::{self, Link, Tab};
use crate::address::query::{Choice, SearchText};
use crate::http::csv::{self, FileName};
use crate::http::error::HttpResult;
use crate::parts::actions::{SearchBox, clear_filters_button, short_csv_button};
use crate::parts::active_filters::active_filters;
use crate::parts::candidate::candidate_name;
use crate::parts::empty_state::empty_list;
use crate::parts::format::{counted, owner, weighted_fee};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::stages::{role_name, stage};
use crate::parts::table::{Sorting, or_dash, or_unknown, pager};
use crate::parts::{icon, time};
use crate::read::deal_list::{DealFacts, all_deals};
use crate::state::Portal;

/// The deals, as a table or as a board.
pub(super) fn section(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    html! {
        section.card id="list" {
            (toolbar(&shell.tenant().slug, view))
            @match &view.board_cards {
                Some(cards) => (board::board(shell, &view.numbers, cards)),
                None => (list(shell, view)),
            }
        }
    }
}

fn list(shell: &Shell<'_>, view: &PipelineView) -> Markup {
    let (slug, address) = (&shell.tenant().slug, &view.address);
    html! {
        @if address.deals.is_filtered() { (filter_chips(slug, view)) }
        @if view.deals.rows.is_empty() { (empty(slug, view)) } @else {
            (table(shell, view, &address.deals.add_filters_to(address.base(slug))))
            (pager(&address.deals.add_to(address.base(slug)), address.page.0, view.deals.total))
        }
    }
}

fn empty(slug: &str, view: &PipelineView) -> Markup {
    match view.address.deals.is_filtered() {
        true => empty_list("funnel", "No deals match", &clear_filters_button(&view.address.base(slug).url(), "Clear filters")),
        false => empty_list("funnel", "No deals yet", &EMPTY),
    }
}

fn toolbar(slug: &str, view: &PipelineView) -> Markup {
    let table = PipelineAddress { layout: Layout::Table, ..view.address.clone() };
    let others = DealQuery { text: SearchText::default(), ..table.deals.clone() }.add_filters_to(table.base(slug));
    let search = SearchBox {
        action: &Tab::Pipeline.url(slug),
        what: "deals",
        text: view.address.deals.text.as_deref(),
        hint: "Candidate or deal",
        query: &others,
    };
    html! {
        div.toolbar {
            h2 { "Deals" } span.sub { (counted(view.deals.total, "deal", "deals")) }
            div.push.flex.wrapf {
                div.seg role="group" aria-label="Deals as" {
                    (layout_link(slug, view, Layout::Table, "table", "Table"))
                    (layout_link(slug, view, Layout::Board, "square-kanban", "Board"))
                }
                (search.render())
                (short_csv_button(&csv_url(slug, view)))
            }
        }
    }
}

/// Shows the deals in a layout. The board has no filters.
fn layout_link(slug: &str, view: &PipelineView, layout: Layout, icon_name: &str, label: &str) -> Markup {
    let address = PipelineAddress { layout, ..view.address.clone() };
    let list = if layout == Layout::Board { DealQuery::default() } else { view.address.deals.clone() };
    let url = format!("{}#list", list.add_filters_to(address.base(slug)).url());
    html! {
        a href=(url) aria-current=[(view.address.layout == layout).then_some("true")] { (icon(icon_name, 14)) (label) }
    }
}

fn filter_chips(slug: &str, view: &PipelineView) -> Markup {
    let base = || view.address.base(slug);
    let chips: Vec<_> = query_chips(&view.address.deals)
        .into_iter()
        .map(|(name, without)| (name, without.add_filters_to(base()).url()))
        .collect();
    active_filters(&chips, &base().url(), "")
}

/// The name of each filter of a query, and the query without it.
fn query_chips(query: &DealQuery) -> Vec<(String, DealQuery)> {
    let all = || query.clone();
    let stage = |stage: &Label| match stage {
        Label::Named(name) if name.is_empty() => "blank".to_owned(),
        Label::Named(name) => name.clone(),
        Label::NotText => "unreadable".to_owned(),
    };
    let closing = |closing: CloseBucket| match closing {
        CloseBucket::Overdue => "Close date passed".to_owned(),
        CloseBucket::Month(month) => format!("Closes in {}", month.strftime("%B %Y")),
        CloseBucket::Undated => "No close date".to_owned(),
    };
    let chips = [
        query.stage.as_ref().map(|label| (format!("Stage: {}", stage(label)), DealQuery { stage: None, ..all() })),
        query.group.map(|group| (format!("Only {}", group.word()), DealQuery { group: None, ..all() })),
        query.role.map(|role| (format!("Role: {}", role_name(role)), DealQuery { role: None, ..all() })),
        query.fee.map(|_| ("Fee known".to_owned(), DealQuery { fee: None, ..all() })),
        query.close.map(|close| (closing(close), DealQuery { close: None, ..all() })),
        query.text.as_deref().map(|text| (format!("“{text}”"), DealQuery { text: SearchText::default(), ..all() })),
    ];
    chips.into_iter().flatten().collect()
}

fn table(shell: &Shell<'_>, view: &PipelineView, list: &Link) -> Markup {
    let (sort, descending) = view.address.deals.order();
    let sorting = Sorting { list, column: sort.word(), descending };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Deals" {
            table.table data-total=(view.deals.total) {
                thead { tr {
                    (sorting.header("Candidate", "name", "", false))
                    (sorting.header("Stage", "stage", "", true))
                    th.num.no-phone scope="col" { "Odds" }
                    (sorting.header("Fee", "fee", "num", true))
                    th.num scope="col" { "Weighted" }
                    (sorting.header("Close date", "close", "no-phone", false))
                    (sorting.header("In stage", "since", "num no-phone", false))
                    (sorting.header("Owner", "owner", "no-phone", false))
                } }
                tbody { @for row in &view.deals.rows { (deal_row(shell, &view.numbers.board, row)) } }
            }
        }
    }
}

fn deal_row(shell: &Shell<'_>, board: &Board, row: &DealRow) -> Markup {
    let deal = DealFacts::of(board, row);
    let days = (EpochMs::from(shell.now) - row.stage_since_ms).max(0) / DAY;
    let since = row.stage_since_ms.timestamp().map(|since| time::exact(since, &shell.tenant().zone));
    let close_date: Option<Date> = row.close_date.as_deref().and_then(|day| day.parse().ok());
    let subtitle = [&row.title, &row.market].into_iter().find(|text| !text.is_empty());
    html! {
        tr {
            th scope="row" {
                (candidate_name(&shell.tenant().slug, row.contact_id.as_ref(), &row.name))
                @if let Some(subtitle) = subtitle { span.l2.t title=(subtitle) { (subtitle) } }
            }
            td { (stage(deal.stage, deal.role)) @if row.contact_id.is_none() { span.l2 { "not linked to a contact" } } }
            td.num.muted.no-phone { (or_dash(deal.odds.map(|odds| odds.to_string()))) }
            td.num { (or_unknown(deal.fee)) }
            td.num { (weighted_fee(deal.fee, deal.weighted)) }
            td.nowrap.no-phone { (or_dash(close_date.map(time::full_day))) }
            td.num.no-phone title=[since] { (time::days(days, row.stage_since_exact)) }
            td.no-phone { (owner(&row.owner)) }
        }
    }
}

// CSV ------------------------------------------------------------------------------------------------------------------

const CSV_HEADER: [&str; 11] =
    ["Candidate", "Deal", "Market", "Stage", "Role", "Odds %", "Fee", "Weighted", "Close date", "Owner", "ClientTether deal id"];

/// The whole list as CSV.
pub(super) async fn as_csv(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    query: &DealQuery,
    now: Timestamp,
) -> HttpResult<Response> {
    let rows = all_deals(portal, tenant, board, query, now).await?;
    let name = FileName { brand: tenant, page: "deals", days: (None, None), today: tenant.zone.date(now) };
    Ok(csv::download(&name, &CSV_HEADER, rows.into_iter().map(|row| csv_row(board, row))))
}

/// The address of the list as CSV.
pub(super) fn csv_url(slug: &str, view: &PipelineView) -> String {
    view.address.deals.add_to(links::pipeline(slug)).with("format", "csv").url()
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
