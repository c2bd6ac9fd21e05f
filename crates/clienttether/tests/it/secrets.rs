use std::error::Error as _;
use std::fmt::Debug;

use tetherboard_clienttether::{Budgets, ReadContacts};

use crate::crm::{Crm, KEY, Reply, TOKEN, quick, read_all};

fn assert_no_secret(what: &str, printed: &str) {
    assert!(!printed.contains(TOKEN) && !printed.contains(KEY), "{what} prints a secret: {printed}");
    assert!(!printed.contains("Reno"), "{what} prints a body: {printed}");
}

fn assert_prints_no_secret(what: &str, value: &impl Debug) {
    assert_no_secret(what, &format!("{value:?}"));
    assert_no_secret(what, &format!("{value:#?}"));
}

#[tokio::test]
async fn nothing_prints_a_token_a_key_or_a_body() {
    let echo = format!(r#"{{"ResultCode":"CT_400","Message":"no such token: {TOKEN}, {KEY}","data":[{{"city":"Reno"}}]}}"#);
    let replies = [
        Reply::Json(echo),
        Reply::Json(r#"{"ResultCode":200,"data":"Reno"}"#.into()),
        Reply::Json(r#""Reno""#.into()),
        Reply::Json(r#"{"ResultCode":200,"data":[{"client_id":1,"city":"Reno"}]}"#.into()),
        Reply::Json(r#"{"ResultCode":200,"TotalRecord":{"a":"Reno"},"Reno":Reno}"#.into()),
        Reply::Status { status: 401, header: format!("x-token: {TOKEN}") },
        Reply::CutOff(format!("{{{TOKEN} Reno")),
        Reply::Reset,
        Reply::Hang,
    ];
    for reply in replies {
        let reply = std::sync::Mutex::new(Some(reply));
        let crm = Crm::start(move |_| reply.lock().unwrap().take().unwrap_or(Reply::Reset)).await;
        let client = crm.client(tetherboard_clienttether::Limits { attempts: 1, ..quick() });
        assert_prints_no_secret("a configuration", &crm.config(quick()));
        assert_prints_no_secret("a client", &client);
        assert_prints_no_secret("a read", &client.pages(ReadContacts::new()));
        let (pages, outcome) = read_all(&client.for_run(), ReadContacts::new()).await;
        assert_prints_no_secret("a page", &pages);
        assert_prints_no_secret("an outcome", &outcome);
        let mut cause = outcome.fault.as_ref().and_then(|fault| fault.source());
        while let Some(error) = cause {
            assert_no_secret("a cause", &format!("{error} {error:?}"));
            cause = error.source();
        }
    }
    assert_prints_no_secret("the budgets", &Budgets::new(8, 50));
}

#[test]
fn a_rejected_configuration_prints_no_secret() {
    let config = tetherboard_clienttether::ClientConfig {
        base_url: format!("https://user:{TOKEN}@crm.example/?key={KEY}").parse().unwrap(),
        access_token: format!("{TOKEN}\n{TOKEN}").into(),
        web_key: KEY.into(),
        limits: quick(),
        mapping: std::sync::Arc::default(),
    };
    assert_prints_no_secret("a configuration", &config);
    let made = tetherboard_clienttether::Client::new(config, &Budgets::new(1, 1), tetherboard_domain::Clock::system());
    assert_prints_no_secret("an error", &made.unwrap_err());
}
