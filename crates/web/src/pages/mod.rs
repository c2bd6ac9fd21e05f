//! The pages, one file each: route, query, view model, handler, markup. No page imports another.

mod agency;
mod brand;
mod candidate;
mod hot_list;
mod leads;
mod mapping;
mod notes;
mod overview;
mod pipeline;
mod quality;
mod schedule;
mod sign_in;
mod sync;

use axum::Router;

use crate::state::Portal;

pub(crate) fn router() -> Router<Portal> {
    Router::new()
        .merge(sign_in::router())
        .merge(agency::router())
        .merge(brand::router())
        .merge(overview::router())
        .merge(leads::router())
        .merge(pipeline::router())
        .merge(hot_list::router())
        .merge(notes::router())
        .merge(schedule::router())
        .merge(candidate::router())
        .merge(sync::router())
        .merge(quality::router())
        .merge(mapping::router())
}
