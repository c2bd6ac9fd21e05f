//! The list of contacts: its filters, its rows, its CSV.

use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{EpochMs, Money, Zone};
use tetherboard_metrics::{Board, LeadGroup};
use tetherboard_store::leads::{ContactTypes, LeadRow};
use tetherboard_store::tenants::Tenant;

use super::{LeadsAddress, LeadsView};
use crate::address::computed_filter::ComputedFilter;
use crate::address::dates::Edge;
use crate::address::label::Label;
use crate::address::leads::LeadQuery;
use crate::address::links::{self, Link, Tab};
use crate::address::period::PeriodQuery;
use crate::address::query::{Choice, SearchText};
use crate::http::csv;
use crate::http::error::HttpResult;
use crate::parts::active_filters::active_filters;
use crate::parts::candidate::{candidate_name, display_name, nameless};
use crate::parts::format::{counted, number, owner, source_name};
use crate::parts::shell::Shell;
use crate::parts::stages::{role_name, shown, stage};
use crate::parts::table::{Sorting, pager};
use crate::parts::{icon, time};
use crate::read::lead_list::all_leads;
use crate::read::numbers::numbers;
use crate::state::Portal;

// CSV ------------------------------------------------------------------------------------------------------------------

const CSV_HEADER: [&str; 12] =
    ["Name", "Company", "Email", "Phone", "Market", "Source", "Stage", "Role", "Owner", "Fee", "Created", "ClientTether id"];

pub(super) async fn as_csv(portal: &Portal, tenant: &Tenant, address: &LeadsAddress, now: Timestamp) -> HttpResult<Response> {
    let board = &numbers(portal, tenant, now).await?.board;
    let rows = all_leads(portal, tenant, board, &address.list_in_period(tenant.zone.date(now)), now).await?;
    let rows = rows.into_iter().map(|row| csv_row(board, &tenant.zone, row));
    Ok(csv::download(&format!("{}-leads", tenant.slug), &CSV_HEADER, rows))
}

fn csv_row(board: &Board, zone: &Zone, row: LeadRow) -> Vec<String> {
    let place = board.place(row.stage.as_deref());
    let created = row.created_ms.and_then(time::moment);
    vec![
        row.name,
        row.company,
        row.email,
        row.phone,
        row.market,
        row.source.unwrap_or_default(),
        board.label(&place).unwrap_or_default().to_owned(),
        board.role(&place).as_str().to_owned(),
        row.owner,
        row.fee_cents.map(|cents| Money(cents).plain()).unwrap_or_default(),
        created.map(|created| created.to_zoned(zone.tz().clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default(),
        row.crm_id.into(),
    ]
}

// Markup ---------------------------------------------------------------------------------------------------------------

pub(super) fn csv_link(shell: &Shell<'_>, view: &LeadsView) -> String {
    view.address.list.add_to(view.address.base(&shell.tenant().slug)).with("format", "csv").url()
}

pub(super) fn list(shell: &Shell<'_>, board: &Board, view: &LeadsView) -> Markup {
    let slug = &shell.tenant().slug;
    let filtered = view.address.list.add_filters_to(view.address.base(slug));
    let sorted = view.address.list.add_to(view.address.base(slug));
    html! {
        section.card id="list" {
            div.toolbar {
                h2 { "Leads" }
                span.sub { @if view.address.is_filtered() { (number(view.list.total)) " of " (number(view.numbers.summary.total)) } @else { (counted(view.list.total, "contact", "contacts")) } }
                div.push.flex.wrapf {
                    (search(slug, view))
                    (filters(shell, board, view))
                    a.btn href=(csv_link(shell, view)) { (icon("download", 15)) "CSV" }
                }
            }
            @if view.address.is_filtered() { (filter_chips(slug, view)) }
            @if view.list.rows.is_empty() { (empty(slug, view)) } @else {
                (table(shell, board, view, &filtered))
                (pager(&sorted, view.address.page.0, view.list.total))
            }
        }
    }
}

/// Stage, source and days, folded into a menu; what is chosen stands as chips above the list.
fn filters(shell: &Shell<'_>, board: &Board, view: &LeadsView) -> Markup {
    let query = &view.address.list;
    let stage_now = match &query.stage {
        Some(Label::Named(name)) => Some(board.label(&board.place_named(name)).unwrap_or(name).to_owned()),
        _ => None,
    };
    let source_now = match &query.source {
        Some(Label::Named(name)) => Some(name.to_lowercase()),
        _ => None,
    };
    let chosen = [query.stage.is_some(), query.source.is_some(), query.from.is_some() || query.to.is_some()];
    let chosen = chosen.into_iter().filter(|chosen| *chosen).count();
    let others = LeadQuery { stage: None, source: None, from: None, to: None, ..query.clone() };
    html! {
        details.menu.end id="lead-filters" {
            summary.btn { (icon("list-filter", 15)) "Stage, source, date" @if chosen > 0 { " · " b { (chosen) } } (icon("chevron-down", 14)) }
            div.menu-panel.wide {
                form.menu-form method="get" action=(Tab::Leads.url(&shell.tenant().slug)) {
                    div.field { label for="stage" { "Stage" }
                        select.select id="stage" name="stage" data-absent="*" {
                            option value="*" { "All stages" }
                            @for line in view.numbers.summary.by_stage.iter().filter(|line| line.stage.is_some()) {
                                @let name = line.stage.as_deref().unwrap_or_default();
                                option value=(name) selected[stage_now.as_deref() == Some(name)] { (shown(line.stage.as_deref())) }
                            }
                        }
                    }
                    div.field { label for="source" { "Source" }
                        select.select id="source" name="source" data-absent="*" {
                            option value="*" { "All sources" }
                            @for (source, _) in view.numbers.summary.by_source.iter().filter(|(source, _)| source.is_some()) {
                                @let name = source.as_deref().unwrap_or_default();
                                option value=(name) selected[source_now == Some(name.to_lowercase())] { (source_name(source.as_deref())) }
                            }
                        }
                    }
                    div.pair {
                        div.field { label for="from" { "Created from" } input.input.s type="date" id="from" name="from" data-absent="" value=[day_of(query.from)]; }
                        div.field { label for="to" { "to" } input.input.s type="date" id="to" name="to" data-absent="" value=[day_of(query.to)]; }
                    }
                    @for (key, value) in kept(view, &others).pairs() { input type="hidden" name=(key) value=(value); }
                    div.acts { button.btn { "Apply" } }
                }
            }
        }
    }
}

fn search(slug: &str, view: &LeadsView) -> Markup {
    let others = LeadQuery { text: SearchText::default(), ..view.address.list.clone() };
    html! {
        form method="get" action=(Tab::Leads.url(slug)) role="search" aria-label="Leads" { label.search.in-card {
            (icon("search", 15)) span.sr { "Search in these leads" }
            input type="search" id="q" name="q" data-absent="" value=(view.address.list.text.as_deref().unwrap_or_default()) placeholder="Search in these leads" title="Name, company, email, phone or market";
            @for (key, value) in kept(view, &others).pairs() { input type="hidden" name=(key) value=(value); }
        } noscript { button.btn { "Search" } } }
    }
}

/// What a form keeps without showing a field for it.
fn kept(view: &LeadsView, others: &LeadQuery) -> Link {
    others.add_to(view.address.add_base_to(Link::to("")))
}

fn day_of(edge: Option<Edge>) -> Option<String> {
    match edge? {
        Edge::Day(day) => Some(day.to_string()),
        Edge::Moment(moment) => Some(moment.date().to_string()),
    }
}

fn filter_chips(slug: &str, view: &LeadsView) -> Markup {
    let all = &view.address.list;
    let mut chips: Vec<(String, String)> = Vec::new();
    let base = || view.address.base(slug);
    let mut chip = |text: String, without: LeadQuery| chips.push((text, without.add_filters_to(base()).url()));
    let label = |label: &Label| match label {
        Label::Named(name) if name.is_empty() => "blank".to_owned(),
        Label::Named(name) => name.clone(),
        Label::NotText => "not readable".to_owned(),
    };
    if let Some(stage) = &all.stage {
        chip(format!("Stage: {}", label(stage)), LeadQuery { stage: None, ..all.clone() });
    }
    if let Some(source) = &all.source {
        chip(format!("Source: {}", label(source)), LeadQuery { source: None, ..all.clone() });
    }
    if let Some(group) = all.group {
        let name = match group {
            LeadGroup::Pipeline => "In pipeline",
            LeadGroup::Qualified => "Qualified",
            LeadGroup::Open => "Open",
            LeadGroup::Inactive => "Inactive",
        };
        chip(name.to_owned(), LeadQuery { group: None, ..all.clone() });
    }
    if let Some(role) = all.role {
        chip(format!("Role: {}", role_name(role)), LeadQuery { role: None, ..all.clone() });
    }
    if let Some(types) = all.types {
        let name = if types == ContactTypes::Prospects { "Prospects" } else { "Not prospects" };
        chip(name.to_owned(), LeadQuery { types: None, ..all.clone() });
    }
    if let Some(state) = all.state {
        chip(state.name().to_owned(), LeadQuery { state: None, ..all.clone() });
    }
    if all.created.is_some() {
        chip("Without a created date".to_owned(), LeadQuery { created: None, ..all.clone() });
    }
    if let Some(computed) = all.computed {
        chip(computed_name(computed), LeadQuery { computed: None, ..all.clone() });
    }
    if let Some(from) = all.from {
        chip(format!("From {}", time::edge_name(from)), LeadQuery { from: None, ..all.clone() });
    }
    if let Some(to) = all.to {
        chip(format!("To {}", time::edge_name(to)), LeadQuery { to: None, ..all.clone() });
    }
    if let Some(text) = all.text.as_deref() {
        chip(format!("“{text}”"), LeadQuery { text: SearchText::default(), ..all.clone() });
    }
    if view.address.period_filters_list() {
        let label = format!("Created: {}", view.address.period.period().label());
        chips.push((
            label,
            all.add_filters_to(PeriodQuery { chosen: None, ..view.address.period }.add_to(links::leads(slug))).url(),
        ));
    }
    active_filters(&chips, &links::leads(slug).url(), "")
}

fn computed_name(filter: ComputedFilter) -> String {
    match filter {
        ComputedFilter::NeedsAttention => "Needs attention".to_owned(),
        ComputedFilter::BecameInactive { since } => format!("Became inactive since {}", time::full_day(since)),
        ComputedFilter::DiscoveryDay { since } => format!("Discovery Day booked since {}", time::full_day(since)),
    }
}

fn empty(slug: &str, view: &LeadsView) -> Markup {
    html! {
        div.empty data-total="0" {
            span.disc.quiet { (icon("funnel", 20)) }
            @if view.address.is_filtered() {
                h2 { "No lead fits these filters" }
                p { (counted(view.numbers.summary.total, "contact is", "contacts are")) " there without them." }
                div.chips { a.btn href=(links::leads(slug).url()) { (icon("x", 14)) "Clear all filters" } }
            } @else {
                h2 { "No leads yet" }
                p { "They appear here with the first complete read of ClientTether." }
            }
        }
    }
}

fn table(shell: &Shell<'_>, board: &Board, view: &LeadsView, list: &Link) -> Markup {
    let (sort, descending) = view.address.list.order();
    let sorting = Sorting { list, column: sort.word(), descending };
    let zone = &shell.tenant().zone;
    html! {
        div.scroll tabindex="0" role="region" aria-label="Leads" {
            table.table data-total=(view.list.total) {
                thead { tr {
                    (sorting.header("Name", "name", "", false)) (sorting.header("Created", "created", "", true)) (sorting.header("Source", "source", "", false))
                    (sorting.header("Market", "market", "no-phone", false)) (sorting.header("Stage", "stage", "", true)) (sorting.header("Owner", "owner", "no-phone", false))
                } }
                tbody {
                    @for row in &view.list.rows {
                        @let place = board.place(row.stage.as_deref());
                        tr {
                            th scope="row" {
                                (candidate_name(&shell.tenant().slug, Some(&row.crm_id), display_name(&row.name, &row.email)))
                                @if let Some(what) = nameless(&row.name, &row.company, &row.email) { span.l2 { (what) } }
                                @else if !row.company.is_empty() { span.l2.t title=(row.company) { (row.company) } }
                            }
                            td.nowrap { (created(row.created_ms, zone)) }
                            td { span.t title=(source_name(row.source.as_deref())) { (source_name(row.source.as_deref())) } }
                            td.no-phone { span.t title=(row.market) { (row.market) } }
                            td { (stage(board.label(&place), board.role(&place))) }
                            td.no-phone { (owner(&row.owner)) }
                        }
                    }
                }
            }
        }
    }
}

fn created(created_ms: Option<EpochMs>, zone: &Zone) -> Markup {
    let Some(created) = created_ms.and_then(time::moment) else {
        return html! { span.muted { "not known" } };
    };
    let local = created.to_zoned(zone.tz().clone());
    html! { time datetime=(created) title=(time::exact(created, zone)) { (local.strftime("%a %b %-d, %Y, %-I:%M %p").to_string()) } }
}
