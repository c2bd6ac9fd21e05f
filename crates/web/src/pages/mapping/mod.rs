//! Where a brand's fields are found in what the CRM sends. Accounts keep the same thing in different places, so the agency
//! looks at real rows, says for a field where to look, sees what that would give, and saves it.

mod field;
mod keys;
mod list;
mod preview;
mod rule_form;
mod sample;

use std::collections::HashSet;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::Redirect;
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_crm_records::mapping::{FieldKind, FieldRule, FieldSpec, IgnoredRule, Mapping, fields_of};
use tetherboard_domain::Dataset;
use tetherboard_store::field_rules;
use tetherboard_store::tenants::Tenant;

use crate::address::links::{self, Link};
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::{AgencyBrand, Viewer};
use crate::live::sync_fingerprint;
use crate::parts::agency::{AgencyPage, AgencyTab, title};
use crate::parts::icon;
use crate::parts::shell::{EMPTY, Theme};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .route("/agency/brands/{brand}/mapping", get(start))
        .route("/agency/brands/{brand}/mapping/{dataset}", get(list::page))
        .route("/agency/brands/{brand}/mapping/{dataset}/{field}", get(field::form).post(field::save))
}

async fn start(at: MappedList) -> Redirect {
    Redirect::to(&links::mapping_of(&at.tenant.slug, at.dataset).url())
}

/// Somebody of the agency, the brand in the path, and its data set; the contacts where the path names none.
struct MappedList {
    viewer: Viewer,
    tenant: Tenant,
    dataset: Dataset,
}

/// The same with one field of the data set.
struct MappedField {
    list: MappedList,
    spec: &'static FieldSpec,
}

impl FromRequestParts<Portal> for MappedList {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let AgencyBrand { viewer, tenant } = AgencyBrand::from_request_parts(parts, portal).await?;
        let [_, dataset, _] = named(parts, portal).await;
        let dataset = dataset.map_or(Ok(Dataset::Contacts), |name| name.parse());
        let dataset = dataset.map_err(|_| HttpError::not_found("There is no such data set."))?;
        Ok(Self { viewer, tenant, dataset })
    }
}

impl FromRequestParts<Portal> for MappedField {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let list = MappedList::from_request_parts(parts, portal).await?;
        let [.., field] = named(parts, portal).await;
        let spec = fields_of(list.dataset).iter().find(|spec| Some(spec.name) == field.as_deref());
        match spec {
            Some(spec) => Ok(Self { list, spec }),
            None => Err(HttpError::not_found("This data set has no such field.")),
        }
    }
}

/// What the path names, from left to right.
async fn named(parts: &mut Parts, portal: &Portal) -> [Option<String>; 3] {
    let path: Result<Path<Vec<(String, String)>>, _> = Path::from_request_parts(parts, portal).await;
    let mut names = path.into_iter().flat_map(|Path(path)| path).map(|(_, name)| name);
    [names.next(), names.next(), names.next()]
}

/// The rules in force, and which of them are the brand's own.
struct Rules {
    mapping: Mapping,
    own: HashSet<(Dataset, String)>,
    left_out: Vec<IgnoredRule>,
}

impl Rules {
    async fn load(portal: &Portal, tenant: &Tenant) -> HttpResult<Self> {
        let stored = field_rules::rules(portal.store.conn(), tenant.id).await?;
        let own = stored.iter().map(|(dataset, field, _)| (*dataset, field.clone())).collect();
        let (mapping, left_out) = Mapping::from_rules(stored);
        Ok(Self { mapping, own, left_out })
    }

    fn rule(&self, dataset: Dataset, spec: &FieldSpec) -> FieldRule {
        self.mapping.rule(dataset, spec.name).cloned().unwrap_or_default()
    }

    fn is_own(&self, dataset: Dataset, spec: &FieldSpec) -> bool {
        self.own.contains(&(dataset, spec.name.to_owned()))
    }

    /// Why the brand's own rule of a field is not in force.
    fn left_out(&self, dataset: Dataset, spec: &FieldSpec) -> Option<String> {
        let left = self.left_out.iter().find(|left| left.dataset == dataset && left.field == spec.name);
        left.map(|left| left.reason.to_string())
    }
}

/// A mapping whose moments are told in a zone, as a sync takes them: the account's, where the rule names none.
fn told_in_zone(mut mapping: Mapping, tenant: &Tenant, dataset: Dataset) -> Mapping {
    for spec in fields_of(dataset).iter().filter(|spec| spec.kind == FieldKind::DateTime) {
        if let Some(rule) = mapping.rule(dataset, spec.name).filter(|rule| rule.zone.is_none()).cloned() {
            // A rule that was in force can be followed with a zone, too.
            let _ = mapping.set(dataset, spec.name, FieldRule { zone: Some(tenant.source_time().0), ..rule });
        }
    }
    mapping
}

/// What a field is for, where its name does not say it.
fn purpose(dataset: Dataset, spec: &FieldSpec) -> Option<&'static str> {
    match (dataset, spec.name) {
        (Dataset::Contacts, "units") => Some(
            "How many units a candidate wants, for the hot list. ClientTether has no field of its own for it: an account that \
             asks for it keeps it in a custom field.",
        ),
        (Dataset::Contacts, "market") => Some(
            "Where a candidate wants to open, for the leads and the hot list. Until it is found, the candidate’s city and state \
             stand for it.",
        ),
        _ => None,
    }
}

/// One of these pages inside what the agency's have around them. The last of the ways is where one is.
struct Framed<'a> {
    at: &'a MappedList,
    title: &'a str,
    ways: &'a [(&'a str, Option<Link>)],
    body: &'a Markup,
    address: Link,
    /// Whether it shows what a run changes, and nothing that somebody types.
    is_live: bool,
}

impl Framed<'_> {
    async fn render(self, portal: &Portal, theme: Theme) -> HttpResult<Markup> {
        let MappedList { viewer, tenant, .. } = self.at;
        let body = html! {
            nav.sub.crumbs aria-label="Path" {
                a href=(links::AGENCY) { "Brands" }
                (icon("chevron-right", 13))
                a href=(links::sync_of(&tenant.slug).url()) { (tenant.name) }
                @for (name, way) in self.ways {
                    (icon("chevron-right", 13))
                    @match way {
                        Some(way) => a href=(way.clone().url()) { (name) },
                        None => span aria-current="page" { (name) },
                    }
                }
            }
            (title(tenant, &html! { (self.title) }, &EMPTY, &EMPTY))
            (self.body)
        };
        let live = if self.is_live {
            Some((links::sync_live(&tenant.slug), sync_fingerprint(&portal.store, tenant).await?))
        } else {
            None
        };
        let title = format!("{} · {}", self.title, tenant.name);
        AgencyPage { tab: AgencyTab::Brands, title, body, address: self.address, live }.render(portal, viewer, theme).await
    }
}
