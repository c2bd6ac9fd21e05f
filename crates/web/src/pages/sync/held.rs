//! Held removals: so many records missing from a list at once that the agency is asked before they are removed.

use jiff::Span;
use jiff::civil::DateTime;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, Dataset, EpochMs};
use tetherboard_store::runs::{DatasetReport, Run};
use tetherboard_store::snapshots::{self, UnseenRecord};
use tetherboard_store::tenants::Tenant;
use url::form_urlencoded;

use crate::address::links;
use crate::address::verbatim::ClampedPage;
use crate::http::error::HttpResult;
use crate::parts::format::{count, number};
use crate::parts::freshness::dataset_name;
use crate::parts::table::{PAGE, pager_by};
use crate::parts::{icon, stages};
use crate::state::Portal;

/// The held records of one dataset.
pub(super) struct Held {
    dataset: Dataset,
    count: i64,
    /// `None` if the run's responses are no longer stored.
    records: Option<Vec<UnseenRecord>>,
}

impl Held {
    pub(super) async fn load(portal: &Portal, tenant: &Tenant, run: &Run, report: &DatasetReport) -> HttpResult<Self> {
        let (conn, dataset) = (portal.store.conn(), report.dataset);
        let pages = snapshots::pages(conn, tenant.id, &run.id, dataset).await?;
        let requests: Vec<&str> = pages.iter().map(|page| page.request.as_str()).collect();
        let window = window(tenant, &requests);
        let contacts: Vec<&str> = requests.iter().filter_map(|request| contact(request)).collect();
        let within = |starts_ms: Option<EpochMs>, client: Option<&ContactId>| match dataset {
            Dataset::Events => window.zip(starts_ms).is_some_and(|((from, until), at)| from <= at && at < until),
            Dataset::Notes => client.is_some_and(|client| contacts.contains(&client.as_str())),
            _ => true,
        };
        let records = match pages.is_empty() {
            true => None,
            false => Some(snapshots::unseen_records(conn, tenant.id, &run.id, dataset, within).await?),
        };
        Ok(Self { dataset, count: report.held, records })
    }

    pub(super) fn card(&self, tenant: &Tenant, page: i64) -> Markup {
        let name = self.name();
        html! {
            section.card id=(format!("held-{}", self.dataset)) {
                div.banner.wait.flush {
                    (icon("hand", 18))
                    div {
                        b { "Held: " (number(self.count)) " " (name) " missing from ClientTether" }
                        p {
                            "The last list of " (name) " was complete, but these records were not in it. So many at once is more "
                            "likely an error in ClientTether or a changed permission, so the records count until you decide."
                        }
                    }
                }
                (self.decision(&tenant.slug))
                @match &self.records {
                    Some(records) => (self.table(&tenant.slug, records, page)),
                    None => div.card-foot { "The records cannot be listed: the responses of that run are no longer stored." },
                }
            }
        }
    }

    fn decision(&self, slug: &str) -> Markup {
        const REMOVE: &str = "Confirm the removal. The next run removes them and everything that belongs to them from the \
            pages. The responses that contained them stay in the snapshots.";
        const WAIT: &str = "Wait. When ClientTether returns them again, this notice goes away.";
        html! {
            div.card-body.roomy.stack.tight {
                dl.facts-list {
                    div { dt.sub { "If they were deleted" } dd { (REMOVE) } }
                    div { dt.sub { "If they were not" } dd { (WAIT) } }
                }
                div.flex.wrapf {
                    form method="post" action=(links::sync_act(slug, "accept")) {
                        input type="hidden" name="dataset" value=(self.dataset);
                        button.btn.danger { (icon("trash-2", 14)) "Remove " (number(self.count)) " " (self.name()) }
                    }
                    a.btn href=(links::sync_of(slug).url()) { (icon("clock", 14)) "Wait" }
                }
            }
        }
    }

    fn table(&self, slug: &str, records: &[UnseenRecord], page: i64) -> Markup {
        let (name, total) = (self.name(), count(records.len()));
        let page = ClampedPage(page).within(total, PAGE);
        let first = usize::try_from((page - 1) * PAGE).unwrap_or(0);
        html! {
            div.scroll tabindex="0" role="region" aria-label=(format!("Held {name}")) {
                table.table data-total=(total) {
                    thead { tr {
                        th scope="col" { "Record" }
                        th scope="col" { "ID" }
                        @if self.has_stage() { th scope="col" { "Stage" } }
                        th scope="col" { span.sr { "Last response" } }
                    } }
                    tbody {
                        @for record in records.iter().skip(first).take(usize::try_from(PAGE).unwrap_or(25)) {
                            (self.row(slug, record))
                        }
                    }
                }
            }
            (pager_by("held", &format!("Pages of held {name}"), &links::sync_of(slug), page, total))
        }
    }

    fn row(&self, slug: &str, record: &UnseenRecord) -> Markup {
        let response = links::raw_record(slug, self.dataset, &record.crm_id).url();
        html! {
            tr {
                th scope="row" { span.who.t title=(record.name) { (record.name) } }
                td { code { (record.crm_id) } }
                @if self.has_stage() { td { (stages::stage_name(record.stage.as_deref())) } }
                td.num {
                    a.btn.plain href=(response) {
                        (icon("file-json", 15)) "Last response" span.sr { " about " (record.name) }
                    }
                }
            }
        }
    }

    fn name(&self) -> String {
        dataset_name(self.dataset).to_lowercase()
    }

    fn has_stage(&self) -> bool {
        matches!(self.dataset, Dataset::Contacts | Dataset::Deals)
    }
}

/// The moments between which a missing appointment counts as missing: the requested range, less a day at either end, as in syncs.
fn window(tenant: &Tenant, requests: &[&str]) -> Option<(EpochMs, EpochMs)> {
    let source = tenant.source_time();
    let query = requests.iter().find_map(|request| request.split_once('?'))?.1;
    let edge = |wanted: &str, days: i64| {
        let (_, text) = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == wanted)?;
        let local: DateTime = text.replace(' ', "T").parse().ok()?;
        source.moment_ms(local.saturating_add(Span::new().days(days)))
    };
    edge("from_date", 1).zip(edge("end_date", -1))
}

/// The contact whose notes a request was for.
fn contact(request: &str) -> Option<&str> {
    request.strip_prefix("read_client_history_notes/").map(|rest| rest.split(['?', '/']).next().unwrap_or(rest))
}
