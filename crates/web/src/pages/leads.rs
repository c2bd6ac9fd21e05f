//! Leads: how many came, from where, where they stand, and who they are.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Money, TenantId, Zone};
use tetherboard_metrics::{Board, LEADS_REST_ON, LeadGroup};
use tetherboard_store::leads::{self, LeadFilter, LeadRow};
use tetherboard_store::{Conn, Result as StoreResult, runs};

use super::candidate::candidate_name;
use super::overview::{Card, delta, source_name, week_link, weeks_figure};
use crate::Portal;
use crate::csv;
use crate::error::{Answer, Refusal, Wants};
use crate::links::{self, Link, Tab};
use crate::numbers::Numbers;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::stages::{role_class, role_groups, role_link, role_name, shown, stage, stage_link};
use crate::parts::table::{PAGE, Sorting, pager};
use crate::parts::words::{counted, number, percent};
use crate::parts::{icon, time};
use crate::query::{Edge, LEAD_SORTS, Label, LeadQuery, Pairs, edge_text, group_word, with_label};
use crate::viewer::BrandViewer;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/leads", get(page))
}

/// What the page shows.
struct LeadsView {
    numbers: Arc<Numbers>,
    query: LeadQuery,
    total: i64,
    rows: Vec<LeadRow>,
}

async fn page(brand: BrandViewer, State(portal): State<Portal>, theme: Theme, pairs: Pairs) -> Answer<Response> {
    let bad = |detail: String| Refusal::bad_request(Wants::Page, detail);
    let query = LeadQuery::parse(&pairs).map_err(bad)?;
    let (conn, tenant) = (portal.store.conn(), &brand.tenant);
    let numbers = portal.numbers.of(&portal.store, tenant, portal.clock.now()).await?;
    let board = &numbers.board;
    let filter = filter(conn, tenant.id, board, &tenant.zone, &query).await?;
    if pairs.wants_csv().map_err(bad)? {
        return Ok(as_csv(conn, &brand, board, &query, &filter).await?);
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    let (sort, descending) = query.order();
    let offset = (query.page - 1) * PAGE;
    let total = leads::count(conn, tenant.id, &filter).await?;
    let rows = leads::list(conn, tenant.id, &filter, sort, descending, &board.key_order(), (offset, PAGE)).await?;
    let view = LeadsView { numbers, query, total, rows };
    if view.rows.is_empty() && offset > 0 {
        return Err(Refusal::missing(Wants::Page, "This list has no such page; it may have become shorter."));
    }
    let address = with_page(sorted(view.query.narrow(links::leads(&tenant.slug)), &view.query), view.query.page);
    let kept = view.query.narrow(Link::to("")).url();
    let markup = shell.render(&Page {
        tab: Tab::Leads,
        bar: bar(&shell, &view),
        body: body(&shell, &view.numbers.board, &view),
        address,
        kept,
    });
    Ok(markup.into_response())
}

/// The rows meant, cut where the data ends.
async fn filter<C: Conn>(conn: &C, tenant: TenantId, board: &Board, zone: &Zone, query: &LeadQuery) -> StoreResult<LeadFilter> {
    let as_of = runs::dataset_ages(conn, tenant).await?.as_of_ms(&LEADS_REST_ON);
    query.filter(conn, tenant, board, zone, as_of.and_then(|ms| Timestamp::from_millisecond(ms).ok())).await
}

fn sorted(link: Link, query: &LeadQuery) -> Link {
    let (sort, descending) = query.order();
    let name = LEAD_SORTS.iter().find(|(_, known)| *known == sort).map_or("created", |(name, _)| name);
    match query.sort {
        None => link,
        Some(_) => link.with("sort", &if descending { format!("-{name}") } else { name.to_owned() }),
    }
}

fn with_page(link: Link, page: i64) -> Link {
    if page == 1 { link } else { link.with("page", &page.to_string()) }
}

// CSV ------------------------------------------------------------------------------------------------------------------

const CSV_HEADER: [&str; 12] =
    ["Name", "Company", "Email", "Phone", "Market", "Source", "Stage", "Role", "Owner", "Fee", "Created", "ClientTether id"];
const CSV_PART: i64 = 5_000;

async fn as_csv<C: Conn>(
    conn: &C,
    brand: &BrandViewer,
    board: &Board,
    query: &LeadQuery,
    filter: &LeadFilter,
) -> StoreResult<Response> {
    let (sort, descending) = query.order();
    let mut rows = Vec::new();
    loop {
        let offset = i64::try_from(rows.len()).unwrap_or(i64::MAX);
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
    let created = row.created_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
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
        row.crm_id,
    ]
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn bar(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let csv = csv_link(shell, view);
    html! {
        p.dates {
            @match view.numbers.summary.as_of {
                Some(as_of) => { "As of " (time::exact(as_of, &shell.tenant().zone)) }
                None => "Not read yet",
            }
        }
        div.push.flex {
            button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
            a.btn href=(csv) { (icon("download", 15)) "CSV, " (counted(view.total, "row", "rows")) }
        }
    }
}

fn csv_link(shell: &Shell<'_>, view: &LeadsView) -> String {
    sorted(view.query.narrow(links::leads(&shell.tenant().slug)), &view.query).with("format", "csv").url()
}

fn body(shell: &Shell<'_>, board: &Board, view: &LeadsView) -> Markup {
    let slug = &shell.tenant().slug;
    let list = list(shell, board, view);
    html! {
        h1.sr { "Leads" }
        // A list that was asked for comes first; the pictures are what leads to it.
        @if view.query.is_narrowed() || view.query.page > 1 { (list) }
        (cards(shell, view))
        section.card {
            div.card-head { h2 { "New leads over time" } span.sub { "12 weeks, contacts of every type" } }
            div.card-body { (weeks_figure(slug, &view.numbers.summary.new_by_week)) }
        }
        div.cols.even {
            (sources_card(slug, view))
            (standing_card(slug, board, view))
        }
        @if !(view.query.is_narrowed() || view.query.page > 1) { (list) }
    }
}

fn cards(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let (slug, s) = (&shell.tenant().slug, &view.numbers.summary);
    let as_of = s.as_of.map(|as_of| time::exact(as_of, &shell.tenant().zone));
    let cards = [
        Card {
            id: "new-leads",
            name: "New leads this week",
            value: view.numbers.week.map_or("—".to_owned(), |week| number(week.this.contacts)),
            link: view.numbers.week.map(|week| (week_link(shell, week).url(), week.this.contacts)),
            meaning: "Contacts of every type created since Monday in the brand’s time zone, up to the last complete read.",
            counted: view
                .numbers
                .week
                .map_or("no data yet this week".to_owned(), |week| counted(week.this.contacts, "contact", "contacts")),
            spark: EMPTY,
            below: match view.numbers.week {
                Some(week) => delta(week.this.contacts, week.last.contacts, "last week by now"),
                None => html! { "no data yet this week" },
            },
        },
        Card {
            id: "contacts",
            name: "All contacts",
            value: number(s.total),
            link: Some((links::leads(slug).url(), s.total)),
            meaning: "Every contact in ClientTether, of every type and stage.",
            counted: format!("{}, {} of them prospects", counted(s.total, "contact", "contacts"), number(s.prospects)),
            spark: EMPTY,
            below: html! {
                @if s.undated > 0 { a href=(links::leads(slug).with("created", "unknown").url()) data-count=(s.undated) { (number(s.undated)) " without a created date" } }
                @else { "each with a created date" }
            },
        },
        Card {
            id: "in-pipeline",
            name: "Leads in pipeline",
            value: number(s.in_pipeline),
            link: Some((links::leads(slug).with("in", "pipeline").url(), s.in_pipeline)),
            meaning: "Prospects whose stage is not inactive, parked ones included.",
            counted: format!("{} of {}", number(s.in_pipeline), counted(s.prospects, "prospect", "prospects")),
            spark: EMPTY,
            below: html! { "of " (counted(s.prospects, "prospect", "prospects")) },
        },
        Card {
            id: "qualified",
            name: "Qualified candidates",
            value: number(view.numbers.pipeline.qualified),
            link: Some((links::leads(slug).with("in", "qualified").url(), view.numbers.pipeline.qualified)),
            meaning: "Prospects from the first qualified stage to the last before the agreement is signed.",
            counted: counted(view.numbers.pipeline.qualified, "prospect", "prospects"),
            spark: EMPTY,
            below: html! { (percent(view.numbers.pipeline.qualified, s.in_pipeline)) " of the pipeline" },
        },
    ];
    html! { section.card.stats aria-label="Leads in numbers" { @for card in &cards { (card.render(as_of.as_deref())) } } }
}

fn sources_card(slug: &str, view: &LeadsView) -> Markup {
    let most = view.numbers.sources.iter().map(|line| line.contacts).max().unwrap_or(0).max(1);
    let qualified: i64 = view.numbers.sources.iter().map(|line| line.qualified).sum();
    html! {
        section.card.c-7 id="sources" {
            div.card-head { h2 { "Sources" } span.sub { "what each brought, and how many of them are qualified now" } }
            div.scroll.mt2 tabindex="0" role="region" aria-label="Sources" {
                table.table {
                    thead { tr {
                        th scope="col" { "Source" } th.num scope="col" aria-sort="descending" { "Leads" }
                        th.no-phone scope="col" { span.sr { "Share of leads, drawn" } } th.num scope="col" { "Share" }
                        th.num scope="col" { "Qualified" } th.num scope="col" { "Qualified %" }
                    } }
                    tbody {
                        @for line in &view.numbers.sources {
                            tr {
                                th scope="row" { a.who.plain.t title=(source_name(line.source.as_deref())) data-count=(line.contacts)
                                    href=(with_label(links::leads(slug), "source", line.source.as_deref()).url()) { (source_name(line.source.as_deref())) } }
                                td.num.w600 { (number(line.contacts)) }
                                td.c-bar.no-phone { span.bar { i style=(format!("width:{}%", 100 * line.contacts / most)) {} } }
                                td.num.muted { (percent(line.contacts, view.numbers.summary.total)) }
                                td.num {
                                    @if line.qualified > 0 {
                                        a.who-plain data-count=(line.qualified) href=(with_label(links::leads(slug), "source", line.source.as_deref()).with("in", "qualified").url()) { (number(line.qualified)) }
                                    } @else { span.zero { "0" } }
                                }
                                td.num { @if line.qualified > 0 { (percent(line.qualified, line.contacts)) } @else { span.zero { "0%" } } }
                            }
                        }
                    }
                    tfoot { tr {
                        th scope="row" { "All" } td.num { (number(view.numbers.summary.total)) } td.no-phone {} td.num { (percent(view.numbers.summary.total, view.numbers.summary.total)) }
                        td.num { (number(qualified)) } td.num { (percent(qualified, view.numbers.summary.total)) }
                    } }
                }
            }
        }
    }
}

fn standing_card(slug: &str, board: &Board, view: &LeadsView) -> Markup {
    let (s, p) = (&view.numbers.summary, &view.numbers.pipeline);
    let most = p.stages.iter().map(|line| line.contacts).max().unwrap_or(0).max(1);
    let open: i64 = p.stages.iter().filter(|line| board.is_in(LeadGroup::Open, &line.place)).map(|line| line.contacts).sum();
    html! {
        section.card.c-5 {
            div.card-head { h2 { "Where they stand" } span.sub { "all " (counted(s.prospects, "prospect", "prospects")) } }
            div.scroll.mt2 tabindex="0" role="region" aria-label="Prospects by stage, grouped by role" {
                table.table.breakdown {
                    thead.sr { tr { th scope="col" { "Stage" } th scope="col" { "Drawn" } th scope="col" { "Prospects" } } }
                    @for group in role_groups(p).iter().filter(|group| group.contacts > 0) {
                        tbody {
                            tr {
                                th scope="rowgroup" colspan="2" { (role_name(group.role)) }
                                th.num scope="rowgroup" { a.who-plain href=(role_link(slug, group.role).url()) data-count=(group.contacts) { (number(group.contacts)) } }
                            }
                            @for line in p.stages.iter().filter(|line| line.contacts > 0 && line.role.as_str() == group.role.as_str()) {
                                tr {
                                    th scope="row" { (stage(line.stage.as_deref(), line.role)) }
                                    td.c-bar { span.bar.plain { i class=(format!("r-{}", role_class(line.role))) style=(format!("width:{}%", 100 * line.contacts / most)) {} } }
                                    td.num { a.who-plain data-count=(line.contacts) href=(stage_link(slug, line.stage.as_deref()).url()) { (number(line.contacts)) } }
                                }
                            }
                        }
                    }
                }
            }
            div.card-foot.sums {
                span { b { (number(s.prospects)) } " prospects = " b { (number(s.in_pipeline)) } " in pipeline + " b { (number(s.inactive)) } " inactive" }
                span { b { (number(s.in_pipeline)) } " = " b { (number(open)) } " open + " b { (number(s.in_pipeline - open)) } " awarded or parked" }
            }
        }
    }
}

fn list(shell: &Shell<'_>, board: &Board, view: &LeadsView) -> Markup {
    let slug = &shell.tenant().slug;
    let narrowed = view.query.narrow(links::leads(slug));
    let kept = sorted(narrowed.clone(), &view.query);
    html! {
        section.card id="list" {
            div.toolbar {
                h2 { "Leads" }
                span.sub { @if view.query.is_narrowed() { (number(view.total)) " of " (number(view.numbers.summary.total)) } @else { (counted(view.total, "contact", "contacts")) } }
                div.push.flex.wrapf { a.btn href=(csv_link(shell, view)) { (icon("download", 15)) "CSV" } }
            }
            (filter_form(shell, board, view))
            @if view.query.is_narrowed() { (in_force(slug, &view.query)) }
            @if view.rows.is_empty() { (empty(slug, view)) } @else {
                (table(shell, board, view, &narrowed))
                (pager(&kept, view.query.page, view.total))
            }
        }
    }
}

fn filter_form(shell: &Shell<'_>, board: &Board, view: &LeadsView) -> Markup {
    let slug = &shell.tenant().slug;
    let query = &view.query;
    let stage_now = match &query.stage {
        Some(Label::Named(name)) => Some(board.label(&board.place_named(name)).unwrap_or(name).to_owned()),
        _ => None,
    };
    let source_now = match &query.source {
        Some(Label::Named(name)) => Some(name.to_lowercase()),
        _ => None,
    };
    html! {
        form.filter-form method="get" action=(Tab::Leads.url(slug)) data-auto {
            div.field.grow { label for="q" { "Search" } input.input.s type="search" id="q" name="q" data-absent="" value=(query.text.as_deref().unwrap_or_default()) placeholder="Name, company, email, phone, market"; }
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
            div.field { label for="from" { "Created from" } input.input.s type="date" id="from" name="from" data-absent="" value=[day_of(query.from)]; }
            div.field { label for="to" { "to" } input.input.s type="date" id="to" name="to" data-absent="" value=[day_of(query.to)]; }
            @if let Some(group) = query.group { input type="hidden" name="in" value=(group_word(group)); }
            @if query.prospects { input type="hidden" name="type" value="prospects"; }
            div.acts { button.btn { "Apply" } }
        }
    }
}

fn day_of(edge: Option<Edge>) -> Option<String> {
    match edge? {
        Edge::Day(day) => Some(day.to_string()),
        Edge::Moment(moment) => Some(moment.date().to_string()),
    }
}

/// The filters in force, each with the way to drop it.
fn in_force(slug: &str, query: &LeadQuery) -> Markup {
    let all = query.clone();
    let mut chips: Vec<(String, LeadQuery)> = Vec::new();
    let mut chip = |text: String, without: LeadQuery| chips.push((text, without));
    let label = |label: &Label| match label {
        Label::Named(name) if name.is_empty() => "blank".to_owned(),
        Label::Named(name) => name.clone(),
        Label::NotText => "not readable".to_owned(),
    };
    if let Some(stage) = &query.stage {
        chip(format!("Stage: {}", label(stage)), LeadQuery { stage: None, ..all.clone() });
    }
    if let Some(source) = &query.source {
        chip(format!("Source: {}", label(source)), LeadQuery { source: None, ..all.clone() });
    }
    if let Some(group) = query.group {
        let name = match group {
            LeadGroup::Pipeline => "In pipeline",
            LeadGroup::Qualified => "Qualified",
            LeadGroup::Open => "Open",
            LeadGroup::Inactive => "Inactive",
        };
        chip(name.to_owned(), LeadQuery { group: None, ..all.clone() });
    }
    if let Some(role) = query.role {
        chip(format!("Role: {}", role_name(role)), LeadQuery { role: None, ..all.clone() });
    }
    if query.prospects {
        chip("Prospects".to_owned(), LeadQuery { prospects: false, ..all.clone() });
    }
    if query.undated {
        chip("Without a created date".to_owned(), LeadQuery { undated: false, ..all.clone() });
    }
    if let Some(from) = query.from {
        chip(format!("From {}", edge_text(from)), LeadQuery { from: None, ..all.clone() });
    }
    if let Some(to) = query.to {
        chip(format!("To {}", edge_text(to)), LeadQuery { to: None, ..all.clone() });
    }
    if let Some(text) = &query.text {
        chip(format!("“{text}”"), LeadQuery { text: None, ..all.clone() });
    }
    html! {
        div.in-force {
            span { "Shown:" }
            @for (text, without) in &chips {
                a.chip.on href=(without.narrow(links::leads(slug)).url()) aria-label=(format!("Drop the filter {text}")) { span.t title=(text) { (text) } (icon("x", 13)) }
            }
            @if chips.len() > 1 { a.btn.plain href=(links::leads(slug).url()) { "Clear all" } }
        }
    }
}

fn empty(slug: &str, view: &LeadsView) -> Markup {
    html! {
        div.empty data-total="0" {
            span.disc.quiet { (icon("funnel", 20)) }
            @if view.query.is_narrowed() {
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
            table.table data-total=(view.total) {
                thead { tr {
                    (sorting.header("Name", "name", "", false)) (sorting.header("Created", "created", "", true)) (sorting.header("Source", "source", "", false))
                    (sorting.header("Market", "market", "no-phone", false)) (sorting.header("Stage", "stage", "", true)) (sorting.header("Owner", "owner", "no-phone", false))
                } }
                tbody {
                    @for row in &view.rows {
                        @let place = board.place(row.stage.as_deref());
                        tr {
                            th scope="row" { (candidate_name(&shell.tenant().slug, Some(&row.crm_id), &row.name)) @if !row.company.is_empty() && row.company != row.name { span.l2.t title=(row.company) { (row.company) } } }
                            td.nowrap { (created(row.created_ms, zone)) }
                            td { span.t title=(source_name(row.source.as_deref())) { (source_name(row.source.as_deref())) } }
                            td.no-phone { span.t title=(row.market) { (row.market) } }
                            td { (stage(board.label(&place), board.role(&place))) }
                            td.no-phone { span.t title=(row.owner) { (row.owner) } }
                        }
                    }
                }
            }
        }
    }
}

fn created(created_ms: Option<i64>, zone: &Zone) -> Markup {
    let Some(created) = created_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()) else {
        return html! { span.muted { "not known" } };
    };
    let local = created.to_zoned(zone.tz().clone());
    html! { time datetime=(created) title=(time::exact(created, zone)) { (local.strftime("%a %b %-d, %Y, %-I:%M %p").to_string()) } }
}
