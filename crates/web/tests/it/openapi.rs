//! The API's description names every status and media type that a route answers with.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, IF_NONE_MATCH, ORIGIN};
use rstest::rstest;
use serde_json::Value;
use tetherboard_testkit::Kind::{self, Postgres, Sqlite};

use crate::world::{Answer, HARBOR, Person, Visitor, World, with};

/// Values that some parameter cannot read.
const UNREADABLE: [&str; 9] = ["nonsense", "2026-99-99", "-", "0", "*", "%00", "%ff", "99999999999999999999", "a%2Cb"];

struct Route {
    method: Method,
    /// With `{tenant}`.
    path: String,
    operation: Value,
    answered: BTreeSet<u16>,
}

impl Route {
    fn address(&self, brand: &str) -> String {
        self.path.replace("{tenant}", brand)
    }

    async fn ask(&mut self, visitor: &Visitor, address: &str) -> Answer {
        let request = visitor.client.request(self.method.clone(), format!("{}{address}", visitor.site));
        let answer = Answer::to(request.headers(visitor.headers.clone())).await;
        let described = &self.operation["responses"][answer.status.as_str()];
        let context = format!("{} {address} answers {}: {}", self.method, answer.status, answer.text());
        assert!(described.is_object(), "{context}, which is not described");
        let types: Vec<&str> = described["content"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let media_type = answer.header("content-type").split(';').next().unwrap_or_default();
        match types.as_slice() {
            [] => assert!(answer.body.is_empty(), "{context}, with a body that is not described"),
            types => assert!(types.contains(&media_type), "{context}, as {media_type:?} and not {types:?}"),
        }
        assert!(answer.status.is_success() || answer.status == 304 || answer.is_problem(), "{context}");
        self.answered.insert(answer.status.as_u16());
        answer
    }

    fn query_parameters(&self) -> Vec<String> {
        let parameters = self.operation["parameters"].as_array().into_iter().flatten();
        let in_query = parameters.filter(|parameter| parameter["in"] == "query");
        in_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
    }
}

async fn routes(world: &World) -> Vec<Route> {
    let description = world.stranger().json("/api/v1/openapi.json").await;
    let mut routes = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            routes.push(Route { method, path: path.clone(), operation: operation.clone(), answered: BTreeSet::new() });
        }
    }
    assert!(routes.len() >= 10);
    routes
}

#[rstest]
#[tokio::test]
async fn every_answer_of_every_route_is_described_and_every_described_one_occurs(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let mut routes = routes(&world).await;
    let dana = world.visitor(Person::Dana).await;
    for route in &mut routes {
        for person in Person::ALL {
            let visitor = world.visitor(person).await;
            route.ask(&visitor, &route.address(HARBOR)).await;
        }
        let mut forger = world.stranger();
        forger.headers.insert(AUTHORIZATION, "Bearer tb_invented".parse().unwrap());
        route.ask(&forger, &route.address(HARBOR)).await;
        for brand in ["nowhere", "%ff", "%2e%2e", "a%2Fb", "%00", "harbor%20"] {
            route.ask(&dana, &route.address(brand)).await;
        }
        for parameter in route.query_parameters() {
            for value in UNREADABLE {
                route.ask(&dana, &with(&route.address(HARBOR), &format!("{parameter}={value}"))).await;
            }
            let many = (0..40).map(|i| format!("{parameter}={i}")).collect::<Vec<_>>().join("&");
            route.ask(&dana, &with(&route.address(HARBOR), &many)).await;
        }
        let mut again = world.visitor(Person::Dana).await;
        again.headers.insert(IF_NONE_MATCH, "*".parse().unwrap());
        route.ask(&again, &route.address(HARBOR)).await;
        let mut elsewhere = world.visitor(Person::Dana).await;
        elsewhere.headers.insert(ORIGIN, "https://evil.example".parse().unwrap());
        route.ask(&elsewhere, &route.address(HARBOR)).await;
    }
    world.db.store.clone().close().await;
    for route in &mut routes {
        route.ask(&dana, &route.address(HARBOR)).await;
    }
    for route in routes {
        let described: BTreeSet<u16> =
            route.operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect();
        // A response that takes half a minute is tested with the server's limits.
        let rare = BTreeSet::from([503]);
        assert_eq!(&route.answered | &rare, described, "{} {}", route.method, route.path);
    }
}

#[rstest]
#[tokio::test]
async fn other_paths_and_methods_answer_with_a_problem(#[values(Sqlite, Postgres)] kind: Kind) {
    let world = World::read(kind).await;
    let dana = world.visitor(Person::Dana).await;
    for address in ["/api/v1/nothing", "/api/v2/tenants", "/api/v1/tenants/harbor/leads/nothing", "/api/%ff"] {
        let answer = dana.get(address).await;
        assert!(answer.status == 404 && answer.is_problem(), "{address}: {}", answer.text());
    }
    let mut by_path: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for route in routes(&world).await {
        by_path.entry(route.address(HARBOR)).or_default().insert(route.method.to_string());
    }
    for (address, described) in by_path {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            if !described.contains(method.as_str()) {
                let request =
                    dana.client.request(method.clone(), format!("{}{address}", dana.site)).headers(dana.headers.clone());
                let answer = Answer::to(request).await;
                assert!(answer.status == 405 && answer.is_problem(), "{method} {address}: {} {}", answer.status, answer.text());
            }
        }
    }
}
