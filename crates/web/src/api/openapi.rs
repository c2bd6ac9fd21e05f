//! The description of the API, OpenAPI 3.1.

use axum::Json;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::http::viewer::SESSION;

#[derive(OpenApi)]
#[openapi(
    info(title = "Tetherboard", description = "The data on each brand's pages, for scripts."),
    paths(
        super::tenants::tenants,
        super::leads::summary,
        super::leads::list,
        super::pipeline::pipeline,
        super::hot_list::hot_list,
        super::notes::list,
        super::schedule::list,
        super::sync::sync,
        super::sync::start
    ),
    security(("token" = []), ("session" = [])),
    modifiers(&Schemes)
)]
struct Description;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("tb_…").build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION))));
    }
}

/// `GET /openapi.json`.
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}
