//! The list of contacts: its filters, its rows, its CSV.

use axum::response::Response;
use maud::{Markup, html};
use tetherboard_domain::{EpochMs, Money, TenantId, Zone};
use tetherboard_metrics::{Board, LEADS_REST_ON, LeadGroup};
use tetherboard_store::leads::{self, LeadFilter, LeadRow, Types};
use tetherboard_store::{Conn, Result as StoreResult, runs};

use super::LeadsView;
use crate::csv;
use crate::links::{self, Link, Tab};
use crate::pages::candidate::{called, candidate_name, nameless};
use crate::pages::overview::source_name;
use crate::parts::shell::Shell;
use crate::parts::stages::{role_name, shown, stage};
use crate::parts::table::{Sorting, pager};
use crate::parts::words::{count, counted, number, owner};
use crate::parts::{icon, time};
use crate::query::{Edge, LEAD_SORTS, Label, LeadQuery, PeriodQuery, edge_text};
use crate::viewer::BrandViewer;

/// The rows meant, cut where the data ends.
pub(super) async fn filter<C: Conn>(
    conn: &C,
    tenant: TenantId,
    board: &Board,
    zone: &Zone,
    query: &LeadQuery,
) -> StoreResult<LeadFilter> {
    let as_of = runs::dataset_ages(conn, tenant).await?.as_of_ms(&LEADS_REST_ON);
    query.filter(conn, tenant, board, zone, as_of.and_then(time::moment)).await
}

pub(super) fn sorted(link: Link, query: &LeadQuery) -> Link {
    let (sort, descending) = query.order();
    let name = LEAD_SORTS.iter().find(|(_, known)| *known == sort).map_or("created", |(name, _)| name);
    match query.sort {
        None => link,
        Some(_) => link.with("sort", &if descending { format!("-{name}") } else { name.to_owned() }),
    }
}

pub(super) fn with_page(link: Link, page: i64) -> Link {
    if page == 1 { link } else { link.with("page", &page.to_string()) }
}

// CSV ------------------------------------------------------------------------------------------------------------------

const CSV_HEADER: [&str; 12] =
    ["Name", "Company", "Email", "Phone", "Market", "Source", "Stage", "Role", "Owner", "Fee", "Created", "ClientTether id"];
const CSV_PART: i64 = 5_000;

pub(super) async fn as_csv<C: Conn>(
    conn: &C,
    brand: &BrandViewer,
    board: &Board,
    query: &LeadQuery,
    filter: &LeadFilter,
) -> StoreResult<Response> {
    let (sort, descending) = query.order();
    let mut rows = Vec::new();
    loop {
        let offset = count(rows.len());
        let part = leads::list(conn, brand.tenant.id, filter, sort, descending, &board.key_order(), (offset, CSV_PART)).await?;
        if part.is_empty() {
            break;
        }
        rows.extend(part.into_iter().map(|row| csv_row(board, &brand.tenant.zone, row)));
    }
    Ok(csv::download(&format!("{}-leads", brand.tenant.slug), &CSV_HEADER, rows.into_iter()))
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
    sorted(view.query.narrow(view.base(&shell.tenant().slug)), &view.query).with("format", "csv").url()
}

pub(super) fn list(shell: &Shell<'_>, board: &Board, view: &LeadsView) -> Markup {
    let slug = &shell.tenant().slug;
    let narrowed = view.query.narrow(view.base(slug));
    let kept = sorted(narrowed.clone(), &view.query);
    html! {
        section.card id="list" {
            div.toolbar {
                h2 { "Leads" }
                span.sub { @if view.is_narrowed() { (number(view.list.total)) " of " (number(view.numbers.summary.total)) } @else { (counted(view.list.total, "contact", "contacts")) } }
                div.push.flex.wrapf {
                    (search(slug, view))
                    (filters(shell, board, view))
                    a.btn href=(csv_link(shell, view)) { (icon("download", 15)) "CSV" }
                }
            }
            @if view.is_narrowed() { (in_force(slug, view)) }
            @if view.list.rows.is_empty() { (empty(slug, view)) } @else {
                (table(shell, board, view, &narrowed))
                (pager(&kept, view.query.page, view.list.total))
            }
        }
    }
}

/// Stage, source and days, folded into a menu; what is chosen stands as chips above the list.
fn filters(shell: &Shell<'_>, board: &Board, view: &LeadsView) -> Markup {
    let query = &view.query;
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
    let others = LeadQuery { text: None, ..view.query.clone() };
    html! {
        form method="get" action=(Tab::Leads.url(slug)) role="search" aria-label="Leads" { label.search.in-card {
            (icon("search", 15)) span.sr { "Search in these leads" }
            input type="search" id="q" name="q" data-absent="" value=(view.query.text.as_deref().unwrap_or_default()) placeholder="Search in these leads" title="Name, company, email, phone or market";
            @for (key, value) in kept(view, &others).pairs() { input type="hidden" name=(key) value=(value); }
        } noscript { button.btn { "Search" } } }
    }
}

/// What a form keeps without showing a field for it.
fn kept(view: &LeadsView, others: &LeadQuery) -> Link {
    sorted(others.narrow(view.base_of(Link::to(""))), others)
}

fn day_of(edge: Option<Edge>) -> Option<String> {
    match edge? {
        Edge::Day(day) => Some(day.to_string()),
        Edge::Moment(moment) => Some(moment.date().to_string()),
    }
}

/// The filters in force, each with the way to drop it.
fn in_force(slug: &str, view: &LeadsView) -> Markup {
    let all = &view.query;
    let mut chips: Vec<(String, String)> = Vec::new();
    let mut chip = |text: String, without: LeadQuery| chips.push((text, without.narrow(view.base(slug)).url()));
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
        let name = if types == Types::Prospects { "Prospects" } else { "No prospects" };
        chip(name.to_owned(), LeadQuery { types: None, ..all.clone() });
    }
    if let Some(state) = all.state {
        chip(state.name().to_owned(), LeadQuery { state: None, ..all.clone() });
    }
    if all.undated {
        chip("Without a created date".to_owned(), LeadQuery { undated: false, ..all.clone() });
    }
    if let Some(those) = all.those {
        chip(those.label(), LeadQuery { those: None, ..all.clone() });
    }
    if let Some(from) = all.from {
        chip(format!("From {}", edge_text(from)), LeadQuery { from: None, ..all.clone() });
    }
    if let Some(to) = all.to {
        chip(format!("To {}", edge_text(to)), LeadQuery { to: None, ..all.clone() });
    }
    if let Some(text) = &all.text {
        chip(format!("“{text}”"), LeadQuery { text: None, ..all.clone() });
    }
    if view.is_narrowed_by_period() {
        let label = format!("Created: {}", view.period.period().label());
        chips.push((label, all.narrow(PeriodQuery { asked: None, ..view.period }.narrow(links::leads(slug))).url()));
    }
    html! {
        div.in-force {
            span { "Shown:" }
            @for (text, without) in &chips {
                a.chip.on href=(without) aria-label=(format!("Drop the filter {text}")) { span.t title=(text) { (text) } (icon("x", 13)) }
            }
            @if chips.len() > 1 { a.btn.plain href=(links::leads(slug).url()) { "Clear all" } }
        }
    }
}

fn empty(slug: &str, view: &LeadsView) -> Markup {
    html! {
        div.empty data-total="0" {
            span.disc.quiet { (icon("funnel", 20)) }
            @if view.is_narrowed() {
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
    let (sort, descending) = view.query.order();
    let column = LEAD_SORTS.iter().find(|(_, known)| *known == sort).map_or("created", |(name, _)| name);
    let sorting = Sorting { list, column, descending };
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
                                (candidate_name(&shell.tenant().slug, Some(&row.crm_id), called(&row.name, &row.email)))
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
