//! A few addresses beside the API, for people who want to see a portal meet a fault.

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
use crate::wire::server::Serving;

const FAULT_WANTED: &str = r#"{"account": 0, "request": "contacts", "fault": "status:500"}; request "all" means every one; GET /control/faults lists the spellings"#;
const ACCOUNT_WANTED: &str = r#"{"account": 0}"#;

pub(crate) fn router() -> Router<Serving> {
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
struct FaultWanted {
    account: usize,
    request: String,
    fault: String,
}

#[derive(Deserialize)]
struct AccountWanted {
    account: usize,
}

type Answer = Result<Response, Refusal>;

/// What was wrong, and what is accepted.
struct Refusal(String);

async fn fault(State(serving): State<Serving>, body: Bytes) -> Answer {
    let wanted: FaultWanted = read(&body, FAULT_WANTED)?;
    let account = known(&serving.simulator, wanted.account)?;
    let refuse = |why: String| Refusal(format!("{why}\naccepted: {FAULT_WANTED}\n"));
    let fault: Fault = wanted.fault.parse().map_err(refuse)?;
    let answer = format!("account {account}: {} answers with {fault}\n", wanted.request);
    if wanted.request == "all" {
        serving.simulator.fault_everything(account, fault);
    } else {
        let request: Request = wanted.request.parse().map_err(|why: String| refuse(format!("{why}, all")))?;
        serving.simulator.fault(account, request, fault);
    }
    Ok(answer.into_response())
}

async fn heal(State(serving): State<Serving>, body: Bytes) -> Answer {
    let account = account_in(&serving, &body)?;
    serving.simulator.heal(account);
    Ok(format!("account {account}: healed\n").into_response())
}

async fn revoke(State(serving): State<Serving>, body: Bytes) -> Answer {
    let account = account_in(&serving, &body)?;
    serving.simulator.revoke_web_key(account);
    Ok(format!("account {account}: web key revoked\n").into_response())
}

async fn restore(State(serving): State<Serving>, body: Bytes) -> Answer {
    let account = account_in(&serving, &body)?;
    serving.simulator.restore_web_key(account);
    Ok(format!("account {account}: web key restored\n").into_response())
}

async fn rotate(State(serving): State<Serving>) -> Response {
    format!("{}\n", serving.simulator.rotate_access_token()).into_response()
}

async fn truth(State(serving): State<Serving>, query: Result<Query<AccountWanted>, QueryRejection>) -> Answer {
    let refusal = |why: QueryRejection| Refusal(format!("{why}\naccepted: GET /control/truth?account=0\n"));
    let Query(AccountWanted { account }) = query.map_err(refusal)?;
    let account = known(&serving.simulator, account)?;
    Ok(axum::Json(serving.simulator.truth(account)).into_response())
}

async fn faults() -> String {
    Fault::SPELLINGS.iter().map(|(spelling, meaning)| format!("{spelling:<40} {meaning}\n")).collect()
}

fn account_in(serving: &Serving, body: &[u8]) -> Result<usize, Refusal> {
    let AccountWanted { account } = read(body, ACCOUNT_WANTED)?;
    known(&serving.simulator, account)
}

fn known(simulator: &Simulator, account: usize) -> Result<usize, Refusal> {
    let count = simulator.accounts().len();
    if account < count { Ok(account) } else { Err(Refusal(format!("accepted: an account below {count}, not {account}\n"))) }
}

fn read<T: DeserializeOwned>(body: &[u8], accepted: &str) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal(format!("{error}\naccepted: {accepted}\n")))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, self.0).into_response()
    }
}
