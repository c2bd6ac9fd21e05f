//! Leads: how many came, from where, where they stand, and who they are.

mod list;
mod pictures;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_domain::{Bucket, Period};
use tetherboard_metrics::{FirstTouch, first_touch};
use tetherboard_store::leads::{self, LeadRow};

use super::overview::{new_leads_card, new_leads_link};
use crate::Portal;
use crate::error::{Answer, Refusal, Wants};
use crate::links::{self, Link, Tab};
use crate::numbers::{NewLeadsIn, Numbers};
use crate::parts::card::Card;
use crate::parts::period::picker;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::table::PAGE;
use crate::parts::words::{counted, number, percent};
use crate::parts::{icon, time};
use crate::query::{Edge, LeadQuery, Pairs, PeriodQuery, sort_by};
use crate::those;
use crate::viewer::BrandViewer;
use list::{csv_link, sorted, with_page};
use pictures::Brought;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/leads", get(page))
}

/// What the page shows.
struct LeadsView {
    numbers: Arc<Numbers>,
    period: PeriodQuery,
    /// `None`: no data in the period yet.
    new: Option<(NewLeadsIn, Arc<Brought>)>,
    /// What the trend's columns are; `None` where the address leaves it open.
    by: Option<Bucket>,
    /// How the sources are sorted, and whether from the largest; `None` where the address leaves it open.
    sources: Option<(SourceSort, bool)>,
    touch: Option<FirstTouch>,
    query: LeadQuery,
    list: Arc<ListPart>,
}

/// One page of the list.
struct ListPart {
    /// Of the whole list.
    total: i64,
    rows: Vec<LeadRow>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SourceSort {
    Name,
    Leads,
    Qualified,
    /// Qualified per lead.
    Rate,
    Awarded,
}

const SOURCE_SORTS: [(&str, SourceSort); 5] = [
    ("name", SourceSort::Name),
    ("leads", SourceSort::Leads),
    ("qualified", SourceSort::Qualified),
    ("rate", SourceSort::Rate),
    ("awarded", SourceSort::Awarded),
];

impl LeadsView {
    /// The page's address with what is not about its list.
    fn base(&self, slug: &str) -> Link {
        self.base_of(links::leads(slug))
    }

    fn base_of(&self, link: Link) -> Link {
        pictured(self.period.narrow(link), self.by, self.sources)
    }

    /// The period's new leads, and what their pictures show.
    fn came(&self) -> Option<(&NewLeadsIn, &Brought)> {
        self.new.as_ref().map(|(new, brought)| (new, brought.as_ref()))
    }

    /// A period that was asked for narrows the list, unless the list has days of its own.
    fn is_narrowed_by_period(&self) -> bool {
        narrows(self.period, &self.query)
    }

    fn is_narrowed(&self) -> bool {
        self.query.is_narrowed() || self.is_narrowed_by_period()
    }
}

/// Keeps how the pictures are shown.
fn pictured(link: Link, by: Option<Bucket>, sources: Option<(SourceSort, bool)>) -> Link {
    let link = link.maybe("by", by.map(Bucket::as_str));
    let Some((sort, descending)) = sources else { return link };
    let name = source_column(sort);
    link.with("sources", &if descending { format!("-{name}") } else { name.to_owned() })
}

fn source_column(sort: SourceSort) -> &'static str {
    SOURCE_SORTS.iter().find(|(_, known)| *known == sort).map_or("leads", |(name, _)| name)
}

fn narrows(period: PeriodQuery, query: &LeadQuery) -> bool {
    period.asked.is_some() && query.from.is_none() && query.to.is_none()
}

async fn page(brand: BrandViewer, State(portal): State<Portal>, theme: Theme, pairs: Pairs) -> Answer<Response> {
    let bad = |detail: String| Refusal::bad_request(Wants::Page, detail);
    let query = LeadQuery::parse(&pairs).map_err(bad)?;
    let period = PeriodQuery::parse(&pairs, Period::Last12Weeks).map_err(bad)?;
    let by = pairs.filled("by").map(str::parse).transpose().map_err(|error: String| bad(format!("`by`: {error}.")))?;
    let sources = sort_by("sources", &pairs, &SOURCE_SORTS).map_err(bad)?;
    let (conn, tenant, now) = (portal.store.conn(), &brand.tenant, portal.clock.now());
    let numbers = portal.numbers.of(&portal.store, tenant, now).await?;
    let board = &numbers.board;
    let mut meant = query.clone();
    if narrows(period, &query) {
        let (first, last) = period.period().days(tenant.zone.date(now));
        (meant.from, meant.to) = (Some(Edge::Day(first)), Some(Edge::Day(last)));
    }
    let mut filter = list::filter(conn, tenant.id, board, &tenant.zone, &meant).await?;
    those::narrow(&portal, tenant, board, meant.those, &mut filter).await?;
    if pairs.wants_csv().map_err(bad)? {
        return Ok(list::as_csv(conn, &brand, board, &query, &filter).await?);
    }
    let shell = Shell::load(&portal, &brand, theme).await?;
    let (sort, descending) = query.order();
    let offset = (query.page - 1) * PAGE;
    let key = format!("leads {}", with_page(sorted(meant.narrow(Link::to("")), &query), query.page).url());
    let list = async || {
        let total = leads::count(conn, tenant.id, &filter).await?;
        let rows = leads::list(conn, tenant.id, &filter, sort, descending, &board.key_order(), (offset, PAGE)).await?;
        Ok(ListPart { total, rows })
    };
    let list = portal.numbers.get(tenant, now, &key, list).await?;
    if list.rows.is_empty() && offset > 0 {
        return Err(Refusal::missing(Wants::Page, "This list has no such page; it may have become shorter."));
    }
    let new = numbers.new_leads(tenant, period.period(), period.compare, now);
    let (mut came, mut touch) = (None, None);
    if let Some(new) = new {
        let key = pictured(period.narrow(Link::to("")), by, None).url();
        let brought = async || Ok(Brought::of(&numbers, &new, by, period.compare, &tenant.zone));
        came = Some((new, portal.numbers.get(tenant, now, &key, brought).await?));
        let first_touch = || first_touch(conn, tenant.id, new.period.window);
        touch = Some(*portal.numbers.get(tenant, now, &period.period().to_string(), first_touch).await?);
    }
    let view = LeadsView { numbers, period, new: came, by, sources, touch, query, list };
    let slug = &tenant.slug;
    let address = with_page(sorted(view.query.narrow(view.base(slug)), &view.query), view.query.page);
    let kept = view.query.narrow(view.base_of(Link::to(""))).url();
    let period = view.period.narrow(Link::to("")).url();
    let (bar, body) = (bar(&shell, &view), body(&shell, &view));
    Ok(shell.render(&Page { tab: Tab::Leads, bar, body, address, kept, period }).into_response())
}

fn bar(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let tenant = shell.tenant();
    let base = view.query.narrow(pictured(links::leads(&tenant.slug), view.by, view.sources));
    let resolved = view.came().map(|(new, _)| new.period);
    html! {
        (picker(view.period, resolved.as_ref(), tenant.zone.date(shell.now), &tenant.zone, &base))
        div.push.flex {
            button.btn.plain type="button" data-copy-link { (icon("link", 15)) span data-words { "Copy link" } }
            a.btn href=(csv_link(shell, view)) { (icon("download", 15)) "CSV, " (counted(view.list.total, "row", "rows")) }
        }
    }
}

fn body(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let slug = &shell.tenant().slug;
    let list = list::list(shell, &view.numbers.board, view);
    // A list that was asked for comes first; the pictures are what leads to it.
    let list_first = view.query.is_narrowed() || view.query.page > 1;
    html! {
        h1.sr { "Leads" }
        @if list_first { (list) }
        (cards(shell, view))
        (pictures::trend(shell, view))
        div.cols.even {
            div.c-7.stack { (pictures::sources(slug, view)) (pictures::states(slug, view)) }
            (pictures::standing(slug, view))
        }
        (pictures::outcomes(slug, view))
        @if !list_first { (list) }
    }
}

fn cards(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let (slug, s) = (&shell.tenant().slug, &view.numbers.summary);
    let as_of = s.as_of.map(|as_of| time::exact(as_of, &shell.tenant().zone));
    let cards = [
        new_leads_card(shell, view.period, &view.numbers, view.came().map(|(new, _)| *new), EMPTY),
        qualified_card(slug, view),
        touch_card(view),
        Card {
            id: "in-pipeline",
            name: "Leads in pipeline",
            value: number(s.in_pipeline),
            link: Some((links::leads(slug).with("in", "pipeline").url(), s.in_pipeline)),
            meaning: "Prospects whose stage is not inactive, parked ones included: as they stand now, whenever they were created.",
            counted: format!("{} of {}", number(s.in_pipeline), counted(s.prospects, "prospect", "prospects")),
            spark: EMPTY,
            below: html! { "of " (counted(s.prospects, "prospect", "prospects")) },
        },
    ];
    html! { section.card.stats aria-label="Leads in numbers" { @for card in &cards { (card.render(as_of.as_deref())) } } }
}

/// Of those who came in the period, the ones that are qualified now.
fn qualified_card(slug: &str, view: &LeadsView) -> Card {
    let came = view.came();
    let now = came.map(|(new, brought)| (brought.qualified, new.this.contacts));
    Card {
        id: "qualified",
        name: "Of them qualified now",
        value: came.map_or("—".to_owned(), |(_, brought)| number(brought.qualified)),
        link: came.map(|(new, brought)| (new_leads_link(slug, new).with("in", "qualified").url(), brought.qualified)),
        meaning: "Prospects created in the period that stand now between the first qualified stage and the last before the agreement is signed.",
        counted: now.map_or("no data in the period yet".to_owned(), |(now, leads)| {
            format!("{} of {}", number(now), counted(leads, "new lead", "new leads"))
        }),
        spark: EMPTY,
        below: match came {
            Some((new, brought)) => html! {
                (percent(brought.qualified, new.this.contacts)) " of " (number(new.this.contacts))
                @if let Some(((_, before), qualified)) = new.before.zip(brought.qualified_before).filter(|((_, leads), _)| leads.contacts > 0) {
                    "; of those who came before, " (percent(qualified, before.contacts))
                }
            },
            None => html! { "no data yet " (view.period.period().words()) },
        },
    }
}

/// Fewer tell nothing of the rest.
const ENOUGH: i64 = 5;

fn touch_card(view: &LeadsView) -> Card {
    let touch = view.touch.filter(|touch| touch.prospects > 0);
    let told = touch.filter(|touch| touch.is_covered() && touch.touched >= ENOUGH).and_then(|touch| touch.median_ms);
    Card {
        id: "first-touch",
        name: "Time to first touch",
        value: told.map_or("—".to_owned(), time::span),
        link: None,
        meaning: "The median from a prospect’s creation to the first note that a person wrote about them, of the prospects created in the period. Shown when the notes of four in five have been read, and five or more have such a note. Those whom nobody has written about yet are not in it.",
        counted: touch.map_or("no prospect came in the period".to_owned(), |touch| {
            format!(
                "{} of {} with notes read; {} of them touched",
                number(touch.read),
                counted(touch.prospects, "prospect", "prospects"),
                number(touch.touched)
            )
        }),
        spark: EMPTY,
        below: match touch {
            None => html! { "no prospect came " (view.period.period().words()) },
            Some(touch) if !touch.is_covered() => {
                html! { "notes read for " (percent(touch.read, touch.prospects)) " of prospects, too few to tell" }
            }
            Some(touch) if told.is_none() => {
                html! { (number(touch.touched)) " of " (number(touch.read)) " touched, too few to tell" }
            }
            Some(touch) => html! { "median; " (number(touch.touched)) " of " (number(touch.read)) " touched" },
        },
    }
}
