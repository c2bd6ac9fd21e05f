//! The rows behind the numbers of the pipeline's history: each count leads here, to as many rows.

use std::cmp::Ordering;
use std::collections::HashMap;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, DAY, DealId, EpochMs, Money, Odds};
use tetherboard_metrics::{
    AS_OF, AWARDS, Board, CONVERSION, CYCLE_TIME, Ending, FLOW, History, LOST, LeadGroup, MOVEMENT, MoveKind, Span, StagePlace,
    TIME_IN_STAGE, WIN_RATE, Who, deals_at, movement, outcomes, prospects_at, reaches, stays, went,
};
use tetherboard_store::Result as StoreResult;
use tetherboard_store::deals::{self, DealName};

use super::DEFAULT_PERIOD;
use super::charts::move_name;
use crate::address::as_of::{AsOf, AsOfQuery, Shown, history_start};
use crate::address::deals::DealQuery;
use crate::address::label::{Label, with_label};
use crate::address::links::{self, Link, Tab};
use crate::address::pairs::Pairs;
use crate::address::period::PeriodQuery;
use crate::address::query::{Choice, Format, PageNumber, Param, names, parse_sort};
use crate::http::csv;
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::active_filters::active_filters;
use crate::parts::candidate::candidate_name;
use crate::parts::format::{count, counted, number, weighted_fee};
use crate::parts::period::picker;
use crate::parts::shell::{Page, Shell, Theme};
use crate::parts::stages::{shown, stage};
use crate::parts::table::{PAGE, Sorting, no_such_page, pager};
use crate::parts::{icon, time};
use crate::read::numbers::{Numbers, numbers};
use crate::read::pipeline_history::{history, last_year, timed_awards};
use crate::state::Portal;

/// Which number's rows are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    /// Deals that moved the value, of one step or of all.
    Moves(Option<MoveKind>),
    Endings(Option<Ending>),
    Created,
    Known,
    Reached,
    Went,
    Stays,
    Cycle,
    Deals,
    Candidates,
}

const SHOWS: [(&str, Show); 13] = [
    ("changes", Show::Moves(None)),
    ("endings", Show::Endings(None)),
    ("awards", Show::Endings(Some(Ending::Awarded))),
    ("losses", Show::Endings(Some(Ending::Lost))),
    ("created", Show::Created),
    ("known", Show::Known),
    ("reached", Show::Reached),
    ("went", Show::Went),
    ("stays", Show::Stays),
    ("cycle", Show::Cycle),
    ("deals", Show::Deals),
    ("candidates", Show::Candidates),
    ("new", Show::Moves(Some(MoveKind::New))),
];

impl Show {
    fn named(word: &str) -> Option<Self> {
        let step = || MoveKind::ALL.into_iter().find(|kind| kind.as_str() == word).map(|kind| Self::Moves(Some(kind)));
        SHOWS.iter().find(|(known, _)| *known == word).map(|(_, show)| *show).or_else(step)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Moves(Some(kind)) => kind.as_str(),
            _ => SHOWS.iter().find(|(_, show)| *show == self).map_or("changes", |(word, _)| word),
        }
    }

    /// Whether it is about the page's period, rather than about a day or the last year.
    fn has_period(self) -> bool {
        !matches!(self, Self::Stays | Self::Cycle | Self::Deals | Self::Candidates)
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Moves(None) => MOVEMENT,
            Self::Moves(Some(kind)) => kind.meaning(),
            Self::Endings(None) => WIN_RATE,
            Self::Endings(Some(Ending::Awarded)) => AWARDS,
            Self::Endings(Some(Ending::Lost)) => LOST,
            Self::Created | Self::Known | Self::Reached => CONVERSION,
            Self::Went => FLOW,
            Self::Stays => TIME_IN_STAGE,
            Self::Cycle => CYCLE_TIME,
            Self::Deals | Self::Candidates => AS_OF,
        }
    }

    /// The names of the columns in an address, the candidate's first.
    fn sort_columns(self) -> impl Iterator<Item = &'static str> {
        std::iter::once("name").chain(self.columns().iter().map(|(key, _)| *key))
    }

    /// The columns after the candidate: what the address calls them, and what the page does.
    fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Moves(_) => &[("from", "Stage then"), ("to", "Stage at the end"), ("when", "Changed"), ("amount", "Amount")],
            Self::Endings(_) => &[("from", "From"), ("to", "To"), ("when", "When"), ("amount", "Fee")],
            Self::Created | Self::Known | Self::Reached => &[("furthest", "Furthest"), ("stage", "Now"), ("when", "Created")],
            Self::Went => &[("from", "First stage"), ("to", "Last stage"), ("when", "Moved last")],
            Self::Stays => &[("stage", "Stage"), ("to", "Went to"), ("since", "Came"), ("when", "Left"), ("took", "Stayed")],
            Self::Cycle => &[("to", "Stage"), ("since", "Created"), ("when", "Awarded"), ("took", "Took")],
            Self::Deals => &[("stage", "Stage"), ("odds", "Odds"), ("amount", "Fee"), ("weighted", "Weighted")],
            Self::Candidates => &[("stage", "Stage")],
        }
    }
}

/// One cell after the candidate.
#[derive(Clone, Debug)]
enum Cell {
    /// As the CRM spells it; the outer `None`: it was not there.
    Stage(Option<Option<String>>),
    At(EpochMs),
    /// `None`: not known.
    Amount(Option<Money>),
    /// The fee, and what it weighs.
    Weighted(Option<Money>, Option<Money>),
    Odds(Option<Odds>),
    TookMs(i64),
}

struct Row {
    who: Who,
    cells: Vec<Cell>,
}

struct RowsView {
    numbers: std::sync::Arc<Numbers>,
    show: Show,
    period: PeriodQuery,
    asof: Option<AsOf>,
    deals: DealQuery,
    ends: [Option<Label>; 2],
    sort: Option<(usize, bool)>,
    page: PageNumber,
    rows: Vec<Row>,
    names: Names,
}

/// What the address of the page says.
pub(super) struct RowsAddress {
    show: Show,
    deals: DealQuery,
    ends: [Option<Label>; 2],
    period: PeriodQuery,
    as_of: AsOfQuery,
    sort: Option<(usize, bool)>,
    page: PageNumber,
}

impl<S: Sync> FromRequestParts<S> for RowsAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        let word = pairs.filled("show").unwrap_or("changes");
        let show = Show::named(word).ok_or_else(|| {
            let words = SHOWS.iter().map(|(word, _)| *word).chain(MoveKind::ALL.map(MoveKind::as_str));
            HttpError::bad_request(format!("`show={word}` is not an option. Use {}.", names(words)))
        })?;
        let columns: Vec<(&str, usize)> = show.sort_columns().zip(0..).collect();
        Ok(Self {
            show,
            // The rows have columns of their own.
            deals: DealQuery::parse(&pairs.without(&["sort"]))?,
            ends: [Param::parse(&pairs, "from-stage")?, Param::parse(&pairs, "to-stage")?],
            period: PeriodQuery::parse(&pairs, DEFAULT_PERIOD)?,
            as_of: AsOfQuery::parse(&pairs)?,
            sort: parse_sort(&pairs, "sort", &columns)?,
            page: Param::parse(&pairs, "page")?,
        })
    }
}

pub(super) async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    address: RowsAddress,
    format: Format,
) -> HttpResult<Response> {
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    let numbers = numbers(&portal, tenant, now).await?;
    let history = history(&portal, tenant, &numbers.board, now).await?;
    let asof = match address.as_of.resolve(tenant, now, &history)? {
        Shown::Now => None,
        Shown::Day(day) => Some(day),
        Shown::Unknown(why) => return Err(HttpError::bad_request(why)),
    };
    let RowsAddress { show, deals, ends, period, sort, page, .. } = address;
    let mut view = RowsView { deals, ends, numbers, show, period, asof, sort, page, rows: Vec::new(), names: Names::default() };
    view.rows = rows(&view, &history, tenant, now);
    // Names are loaded for the rows that are shown, or for all if the list is sorted by name.
    let by_name = matches!(view.sort, Some((0, _)));
    if !by_name {
        order(&mut view);
    }
    let offset = usize::try_from(page.offset(PAGE)).unwrap_or(usize::MAX);
    let named = if format == Format::Csv || by_name { &view.rows[..] } else { part(&view.rows, offset) };
    view.names = Names::of(&portal, tenant.id, named).await?;
    if by_name {
        order(&mut view);
    }
    if format == Format::Csv {
        return Ok(as_csv(&view, &tenant.slug));
    }
    if offset > 0 && part(&view.rows, offset).is_empty() {
        return Err(no_such_page());
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    let list = narrow(&view, links::pipeline_rows(&tenant.slug, show.word()));
    let markup = shell.render(&Page {
        tab: Tab::Pipeline,
        bar: bar(&shell, &view, &history, &list),
        body: body(&shell, &view, &list, part(&view.rows, offset)),
        address: page.add_to("page", sorted(list.clone(), &view)),
        kept: String::new(),
        period: period.add_to(Link::to("")).url(),
    });
    Ok(markup.into_response())
}

fn part(rows: &[Row], offset: usize) -> &[Row] {
    let end = rows.len().min(offset.saturating_add(usize::try_from(PAGE).unwrap_or(0)));
    rows.get(offset..end).unwrap_or_default()
}

// Rows -----------------------------------------------------------------------------------------------------------------

fn rows(view: &RowsView, history: &History, tenant: &tetherboard_store::tenants::Tenant, now: Timestamp) -> Vec<Row> {
    let (numbers, board) = (&view.numbers, &view.numbers.board);
    let as_of = numbers.pipeline.as_of;
    let resolved = as_of.and_then(|as_of| view.period.period().resolve(&tenant.zone, now, as_of));
    let before_ms = view.asof.map_or(EpochMs::MAX, |asof| asof.before_ms);
    let Some(span) = resolved.map(|resolved| Span::of(resolved.window, as_of)) else {
        return if view.show.has_period() { Vec::new() } else { rows_of_no_period(view, history, board, before_ms, tenant, now) };
    };
    match view.show {
        Show::Moves(kind) => {
            let moved = movement(history, span).map(|movement| movement.rows).unwrap_or_default();
            let moved = moved.into_iter().filter(|row| kind.is_none_or(|kind| row.kind == kind));
            let row = |row: tetherboard_metrics::Moved| Row {
                cells: vec![Cell::Stage(row.from), Cell::Stage(row.to), Cell::At(row.at_ms), Cell::Amount(row.amount)],
                who: row.who,
            };
            moved.map(row).collect()
        }
        Show::Endings(ending) => {
            let found = outcomes(history, span).into_iter().filter(|row| ending.is_none_or(|ending| row.ending == ending));
            let row = |row: tetherboard_metrics::DealOutcome| Row {
                cells: vec![
                    Cell::Stage(Some(row.from)),
                    Cell::Stage(Some(row.to)),
                    Cell::At(row.at_ms),
                    Cell::Amount(row.fee_cents.map(Money)),
                ],
                who: row.who,
            };
            found.map(row).collect()
        }
        Show::Created | Show::Known | Show::Reached => {
            let funnel = tetherboard_metrics::funnel(board, &[]);
            let wanted = view.deals.stage.as_ref().map(|stage| place(board, stage));
            let least = wanted.map(|wanted| funnel.stages.iter().position(|stage| stage.place == wanted));
            let is_meant = |reach: &tetherboard_metrics::Reach| match (view.show, least) {
                (Show::Created, _) => true,
                (Show::Known, _) | (_, None) => reach.furthest.is_some(),
                (_, Some(least)) => least.is_some_and(|least| reach.furthest.is_some_and(|furthest| furthest >= least)),
            };
            let row = |reach: tetherboard_metrics::Reach| {
                let furthest = reach.furthest.and_then(|at| funnel.stages.get(at)).map(|stage| Some(stage.stage.clone()));
                let cells = vec![Cell::Stage(furthest), Cell::Stage(Some(reach.stage)), Cell::At(reach.created_ms)];
                Row { who: Who { contact: Some(reach.contact), deal: None }, cells }
            };
            let mut found: Vec<_> = reaches(history, board, span).into_iter().filter(is_meant).collect();
            found.sort_by(|a, b| b.furthest.cmp(&a.furthest).then(b.created_ms.cmp(&a.created_ms)));
            found.into_iter().map(row).collect()
        }
        Show::Went => {
            let [from, to] = view.ends.each_ref().map(|end| end.as_ref().map(|end| place(board, end)));
            let fits = |wanted: &Option<StagePlace>, stage: &Option<String>| {
                wanted.as_ref().is_none_or(|wanted| *wanted == board.place(stage.as_deref()))
            };
            let found = went(history, span).unwrap_or_default().into_iter();
            let found = found.filter(|row| fits(&from, &row.from) && fits(&to, &row.to));
            let row = |row: tetherboard_metrics::Went| Row {
                who: Who { contact: Some(row.contact), deal: None },
                cells: vec![Cell::Stage(Some(row.from)), Cell::Stage(Some(row.to)), Cell::At(row.at_ms)],
            };
            found.map(row).collect()
        }
        _ => rows_of_no_period(view, history, board, before_ms, tenant, now),
    }
}

fn rows_of_no_period(
    view: &RowsView,
    history: &History,
    board: &Board,
    before_ms: EpochMs,
    tenant: &tetherboard_store::tenants::Tenant,
    now: Timestamp,
) -> Vec<Row> {
    let query = &view.deals;
    let wanted = query.stage.as_ref().map(|stage| place(board, stage));
    let fits = |at: &StagePlace| {
        wanted.as_ref().is_none_or(|wanted| wanted == at)
            && query.group.is_none_or(|group| board.is_in(group, at))
            && query.role.is_none_or(|role| board.role(at).as_str() == role.as_str())
    };
    match view.show {
        Show::Stays => {
            let found = stays(history, now.into()).into_iter().filter(|stay| fits(&stay.place));
            let row = |stay: tetherboard_metrics::Stay| {
                let took_ms = stay.took_ms();
                let (stage, next) = (Cell::Stage(Some(stay.stage)), Cell::Stage(Some(stay.next)));
                let cells = vec![stage, next, Cell::At(stay.from_ms), Cell::At(stay.until_ms), Cell::TookMs(took_ms)];
                Row { who: stay.who, cells }
            };
            found.map(row).collect()
        }
        Show::Cycle => {
            let row = |award: tetherboard_metrics::DealOutcome| {
                let created_ms = award.created_ms.unwrap_or(award.at_ms);
                let took_ms = (award.at_ms - created_ms).max(0);
                let cells = vec![Cell::Stage(Some(award.to)), Cell::At(created_ms), Cell::At(award.at_ms), Cell::TookMs(took_ms)];
                Row { who: award.who, cells }
            };
            timed_awards(outcomes(history, last_year(tenant, now))).map(row).collect()
        }
        Show::Candidates => {
            let found = prospects_at(history, before_ms).into_iter().filter(|row| fits(&row.place));
            let row = |row: tetherboard_metrics::ProspectThen| Row {
                who: Who { contact: Some(row.contact), deal: None },
                cells: vec![Cell::Stage(Some(row.stage))],
            };
            found.map(row).collect()
        }
        _ => {
            let found = deals_at(history, before_ms).into_iter();
            let mut found: Vec<_> = found.filter(|row| fits(&row.place) && (!query.fee.is_some() || row.fee.is_some())).collect();
            found.sort_by(|a, b| b.fee.cmp(&a.fee).then_with(|| b.place.cmp(&a.place)).then_with(|| a.who.cmp(&b.who)));
            let row = |row: tetherboard_metrics::DealThen| {
                let weighted = row.weighted();
                let cells = vec![
                    Cell::Stage(Some(row.stage)),
                    Cell::Odds(row.odds),
                    Cell::Amount(row.fee),
                    Cell::Weighted(row.fee, weighted),
                ];
                Row { who: row.who, cells }
            };
            found.into_iter().map(row).collect()
        }
    }
}

fn place(board: &Board, label: &Label) -> StagePlace {
    match label {
        Label::Named(name) => board.place_named(name),
        Label::NotText => StagePlace::NotText,
    }
}

fn order(view: &mut RowsView) {
    let Some((column, descending)) = view.sort else { return };
    let (names, board) = (&view.names, &view.numbers.board);
    let rank = |stage: &Option<Option<String>>| stage.as_ref().map(|stage| board.place(stage.as_deref()));
    let by_cell = |a: &Cell, b: &Cell| match (a, b) {
        (Cell::Stage(a), Cell::Stage(b)) => rank(a).cmp(&rank(b)),
        (Cell::At(a), Cell::At(b)) => a.cmp(b),
        (Cell::TookMs(a), Cell::TookMs(b)) => a.cmp(b),
        (Cell::Amount(a), Cell::Amount(b)) | (Cell::Weighted(_, a), Cell::Weighted(_, b)) => a.cmp(b),
        (Cell::Odds(a), Cell::Odds(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    view.rows.sort_by(|a, b| {
        let order = match column.checked_sub(1) {
            None => names.candidate(&a.who).to_lowercase().cmp(&names.candidate(&b.who).to_lowercase()),
            Some(at) => by_cell(&a.cells[at], &b.cells[at]),
        };
        if descending { order.reverse() } else { order }
    });
}

/// How candidates and deals are called today.
#[derive(Default)]
struct Names {
    contacts: HashMap<ContactId, DealName>,
    deals: HashMap<DealId, DealName>,
}

impl Names {
    async fn of(portal: &Portal, tenant: tetherboard_domain::TenantId, rows: &[Row]) -> StoreResult<Self> {
        fn ids<Id: Clone + Ord>(rows: &[Row], of: fn(&Who) -> Option<&Id>) -> Vec<Id> {
            let mut ids: Vec<Id> = rows.iter().filter_map(|row| of(&row.who)).cloned().collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        }
        let conn = portal.store.conn();
        Ok(Self {
            contacts: deals::names(conn, tenant, &ids(rows, |who| who.contact.as_ref())).await?,
            deals: deals::names(conn, tenant, &ids(rows, |who| who.deal.as_ref())).await?,
        })
    }

    fn candidate(&self, who: &Who) -> &str {
        let contact = who.contact.as_ref().and_then(|id| self.contacts.get(id));
        contact.or_else(|| self.deal(who)).map_or("", |name| name.name.as_str())
    }

    fn deal(&self, who: &Who) -> Option<&DealName> {
        self.deals.get(who.deal.as_ref()?)
    }

    /// What stands below the candidate: the deal, else the market.
    fn below(&self, who: &Who) -> &str {
        let market = || who.contact.as_ref().and_then(|id| self.contacts.get(id)).map(|name| name.market.as_str());
        self.deal(who).map(|deal| deal.title.as_str()).filter(|title| !title.is_empty()).or_else(market).unwrap_or_default()
    }
}

// Addresses ------------------------------------------------------------------------------------------------------------

fn narrow(view: &RowsView, link: Link) -> Link {
    let link = if view.show.has_period() { view.period.add_to(link) } else { link };
    let link = link.maybe("asof", view.asof.map(|asof| asof.day.to_string()).as_deref());
    let mut link = view.deals.add_filters_to(link);
    for (key, end) in ["from-stage", "to-stage"].into_iter().zip(&view.ends) {
        link = match end {
            None => link,
            Some(Label::Named(name)) => link.with(key, name),
            Some(Label::NotText) => with_label(link, key, None),
        };
    }
    link
}

fn sorted(link: Link, view: &RowsView) -> Link {
    let Some((at, descending)) = view.sort else { return link };
    let name = column(view.show, at);
    link.with("sort", &if descending { format!("-{name}") } else { name.to_owned() })
}

fn column(show: Show, at: usize) -> &'static str {
    at.checked_sub(1).and_then(|at| show.columns().get(at)).map_or("name", |(key, _)| key)
}

// CSV ------------------------------------------------------------------------------------------------------------------

fn as_csv(view: &RowsView, slug: &str) -> Response {
    let mut header = vec!["Candidate", "Deal"];
    header.extend(view.show.columns().iter().map(|(_, name)| *name));
    header.extend(["ClientTether contact id", "ClientTether deal id"]);
    let rows = view.rows.iter().map(|row| {
        let deal = view.names.deal(&row.who).map(|deal| deal.title.clone()).unwrap_or_default();
        let mut cells = vec![view.names.candidate(&row.who).to_owned(), deal];
        cells.extend(row.cells.iter().map(|cell| match cell {
            Cell::Stage(stage) => stage.clone().flatten().unwrap_or_default(),
            Cell::At(ms) => ms.timestamp().map(|moment| moment.to_string()).unwrap_or_default(),
            Cell::Amount(amount) | Cell::Weighted(_, amount) => amount.map(Money::plain).unwrap_or_default(),
            Cell::Odds(odds) => odds.map(|odds| odds.percent().to_string()).unwrap_or_default(),
            // Days to the hundredth.
            Cell::TookMs(ms) => format!("{:.2}", *ms as f64 / DAY as f64),
        }));
        cells.extend([row.who.contact.clone().unwrap_or_default().into(), row.who.deal.clone().unwrap_or_default().into()]);
        cells
    });
    csv::download(&format!("{slug}-pipeline-{}", view.show.word()), &header, rows)
}

// Markup ---------------------------------------------------------------------------------------------------------------

fn bar(shell: &Shell<'_>, view: &RowsView, history: &History, list: &Link) -> Markup {
    let (tenant, now) = (shell.tenant(), shell.now);
    let as_of = view.numbers.pipeline.as_of;
    html! {
        @if view.show.has_period() {
            @let resolved = as_of.and_then(|as_of| view.period.period().resolve(&tenant.zone, now, as_of));
            @let base = narrow(&RowsView { period: PeriodQuery { chosen: None, ..view.period }, ..bare(view) }, links::pipeline_rows(&tenant.slug, view.show.word()));
            (picker(view.period, resolved.as_ref(), tenant.zone.date(now), &tenant.zone, &base))
        } @else if let Some(asof) = view.asof {
            (super::past::chooser(&tenant.slug, Some(asof.day), history_start(history, tenant), tenant.zone.date(now)))
        } @else {
            p.dates { @match as_of { Some(as_of) => { "As of " (time::exact(as_of, &tenant.zone)) } None => "Not read yet" } }
        }
        div.push.flex {
            button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
            a.btn href=(sorted(list.clone(), view).with("format", "csv").url()) { (icon("download", 15)) "CSV, " (counted(count(view.rows.len()), "row", "rows")) }
        }
    }
}

/// The same list without its rows: to build other addresses of it.
fn bare(view: &RowsView) -> RowsView {
    RowsView {
        numbers: std::sync::Arc::clone(&view.numbers),
        deals: view.deals.clone(),
        ends: view.ends.clone(),
        rows: Vec::new(),
        names: Names::default(),
        ..*view
    }
}

fn title(view: &RowsView) -> String {
    match view.show {
        Show::Moves(None) => "What moved the value".to_owned(),
        Show::Moves(Some(kind)) => format!("What moved the value: {}", move_name(kind).to_lowercase()),
        Show::Endings(None) => "Awarded and lost deals".to_owned(),
        Show::Endings(Some(Ending::Awarded)) => "Awarded deals".to_owned(),
        Show::Endings(Some(Ending::Lost)) => "Lost deals".to_owned(),
        Show::Created => "Prospects created".to_owned(),
        Show::Known => "Prospects whose path is known".to_owned(),
        Show::Reached => "Prospects who got so far".to_owned(),
        Show::Went => "Who changed stages".to_owned(),
        Show::Stays => "Completed stays".to_owned(),
        Show::Cycle => "From creation to award".to_owned(),
        Show::Deals => "Deals of prospects then".to_owned(),
        Show::Candidates => "Candidates then".to_owned(),
    }
}

fn body(shell: &Shell<'_>, view: &RowsView, list: &Link, rows: &[Row]) -> Markup {
    let slug = &shell.tenant().slug;
    let total = count(view.rows.len());
    let back = match view.asof {
        Some(asof) => links::pipeline(slug).with("asof", &asof.day.to_string()),
        None => view.period.add_to(links::pipeline(slug)),
    };
    html! {
        section.card id="list" {
            div.toolbar {
                h1 { (title(view)) }
                span.sub { (number(total)) @if let Some(asof) = view.asof { " at the end of " (time::full_day(asof.day)) } }
                div.push.flex.wrapf { a.btn href=(back.url()) { (icon("arrow-left", 14)) "Pipeline" } }
            }
            (filter_chips(view, slug))
            p.sub.inset { (view.show.meaning()) }
            @if rows.is_empty() {
                div.empty data-total="0" { span.disc.quiet { (icon("funnel", 20)) } h2 { "Nobody here" } p { "No row of this list lies in the period or fits the filter." } }
            } @else {
                (table(shell, view, list, rows, total))
                (pager(&sorted(list.clone(), view), view.page.0, total))
            }
        }
    }
}

/// What narrows the list, each with a way to drop it.
fn filter_chips(view: &RowsView, slug: &str) -> Markup {
    let name = |label: &Label| match label {
        Label::Named(name) => shown(Some(name)).to_owned(),
        Label::NotText => shown(None).to_owned(),
    };
    let mut chips: Vec<(String, RowsView)> = Vec::new();
    let without = |deals: DealQuery| RowsView { deals, ..bare(view) };
    if let Some(stage) = &view.deals.stage {
        chips.push((format!("Stage: {}", name(stage)), without(DealQuery { stage: None, ..view.deals.clone() })));
    }
    if let Some(group) = view.deals.group {
        let words = if group == LeadGroup::Open { "Only open" } else { group.word() };
        chips.push((words.to_owned(), without(DealQuery { group: None, ..view.deals.clone() })));
    }
    if view.deals.fee.is_some() {
        chips.push(("Fee known".to_owned(), without(DealQuery { fee: None, ..view.deals.clone() })));
    }
    if let Some(from) = &view.ends[0] {
        chips.push((format!("From {}", name(from)), RowsView { ends: [None, view.ends[1].clone()], ..bare(view) }));
    }
    if let Some(to) = &view.ends[1] {
        chips.push((format!("To {}", name(to)), RowsView { ends: [view.ends[0].clone(), None], ..bare(view) }));
    }
    let link = |view: &RowsView| narrow(view, links::pipeline_rows(slug, view.show.word())).url();
    let chips: Vec<_> = chips.iter().map(|(name, without)| (name.clone(), link(without))).collect();
    active_filters(&chips, &links::pipeline_rows(slug, view.show.word()).url(), "")
}

fn table(shell: &Shell<'_>, view: &RowsView, list: &Link, rows: &[Row], total: i64) -> Markup {
    let (at, descending) = view.sort.unwrap_or((usize::MAX, false));
    let current = if view.sort.is_some() { column(view.show, at) } else { "" };
    let sorting = Sorting { list, column: current, descending };
    let is_number = |key: &str| matches!(key, "amount" | "weighted" | "odds" | "took");
    html! {
        div.scroll tabindex="0" role="region" aria-label=(title(view)) {
            table.table data-total=(total) {
                thead { tr {
                    (sorting.header("Candidate", "name", "", false))
                    @for (key, name) in view.show.columns() { (sorting.header(name, key, if is_number(key) { "num" } else { "" }, !matches!(*key, "from" | "to" | "stage"))) }
                } }
                tbody { @for row in rows { (table_row(shell, view, row)) } }
            }
        }
    }
}

fn table_row(shell: &Shell<'_>, view: &RowsView, row: &Row) -> Markup {
    let board = &view.numbers.board;
    let zone = &shell.tenant().zone;
    let today = zone.date(shell.now);
    let (name, below) = (view.names.candidate(&row.who), view.names.below(&row.who));
    html! {
        tr {
            th scope="row" {
                (candidate_name(&shell.tenant().slug, row.who.contact.as_ref(), name))
                @if !below.is_empty() { span.l2.t title=(below) { (below) } }
            }
            @for cell in &row.cells {
                @match cell {
                    Cell::Stage(Some(name)) => td { (stage(name.as_deref(), board.role(&board.place(name.as_deref())))) },
                    Cell::Stage(None) => td { span.muted { "—" } },
                    Cell::At(ms) => td.nowrap { @if let Some(moment) = ms.timestamp() { time datetime=(moment) title=(time::exact(moment, zone)) { (time::day_of_year(zone.date(moment), today)) } } },
                    Cell::Amount(Some(amount)) => td.num { @if amount.0 > 0 && matches!(view.show, Show::Moves(_)) { "+" } (amount) },
                    Cell::Amount(None) => td.num { span.muted { "not known" } },
                    Cell::Weighted(fee, weighted) => td.num { (weighted_fee(*fee, *weighted)) },
                    Cell::Odds(odds) => td.num.muted { @match odds { Some(odds) => (odds), None => "—" } },
                    Cell::TookMs(ms) => td.num { (time::span(*ms)) },
                }
            }
        }
    }
}
