//! One field: its rule as a form, a preview of what the rule finds in real rows, and saving it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use tetherboard_crm_records::mapping::{FieldRule, FieldSpec, Mapping};
use tetherboard_domain::{Dataset, Trigger};
use tetherboard_store::runs::{self, RunRequest};
use tetherboard_store::tenants::Tenant;
use tetherboard_store::{Store, audit, field_rules};

use super::keys::{UnusedKey, example, unused_keys};
use super::preview::Preview;
use super::rule_form::{Fault, PostedRule, RuleForm, RuleText, is_built_in};
use super::sample::Sample;
use super::{MappedField, MappingPage, Rules, in_source_zone, purpose};
use crate::address::links;
use crate::http::error::{HttpError, HttpResult};
use crate::parts::freshness::dataset_name;
use crate::parts::icon;
use crate::parts::shell::{EMPTY, Theme};
use crate::state::Portal;

/// Shows the rule. With a rule in the address, previews that one; nothing is changed.
pub(super) async fn form(at: MappedField, State(portal): State<Portal>, form: RuleForm, theme: Theme) -> HttpResult<Response> {
    let rules = Rules::load(&portal, &at.list.tenant).await?;
    let typed = form.rule_text().map_err(HttpError::bad_request)?;
    let state = if typed.is_some() { FormState::Previewed } else { FormState::Current };
    let text = typed.unwrap_or_else(|| RuleText::of(&rules.rule(at.list.dataset, at.spec)));
    let parsed = text.parse(&rules.mapping, at.list.dataset, at.spec);
    page(&portal, &at, theme, &rules, Submitted { text, parsed, state }).await
}

/// Saves the rule, unless it is invalid or the current one.
pub(super) async fn save(
    at: MappedField,
    State(portal): State<Portal>,
    theme: Theme,
    PostedRule(form): PostedRule,
) -> HttpResult<Response> {
    let text = match form.to.as_deref() {
        Some("built-in") => Some(RuleText::of(&FieldRule::at(at.spec.places.iter().copied()))),
        _ => form.rule_text().map_err(HttpError::bad_request)?,
    };
    let text = text.ok_or_else(|| HttpError::bad_request("The form has no places. Go back, reload the page, and try again."))?;
    let rules = Rules::load(&portal, &at.list.tenant).await?;
    let parsed = text.parse(&rules.mapping, at.list.dataset, at.spec);
    let state = match &parsed {
        Err(_) => FormState::Rejected,
        Ok((rule, _)) if is_current(&rules, &at, rule) => FormState::Unchanged,
        Ok((rule, _)) => {
            store(&portal, &at, rule).await?;
            let list = links::mapping_of(&at.list.tenant.slug, at.list.dataset);
            return Ok(Redirect::to(&list.with("saved", at.spec.name).url()).into_response());
        }
    };
    page(&portal, &at, theme, &rules, Submitted { text, parsed, state }).await
}

/// Whether a rule is the one in use. A stored rule that is invalid is not in use.
fn is_current(rules: &Rules, at: &MappedField, rule: &FieldRule) -> bool {
    let (dataset, spec) = (at.list.dataset, at.spec);
    let same = rules.rule(dataset, spec) == *rule || (!rules.is_own(dataset, spec) && is_built_in(spec, rule));
    same && rules.ignored_reason(dataset, spec).is_none()
}

/// Stores the rule, records who changed it, and requests a replay of the stored responses: all of it, or nothing.
async fn store(portal: &Portal, at: &MappedField, rule: &FieldRule) -> HttpResult<()> {
    let (tenant, dataset, spec, now_ms) = (&at.list.tenant, at.list.dataset, at.spec, portal.clock.now_ms());
    let user = at.list.viewer.user.id;
    let json = (!is_built_in(spec, rule)).then(|| rule.to_json());
    let subject = format!("{dataset}.{}: {}", spec.name, json.as_deref().unwrap_or("reset to built-in places"));
    let tx = portal.store.begin().await?;
    field_rules::set(&tx, tenant.id, dataset, spec.name, json.as_deref()).await?;
    audit::record(&tx, Some(user), Some(tenant.id), "changed a field mapping", &subject, now_ms).await?;
    let ages = runs::dataset_ages(&tx, tenant.id).await?;
    if Dataset::ALL.iter().any(|dataset| ages.last_read_ms(*dataset).is_some()) {
        runs::request(&tx, tenant.id, RunRequest::by_user(Trigger::Replay, user).must_be_new(), now_ms).await?;
    }
    Ok(Store::commit(tx).await?)
}

/// Why the page is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FormState {
    /// The rule in use.
    Current,
    Previewed,
    /// Not saved, because it is invalid.
    Rejected,
    /// Not saved, because it is the rule in use.
    Unchanged,
}

/// A rule as it was typed, and what it means.
struct Submitted {
    text: RuleText,
    parsed: Result<(FieldRule, Mapping), Vec<Fault>>,
    state: FormState,
}

async fn page(portal: &Portal, at: &MappedField, theme: Theme, rules: &Rules, submitted: Submitted) -> HttpResult<Response> {
    let (tenant, dataset, spec) = (&at.list.tenant, at.list.dataset, at.spec);
    let sample = Sample::load(portal, tenant, dataset).await?;
    let view = FieldView::new(at, rules, submitted, sample);
    let status = if view.faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let list = links::mapping_of(&tenant.slug, dataset);
    let crumbs = [("Field mapping", Some(links::mapping(&tenant.slug))), (dataset_name(dataset), Some(list)), (spec.label, None)];
    let page = MappingPage {
        at: &at.list,
        title: &format!("{}: {}", dataset_name(dataset), spec.label),
        crumbs: &crumbs,
        body: &view.render(),
        address: links::mapped_field(&tenant.slug, dataset, spec.name),
        is_live: false,
    };
    Ok((status, page.render(portal, theme).await?).into_response())
}

/// What the page shows.
pub(super) struct FieldView<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) dataset: Dataset,
    pub(super) spec: &'static FieldSpec,
    /// Whether the brand has stored its own rule.
    pub(super) is_own: bool,
    ignored_reason: Option<String>,
    /// Whether the rule differs from the one in use.
    pub(super) is_new: bool,
    /// `None` if it is invalid.
    pub(super) rule: Option<FieldRule>,
    unused: Vec<UnusedKey>,
    pub(super) text: RuleText,
    /// What is wrong with each part.
    pub(super) faults: Vec<Fault>,
    pub(super) preview: Option<Preview>,
    pub(super) sample: Sample,
    state: FormState,
}

impl<'a> FieldView<'a> {
    fn new(at: &'a MappedField, rules: &Rules, submitted: Submitted, sample: Sample) -> Self {
        let (tenant, dataset, spec) = (&at.list.tenant, at.list.dataset, at.spec);
        let Submitted { text, parsed, state } = submitted;
        let (parsed, faults) = match parsed {
            Ok(parsed) => (Some(parsed), Vec::new()),
            Err(faults) => (None, faults),
        };
        let in_zone = |mapping: &Mapping| in_source_zone(mapping.clone(), tenant, dataset);
        let of = |mapping: &Mapping| Preview::of(&in_zone(&rules.mapping), &in_zone(mapping), dataset, spec, &sample.rows);
        Self {
            tenant,
            dataset,
            spec,
            is_own: rules.is_own(dataset, spec),
            ignored_reason: rules.ignored_reason(dataset, spec),
            is_new: parsed.as_ref().is_some_and(|(rule, _)| !is_current(rules, at, rule)),
            preview: parsed.as_ref().filter(|_| !sample.rows.is_empty()).map(|(_, mapping)| of(mapping)),
            rule: parsed.map(|(rule, _)| rule),
            unused: unused_keys(&rules.mapping, dataset, &sample.rows),
            text,
            faults,
            sample,
            state,
        }
    }

    fn render(&self) -> Markup {
        html! {
            p.lead-in {
                @if let Some(purpose) = purpose(self.dataset, self.spec) { (purpose) " " }
                "The value is read as " (self.spec.kind.as_str()) ", from the first place with a readable value."
            }
            (self.status())
            div.cols {
                div.stack.c-7 { (self.form()) }
                div.stack.c-5 {
                    @if self.spec.kind.is_date() { (self.date_formats()) }
                    (self.unused_keys())
                }
            }
            (self.outcome())
        }
    }

    /// What happened to the rule that was typed.
    fn status(&self) -> Markup {
        const FIX: &str = "Correct the fields marked in the form. The current rule stays in use.";
        let ignored = self.ignored_reason.as_ref().map(|reason| format!("{reason}."));
        let (tone, icon_name, what, more) = match (self.faults.first(), self.state) {
            (Some(_), FormState::Rejected) => ("danger", "circle-alert", "Not saved: this rule is invalid.", FIX),
            (Some(_), _) => ("danger", "circle-alert", "This rule is invalid.", FIX),
            (None, FormState::Unchanged) => ("info", "info", "This is the current rule.", "Nothing was changed."),
            (None, FormState::Previewed) if self.is_new => {
                let more = "Below, see what the rule finds in saved rows compared with the current rule.";
                ("info", "eye", "This is a preview. Nothing has been saved.", more)
            }
            (None, _) => match &ignored {
                Some(reason) => {
                    let what = "The brand’s own rule is not used, because it is invalid. The built-in places are used instead.";
                    ("warning", "circle-alert", what, reason.as_str())
                }
                None => return EMPTY,
            },
        };
        html! {
            div class=(format!("banner {tone}")) role=(if self.faults.is_empty() { "status" } else { "alert" }) {
                (icon(icon_name, 18)) div { b { (what) } p { (more) } }
            }
        }
    }

    /// Keys of the rows that no field uses, each with a link that tries it.
    fn unused_keys(&self) -> Markup {
        html! {
            section.card {
                div.card-head { h2 { "Unused keys" } span.sub { "not used by any field" } }
                @if self.unused.is_empty() {
                    div.card-body {
                        p.sub {
                            @if self.sample.rows.is_empty() { "Nothing has been read yet." }
                            @else { "Every key of the rows is used." }
                        }
                    }
                } @else {
                    div.scroll.others.mt2 tabindex="0" role="region" aria-label="Unused keys" {
                        table.table.mapped {
                            thead { tr {
                                th scope="col" { "Place" } th scope="col" { "Example" } th scope="col" { span.sr { "Action" } }
                            } }
                            tbody { @for key in &self.unused { (self.unused_key(key)) } }
                        }
                    }
                }
            }
        }
    }

    fn unused_key(&self, key: &UnusedKey) -> Markup {
        html! {
            tr {
                th scope="row" { code { (key.place) } }
                td { (example(key)) }
                td.num { a.btn href=(self.with_place(&key.place)) { "Try" span.sr { " " (key.place) } } }
            }
        }
    }

    /// The preview of the rule with one more place.
    fn with_place(&self, place: &str) -> String {
        let is_other = |line: &&str| !line.trim().is_empty() && *line != place;
        let mut places: Vec<&str> = self.text.places.lines().filter(is_other).collect();
        places.push(place);
        let mut link = links::mapped_field(&self.tenant.slug, self.dataset, self.spec.name).with("places", &places.join("\n"));
        if self.spec.kind.is_date() {
            link = link.with("forms", &self.text.formats).with("zone", &self.text.zone);
        }
        link.url()
    }
}
