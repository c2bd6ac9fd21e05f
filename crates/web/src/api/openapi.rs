//! The description of the API, OpenAPI 3.1.

use axum::Json;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr};
use utoipa::{Modify, OpenApi};

use crate::http::error::Problem;
use crate::http::viewer::SESSION;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tetherboard",
        description = "The data on each brand's pages, for scripts. Text of ClientTether is returned as it is there, including \
            direction controls such as U+202E: isolate it where you show it. Any other path answers 404 and any other method 405, \
            both as application/problem+json."
    ),
    paths(
        self::openapi,
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
    components(schemas(Problem)),
    modifiers(&Schemes, &Failures)
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

/// What every route can answer besides its own responses.
struct Failures;

/// The media type of every failure, RFC 9457.
const PROBLEM: &str = "application/problem+json";

impl Modify for Failures {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut openapi.paths.paths {
            for (is_post, operation) in operations(item) {
                let of_brand = path.contains("{tenant}");
                let is_public = path.ends_with("/openapi.json");
                let has_query =
                    operation.parameters.iter().flatten().any(|parameter| parameter.parameter_in == ParameterIn::Query);
                for (status, description, applies) in [
                    ("400", "A parameter cannot be read; `detail` names it and the options.", has_query),
                    ("401", "Not signed in, or the token is not valid.", !is_public),
                    ("403", "Not allowed; also a request from another site that uses a session cookie.", is_post),
                    ("404", "No such brand, or not one that the caller may see.", of_brand),
                    ("500", "An error on our side, which has been logged.", !is_public),
                    ("503", "The response took too long. Try again later.", true),
                ] {
                    if applies {
                        let content = Content::new(Some(Ref::from_schema_name("Problem")));
                        let response = ResponseBuilder::new().description(description).content(PROBLEM, content).build();
                        operation.responses.responses.insert(status.to_owned(), RefOr::T(response));
                    }
                }
            }
        }
    }
}

/// The operations of a path, and whether each is a POST.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    item.get.iter_mut().map(|operation| (false, operation)).chain(item.post.iter_mut().map(|operation| (true, operation)))
}

/// This description.
#[utoipa::path(get, path = "/api/v1/openapi.json", security(()), responses((status = 200, body = serde_json::Value)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}
