//! What went wrong in a run, for someone who has never seen the code: what happened, what it means, and what to do.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{Dataset, DatasetStatus, FaultClass, RunStatus};
use tetherboard_metrics::Freshness;
use tetherboard_store::runs::{DatasetReport, Run, RunError};
use tetherboard_store::snapshots::{self, RowReader};
use tetherboard_store::tenants::Tenant;

use super::fault_help::{FaultHelp, help};
use super::moment;
use crate::http::error::HttpResult;
use crate::http::viewer::AgencyBrand;
use crate::parts::format::listed;
use crate::parts::freshness::dataset_name;
use crate::parts::{icon, time};
use crate::state::Portal;

/// One class of faults in a run, and the datasets it affected.
pub(super) struct Fault {
    class: FaultClass,
    datasets: Vec<Dataset>,
    /// The first error of this class that has a request.
    error: RunError,
    retries: i64,
    last: Option<LastResponse>,
}

/// The CRM's last response, if it was not a list.
struct LastResponse {
    status: u16,
    at: Timestamp,
    text: String,
}

/// How much of the last response is shown, in characters.
const MAX_RESPONSE: usize = 400;

/// The faults of a run, one per class.
///
/// # Errors
/// When the database fails.
pub(super) async fn of(portal: &Portal, tenant: &Tenant, run: &Run, reports: &[DatasetReport]) -> HttpResult<Vec<Fault>> {
    let mut faults: Vec<Fault> = Vec::new();
    for report in reports {
        let Some(error) = &report.error else { continue };
        if let Some(fault) = faults.iter_mut().find(|fault| fault.class == error.class) {
            fault.datasets.push(report.dataset);
            if fault.error.request.is_none() && error.request.is_some() {
                fault.error = error.clone();
            }
            continue;
        }
        let last = last_response(portal, tenant, run, report.dataset).await?;
        let (datasets, error) = (vec![report.dataset], error.clone());
        faults.push(Fault { class: error.class, datasets, error, retries: report.retries, last });
    }
    // A refusal stops everything, so it comes first.
    faults.sort_by_key(|fault| fault.class != FaultClass::Credentials);
    Ok(faults)
}

/// The last response, unless it contains rows: those are people's data and do not belong in a support request.
async fn last_response(portal: &Portal, tenant: &Tenant, run: &Run, dataset: Dataset) -> HttpResult<Option<LastResponse>> {
    let conn = portal.store.conn();
    let Some(page) = snapshots::pages(conn, tenant.id, &run.id, dataset).await?.pop() else { return Ok(None) };
    if !snapshots::row_nos(conn, tenant.id, &page).await?.is_empty() {
        return Ok(None);
    }
    let body = snapshots::page_body(conn, &page, &mut RowReader::new(tenant.id)).await?;
    let text = String::from_utf8_lossy(&body);
    let mut cut: String = text.chars().take(MAX_RESPONSE).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    Ok(Some(LastResponse { status: page.http_status, at: moment(page.at_ms), text: cut }))
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
        let (tone, icon_name) = match run.status {
            RunStatus::Partial => ("warning", "circle-dot-dashed"),
            _ => ("danger", "circle-x"),
        };
        let next_run = time::in_sentence(fresh.next_at, now, &tenant.zone);
        // With a single brand, a bad key cannot be distinguished from a bad token.
        let is_ambiguous = brand.viewer.tenants.len() == 1 || self.error.message.contains("access token or");
        let help = help(self.class, tenant, fresh, &next_run, is_ambiguous);
        html! {
            section.card.fault {
                div class=(format!("banner flush {tone}")) {
                    (icon(icon_name, 18))
                    div {
                        b { (self.headline(reports)) }
                        p { "Pages show the previous data and say how old it is. Nothing was removed." }
                    }
                }
                div.card-body.roomy { div.cols.fault-cols {
                    (self.explanation(&help))
                    (self.last_request(tenant, run))
                } }
            }
        }
    }

    fn explanation(&self, help: &FaultHelp) -> Markup {
        html! {
            dl.c-6.facts-list {
                div {
                    dt.sub { "What happened" }
                    dd { b { (help.what) } " " span.muted { (sentence(&self.error.message)) (self.retried()) } }
                }
                div { dt.sub { "What it means" } dd { (help.meaning) } }
                div { dt.sub { "What to do" } dd { ol.todo { @for step in &help.steps { li { (step) } } } } }
            }
        }
    }

    fn retried(&self) -> String {
        match self.retries {
            ..=0 => String::new(),
            1 => " The request was retried once.".to_owned(),
            times => format!(" Requests were retried {times} times."),
        }
    }

    fn last_request(&self, tenant: &Tenant, run: &Run) -> Markup {
        let request = self.request(tenant);
        html! {
            div.c-6 {
                div.flex.wrapf {
                    h2 { "Last request" } span.sub { "secrets removed" }
                    button.btn.plain.push type="button" data-copy-text=(self.for_support(tenant, run, &request)) {
                        (icon("copy", 15)) span data-words { "Copy for support" }
                    }
                }
                pre.code.mt2 tabindex="0" role="region" aria-label="Last request" { (request) }
                @if !self.error.trace.is_empty() {
                    p.sub.mt2 { "Trace " code { (self.error.trace) } ", also in the server’s log" }
                }
            }
        }
    }

    fn headline(&self, reports: &[DatasetReport]) -> String {
        let names: Vec<&str> = self.datasets.iter().map(|dataset| dataset_name(*dataset)).collect();
        let partial = reports
            .iter()
            .filter(|report| self.datasets.contains(&report.dataset))
            .all(|report| report.status == DatasetStatus::Partial);
        let complete = reports.iter().filter(|report| report.status == DatasetStatus::Succeeded).count();
        let what = match (self.datasets.len() == reports.len(), partial) {
            (true, false) => "Nothing could be read.".to_owned(),
            (_, true) => format!("{}: only part could be read.", listed_names(&names)),
            (false, false) => format!("{} could not be read.", listed_names(&names)),
        };
        match complete {
            0 => what,
            1 => format!("{what} One other dataset is complete."),
            others if others + self.datasets.len() == reports.len() => {
                format!("{what} The other {others} datasets are complete.")
            }
            others => format!("{what} {others} other datasets are complete."),
        }
    }

    /// The request as it was sent, with dots for secrets, and the response.
    fn request(&self, tenant: &Tenant) -> String {
        let mut text = match &self.error.request {
            Some(request) => redacted(request),
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

    /// The text to send to ClientTether's support.
    fn for_support(&self, tenant: &Tenant, run: &Run, request: &str) -> String {
        let at = super::started(run);
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

/// The request with its query on a line of its own, and dots for anything that looks like a credential.
fn redacted(request: &str) -> String {
    let spaced = request.replacen('?', "\n    ?", 1);
    let lines = spaced.lines().map(|line| {
        let names = ["x-access-token:", "x-web-key:"];
        let lower = line.to_ascii_lowercase();
        match names.iter().find_map(|name| lower.find(name).map(|at| at + name.len())) {
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

/// `Lead sources, people and deals`.
fn listed_names(names: &[&str]) -> String {
    let lower: Vec<String> =
        names.iter().enumerate().map(|(at, name)| if at == 0 { (*name).to_owned() } else { name.to_lowercase() }).collect();
    listed(&lower.iter().map(String::as_str).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_never_shows_a_credential_in_any_spelling() {
        let text = redacted("GET /v2/api/read_client_list?limit=100&offset=0\nX-Access-Token: eyJ.abc\nx-web-key: CT_0123");
        assert_eq!(
            text,
            format!("GET /v2/api/read_client_list\n    ?limit=100&offset=0\nX-Access-Token: {DOTS}\nx-web-key: {DOTS}")
        );
        assert_eq!(redacted("read_user_list?limit=1"), "GET read_user_list\n    ?limit=1");
    }

    #[test]
    fn a_chain_of_causes_reads_as_a_sentence() {
        assert_eq!(sentence("could not read x: y"), "Could not read x: y.");
        assert_eq!(sentence("It ended."), "It ended.");
        assert_eq!(sentence(""), "");
        assert_eq!(listed_names(&["Lead sources", "People", "Deals"]), "Lead sources, people, and deals");
    }
}
