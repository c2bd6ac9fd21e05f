//! The fields of one dataset: where each is found, how many rows have it, and the keys that no field uses.

use axum::extract::State;
use maud::{Markup, html};
use tetherboard_crm_records::mapping::{FieldRule, FieldSpec, fields_of};
use tetherboard_domain::{Dataset, RunStatus, Trigger};
use tetherboard_store::field_rules::{self, FieldCoverage};
use tetherboard_store::runs::{self, Run};
use tetherboard_store::tenants::Tenant;

use super::keys::{UnusedKey, example, unused_keys};
use super::sample::Sample;
use super::{MappedList, MappingPage, Rules, in_source_zone, purpose};
use crate::address::links;
use crate::address::query::query;
use crate::address::verbatim::Verbatim;
use crate::http::error::HttpResult;
use crate::parts::format::{count, counted, listed, number};
use crate::parts::freshness::dataset_name;
use crate::parts::shell::{EMPTY, Theme};
use crate::parts::{icon, time};
use crate::state::Portal;

/// Examples per field.
const EXAMPLES: usize = 3;

query! {
    /// What was just done.
    pub(super) struct MappingQuery {
        /// The field whose rule was saved.
        saved: Verbatim = "saved",
    }
}

/// The page of one dataset.
pub(super) async fn page(at: MappedList, State(portal): State<Portal>, query: MappingQuery, theme: Theme) -> HttpResult<Markup> {
    let (tenant, dataset) = (&at.tenant, at.dataset);
    let saved = query.saved.as_deref().and_then(|name| fields_of(dataset).iter().find(|spec| spec.name == name));
    let view = MappingView::load(&portal, tenant, dataset, saved).await?;
    let page = MappingPage {
        at: &at,
        title: "Field mapping",
        crumbs: &[("Field mapping", Some(links::mapping(&tenant.slug))), (dataset_name(dataset), None)],
        body: &view.render(),
        address: links::mapping_of(&tenant.slug, dataset).maybe("saved", saved.map(|spec| spec.name)),
        is_live: true,
    };
    page.render(&portal, theme).await
}

/// The first distinct values of a field, as it reads them.
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

/// What the page shows.
struct MappingView<'a> {
    tenant: &'a Tenant,
    dataset: Dataset,
    lines: Vec<FieldLine>,
    unused: Vec<UnusedKey>,
    /// The datasets with a missing field.
    vanished: Vec<Dataset>,
    saved: Option<&'static FieldSpec>,
    /// The newest run; a replay applies the saved rules.
    last: Option<Run>,
    sample: Sample,
}

/// One field.
struct FieldLine {
    spec: &'static FieldSpec,
    rule: FieldRule,
    is_own: bool,
    /// Why the brand's own rule is not used.
    ignored_reason: Option<String>,
    coverage: Option<FieldCoverage>,
    examples: Vec<String>,
}

const INTRODUCTION: &str = "Where Tetherboard finds each field in ClientTether’s data. If this account stores a value \
    elsewhere, change its location: all stored responses are then processed again, so nothing is lost.";

impl<'a> MappingView<'a> {
    async fn load(portal: &Portal, tenant: &'a Tenant, dataset: Dataset, saved: Option<&'static FieldSpec>) -> HttpResult<Self> {
        let conn = portal.store.conn();
        let rules = Rules::load(portal, tenant).await?;
        let sample = Sample::load(portal, tenant, dataset).await?;
        let coverage = field_rules::coverage(conn, tenant.id, dataset).await?;
        let mapping = in_source_zone(rules.mapping.clone(), tenant, dataset);
        let line = |spec: &'static FieldSpec| FieldLine {
            spec,
            rule: rules.rule(dataset, spec),
            is_own: rules.is_own(dataset, spec),
            ignored_reason: rules.ignored_reason(dataset, spec),
            coverage: coverage.get(spec.name).cloned(),
            examples: examples(&mapping, dataset, spec, &sample.rows),
        };
        Ok(Self {
            tenant,
            dataset,
            lines: fields_of(dataset).iter().map(line).collect(),
            unused: unused_keys(&rules.mapping, dataset, &sample.rows),
            vanished: field_rules::vanished(conn, tenant.id).await?.into_iter().map(|(dataset, _)| dataset).collect(),
            saved,
            last: runs::list(conn, tenant.id, 1, 0).await?.pop(),
            sample,
        })
    }

    fn render(&self) -> Markup {
        html! {
            p.lead-in { (INTRODUCTION) }
            (self.datasets())
            (self.saved_status())
            @if self.sample.rows.is_empty() {
                div.banner.info role="status" {
                    (icon("info", 18))
                    div {
                        b { "Nothing has been read yet." }
                        p { "The built-in places are used. Examples and counts appear after the first sync." }
                    }
                }
            }
            (self.missing_fields())
            (self.fields())
            (self.unused_keys())
        }
    }

    fn datasets(&self) -> Markup {
        html! {
            nav.chips aria-label="Datasets" {
                @for dataset in Dataset::ALL.iter().copied() {
                    a.chip href=(links::mapping_of(&self.tenant.slug, dataset).url())
                        aria-current=[(dataset == self.dataset).then_some("page")] {
                        @if self.vanished.contains(&dataset) { (icon("triangle-alert", 14)) span.sr { "Missing fields: " } }
                        (dataset_name(dataset))
                    }
                }
            }
        }
    }

    /// What was saved, and when it takes effect.
    fn saved_status(&self) -> Markup {
        let replay = self.last.as_ref().filter(|run| run.trigger == Trigger::Replay).map(|run| run.status);
        let is_queued = self.last.as_ref().is_some_and(|run| run.status == RunStatus::Queued);
        let (tone, icon_name, status) = match (replay, self.saved) {
            (Some(RunStatus::Queued | RunStatus::Running), _) => {
                ("info", "refresh-cw", "Stored responses are being processed again.")
            }
            (_, None) => return EMPTY,
            (Some(RunStatus::Succeeded), _) => ("success", "circle-check", "Stored responses have been processed again."),
            (Some(_), _) => {
                ("warning", "circle-alert", "Some stored responses could not be processed. See the sync page for the reason.")
            }
            (None, _) if self.sample.rows.is_empty() => ("success", "circle-check", "The first sync will use it."),
            (None, _) if is_queued => {
                ("info", "info", "The waiting sync will use it. To apply it to older responses, replay on the sync page.")
            }
            (None, _) => ("success", "circle-check", "Later syncs have used it."),
        };
        html! {
            div class=(format!("banner {tone}")) role="status" {
                (icon(icon_name, 18))
                div {
                    b { @if let Some(spec) = self.saved { (spec.label) " saved. " } (status) }
                    p { a href=(links::sync_of(&self.tenant.slug).url()) { "View progress on the brand’s sync page" } }
                }
            }
        }
    }

    fn missing_fields(&self) -> Markup {
        let missing: Vec<&str> = self
            .lines
            .iter()
            .filter(|line| line.coverage.as_ref().is_some_and(|coverage| coverage.vanished_ms.is_some()))
            .map(|line| line.spec.label)
            .collect();
        html! {
            @if !missing.is_empty() {
                div.banner.warning role="status" {
                    (icon("triangle-alert", 18))
                    div {
                        b { "Recent syncs are missing " (listed(&missing)) "." }
                        p { "The last known values are shown. If a field was renamed, find its key below and change the place." }
                    }
                }
            }
        }
    }

    fn fields(&self) -> Markup {
        let rows = counted(count(self.sample.rows.len()), "saved row", "saved rows");
        html! {
            section.card {
                div.card-head {
                    h2 { "Fields" }
                    span.sub {
                        "counts from the last complete sync, using the mapping at that time"
                        @if let Some(read_at) = self.sample.read_at {
                            "; examples from " (rows) ", synced " (time::exact(read_at, &self.tenant.zone))
                        }
                    }
                }
                div.scroll.mt2 tabindex="0" role="region" aria-label="Fields" {
                    table.table.mapped {
                        thead { tr {
                            th scope="col" { "Field" }
                            th scope="col" { "Places" }
                            th scope="col" { "Coverage" }
                            th scope="col" { "Examples" }
                            th scope="col" { span.sr { "Action" } }
                        } }
                        tbody { @for line in &self.lines { (self.line(line)) } }
                    }
                }
            }
        }
    }

    fn line(&self, line: &FieldLine) -> Markup {
        let spec = line.spec;
        let change = links::mapped_field(&self.tenant.slug, self.dataset, spec.name).url();
        html! {
            tr {
                th scope="row" {
                    a.who href=(change) { (spec.label) }
                    span.l2 { (spec.kind.as_str()) }
                    @if let Some(purpose) = purpose(self.dataset, spec) { span.l2.why.no-phone { (purpose) } }
                }
                td { (places(line)) }
                td { (self.coverage(line)) }
                td {
                    @if line.examples.is_empty() { span.muted { "—" } }
                    @else { ul.values { @for example in &line.examples { li { span.t title=(example) { (example) } } } } }
                }
                td.num { a.btn href=(change) { "Change" span.sr { " " (spec.label) } } }
            }
        }
    }

    /// How many rows had the field.
    fn coverage(&self, line: &FieldLine) -> Markup {
        let Some(coverage) = &line.coverage else { return html! { span.muted { "not synced yet" } } };
        let share = if coverage.rows > 0 { 100 * coverage.filled / coverage.rows } else { 0 };
        html! {
            @if let Some(since) = coverage.vanished_ms {
                span.badge.warning { (icon("triangle-alert", 14)) "Missing" }
                span.l2.why {
                    "Missing since "
                    (since.timestamp().map(|since| time::exact(since, &self.tenant.zone)).unwrap_or_default())
                    "; the last known values are shown. Before: " (number(coverage.filled)) " of "
                    (counted(coverage.rows, "row", "rows")) "."
                }
            } @else if coverage.filled == 0 && !line.examples.is_empty() {
                // Found by a rule that is newer than the count.
                span.muted { "counted in the next sync" }
            } @else if coverage.filled == 0 {
                span.muted { "none of " (counted(coverage.rows, "row", "rows")) }
            } @else {
                span.bar.plain aria-hidden="true" { i style=(format!("width:{share}%")) {} }
                span.nowrap { (number(coverage.filled)) " of " (counted(coverage.rows, "row", "rows")) }
            }
        }
    }

    fn unused_keys(&self) -> Markup {
        html! {
            section.card {
                div.card-head {
                    h2 { "Unused keys" } span.sub { "other data in the rows, which may include units or a market" }
                }
                @if self.unused.is_empty() {
                    div.card-body {
                        p.sub {
                            @if self.sample.rows.is_empty() { "Nothing has been read yet." }
                            @else { "Every key of the rows is used." }
                        }
                    }
                } @else {
                    div.scroll.mt2 tabindex="0" role="region" aria-label="Unused keys" {
                        table.table.mapped {
                            thead { tr {
                                th scope="col" { "Place" } th scope="col" { "Example" } th.num scope="col" { "Rows" }
                            } }
                            tbody { @for key in &self.unused { (unused_key(key)) } }
                        }
                    }
                    div.card-foot { "To use one of these, change a field. Its page lists them too." }
                }
            }
        }
    }
}

fn unused_key(key: &UnusedKey) -> Markup {
    html! {
        tr {
            th scope="row" { code { (key.place) } }
            td { (example(key)) }
            td.num {
                @if key.rows == 0 { span.muted { "no row" } } @else { (counted(count(key.rows), "row", "rows")) }
            }
        }
    }
}

/// Where the field is looked for, and by whose rule.
fn places(line: &FieldLine) -> Markup {
    let rule = &line.rule;
    html! {
        @if rule.places.is_empty() { span.muted { "none yet" } }
        @else { ol.places { @for place in &rule.places { li { code { (place) } } } } }
        @if !rule.formats.is_empty() { span.l2 { "as " (rule.formats.join(" or ")) } }
        @if let Some(zone) = &rule.zone { span.l2 { "in " (time::zone_name(zone)) } }
        @if let Some(reason) = &line.ignored_reason {
            span.badge.warning { (icon("circle-alert", 14)) "Own rule not used" } span.l2.why { (reason) }
        } @else if line.is_own { span.badge.info { (icon("pencil", 14)) "Own rule" } }
        @else if !rule.places.is_empty() { span.l2 { "built in" } }
    }
}
