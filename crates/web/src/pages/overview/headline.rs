//! The headline: new leads and their change, and who is one step from signing.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::{ContactId, NO_NAME};
use tetherboard_metrics::{Board, StageLine};
use tetherboard_store::Result as StoreResult;
use tetherboard_store::leads::{self, ContactTypes, LeadFilter, LeadRow, LeadSort};
use tetherboard_store::tenants::Tenant;

use super::OverviewView;
use crate::address::links;
use crate::cache::CacheKey;
use crate::parts::candidate::display_name;
use crate::parts::format::{clipped, compared, counted, number};
use crate::parts::new_leads::{comparison, new_leads_link};
use crate::parts::shell::Shell;
use crate::parts::stages::stage_link;
use crate::read::hot_list::HotListData;
use crate::state::Portal;

/// The most candidates of the last step that are loaded to find the one to name.
const MOST_CANDIDATES: i64 = 500;

/// The candidate one step from signing who is named.
pub(super) struct NearestToSigning {
    contact_id: ContactId,
    /// `None` if the CRM has neither a name nor an email.
    name: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct NearestKey;

impl CacheKey for NearestKey {
    type Value = Option<NearestToSigning>;

    fn size(_: &Option<NearestToSigning>) -> usize {
        200
    }
}

/// The candidate of the last step before signing who ranks highest on the hot list, or is first by name.
pub(super) async fn nearest_to_signing(
    portal: &Portal,
    tenant: &Tenant,
    board: &Board,
    hot_list: &HotListData,
    now: Timestamp,
) -> StoreResult<Arc<Option<NearestToSigning>>> {
    let load = async || {
        let Some(place) = board.last_step() else { return Ok(None) };
        let filter = LeadFilter {
            stages: vec![board.place_filter(&place)],
            types: Some(ContactTypes::Prospects),
            ..LeadFilter::default()
        };
        let part = (0, MOST_CANDIDATES);
        let rows = leads::list(portal.store.conn(), tenant.id, &filter, LeadSort::Name, false, &[], part).await?;
        let by_id: HashMap<&ContactId, &LeadRow> = rows.iter().map(|row| (&row.crm_id, row)).collect();
        let mut ranked = hot_list.list.items.iter().filter_map(|item| by_id.get(item.contact_id.as_ref()?).copied());
        Ok(ranked.next().or(rows.first()).map(|row| NearestToSigning {
            contact_id: row.crm_id.clone(),
            name: Some(display_name(&row.name, &row.email)).filter(|name| *name != NO_NAME).map(str::to_owned),
        }))
    };
    portal.cache.get(tenant, now, NearestKey, load).await
}

/// The headline of the page.
pub(super) fn headline(shell: &Shell<'_>, view: &OverviewView) -> Markup {
    let (slug, numbers) = (&shell.tenant().slug, &view.numbers);
    let last_step = numbers.board.last_step();
    let mut stages = numbers.pipeline.stages.iter();
    let last = stages.find(|line| Some(&line.place) == last_step.as_ref() && line.contacts > 0);
    html! {
        h1.hero {
            (new_leads(shell, view)) " "
            @match last {
                Some(line) => (one_step_from_signing(slug, line, view.nearest.as_ref().as_ref())),
                None => {
                    a href=(links::leads(slug).with("in", "qualified").url()) data-count=(numbers.pipeline.qualified) {
                        (counted(numbers.pipeline.qualified, "candidate", "candidates"))
                    }
                    (if numbers.pipeline.qualified == 1 { " is" } else { " are" }) " qualified."
                }
            }
        }
    }
}

/// `12 new leads this week, 3 more than this time last week.`
fn new_leads(shell: &Shell<'_>, view: &OverviewView) -> Markup {
    let Some(new) = view.new else {
        return html! { "No data yet " (view.query.period().phrase()) "." };
    };
    let count = new.this.contacts;
    html! {
        a href=(new_leads_link(&shell.tenant().slug, &new).url()) data-count=(count) { (counted(count, "new lead", "new leads")) }
        " " (new.period.period.phrase())
        @if let Some((_, before)) = new.before {
            ", " (compared(count, before.contacts, &comparison(shell, view.query, &new)))
        }
        "."
    }
}

/// `Ada Ash is one step from signing.`, `3 candidates are one step from signing: Ada Ash and 2 more.`
fn one_step_from_signing(slug: &str, line: &StageLine, nearest: Option<&NearestToSigning>) -> Markup {
    let name = nearest.and_then(|nearest| {
        let link = links::candidate(slug, &nearest.contact_id).url();
        let name = nearest.name.as_deref()?;
        Some(html! { a.name href=(link) data-candidate { (clipped(name)) } })
    });
    html! {
        @match name {
            Some(name) if line.contacts == 1 => { (name) " is one step from signing." }
            name => {
                a href=(stage_link(slug, line.stage.as_deref()).url()) data-count=(line.contacts) {
                    (counted(line.contacts, "candidate", "candidates"))
                }
                (if line.contacts == 1 { " is" } else { " are" }) " one step from signing"
                @if let Some(name) = name { ": " (name) " and " (number(line.contacts - 1)) " more" }
                "."
            }
        }
    }
}
