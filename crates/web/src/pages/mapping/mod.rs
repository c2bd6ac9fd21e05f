//! Where a brand's fields are found in what the CRM sends. Accounts keep the same thing in different places, so the agency
//! looks at real rows, says for a field where to look, sees what that would give, and saves it.

mod field;
mod keys;
mod list;
mod preview;
mod sample;
mod typed;

use std::collections::HashSet;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::Redirect;
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_clienttether::mapping::{FieldKind, FieldRule, FieldSpec, LeftOut, Mapping, fields_of};
use tetherboard_domain::Dataset;
use tetherboard_store::field_rules;
use tetherboard_store::tenants::Tenant;

use crate::Portal;
use crate::error::{Answer, Refusal};
use crate::links::{self, Link};
use crate::parts::icon;
use crate::parts::shell::{Document, Theme, account, agency_mark, agency_name, brand_tile};
use crate::viewer::{AgencyViewer, Viewer};

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
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Answer<Self> {
        let AgencyViewer(viewer) = AgencyViewer::from_request_parts(parts, portal).await?;
        let [brand, dataset, _] = named(parts, portal).await;
        let tenant = viewer.tenants.iter().find(|tenant| Some(&tenant.slug) == brand.as_ref()).cloned();
        let tenant = tenant.ok_or_else(|| Refusal::not_found(parts, "There is no such brand."))?;
        let dataset = dataset.map_or(Ok(Dataset::Contacts), |name| name.parse());
        let dataset = dataset.map_err(|_| Refusal::not_found(parts, "There is no such data set."))?;
        Ok(Self { viewer, tenant, dataset })
    }
}

impl FromRequestParts<Portal> for MappedField {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Answer<Self> {
        let list = MappedList::from_request_parts(parts, portal).await?;
        let [.., field] = named(parts, portal).await;
        let spec = fields_of(list.dataset).iter().find(|spec| Some(spec.name) == field.as_deref());
        match spec {
            Some(spec) => Ok(Self { list, spec }),
            None => Err(Refusal::not_found(parts, "This data set has no such field.")),
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
    left_out: Vec<LeftOut>,
}

impl Rules {
    async fn load(portal: &Portal, tenant: &Tenant) -> Answer<Self> {
        let stored = field_rules::rules(portal.store.conn(), tenant.id).await?;
        let own = stored.iter().map(|(dataset, field, _)| (*dataset, field.clone())).collect();
        let (mapping, left_out) = Mapping::of_rules(stored);
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
        left.map(|left| left.why.to_string())
    }
}

/// A mapping whose moments are told in a zone, as a sync takes them: the account's, where the rule names none.
fn told_in_zone(mut mapping: Mapping, tenant: &Tenant, dataset: Dataset) -> Mapping {
    for spec in fields_of(dataset).iter().filter(|spec| spec.kind == FieldKind::Moment) {
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

/// What the agency's pages about a brand have around them. The last of the ways is where one is.
async fn frame(
    portal: &Portal,
    viewer: &Viewer,
    tenant: &Tenant,
    theme: Theme,
    (title, ways): (&str, &[(&str, Option<Link>)]),
    inside: &Markup,
) -> Answer<Markup> {
    let agency = agency_name(portal).await?;
    let body = html! {
        a.btn.skip href="#main" { "Skip to content" }
        header.top { div.wrap {
            div.top-row { (agency_mark(&agency, true)) div.top-end { (account(viewer, theme)) } }
            nav.tabs aria-label="Agency" { a href=(links::AGENCY) { "Brands" } }
        } }
        main id="main" class="wrap main" {
            nav.way.sub aria-label="Path" {
                a href=(links::AGENCY) { "Brands" }
                (icon("chevron-right", 13))
                span { (tenant.name) }
                @for (name, way) in ways {
                    (icon("chevron-right", 13))
                    @match way {
                        Some(way) => a href=(way.clone().url()) { (name) },
                        None => span aria-current="page" { (name) },
                    }
                }
            }
            div.flex.wrapf { (brand_tile(tenant)) h1 { (title) } }
            (inside)
        }
    };
    let title = format!("{title} · {}", tenant.name);
    let now = Some((portal.clock.now(), portal.settings.clock_speed));
    Ok(Document { title: &title, theme, accent: None, now, charts: false }.render(&body))
}
