//! Leads: how many came in, from which sources, their current status, and the list of contacts.

mod charts;
mod list;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use tetherboard_domain::{Bucket, Period};
use tetherboard_metrics::{FirstTouch, first_touch};
use tetherboard_store::tenants::Tenant;

use crate::address::dates::Edge;
use crate::address::leads::LeadQuery;
use crate::address::links::{self, Link, Tab};
use crate::address::pairs::Pairs;
use crate::address::period::PeriodQuery;
use crate::address::query::{Choice, Format, PageNumber, Param, Sort};
use crate::cache::CacheKey;
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::BrandViewer;
use crate::parts::card::Card;
use crate::parts::format::{counted, number, percent};
use crate::parts::new_leads::{new_leads_card, new_leads_link};
use crate::parts::period::picker;
use crate::parts::shell::{EMPTY, Page, Shell, Theme};
use crate::parts::table::{PAGE, no_such_page};
use crate::parts::{icon, time};
use crate::read::lead_list::{LeadPage, lead_page};
use crate::read::numbers::{NewLeadsIn, Numbers, numbers};
use crate::state::Portal;
use charts::PeriodLeads;
use list::csv_link;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/t/{brand}/leads", get(page))
}

/// What the address of the page says.
#[derive(Clone, Debug)]
struct LeadsAddress {
    list: LeadQuery,
    page: PageNumber,
    period: PeriodQuery,
    /// The columns of the trend, if chosen.
    by: Option<Bucket>,
    /// The order of the sources, if chosen.
    sources: Sort<SourceSort>,
}

/// What the page shows.
struct LeadsView {
    numbers: Arc<Numbers>,
    address: LeadsAddress,
    /// `None` if there is no data in the period yet.
    new: Option<(NewLeadsIn, Arc<PeriodLeads>)>,
    touch: Option<FirstTouch>,
    list: Arc<LeadPage>,
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

impl Choice for SourceSort {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("name", Self::Name),
        ("leads", Self::Leads),
        ("qualified", Self::Qualified),
        ("rate", Self::Rate),
        ("awarded", Self::Awarded),
    ];
}

impl<S: Sync> FromRequestParts<S> for LeadsAddress {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Ok(pairs) = Pairs::from_request_parts(parts, state).await;
        let by = pairs.filled("by").map(str::parse).transpose();
        Ok(Self {
            list: LeadQuery::parse(&pairs)?,
            page: Param::parse(&pairs, "page")?,
            period: PeriodQuery::parse(&pairs, Period::Last12Weeks)?,
            by: by.map_err(|error: String| HttpError::bad_request(format!("`by`: {error}.")))?,
            sources: Param::parse(&pairs, "sources")?,
        })
    }
}

impl LeadsAddress {
    /// The whole address.
    fn url(&self, slug: &str) -> Link {
        self.page.add_to("page", self.list.add_to(self.base(slug)))
    }

    /// The page without its list.
    fn base(&self, slug: &str) -> Link {
        self.add_base_to(links::leads(slug))
    }

    fn add_base_to(&self, link: Link) -> Link {
        self.add_charts_to(self.period.add_to(link))
    }

    /// How the charts are shown.
    fn add_charts_to(&self, link: Link) -> Link {
        self.sources.add_to("sources", link.maybe("by", self.by.map(Bucket::as_str)))
    }

    /// Whether the chosen period narrows the list: it does unless the list has dates of its own.
    fn period_filters_list(&self) -> bool {
        self.period.chosen.is_some() && self.list.from.is_none() && self.list.to.is_none()
    }

    fn is_filtered(&self) -> bool {
        self.list.is_filtered() || self.period_filters_list()
    }

    /// The list's query with the dates of the chosen period.
    fn list_in_period(&self, today: Date) -> LeadQuery {
        if !self.period_filters_list() {
            return self.list.clone();
        }
        let (first, last) = self.period.period().days(today);
        LeadQuery { from: Some(Edge::Day(first)), to: Some(Edge::Day(last)), ..self.list.clone() }
    }
}

impl LeadsView {
    async fn load(portal: &Portal, tenant: &Tenant, address: LeadsAddress, now: Timestamp) -> HttpResult<Self> {
        let numbers = numbers(portal, tenant, now).await?;
        let query = address.list_in_period(tenant.zone.date(now));
        let list = lead_page(portal, tenant, &numbers.board, &query, (address.page.offset(PAGE), PAGE), now).await?;
        if list.rows.is_empty() && !address.page.is_first() {
            return Err(no_such_page());
        }
        let (mut new, mut touch) = (None, None);
        if let Some(in_period) = numbers.new_leads(tenant, address.period.period(), address.period.compare, now) {
            let key = PeriodLeadsKey { period: address.period, by: address.by };
            let leads = async || Ok(PeriodLeads::of(&numbers, &in_period, address.by, address.period.compare, &tenant.zone));
            new = Some((in_period, portal.cache.get(tenant, now, key, leads).await?));
            let key = FirstTouchKey { period: address.period.period() };
            let first_touch = || first_touch(portal.store.conn(), tenant.id, in_period.period.window);
            touch = Some(*portal.cache.get(tenant, now, key, first_touch).await?);
        }
        Ok(Self { numbers, address, new, touch, list })
    }

    /// The period's new leads, and what the charts show of them.
    fn new_leads(&self) -> Option<(&NewLeadsIn, &PeriodLeads)> {
        self.new.as_ref().map(|(new, leads)| (new, leads.as_ref()))
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct PeriodLeadsKey {
    period: PeriodQuery,
    by: Option<Bucket>,
}

impl CacheKey for PeriodLeadsKey {
    type Value = PeriodLeads;

    fn size(leads: &PeriodLeads) -> usize {
        leads.size()
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct FirstTouchKey {
    period: Period,
}

impl CacheKey for FirstTouchKey {
    type Value = FirstTouch;

    fn size(_: &FirstTouch) -> usize {
        size_of::<FirstTouch>()
    }
}

async fn page(
    brand: BrandViewer,
    State(portal): State<Portal>,
    theme: Theme,
    address: LeadsAddress,
    format: Format,
) -> HttpResult<Response> {
    let (tenant, now) = (&brand.tenant, portal.clock.now());
    if format == Format::Csv {
        return list::as_csv(&portal, tenant, &address, now).await;
    }
    let view = LeadsView::load(&portal, tenant, address, now).await?;
    let shell = Shell::load(&portal, &brand, theme).await?;
    let address = &view.address;
    let page = Page {
        tab: Tab::Leads,
        bar: bar(&shell, &view),
        body: body(&shell, &view),
        address: address.url(&tenant.slug),
        kept: address.list.add_filters_to(address.add_base_to(Link::to(""))).url(),
        period: address.period.add_to(Link::to("")).url(),
    };
    Ok(shell.render(&page).into_response())
}

fn bar(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let tenant = shell.tenant();
    let base = view.address.list.add_filters_to(view.address.add_charts_to(links::leads(&tenant.slug)));
    let resolved = view.new_leads().map(|(new, _)| new.period);
    html! {
        (picker(view.address.period, resolved.as_ref(), tenant.zone.date(shell.now), &tenant.zone, &base))
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
    let list_first = view.address.list.is_filtered() || !view.address.page.is_first();
    html! {
        h1.sr { "Leads" }
        @if list_first { (list) }
        (cards(shell, view))
        (charts::trend(shell, view))
        div.cols.even {
            div.c-7.stack { (charts::sources(slug, view)) (charts::states(slug, view)) }
            (charts::standing(slug, view))
        }
        (charts::outcomes(slug, view))
        @if !list_first { (list) }
    }
}

fn cards(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let (slug, s) = (&shell.tenant().slug, &view.numbers.summary);
    let as_of = s.as_of.map(|as_of| time::exact(as_of, &shell.tenant().zone));
    let cards = [
        new_leads_card(shell, view.address.period, &view.numbers, view.new_leads().map(|(new, _)| *new), EMPTY),
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
    let came = view.new_leads();
    let now = came.map(|(new, leads)| (leads.qualified, new.this.contacts));
    Card {
        id: "qualified",
        name: "Of them qualified now",
        value: came.map_or("—".to_owned(), |(_, leads)| number(leads.qualified)),
        link: came.map(|(new, leads)| (new_leads_link(slug, new).with("in", "qualified").url(), leads.qualified)),
        meaning: "Prospects created in the period that stand now between the first qualified stage and the last before the agreement is signed.",
        counted: now.map_or("no data in the period yet".to_owned(), |(now, leads)| {
            format!("{} of {}", number(now), counted(leads, "new lead", "new leads"))
        }),
        spark: EMPTY,
        below: match came {
            Some((new, leads)) => html! {
                (percent(leads.qualified, new.this.contacts)) " of " (number(new.this.contacts))
                @if let Some(((_, before), qualified)) = new.before.zip(leads.qualified_before).filter(|((_, leads), _)| leads.contacts > 0) {
                    "; of those who came before, " (percent(qualified, before.contacts))
                }
            },
            None => html! { "no data yet " (view.address.period.period().phrase()) },
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
        meaning: "The median from a prospect’s creation to the first note that a person wrote about them, of the prospects created in the period. Shown when the notes of four in five have been read, and five or more have such a note. ComputedFilter whom nobody has written about yet are not in it.",
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
            None => html! { "no prospect came " (view.address.period.period().phrase()) },
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
