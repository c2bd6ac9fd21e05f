//! One record of a brand as ClientTether showed it last, untouched.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_store::records;
use tetherboard_store::snapshots::RowReader;

use super::{dataset_named, snapshot};
use crate::address::links;
use crate::address::pairs::Pairs;
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::AgencyBrand;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::freshness::dataset_name;
use crate::parts::shell::{EMPTY, Theme};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}/records/{dataset}", get(record))
}

async fn record(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, dataset)): Path<(String, String)>,
    pairs: Pairs,
    theme: Theme,
) -> HttpResult<Markup> {
    let (conn, tenant, dataset) = (portal.store.conn(), &brand.tenant, dataset_named(&dataset)?);
    let id = pairs.get("id").unwrap_or_default().to_owned();
    let known = records::stored(conn, tenant.id, dataset, std::slice::from_ref(&id)).await?;
    let known = known.get(&id).ok_or_else(|| HttpError::not_found("There is no record of that id."))?;
    let raw = RowReader::new(tenant.id).row(conn, known.row_no).await?.to_vec();
    let name = format!("{} {id}", dataset_name(dataset));
    let body = html! {
        (crumbs(tenant, &[(name.clone(), None)]))
        (title(tenant, &html! { (name) }, &EMPTY, &EMPTY))
        section.card {
            div.card-head { h2 { "As ClientTether showed it last" } span.sub { "every character as it came, laid out for reading" } }
            div.card-body { (snapshot::shown(&raw, "The record")) }
        }
    };
    let address = links::raw_record(&tenant.slug, dataset, &id);
    AgencyPage { tab: AgencyTab::Sync, title: name, body, address, live: None }.render(&portal, &brand.viewer, theme).await
}
