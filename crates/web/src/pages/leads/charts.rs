//! What the leads look like: over time, by source, by what became of them, by state, and where all prospects stand.

use maud::{Markup, html};
use tetherboard_domain::{Bar, Bucket, ChartSpec, ChartUnit, Compare, UsState, Zone};
use tetherboard_metrics::{LeadGroup, LeadOutcome, SlotCount, SourceLine};

use super::{LeadsView, SourceSort};
use crate::address::label::with_label;
use crate::address::links::{self, Link};
use crate::address::query::Choice;
use crate::parts::figure::Figure;
use crate::parts::format::source_name;
use crate::parts::format::{change, counted, number, percent};
use crate::parts::new_leads::{new_leads_link, than_before};
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::stages::{role_class, role_groups, role_link, role_name, stage, stage_link};
use crate::parts::table::Sorting;
use crate::parts::time;
use crate::read::numbers::{NewLeadsIn, Numbers};

/// What the pictures show of a period's new leads. It changes only with the data.
pub(super) struct PeriodLeads {
    by: Bucket,
    slots: Vec<SlotCount>,
    /// Most leads first.
    sources: Vec<SourceLine>,
    states: Vec<(Option<UsState>, i64)>,
    /// New leads that are qualified now.
    pub(super) qualified: i64,
    /// Of those who came in the period that it is compared with.
    pub(super) qualified_before: Option<i64>,
}

impl PeriodLeads {
    /// Approximate size in memory, in bytes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + 100 * self.slots.len() + 200 * self.sources.len() + 40 * self.states.len()
    }

    pub(super) fn of(numbers: &Numbers, new: &NewLeadsIn, by: Option<Bucket>, compare: Compare, zone: &Zone) -> Self {
        let Numbers { leads, board, .. } = numbers;
        let qualified = |window| leads.in_group(board, LeadGroup::Qualified, Some(window));
        let by = by.filter(|by| by.fits(&new.period)).unwrap_or_else(|| Bucket::for_period(&new.period));
        Self {
            by,
            slots: leads.trend(&new.period, by, compare, zone),
            sources: leads.sources(board, Some(new.period.window)),
            states: leads.states(Some(new.period.window)),
            qualified: qualified(new.period.window),
            qualified_before: new.before.map(|(window, _)| qualified(window)),
        }
    }
}

// Over time ------------------------------------------------------------------------------------------------------------

pub(super) fn trend(shell: &Shell<'_>, view: &LeadsView) -> Markup {
    let Some((new, leads)) = view.new_leads() else { return nothing(view) };
    let (by, slots) = (leads.by, &leads.slots);
    let turn = |to: Bucket| {
        view.address
            .list
            .add_filters_to(view.address.period.add_to(links::leads(&shell.tenant().slug)))
            .with("by", to.as_str())
            .url()
    };
    html! {
        section.card id="trend" {
            div.card-head.mid {
                h2 { "New leads over time" }
                span.sub { (counted(new.this.contacts, "contact", "contacts")) ", " (number(new.this.prospects)) " of them prospects" }
                div.push.seg role="group" aria-label="Columns are" {
                    @for bucket in Bucket::ALL.into_iter().filter(|bucket| bucket.fits(&new.period)) {
                        a href=(turn(bucket)) aria-current=[(bucket == by).then_some("true")] { (bucket_name(bucket)) }
                    }
                }
            }
            div.card-body {
                @if view.address.by.is_some_and(|asked| asked != by) { p.sub { "These are too many days to show one by one; the columns are " (bucket_name(by).to_lowercase()) "s." } }
                (figure(shell, view, new, by, slots))
            }
        }
    }
}

fn bucket_name(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Day => "Day",
        Bucket::Week => "Week",
        Bucket::Month => "Month",
    }
}

fn nothing(view: &LeadsView) -> Markup {
    html! {
        section.card id="trend" {
            div.card-head { h2 { "New leads over time" } }
            div.empty { h2 { "No data yet " (view.address.period.period().phrase()) } p { "Choose another period, or wait for the next complete read." } }
        }
    }
}

fn figure(shell: &Shell<'_>, view: &LeadsView, new: &NewLeadsIn, by: Bucket, slots: &[SlotCount]) -> Markup {
    let slug = &shell.tenant().slug;
    let bar = |count: &SlotCount| {
        let slot = count.slot;
        let link = links::leads(slug).with("from", &slot.first.to_string()).with("to", &slot.last.to_string());
        let cut = if slot.cut { ", in part" } else { "" };
        let so_far = if slot.open { ", so far" } else { "" };
        let title = match by {
            Bucket::Day => time::day(slot.first),
            Bucket::Week if slot.cut => format!("{} – {}", time::day(slot.first), time::day(slot.last)),
            Bucket::Week => format!("Week of {}", time::short_day(slot.first)),
            Bucket::Month => format!("{}{cut}", slot.first.strftime("%B %Y")),
        };
        Bar {
            label: if by == Bucket::Month { slot.first.strftime("%b %Y").to_string() } else { time::short_day(slot.first) },
            value: count.count,
            previous: count.previous,
            open: slot.open && count.count.is_some(),
            href: count.count.map(|_| link.url()),
            title: Some(format!("{title}{so_far}")),
            ..Bar::default()
        }
    };
    let previous = new.before.map(|_| match view.address.period.compare {
        Compare::YearBefore => "A year before".to_owned(),
        _ => "The period before".to_owned(),
    });
    let spec = ChartSpec::Columns {
        unit: ChartUnit::Count,
        series: "New leads".to_owned(),
        previous,
        data: slots.iter().map(bar).collect(),
    };
    Figure {
        id: "new-over-time",
        label: &format!("New leads by {}", bucket_name(by).to_lowercase()),
        category: bucket_name(by),
        sentence: sentence(shell, view, new, by, slots),
        spec: &spec,
        height: Some(248),
    }
    .render()
}

fn sentence(shell: &Shell<'_>, view: &LeadsView, new: &NewLeadsIn, by: Bucket, slots: &[SlotCount]) -> Markup {
    let unit = bucket_name(by).to_lowercase();
    let full = || slots.iter().filter(|count| !count.slot.open && !count.slot.cut && count.count.is_some());
    let (count, sum) = full().fold((0, 0), |(count, sum), slot| (count + 1, sum + slot.count.unwrap_or(0)));
    let best = full().max_by_key(|slot| slot.count).filter(|slot| slot.count > Some(0));
    let zone = &shell.tenant().zone;
    let before_history =
        view.numbers.leads.first_created().map(|first| zone.date(first)).filter(|first| *first > new.period.last);
    html! {
        @if let Some(first) = before_history { "The first contact with a date was created on " (time::full_day(first)) ", after this period. " }
        @else if count > 1 {
            "A full " (unit) " leads " (average(sum, count)) " on average"
            @if let Some(best) = best {
                ", most " @if by == Bucket::Day { "on " (time::day(best.slot.first)) } @else if by == Bucket::Week { "in the week of " (time::short_day(best.slot.first)) } @else { "in " (best.slot.first.strftime("%B %Y").to_string()) }
                " (" (number(best.count.unwrap_or(0))) ")"
            }
            ". "
        }
        "In all " (counted(new.this.contacts, "new lead", "new leads")) @if new.period.open { " so far" }
        @if let Some((_, before)) = new.before {
            ", " (change(new.this.contacts, before.contacts)) @if new.this.contacts == before.contacts { " as " } @else { " than " }
            (than_before(shell, view.address.period, new))
        }
        "."
        @if slots.len() > 1 && slots.iter().any(|count| count.slot.open && count.count.is_some() && count.previous.is_some()) {
            " The line ends before the unfinished " (unit) ", which the table compares by the same time."
        }
    }
}

/// `18`, or `2.4` where a whole number would mislead.
fn average(sum: i64, count: i64) -> String {
    let tenths = (sum * 20 + count) / (2 * count);
    if tenths >= 100 || tenths % 10 == 0 { number((tenths + 5) / 10) } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

// By source ------------------------------------------------------------------------------------------------------------

/// The period and its sources; `None` where it leads nobody.
fn sources_of(view: &LeadsView) -> Option<(&NewLeadsIn, &[SourceLine])> {
    view.new_leads().map(|(new, leads)| (new, leads.sources.as_slice())).filter(|(_, lines)| !lines.is_empty())
}

fn of_source(slug: &str, new: &NewLeadsIn, source: Option<&str>) -> Link {
    with_label(new_leads_link(slug, new), "source", source)
}

pub(super) fn sources(slug: &str, view: &LeadsView) -> Markup {
    let Some((new, lines)) = sources_of(view) else {
        return html! { section.card id="sources" { div.card-head { h2 { "Sources" } } div.empty { h2 { "No new lead " (view.address.period.period().phrase()) } } } };
    };
    let most = lines.iter().map(|line| line.contacts).max().unwrap_or(0).max(1);
    let list = view
        .address
        .list
        .add_filters_to(view.address.period.add_to(links::leads(slug)).maybe("by", view.address.by.map(Bucket::as_str)));
    let (sort, descending) = view.address.sources.or(SourceSort::Leads, true);
    let sorting = Sorting { list: &list, column: sort.word(), descending };
    let header =
        |label: &str, column: &str, class: &str, descends: bool| sorting.header_by("sources", label, column, class, descends);
    let (qualified, awarded) = lines.iter().fold((0, 0), |(q, a), line| (q + line.qualified, a + line.awarded));
    html! {
        section.card id="sources" {
            div.card-head { h2 { "Sources" } span.sub { "what each leads, and how far it is now" } }
            div.scroll.mt2 tabindex="0" role="region" aria-label="Sources" {
                table.table {
                    thead { tr {
                        (header("Source", "name", "", false)) (header("Leads", "leads", "num", true))
                        th.no-phone scope="col" { span.sr { "Share of leads, drawn" } } th.num scope="col" { "Share" }
                        (header("Qualified", "qualified", "num", true)) (header("Qualified %", "rate", "num", true)) (header("Awarded", "awarded", "num", true))
                    } }
                    tbody {
                        @for line in sorted_lines(lines, sort, descending) {
                            @let link = of_source(slug, new, line.source.as_deref());
                            tr {
                                th scope="row" { a.who.plain.t title=(source_name(line.source.as_deref())) data-count=(line.contacts) href=(link.clone().url()) { (source_name(line.source.as_deref())) } }
                                td.num.w600 { (number(line.contacts)) }
                                td.c-bar.no-phone { span.bar { i style=(format!("width:{}%", 100 * line.contacts / most)) {} } }
                                td.num.muted { (percent(line.contacts, new.this.contacts)) }
                                td.num { (count(line.qualified, link.clone().with("in", "qualified"))) }
                                td.num { @if line.qualified > 0 { (percent(line.qualified, line.contacts)) } @else { span.zero { "0%" } } }
                                td.num { (count(line.awarded, link.with("role", "awarded"))) }
                            }
                        }
                    }
                    tfoot { tr {
                        th scope="row" { "All" } td.num { (number(new.this.contacts)) } td.no-phone {} td.num { (percent(new.this.contacts, new.this.contacts)) }
                        td.num { (number(qualified)) } td.num { (percent(qualified, new.this.contacts)) } td.num { (number(awarded)) }
                    } }
                }
            }
            div.card-foot { p { (sources_sentence(lines, new.this.contacts, qualified)) } }
        }
    }
}

/// Equal ones stay in the order of their leads.
fn sorted_lines(lines: &[SourceLine], sort: SourceSort, descending: bool) -> Vec<&SourceLine> {
    let mut sorted: Vec<&SourceLine> = lines.iter().collect();
    sorted.sort_by(|a, b| {
        let order = match sort {
            SourceSort::Name => name_key(a).cmp(&name_key(b)),
            SourceSort::Leads => a.contacts.cmp(&b.contacts),
            SourceSort::Qualified => a.qualified.cmp(&b.qualified),
            SourceSort::Rate => (a.qualified * b.contacts).cmp(&(b.qualified * a.contacts)),
            SourceSort::Awarded => a.awarded.cmp(&b.awarded),
        };
        if descending { order.reverse() } else { order }
    });
    sorted
}

fn name_key(line: &SourceLine) -> String {
    source_name(line.source.as_deref()).to_lowercase()
}

/// A count as the way to its rows; nothing leads from 0.
fn count(count: i64, link: Link) -> Markup {
    html! { @if count > 0 { a.who-plain data-count=(count) href=(link.url()) { (number(count)) } } @else { span.zero { "0" } } }
}

/// "Facebook leads 31 % of the leads and 8 % of the qualified."
fn sources_sentence(lines: &[SourceLine], leads: i64, qualified: i64) -> Markup {
    let Some(first) = lines.first() else { return EMPTY };
    let best = lines
        .iter()
        .max_by_key(|line| (line.qualified, line.contacts))
        .filter(|line| line.qualified > 0 && line.source != first.source);
    html! {
        (source_name(first.source.as_deref())) " leads " (percent(first.contacts, leads)) " of the leads"
        @if qualified > 0 { " and " (percent(first.qualified, qualified)) " of those qualified now" }
        @if let Some(best) = best {
            "; " (source_name(best.source.as_deref())) " leads " (percent(best.contacts, leads)) " and " (percent(best.qualified, qualified))
        }
        "."
    }
}

// What became of them --------------------------------------------------------------------------------------------------

pub(super) fn outcomes(slug: &str, view: &LeadsView) -> Markup {
    let Some((new, lines)) = sources_of(view) else { return EMPTY };
    // A column that holds nobody says nothing.
    let columns: Vec<usize> = (0..LeadOutcome::ALL.len()).filter(|at| lines.iter().any(|line| line.outcomes[*at] > 0)).collect();
    let total = |at: usize| lines.iter().map(|line| line.outcomes[at]).sum::<i64>();
    html! {
        section.card id="outcomes" {
            div.card-head { h2 { "What became of them" } span.sub { "the period’s leads by source, as they stand now; darker is a larger share of the source" } }
            div.scroll.mt2 tabindex="0" role="region" aria-label="What became of each source’s leads" {
                table.table.heat {
                    thead { tr {
                        th scope="col" { "Source" } th.num scope="col" { "Leads" }
                        @for at in &columns { th.num scope="col" { (outcome_name(LeadOutcome::ALL[*at])) } }
                    } }
                    tbody { @for line in lines {
                        @let link = of_source(slug, new, line.source.as_deref());
                        tr {
                            th scope="row" { span.t title=(source_name(line.source.as_deref())) { (source_name(line.source.as_deref())) } }
                            td.num.w600 { (number(line.contacts)) }
                            @for at in &columns {
                                @let share = 100 * line.outcomes[*at] / line.contacts.max(1);
                                td.num style=[(share > 0).then(|| format!("--share:{share}%"))] title=(format!("{} of this source", percent(line.outcomes[*at], line.contacts))) {
                                    (count(line.outcomes[*at], outcome_link(link.clone(), LeadOutcome::ALL[*at])))
                                }
                            }
                        }
                    } }
                    tfoot { tr {
                        th scope="row" { "All" } td.num { (number(new.this.contacts)) }
                        @for at in &columns { td.num { (count(total(*at), outcome_link(new_leads_link(slug, new), LeadOutcome::ALL[*at]))) } }
                    } }
                }
            }
        }
    }
}

fn outcome_name(outcome: LeadOutcome) -> &'static str {
    match outcome {
        LeadOutcome::Role(role) => role_name(role),
        LeadOutcome::Other => "No prospect",
    }
}

fn outcome_link(link: Link, outcome: LeadOutcome) -> Link {
    match outcome {
        LeadOutcome::Role(role) => link.with("role", role.as_str()),
        LeadOutcome::Other => link.with("type", "others"),
    }
}

// By state -------------------------------------------------------------------------------------------------------------

/// Where each state stands in a grid of tiles, eleven wide, so that each is as large as the others.
const TILES: [&str; 8] = [
    "AK .. .. .. .. .. .. .. .. .. ME",
    ".. .. .. .. .. WI .. .. .. VT NH",
    "WA ID MT ND MN IL MI .. NY MA ..",
    "OR NV WY SD IA IN OH PA NJ CT RI",
    "CA UT CO NE MO KY WV VA MD DE ..",
    ".. AZ NM KS AR TN NC SC DC .. ..",
    ".. .. .. OK LA MS AL GA .. .. ..",
    "HI .. .. TX .. .. .. .. FL .. ..",
];

pub(super) fn states(slug: &str, view: &LeadsView) -> Markup {
    let Some((new, leads)) = view.new_leads().filter(|(new, _)| new.this.contacts > 0) else { return EMPTY };
    let counts = &leads.states;
    let of = |state: UsState| counts.iter().find(|(known, _)| *known == Some(state)).map_or(0, |(_, count)| *count);
    let most = counts.iter().filter(|(state, _)| state.is_some()).map(|(_, count)| *count).max().unwrap_or(0);
    let elsewhere = counts.iter().find(|(state, _)| state.is_none()).map_or(0, |(_, count)| *count);
    if most == 0 {
        return EMPTY;
    }
    let link = |state: UsState| new_leads_link(slug, new).with("state", state.code()).url();
    let named: Vec<(UsState, i64)> = counts.iter().filter_map(|(state, count)| Some(((*state)?, *count))).collect();
    html! {
        section.card id="states" {
            div.card-head { h2 { "Where they are" } span.sub { "new leads by the state of their market" } }
            div.card-body {
                figure.figure {
                    div.tiles {
                        @for (row, tiles) in (1..).zip(TILES) { @for (column, code) in (1..).zip(tiles.split(' ')) {
                            @if let Some(state) = UsState::from_code(code) {
                                @let held = of(state);
                                @let place = format!("grid-area:{row}/{column};--share:{}%", 100 * held / most);
                                @if held > 0 {
                                    a.on style=(place) data-count=(held) href=(link(state)) title=(state.name()) { b { (code) } span { (number(held)) } span.sr { " from " (state.name()) } }
                                } @else { span style=(place) title=(state.name()) aria-hidden="true" { b { (code) } } }
                            }
                        } }
                    }
                    div.legend {
                        details.data id="states-table" {
                            summary { "Show as table" }
                            div.scroll tabindex="0" role="region" aria-label="New leads by state" { table.table {
                                thead { tr { th scope="col" { "State" } th.num scope="col" { "New leads" } th.num scope="col" { "Share" } } }
                                tbody { @for (state, held) in &named { tr {
                                    th scope="row" { (state.name()) }
                                    td.num { (count(*held, new_leads_link(slug, new).with("state", state.code()))) }
                                    td.num.muted { (percent(*held, new.this.contacts)) }
                                } } }
                            } }
                        }
                    }
                    figcaption { (states_sentence(&named, new.this.contacts, elsewhere)) }
                }
            }
        }
    }
}

fn states_sentence(named: &[(UsState, i64)], leads: i64, elsewhere: i64) -> Markup {
    let most = named.first().map_or(0, |(_, held)| *held);
    let first: Vec<&str> = named.iter().take_while(|(_, held)| *held == most).map(|(state, _)| state.name()).collect();
    html! {
        @match first[..] {
            [] => {}
            [state] => { (state) " leads most: " (number(most)) " of " (number(leads)) ". " }
            [one, other] => { (one) " and " (other) " leads most: " (number(most)) " of " (number(leads)) " each. " }
            _ => { (number(first.len() as i64)) " states leads most: " (number(most)) " of " (number(leads)) " each. " }
        }
        @if elsewhere > 0 { (counted(elsewhere, "market names", "markets name")) " no state of the USA." }
    }
}

// Where they stand -----------------------------------------------------------------------------------------------------

/// All prospects by stage and role, whenever they came, and sums that hold.
pub(super) fn standing(slug: &str, view: &LeadsView) -> Markup {
    let (s, p, board) = (&view.numbers.summary, &view.numbers.pipeline, &view.numbers.board);
    let most = p.stages.iter().map(|line| line.contacts).max().unwrap_or(0).max(1);
    let open: i64 = p.stages.iter().filter(|line| board.is_in(LeadGroup::Open, &line.place)).map(|line| line.contacts).sum();
    let groups = role_groups(p);
    let of_role = |name: &str| groups.iter().find(|group| group.role.as_str() == name).map_or(0, |group| group.contacts);
    let all = || links::leads(slug);
    html! {
        section.card.c-5 id="standing" {
            div.card-head { h2 { "Where they stand" } span.sub { "all " (counted(s.prospects, "prospect", "prospects")) ", whenever they came" } }
            div.scroll.mt2 tabindex="0" role="region" aria-label="Prospects by stage, grouped by role" {
                table.table.breakdown {
                    thead.sr { tr { th scope="col" { "Stage" } th scope="col" { "Drawn" } th scope="col" { "Prospects" } } }
                    @for group in groups.iter().filter(|group| group.contacts > 0) {
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
                span { (count(s.total, all())) " contacts = " (count(s.prospects, all().with("type", "prospects"))) " prospects + " (count(s.total - s.prospects, all().with("type", "others"))) " of other types" }
                span { b { (number(s.prospects)) } " prospects = " (count(s.in_pipeline, all().with("in", "pipeline"))) " in pipeline + " (count(s.inactive, all().with("in", "inactive"))) " inactive" }
                span { b { (number(s.in_pipeline)) } " in pipeline = " (count(open, all().with("in", "open"))) " open + " (count(of_role("awarded"), all().with("role", "awarded"))) " awarded + " (count(of_role("parked"), all().with("role", "parked"))) " parked" }
            }
        }
    }
}
