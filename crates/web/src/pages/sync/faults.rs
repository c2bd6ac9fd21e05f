//! What went wrong in a run, for somebody who never saw the code: what happened, what it means, what to do now.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, DatasetStatus, FaultClass, RunStatus, SyncState};
use tetherboard_metrics::{CredentialRefusal, Freshness};
use tetherboard_store::runs::{DatasetReport, Run, RunError};
use tetherboard_store::snapshots::{self, RowReader};
use tetherboard_store::tenants::Tenant;

use super::moment;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyBrand;
use crate::parts::format::listed;
use crate::parts::freshness::dataset_name;
use crate::parts::{icon, time};
use crate::state::Portal;

/// One kind of fault in a run, and the data sets that met it.
pub(super) struct Fault {
    class: FaultClass,
    datasets: Vec<Dataset>,
    /// Of the first of them that asked something.
    error: RunError,
    retries: i64,
    last: Option<LastAnswer>,
}

/// What the CRM answered last, where it was no list.
struct LastAnswer {
    status: u16,
    at: Timestamp,
    text: String,
}

const SHOWN: usize = 400;

/// The faults of a run, one for each class.
pub(super) async fn of(portal: &Portal, tenant: &Tenant, run: &Run, reports: &[DatasetReport]) -> HttpResult<Vec<Fault>> {
    let mut faults: Vec<Fault> = Vec::new();
    for report in reports {
        let Some(error) = &report.error else { continue };
        if let Some(known) = faults.iter_mut().find(|fault| fault.class == error.class) {
            known.datasets.push(report.dataset);
            if known.error.request.is_none() && error.request.is_some() {
                known.error = error.clone();
            }
            continue;
        }
        let last = last_answer(portal, tenant, run, report.dataset).await?;
        let (datasets, error) = (vec![report.dataset], error.clone());
        faults.push(Fault { class: error.class, datasets, error, retries: report.retries, last });
    }
    // What stops everything comes first.
    faults.sort_by_key(|fault| fault.class != FaultClass::Credentials);
    Ok(faults)
}

/// An answer that holds rows is people's data and belongs into no request for support.
async fn last_answer(portal: &Portal, tenant: &Tenant, run: &Run, dataset: Dataset) -> HttpResult<Option<LastAnswer>> {
    let conn = portal.store.conn();
    let Some(page) = snapshots::pages(conn, tenant.id, &run.id, dataset).await?.pop() else { return Ok(None) };
    let at = moment(page.at_ms);
    let text = match snapshots::row_nos(conn, tenant.id, &page).await?.is_empty() {
        true => {
            let body = snapshots::page_body(conn, &page, &mut RowReader::new(tenant.id)).await?;
            let text = String::from_utf8_lossy(&body);
            let cut: String = text.chars().take(SHOWN).collect();
            if cut.len() < text.len() { format!("{cut}…") } else { cut }
        }
        false => return Ok(None),
    };
    Ok(Some(LastAnswer { status: page.http_status, at, text }))
}

impl Fault {
    pub(super) fn card(
        &self,
        brand: &AgencyBrand,
        run: &Run,
        reports: &[DatasetReport],
        fresh: &Freshness,
        now: Timestamp,
    ) -> Markup {
        let tenant = &brand.tenant;
        let tone = if run.status == RunStatus::Partial { "warning" } else { "danger" };
        let picture = if run.status == RunStatus::Partial { "circle-dot-dashed" } else { "circle-x" };
        let next = time::in_sentence(fresh.next_at, now, &tenant.zone);
        // Where no other brand could be asked, key and token cannot be told apart.
        let either = brand.viewer.tenants.len() == 1 || self.error.message.contains("access token or");
        let words = words(self.class, tenant, fresh, &next, either);
        let request = self.request(tenant);
        html! {
            section.card.fault {
                div class=(format!("banner flush {tone}")) {
                    (icon(picture, 18))
                    div { b { (self.headline(reports)) } p { "Pages show what was read before and say how old it is. Nothing was removed." } }
                }
                div.card-body.roomy { div.cols.fault-cols {
                    dl.c-6.facts-list {
                        div { dt.sub { "What happened" } dd { b { (words.what) } " " span.muted { (sentence(&self.error.message)) @if self.retries > 0 { " It was tried again " (self.retries) (if self.retries == 1 { " time." } else { " times." }) } } } }
                        div { dt.sub { "What it means" } dd { (words.means) } }
                        div { dt.sub { "What to do" } dd { ol.todo { @for step in &words.steps { li { (step) } } } } }
                    }
                    div.c-6 {
                        div.flex.wrapf {
                            h2 { "Last request" } span.sub { "secrets removed" }
                            button.btn.plain.push type="button" data-copy-text=(self.for_support(tenant, run, &request)) { (icon("copy", 15)) span data-words { "Copy for support" } }
                        }
                        pre.code.mt2 tabindex="0" role="region" aria-label="Last request" { (request) }
                        @if !self.error.trace.is_empty() { p.sub.mt2 { "Trace " code { (self.error.trace) } ", the same in the server’s log" } }
                    }
                } }
            }
        }
    }

    fn headline(&self, reports: &[DatasetReport]) -> String {
        let names: Vec<&str> = self.datasets.iter().map(|dataset| dataset_name(*dataset)).collect();
        let partial = reports
            .iter()
            .filter(|report| self.datasets.contains(&report.dataset))
            .all(|report| report.status == DatasetStatus::Partial);
        let whole = reports.iter().filter(|report| report.status == DatasetStatus::Succeeded).count();
        let what = match (self.datasets.len() == reports.len(), partial) {
            (true, false) => "Nothing could be read.".to_owned(),
            (_, true) => format!("{} came only in part.", listed_names(&names)),
            (false, false) => format!("{} could not be read.", listed_names(&names)),
        };
        match whole {
            0 => what,
            1 => format!("{what} One other data set is whole."),
            whole if whole + self.datasets.len() == reports.len() => format!("{what} The other {whole} data sets are whole."),
            whole => format!("{what} {whole} other data sets are whole."),
        }
    }

    /// As it was sent, with dots for what is secret, and what came back.
    fn request(&self, tenant: &Tenant) -> String {
        let mut text = match &self.error.request {
            Some(request) => laid_out(request),
            None => "No request was sent.".to_owned(),
        };
        if self.error.request.is_some() && !text.contains(DOTS) {
            text.push_str(&format!("\nX-Access-Token: {DOTS}        X-Web-Key: {DOTS}"));
        }
        if let Some(last) = &self.last {
            text.push_str(&format!(
                "\n\nHTTP {}   {}\n{}",
                last.status,
                time::to_the_second(last.at, &tenant.zone),
                last.text.trim_end()
            ));
        }
        text
    }

    fn for_support(&self, tenant: &Tenant, run: &Run, request: &str) -> String {
        let at = super::began(run);
        let names: Vec<&str> = self.datasets.iter().map(|dataset| dataset_name(*dataset)).collect();
        format!(
            "{}: {} ({})\n{}\n\nRun {} of {at}\nTrace {}\n\n{request}\n",
            tenant.name,
            listed(&names),
            self.class,
            sentence(&self.error.message),
            run.id,
            self.error.trace
        )
    }
}

const DOTS: &str = "••••••••";

/// A long query goes on a line of its own; what looks like a credential is dots, wherever it came from.
fn laid_out(request: &str) -> String {
    let spaced = request.replacen('?', "\n    ?", 1);
    let lines = spaced.lines().map(|line| {
        let names = ["x-access-token:", "x-web-key:"];
        let folded = line.to_ascii_lowercase();
        match names.iter().find_map(|name| folded.find(name).map(|at| at + name.len())) {
            Some(end) if !line.contains('•') => format!("{} {DOTS}", &line[..end]),
            _ => line.to_owned(),
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    if text.starts_with("read_") { format!("GET {text}") } else { text }
}

/// `could not read x: y` as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(char::to_uppercase);
    let text: String = first.into_iter().flatten().chain(letters).collect();
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

fn listed_names(names: &[&str]) -> String {
    let folded: Vec<String> =
        names.iter().enumerate().map(|(at, name)| if at == 0 { (*name).to_owned() } else { name.to_lowercase() }).collect();
    listed(&folded.iter().map(String::as_str).collect::<Vec<_>>())
}

struct Words {
    what: &'static str,
    means: String,
    steps: Vec<Markup>,
}

fn words(class: FaultClass, tenant: &Tenant, fresh: &Freshness, next: &str, either: bool) -> Words {
    let wait = || html! { "Nothing for now: the next run, " (next) ", tries again and makes up for this one." };
    let step = |text: &str| html! { (text) };
    match class {
        FaultClass::Network => Words {
            what: "ClientTether could not be reached.",
            means: "No connection came about: their service, or the network between it and this server, was down. Keys and token were not even looked at.".to_owned(),
            steps: vec![
                wait(),
                step("If several runs say the same, open ClientTether in a browser. If it does not open there either, it is down: ask their support."),
                step("If it does open, ask whoever runs this server whether it may reach ClientTether’s address."),
            ],
        },
        FaultClass::Timeout => Words {
            what: "ClientTether did not answer in time.",
            means: "It took the request and kept it waiting. It is usually busy, and this passes. Keys and token are not the cause.".to_owned(),
            steps: vec![wait(), step("If it lasts for a day, send the request at the right to ClientTether’s support and ask why it takes so long.")],
        },
        FaultClass::HttpStatus => Words {
            what: "ClientTether’s server answered with an error.",
            means: "The fault is on ClientTether’s side and usually passes. It did not complain about the key or the token.".to_owned(),
            steps: vec![wait(), step("If the next runs say the same, send the request at the right to ClientTether’s support.")],
        },
        FaultClass::ResultCode => Words {
            what: "ClientTether answered that the request failed.",
            means: "It took key and token, understood the request, and then failed with a code of its own. Often it passes; a code that stays means that something about this account changed.".to_owned(),
            steps: vec![
                wait(),
                step("If the next run gives the same code, send the request at the right to ClientTether’s support and ask what the code means for this account."),
            ],
        },
        FaultClass::Body => Words {
            what: "ClientTether’s answer could not be used as a whole.",
            means: "It was cut off, not in ClientTether’s own form, or shorter than it says itself. What could be read was taken in; what is missing is not taken for gone.".to_owned(),
            steps: vec![
                step("Open the snapshots of the data set below: the last one shows what came."),
                wait(),
                step("If it stays, send the request at the right to ClientTether’s support."),
            ],
        },
        FaultClass::Budget => Words {
            what: "ClientTether asked us to slow down.",
            means: "Too many calls came at once, from us or from others who use this account. We stay away for as long as it asks.".to_owned(),
            steps: vec![html! { "Nothing: it goes on by itself " (next) "." }],
        },
        FaultClass::Credentials => refused(tenant, fresh, next, either),
    }
}

/// A key and a token fail alike from outside; whose fault it is decides what to do.
fn refused(tenant: &Tenant, fresh: &Freshness, next: &str, either: bool) -> Words {
    let test = html! { "Press “Test key” on " a href=(crate::address::links::sync_of(&tenant.slug).url()) { "this brand’s sync page" } ". When it says that the key is good, press “Sync now”." };
    let get_key = html! { "Sign in to ClientTether with " (tenant.name) "’s account, open its API settings and copy the web key. It begins with " code { "CT_" } "." };
    let set_key = html! { "Set it on the server: " code { "tetherboard tenant set --slug " (tenant.slug) " --web-key-stdin" } ", then paste it." };
    let get_token = html! { "Get the access token that is valid now from ClientTether’s enterprise account; ClientTether changes it by itself when that account’s user name, level or white-label id changes." };
    let set_token = html! { "Put it into " code { "CLIENTTETHER_ACCESS_TOKEN" } " on the server and restart Tetherboard." };
    match fresh.refused {
        Some(CredentialRefusal::Token { .. }) => Words {
            what: "ClientTether refuses the agency’s access token.",
            means: "The token was tried with another brand’s key too, and refused there: so it is the token, and no brand can be read until it is replaced. This brand’s key may well be good.".to_owned(),
            steps: vec![get_token, set_token, html! { "Press “Sync now”. It is also tried again by itself once an hour." }],
        },
        Some(CredentialRefusal::Key { .. }) if !either => Words {
            what: "ClientTether refuses this brand’s web key.",
            means: "The same access token works for other brands, so only this key is at fault: it was changed or withdrawn in ClientTether. It is tried once an hour; waiting alone will not cure it.".to_owned(),
            steps: vec![get_key, set_key, test],
        },
        None if fresh.state == SyncState::OnTime => Words {
            what: "ClientTether refused the key or the token.",
            means: "Since then a run was answered again, so what is set now is good.".to_owned(),
            steps: vec![html! { "Nothing." }],
        },
        Some(CredentialRefusal::Key { .. }) | None => Words {
            what: "ClientTether refuses the web key or the access token.",
            means: "Which of the two cannot be told from this run alone. If other brands are read, it is this brand’s key; if none is, it is the agency’s token.".to_owned(),
            steps: vec![
                html! { "See on the " a href=(crate::address::links::SYNC) { "Sync page" } " whether other brands are read." },
                html! { "If they are: " (get_key) " " (set_key) },
                html! { "If none is: " (get_token) " " (set_token) },
                test,
                html! { "Until then it is tried again once an hour, next " (next) "." },
            ],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_never_shows_a_credential_however_it_was_written() {
        let told = laid_out("GET /v2/api/read_client_list?limit=100&offset=0\nX-Access-Token: eyJ.abc\nx-web-key: CT_0123");
        assert_eq!(
            told,
            format!("GET /v2/api/read_client_list\n    ?limit=100&offset=0\nX-Access-Token: {DOTS}\nx-web-key: {DOTS}")
        );
        assert_eq!(laid_out("read_user_list?limit=1"), "GET read_user_list\n    ?limit=1");
    }

    #[test]
    fn a_chain_of_causes_reads_as_a_sentence() {
        assert_eq!(sentence("could not read x: y"), "Could not read x: y.");
        assert_eq!(sentence("It ended."), "It ended.");
        assert_eq!(sentence(""), "");
        assert_eq!(listed_names(&["Lead sources", "People", "Deals"]), "Lead sources, people and deals");
    }
}
