//! The fields of one data set: where each is looked for, how many rows give it, and what stands in rows that nobody uses.

use axum::extract::State;
use maud::{Markup, html};
use tetherboard_crm_records::mapping::{FieldRule, FieldSpec, fields_of};
use tetherboard_domain::{Dataset, RunStatus, Trigger};
use tetherboard_store::field_rules::{self, FieldCoverage};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::tenants::Tenant;

use super::keys::{Unused, unused};
use super::sample::Sample;
use super::{Framed, MappedList, Rules, purpose, told_in_zone};
use crate::address::links;
use crate::address::pairs::Pairs;
use crate::http::error::HttpResult;
use crate::parts::format::{count, counted, listed, number};
use crate::parts::freshness::dataset_name;
use crate::parts::shell::{EMPTY, Theme};
use crate::parts::{icon, time};
use crate::state::Portal;

const EXAMPLES: usize = 3;

pub(super) async fn page(at: MappedList, State(portal): State<Portal>, pairs: Pairs, theme: Theme) -> HttpResult<Markup> {
    let (conn, tenant, dataset) = (portal.store.conn(), &at.tenant, at.dataset);
    let rules = Rules::load(&portal, tenant).await?;
    let sample = Sample::load(&portal, tenant, dataset).await?;
    let coverage = field_rules::coverage(conn, tenant.id, dataset).await?;
    let told = told_in_zone(rules.mapping.clone(), tenant, dataset);
    let line = |spec: &'static FieldSpec| Line {
        spec,
        rule: rules.rule(dataset, spec),
        is_own: rules.is_own(dataset, spec),
        left_out: rules.left_out(dataset, spec),
        coverage: coverage.get(spec.name).cloned(),
        examples: examples(&told, dataset, spec, &sample.rows),
    };
    let saved = pairs.get("saved").and_then(|name| fields_of(dataset).iter().find(|spec| spec.name == name));
    let view = View {
        tenant,
        dataset,
        lines: fields_of(dataset).iter().map(line).collect(),
        unused: unused(&rules.mapping, dataset, &sample.rows),
        vanished: field_rules::vanished(conn, tenant.id).await?.into_iter().map(|(dataset, _)| dataset).collect(),
        saved,
        last: runs::list(conn, tenant.id, 1, 0).await?.pop(),
        sample,
    };
    let ways = [("Field mapping", Some(links::mapping(&tenant.slug))), (dataset_name(dataset), None)];
    let address = links::mapping_of(&tenant.slug, dataset).maybe("saved", saved.map(|spec| spec.name));
    let body = view.render();
    Framed { at: &at, title: "Field mapping", ways: &ways, body: &body, address, is_live: true }.render(&portal, theme).await
}

/// Values that differ, as people read them.
fn examples(mapping: &tetherboard_crm_records::Mapping, dataset: Dataset, spec: &FieldSpec, rows: &[Vec<u8>]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if mapping.rule(dataset, spec.name).is_none_or(|rule| rule.places.is_empty()) {
        return found;
    }
    for row in rows {
        if let Ok(Some(value)) = mapping.preview(dataset, spec.name, row).value
            && !found.contains(&value)
        {
            found.push(value);
            if found.len() == EXAMPLES {
                break;
            }
        }
    }
    found
}

struct View<'a> {
    tenant: &'a Tenant,
    dataset: Dataset,
    lines: Vec<Line>,
    unused: Vec<Unused>,
    /// The data sets that have lost a field.
    vanished: Vec<Dataset>,
    saved: Option<&'static FieldSpec>,
    /// The newest run, if it says how a change comes into force.
    last: Option<Run>,
    sample: Sample,
}

struct Line {
    spec: &'static FieldSpec,
    rule: FieldRule,
    is_own: bool,
    left_out: Option<String>,
    coverage: Option<FieldCoverage>,
    examples: Vec<String>,
}

impl View<'_> {
    fn render(&self) -> Markup {
        html! {
            p.lead-in { "Where Tetherboard finds each field in what ClientTether sends. If this account keeps something elsewhere, say where: every answer is kept as it came and is then read again, so nothing is lost." }
            (self.datasets())
            (self.standing())
            @if self.sample.rows.is_empty() {
                div.banner.info role="status" {
                    (icon("info", 18))
                    div { b { "Nothing has been read yet." } p { "The built-in places are used until you name others. Examples and counts come with the first read." } }
                }
            }
            (self.lost())
            (self.fields())
            (self.keys())
        }
    }

    fn datasets(&self) -> Markup {
        html! {
            nav.chips aria-label="Data sets" {
                @for dataset in Dataset::ALL.iter().copied() {
                    a.chip href=(links::mapping_of(&self.tenant.slug, dataset).url()) aria-current=[(dataset == self.dataset).then_some("page")] {
                        @if self.vanished.contains(&dataset) { (icon("triangle-alert", 14)) span.sr { "Fields vanished: " } }
                        (dataset_name(dataset))
                    }
                }
            }
        }
    }

    /// What was saved, and how it comes into force.
    fn standing(&self) -> Markup {
        let again = self.last.as_ref().filter(|run| run.trigger == Trigger::Replay).map(|run| run.status);
        let waits = self.last.as_ref().is_some_and(|run| run.status == RunStatus::Queued);
        let (tone, picture, said) = match (again, self.saved) {
            (Some(RunStatus::Queued | RunStatus::Running), _) => ("info", "refresh-cw", "The kept answers are being read again."),
            (_, None) => return EMPTY,
            (Some(RunStatus::Succeeded), _) => ("success", "circle-check", "The kept answers have been read again."),
            (Some(_), _) => ("warning", "circle-alert", "Not every kept answer could be read again; the sync page says why."),
            (None, _) if self.sample.rows.is_empty() => ("success", "circle-check", "The first read will go by it."),
            (None, _) if waits => {
                ("info", "info", "A sync that waits already goes by it. For answers older than that, replay on the sync page.")
            }
            (None, _) => ("success", "circle-check", "Every read since goes by it."),
        };
        html! {
            div class=(format!("banner {tone}")) role="status" {
                (icon(picture, 18))
                div {
                    b { @if let Some(spec) = self.saved { (spec.label) ": " } @if self.saved.is_some() { "saved. " } (said) }
                    p { a href=(links::sync_of(&self.tenant.slug).url()) { "See how it goes on the brand’s sync page" } }
                }
            }
        }
    }

    fn lost(&self) -> Markup {
        let lost: Vec<&str> = self
            .lines
            .iter()
            .filter(|line| line.coverage.as_ref().is_some_and(|coverage| coverage.vanished_ms.is_some()))
            .map(|line| line.spec.label)
            .collect();
        html! {
            @if !lost.is_empty() {
                div.banner.warning role="status" {
                    (icon("triangle-alert", 18))
                    div {
                        b { "No row has " (listed(&lost)) " any more, though many had." }
                        p { "The old values are shown. If ClientTether renamed a field, find it among the keys below and say so." }
                    }
                }
            }
        }
    }

    fn fields(&self) -> Markup {
        let looked_at = counted(count(self.sample.rows.len()), "kept row", "kept rows");
        html! {
            section.card {
                div.card-head {
                    h2 { "Fields" }
                    span.sub {
                        "counts are of the last whole read, by the rules of then"
                        @if let Some(read_at) = self.sample.read_at { ", examples from " (looked_at) ", the read of " (time::exact(read_at, &self.tenant.zone)) }
                    }
                }
                div.scroll.mt2 tabindex="0" role="region" aria-label="Fields" {
                    table.table.mapped {
                        thead { tr {
                            th scope="col" { "Field" } th scope="col" { "Looked for at" } th scope="col" { "Given by" }
                            th scope="col" { "Examples" } th scope="col" { span.sr { "Action" } }
                        } }
                        tbody { @for line in &self.lines { (self.line(line)) } }
                    }
                }
            }
        }
    }

    fn line(&self, line: &Line) -> Markup {
        let spec = line.spec;
        let change = links::mapped_field(&self.tenant.slug, self.dataset, spec.name).url();
        html! {
            tr {
                th scope="row" {
                    a.who href=(change) { (spec.label) }
                    span.l2 { (spec.kind.as_str()) }
                    @if let Some(purpose) = purpose(self.dataset, spec) { span.l2.why.no-phone { (purpose) } }
                }
                td {
                    @if line.rule.places.is_empty() { span.muted { "nowhere yet" } }
                    @else { ol.places { @for place in &line.rule.places { li { code { (place) } } } } }
                    @if !line.rule.formats.is_empty() { span.l2 { "as " (line.rule.formats.join(" or ")) } }
                    @if let Some(zone) = &line.rule.zone { span.l2 { "in " (zone.name()) } }
                    @if let Some(why) = &line.left_out {
                        span.badge.warning { (icon("circle-alert", 14)) "Own rule left out" } span.l2.why { (why) }
                    } @else if line.is_own { span.badge.info { (icon("pencil", 14)) "Own rule" } }
                    @else if !line.rule.places.is_empty() { span.l2 { "built in" } }
                }
                td { (self.given(line)) }
                td {
                    @if line.examples.is_empty() { span.muted { "—" } }
                    @else { ul.values { @for example in &line.examples { li { span.t title=(example) { (example) } } } } }
                }
                td.num { a.btn href=(change) { "Change" span.sr { " " (spec.label) } } }
            }
        }
    }

    fn given(&self, line: &Line) -> Markup {
        let Some(coverage) = &line.coverage else { return html! { span.muted { "not read yet" } } };
        let share = if coverage.rows > 0 { 100 * coverage.filled / coverage.rows } else { 0 };
        html! {
            @if let Some(since) = coverage.vanished_ms {
                span.badge.warning { (icon("triangle-alert", 14)) "Vanished" }
                span.l2.why {
                    "No row has it since "
                    (since.timestamp().map(|since| time::exact(since, &self.tenant.zone)).unwrap_or_default())
                    "; the old values are shown. Before: " (number(coverage.filled)) " of " (counted(coverage.rows, "row", "rows")) "."
                }
            } @else if coverage.filled == 0 && !line.examples.is_empty() {
                // Found by a rule that is newer than the count.
                span.muted { "the next read counts" }
            } @else if coverage.filled == 0 {
                span.muted { "none of " (counted(coverage.rows, "row", "rows")) }
            } @else {
                span.bar.plain aria-hidden="true" { i style=(format!("width:{share}%")) {} }
                span.nowrap { (number(coverage.filled)) " of " (counted(coverage.rows, "row", "rows")) }
            }
        }
    }

    fn keys(&self) -> Markup {
        html! {
            section.card {
                div.card-head { h2 { "Not used" } span.sub { "what stands in the rows besides: units or a market may be among it" } }
                @if self.unused.is_empty() {
                    div.card-body { p.sub { @if self.sample.rows.is_empty() { "Nothing has been read yet." } @else { "Every key of the rows is used." } } }
                } @else {
                    div.scroll.mt2 tabindex="0" role="region" aria-label="Not used" {
                        table.table.mapped {
                            thead { tr { th scope="col" { "Place" } th scope="col" { "For example" } th.num scope="col" { "In" } } }
                            tbody { @for unused in &self.unused {
                                tr {
                                    th scope="row" { code { (unused.place) } }
                                    td { (example(unused)) }
                                    td.num { @if unused.rows == 0 { span.muted { "no row" } } @else { (counted(i64::try_from(unused.rows).unwrap_or(i64::MAX), "row", "rows")) } }
                                }
                            } }
                        }
                    }
                    div.card-foot { "To use one, change a field: its page offers these places." }
                }
            }
        }
    }
}

/// What a row has there; always blank, if none has anything.
pub(super) fn example(unused: &Unused) -> Markup {
    match &unused.example {
        Some(example) => html! { code.t title=(example) { (example) } },
        None => html! { span.muted { "always blank" } },
    }
}
