//! Records that a read did not show any more, so many at once that the agency is asked before they go.

use jiff::Span;
use jiff::civil::DateTime;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, Dataset, EpochMs};
use tetherboard_store::runs::{DatasetReport, Run};
use tetherboard_store::snapshots::{self, UnseenRecord};
use tetherboard_store::tenants::Tenant;
use url::form_urlencoded;

use crate::address::links;
use crate::http::error::HttpResult;
use crate::parts::format::{count, number};
use crate::parts::freshness::dataset_name;
use crate::parts::table::{PAGE, pager_by};
use crate::parts::{icon, stages};
use crate::state::Portal;

/// One data set's held records, and where in their list one is.
pub(super) struct Held {
    dataset: Dataset,
    count: i64,
    /// `None` when the answers that would tell are not kept any more.
    records: Option<Vec<UnseenRecord>>,
}

impl Held {
    pub(super) async fn of(portal: &Portal, tenant: &Tenant, run: &Run, report: &DatasetReport) -> HttpResult<Self> {
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
        let (slug, name) = (&tenant.slug, dataset_name(self.dataset).to_lowercase());
        let list = links::sync_of(slug);
        html! {
            section.card id=(format!("held-{}", self.dataset)) {
                div.banner.wait.flush {
                    (icon("hand", 18))
                    div {
                        b { "Held: " (number(self.count)) " " (name) " gone?" }
                        p {
                            "The last read of " (name) " was whole, but did not show these any more. So many at once look more like a fault in ClientTether, "
                            "or a changed permission, than like work, so the saved ones stay in every number until you decide."
                        }
                    }
                }
                div.card-body.roomy.stack.tight {
                    dl.facts-list {
                        div { dt.sub { "If they are really gone" } dd { "Confirm it. The next run removes them, with all that hangs on them, from the pages; the answers that showed them stay in the snapshots." } }
                        div { dt.sub { "If they are not" } dd { "Wait. When ClientTether shows them again, this goes by itself; nothing has to be undone." } }
                    }
                    div.flex.wrapf {
                        form method="post" action=(links::sync_act(slug, "accept")) {
                            input type="hidden" name="dataset" value=(self.dataset);
                            button.btn.danger { (icon("trash-2", 14)) "They are gone: remove " (number(self.count)) " " (name) }
                        }
                        a.btn href=(list.clone().url()) { (icon("clock", 14)) "Wait" }
                    }
                }
                @match &self.records {
                    Some(records) => {
                        @let total = count(records.len());
                        @let page = page.min((total + PAGE - 1) / PAGE).max(1);
                        @let skip = usize::try_from((page - 1) * PAGE).unwrap_or(0);
                        div.scroll tabindex="0" role="region" aria-label=(format!("Held {name}")) {
                            table.table data-total=(total) {
                                thead { tr { th scope="col" { "Record" } th scope="col" { "Id" } @if self.has_stage() { th scope="col" { "Stage" } } th scope="col" { span.sr { "Last seen as" } } } }
                                tbody { @for record in records.iter().skip(skip).take(usize::try_from(PAGE).unwrap_or(25)) {
                                    tr {
                                        th scope="row" { span.who.t title=(record.name) { (record.name) } }
                                        td { code { (record.crm_id) } }
                                        @if self.has_stage() { td { (stages::stage_name(record.stage.as_deref())) } }
                                        td.num { a.btn.plain href=(links::raw_record(slug, self.dataset, &record.crm_id).url()) { (icon("file-json", 15)) "Last answer" span.sr { " about " (record.name) } } }
                                    }
                                } }
                            }
                        }
                        (pager_by("held", &format!("Pages of held {name}"), &list, page, total))
                    }
                    None => div.card-foot { "Which ones they are cannot be listed any more: the answers of that run were thinned out." },
                }
            }
        }
    }

    fn has_stage(&self) -> bool {
        matches!(self.dataset, Dataset::Contacts | Dataset::Deals)
    }
}

/// Between which moments a read of the calendar could miss something: what it asked for, by its own requests, less a
/// day at either end, as syncs have it.
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

/// Whose notes a request asked for.
fn contact(request: &str) -> Option<&str> {
    request.strip_prefix("read_client_history_notes/").map(|rest| rest.split(['?', '/']).next().unwrap_or(rest))
}
