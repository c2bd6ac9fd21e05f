//! One record of a brand, exactly as ClientTether last returned it.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use maud::{Markup, html};
use tetherboard_store::records;
use tetherboard_store::snapshots::RowReader;

use super::{dataset_named, layout};
use crate::address::links;
use crate::address::query::query;
use crate::address::verbatim::Verbatim;
use crate::http::error::{HttpError, HttpResult};
use crate::http::viewer::AgencyBrand;
use crate::parts::agency::{AgencyPage, AgencyTab, crumbs, title};
use crate::parts::freshness::dataset_name;
use crate::parts::shell::{EMPTY, Theme};
use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new().route("/agency/sync/{brand}/records/{dataset}", get(record))
}

query! {
    /// Which record is shown.
    struct RecordQuery {
        /// The record's ID in ClientTether.
        id: Verbatim = "id",
    }
}

async fn record(
    brand: AgencyBrand,
    State(portal): State<Portal>,
    Path((_, dataset)): Path<(String, String)>,
    query: RecordQuery,
    theme: Theme,
) -> HttpResult<Markup> {
    let (conn, tenant, dataset) = (portal.store.conn(), &brand.tenant, dataset_named(&dataset)?);
    let id = query.id.text().to_owned();
    let stored = records::stored(conn, tenant.id, dataset, std::slice::from_ref(&id)).await?;
    let stored = stored.get(&id).ok_or_else(|| HttpError::not_found("We can’t find a record with that ID. Check the ID."))?;
    let raw = RowReader::new(tenant.id).row(conn, stored.row_no).await?.to_vec();
    let name = format!("{} {id}", dataset_name(dataset));
    let body = html! {
        (crumbs(tenant, &[(name.clone(), None)]))
        (title(tenant, &html! { (name) }, &EMPTY, &EMPTY))
        section.card {
            div.card-head { h2 { "Last response from ClientTether" } span.sub { "original text, formatted for reading" } }
            div.card-body { (layout::formatted(&raw, "The record")) }
        }
    };
    let address = links::raw_record(&tenant.slug, dataset, &id);
    AgencyPage { tab: AgencyTab::Sync, title: name, body, address, live: None }.render(&portal, &brand.viewer, theme).await
}
