//! Links deals to contacts.

use std::collections::BTreeSet;

use tetherboard_domain::{ContactId, Dataset, EpochMs, TenantId};

use crate::history::{self, ValueChange};
use crate::query::{Query, execute, rows};
use crate::{Conn, Result};

/// Links every deal to its contact: by the CRM's `client_id`, or, for live deals without one, by name and company if
/// exactly one live contact matches. Other deals stay unlinked. Records new links of known deals, and contacts with their first
/// deal.
pub async fn relink<C: Conn>(conn: &C, tenant: TenantId, now_ms: EpochMs) -> Result<()> {
    let by_id = "SELECT crm_id, first_seen_ms, contact_id, client_id FROM pipeline_items \
                 WHERE tenant_id = $1 AND client_id IS NOT NULL AND (contact_id IS NULL OR contact_id <> client_id)";
    let mut changes = changed_links(conn, tenant, by_id).await?;
    if !changes.is_empty() {
        let text = "UPDATE pipeline_items SET contact_id = client_id \
                    WHERE tenant_id = $1 AND client_id IS NOT NULL AND (contact_id IS NULL OR contact_id <> client_id)";
        execute(conn, text, [tenant.into()]).await?;
    }
    let by_name = format!(
        "SELECT d.crm_id, d.first_seen_ms, d.contact_id, fitting.crm_id FROM pipeline_items d LEFT JOIN ({FITTING}) AS fitting \
         ON fitting.link_key = d.link_key AND d.gone_ms IS NULL WHERE d.tenant_id = $1 AND d.client_id IS NULL"
    );
    let named = changed_links(conn, tenant, &by_name).await?;
    if !named.is_empty() {
        let clear =
            "UPDATE pipeline_items SET contact_id = NULL WHERE tenant_id = $1 AND client_id IS NULL AND contact_id IS NOT NULL";
        execute(conn, clear, [tenant.into()]).await?;
        let text = format!(
            "UPDATE pipeline_items SET contact_id = fitting.crm_id FROM ({FITTING}) AS fitting \
             WHERE pipeline_items.tenant_id = $1 AND client_id IS NULL AND gone_ms IS NULL \
             AND pipeline_items.link_key = fitting.link_key"
        );
        execute(conn, &text, [tenant.into()]).await?;
    }
    changes.extend(named);
    let owners = changes.iter().filter_map(|change| change.new.clone()).collect();
    let known = changes.into_iter().filter(|change| change.first_seen_ms < now_ms);
    let known: Vec<ValueChange> = known.map(|change| change.seen(now_ms)).collect();
    history::record_values(conn, tenant, &known).await?;
    mark_owners(conn, tenant, owners, now_ms).await
}

/// The only live contact with each name and company that a deal without a contact ID has.
const FITTING: &str = "SELECT link_key, MIN(crm_id) AS crm_id FROM leads WHERE tenant_id = $1 AND gone_ms IS NULL AND link_key IN (\
    SELECT link_key FROM pipeline_items WHERE tenant_id = $1 AND client_id IS NULL AND gone_ms IS NULL) \
    GROUP BY link_key HAVING COUNT(*) = 1";

/// A deal's link to a contact that is not the stored one.
struct ChangedLink {
    deal: String,
    first_seen_ms: EpochMs,
    old: Option<String>,
    new: Option<String>,
}

impl ChangedLink {
    fn seen(self, now_ms: EpochMs) -> ValueChange {
        ValueChange::seen_at(now_ms, Dataset::Deals, &self.deal, "contact", (self.old, self.new))
    }
}

/// The links that differ from the stored ones, in the rows of a query: deal, first seen, stored contact, right contact.
async fn changed_links<C: Conn>(conn: &C, tenant: TenantId, text: &str) -> Result<Vec<ChangedLink>> {
    let mut changed = Vec::new();
    for row in rows(conn, text, [tenant.into()]).await? {
        let link = ChangedLink {
            deal: row.try_get_by_index(0)?,
            first_seen_ms: row.try_get_by_index(1)?,
            old: row.try_get_by_index(2)?,
            new: row.try_get_by_index(3)?,
        };
        changed.extend(Some(link).filter(|link| link.old != link.new));
    }
    Ok(changed)
}

/// Marks the new contacts that deals named before the CRM listed them.
pub async fn mark_new_contacts<C: Conn>(conn: &C, tenant: TenantId, ids: &[String], now_ms: EpochMs) -> Result<()> {
    let mut owners = BTreeSet::new();
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new("SELECT DISTINCT contact_id FROM pipeline_items WHERE tenant_id = ");
        query.bind(tenant).push(" AND contact_id IN ").bind_list(chunk.iter().cloned());
        for row in query.rows(conn).await? {
            owners.insert(row.try_get_by_index(0)?);
        }
    }
    mark_owners(conn, tenant, owners, now_ms).await
}

/// Marks contacts as having had a deal of their own.
async fn mark_owners<C: Conn>(conn: &C, tenant: TenantId, ids: BTreeSet<String>, now_ms: EpochMs) -> Result<()> {
    let ids: Vec<ContactId> = ids.into_iter().map(ContactId).collect();
    for chunk in ids.chunks(1_000) {
        let mut query = Query::new("UPDATE leads SET had_deal_ms = ");
        query.bind(now_ms).push(" WHERE had_deal_ms IS NULL AND tenant_id = ").bind(tenant);
        query.push(" AND crm_id IN ").bind_list(chunk.iter().cloned());
        query.execute(conn).await?;
    }
    Ok(())
}
