//! HTTP endpoints that set faults, for people who want to see how a portal reacts.

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Request;
use crate::faults::fault::Fault;
use crate::simulator::Simulator;
use crate::wire::server_state::ServerState;

const FAULT_USAGE: &str = concat!(
    r#"{"account": 0, "request": "contacts", "fault": "status:500"}; "#,
    r#""all" stands for every request; GET /control/faults lists the faults"#,
);
const ACCOUNT_USAGE: &str = r#"{"account": 0}"#;

/// The endpoints below `/control`.
pub(crate) fn router() -> Router<ServerState> {
    Router::new()
        .route("/fault", post(fault))
        .route("/heal", post(heal))
        .route("/revoke", post(revoke))
        .route("/restore", post(restore))
        .route("/rotate", post(rotate))
        .route("/truth", get(truth))
        .route("/faults", get(faults))
}

#[derive(Deserialize)]
struct FaultInput {
    account: usize,
    request: String,
    fault: String,
}

#[derive(Deserialize)]
struct AccountInput {
    account: usize,
}

type ControlResult = Result<Response, InvalidInput>;

/// What was wrong with the input, and what is expected.
struct InvalidInput(String);

async fn fault(State(state): State<ServerState>, body: Bytes) -> ControlResult {
    let input: FaultInput = parse(&body, FAULT_USAGE)?;
    let account = existing_account(&state.simulator, input.account)?;
    let invalid = |why: String| InvalidInput(format!("{why}\nexpected: {FAULT_USAGE}\n"));
    let fault: Fault = input.fault.parse().map_err(invalid)?;
    let message = format!("account {account}: {} now has the fault {fault}\n", input.request);
    if input.request == "all" {
        state.simulator.fault_everything(account, fault);
    } else {
        let request: Request = input.request.parse().map_err(|why: String| invalid(format!("{why}, all")))?;
        state.simulator.fault(account, request, fault);
    }
    Ok(message.into_response())
}

async fn heal(State(state): State<ServerState>, body: Bytes) -> ControlResult {
    let account = account_in(&state, &body)?;
    state.simulator.heal(account);
    Ok(format!("account {account}: all faults removed\n").into_response())
}

async fn revoke(State(state): State<ServerState>, body: Bytes) -> ControlResult {
    let account = account_in(&state, &body)?;
    state.simulator.revoke_web_key(account);
    Ok(format!("account {account}: web key revoked\n").into_response())
}

async fn restore(State(state): State<ServerState>, body: Bytes) -> ControlResult {
    let account = account_in(&state, &body)?;
    state.simulator.restore_web_key(account);
    Ok(format!("account {account}: web key restored\n").into_response())
}

async fn rotate(State(state): State<ServerState>) -> Response {
    format!("{}\n", state.simulator.rotate_access_token()).into_response()
}

async fn truth(State(state): State<ServerState>, query: Result<Query<AccountInput>, QueryRejection>) -> ControlResult {
    let invalid = |why: QueryRejection| InvalidInput(format!("{why}\nexpected: GET /control/truth?account=0\n"));
    let Query(AccountInput { account }) = query.map_err(invalid)?;
    let account = existing_account(&state.simulator, account)?;
    Ok(axum::Json(state.simulator.truth(account)).into_response())
}

async fn faults() -> String {
    Fault::SPELLINGS.iter().map(|(spelling, meaning)| format!("{spelling:<40} {meaning}\n")).collect()
}

fn account_in(state: &ServerState, body: &[u8]) -> Result<usize, InvalidInput> {
    let AccountInput { account } = parse(body, ACCOUNT_USAGE)?;
    existing_account(&state.simulator, account)
}

fn existing_account(simulator: &Simulator, account: usize) -> Result<usize, InvalidInput> {
    let count = simulator.accounts().len();
    let invalid = || InvalidInput(format!("account {account} does not exist\nexpected: an account below {count}\n"));
    if account < count { Ok(account) } else { Err(invalid()) }
}

fn parse<T: DeserializeOwned>(body: &[u8], usage: &str) -> Result<T, InvalidInput> {
    serde_json::from_slice(body).map_err(|error| InvalidInput(format!("{error}\nexpected: {usage}\n")))
}

impl IntoResponse for InvalidInput {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, self.0).into_response()
    }
}
