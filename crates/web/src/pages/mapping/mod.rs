//! Field mapping: where each field is found in the CRM's rows. Accounts store the same value in different places, so the agency
//! chooses places for a field, previews them on real rows, and saves them.

mod field;
mod field_form;
mod field_outcome;
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

/// A person of the agency, the brand in the path, and the dataset in the path; contacts if there is none.
struct MappedList {
    viewer: Viewer,
    tenant: Tenant,
    dataset: Dataset,
}

/// The same, and the field in the path.
struct MappedField {
    list: MappedList,
    spec: &'static FieldSpec,
}

impl FromRequestParts<Portal> for MappedList {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let AgencyBrand { viewer, tenant } = AgencyBrand::from_request_parts(parts, portal).await?;
        let [_, dataset, _] = path_names(parts, portal).await;
        let dataset = dataset.map_or(Ok(Dataset::Contacts), |name| name.parse());
        let dataset =
            dataset.map_err(|_| HttpError::not_found("We can’t find that dataset. Open Field mapping to see all datasets."))?;
        Ok(Self { viewer, tenant, dataset })
    }
}

impl FromRequestParts<Portal> for MappedField {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> HttpResult<Self> {
        let list = MappedList::from_request_parts(parts, portal).await?;
        let [.., field] = path_names(parts, portal).await;
        let spec = fields_of(list.dataset).iter().find(|spec| Some(spec.name) == field.as_deref());
        match spec {
            Some(spec) => Ok(Self { list, spec }),
            None => Err(HttpError::not_found("We can’t find that field. Open Field mapping to see all fields.")),
        }
    }
}

/// The parameters of the path, from left to right.
async fn path_names(parts: &mut Parts, portal: &Portal) -> [Option<String>; 3] {
    let path: Result<Path<Vec<(String, String)>>, _> = Path::from_request_parts(parts, portal).await;
    let mut names = path.into_iter().flat_map(|Path(path)| path).map(|(_, name)| name);
    [names.next(), names.next(), names.next()]
}

/// The rules in use, and which of them are the brand's own.
struct Rules {
    mapping: Mapping,
    own: HashSet<(Dataset, String)>,
    ignored: Vec<IgnoredRule>,
}

impl Rules {
    async fn load(portal: &Portal, tenant: &Tenant) -> HttpResult<Self> {
        let stored = field_rules::rules(portal.store.conn(), tenant.id).await?;
        let own = stored.iter().map(|(dataset, field, _)| (*dataset, field.clone())).collect();
        let (mapping, ignored) = Mapping::from_rules(stored);
        Ok(Self { mapping, own, ignored })
    }

    fn rule(&self, dataset: Dataset, spec: &FieldSpec) -> FieldRule {
        self.mapping.rule(dataset, spec.name).cloned().unwrap_or_default()
    }

    fn is_own(&self, dataset: Dataset, spec: &FieldSpec) -> bool {
        self.own.contains(&(dataset, spec.name.to_owned()))
    }

    /// Why the brand's own rule of a field is not used; `None` if it is used, or there is none.
    fn ignored_reason(&self, dataset: Dataset, spec: &FieldSpec) -> Option<String> {
        let ignored = self.ignored.iter().find(|rule| rule.dataset == dataset && rule.field == spec.name);
        ignored.map(|rule| rule.reason.to_string())
    }
}

/// The mapping with the account's zone in the rules that name none, as a sync uses it.
fn in_source_zone(mut mapping: Mapping, tenant: &Tenant, dataset: Dataset) -> Mapping {
    for spec in fields_of(dataset).iter().filter(|spec| spec.kind == FieldKind::DateTime) {
        if let Some(rule) = mapping.rule(dataset, spec.name).filter(|rule| rule.zone.is_none()).cloned() {
            // A valid rule stays valid with a zone.
            let _ = mapping.set(dataset, spec.name, FieldRule { zone: Some(tenant.source_time().0), ..rule });
        }
    }
    mapping
}

/// What a field is for, if its name does not say it.
fn purpose(dataset: Dataset, spec: &FieldSpec) -> Option<&'static str> {
    match (dataset, spec.name) {
        (Dataset::Contacts, "units") => Some(
            "The number of units a candidate wants, for the hot list. ClientTether has no standard field for it: accounts that \
             ask for it use a custom field.",
        ),
        (Dataset::Contacts, "market") => Some(
            "Where a candidate wants to open, for leads and the hot list. Without it, the candidate’s city and state are used.",
        ),
        _ => None,
    }
}

/// A page of the field mapping, with its breadcrumbs; the last one is the page itself.
struct MappingPage<'a> {
    at: &'a MappedList,
    title: &'a str,
    crumbs: &'a [(&'a str, Option<Link>)],
    body: &'a Markup,
    address: Link,
    /// Whether it refreshes itself after a run; a page with a form does not.
    is_live: bool,
}

impl MappingPage<'_> {
    async fn render(self, portal: &Portal, theme: Theme) -> HttpResult<Markup> {
        let MappedList { viewer, tenant, .. } = self.at;
        let body = html! {
            nav.sub.crumbs aria-label="Path" {
                a href=(links::AGENCY) { "Brands" }
                (icon("chevron-right", 13))
                a href=(links::sync_of(&tenant.slug).url()) { (tenant.name) }
                @for (name, link) in self.crumbs {
                    (icon("chevron-right", 13))
                    @match link {
                        Some(link) => a href=(link.clone().url()) { (name) },
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
