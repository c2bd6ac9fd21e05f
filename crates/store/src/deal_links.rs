//! Links deals to contacts.

use tetherboard_domain::TenantId;

use crate::query::execute;
use crate::{Conn, Result};

/// Links every deal to its contact: by the CRM's `client_id`, or, for live deals without one, by name and company if
/// exactly one live contact matches. Other deals stay unlinked.
pub async fn relink<C: Conn>(conn: &C, tenant: TenantId) -> Result<()> {
    let by_id = "UPDATE pipeline_items SET contact_id = client_id \
                 WHERE tenant_id = $1 AND client_id IS NOT NULL AND (contact_id IS NULL OR contact_id <> client_id)";
    execute(conn, by_id, [tenant.into()]).await?;
    let clear =
        "UPDATE pipeline_items SET contact_id = NULL WHERE tenant_id = $1 AND client_id IS NULL AND contact_id IS NOT NULL";
    execute(conn, clear, [tenant.into()]).await?;
    let by_name = "UPDATE pipeline_items SET contact_id = fitting.crm_id FROM (\
                   SELECT link_key, MIN(crm_id) AS crm_id FROM leads WHERE tenant_id = $1 AND gone_ms IS NULL AND link_key IN (\
                   SELECT link_key FROM pipeline_items WHERE tenant_id = $1 AND client_id IS NULL AND gone_ms IS NULL) \
                   GROUP BY link_key HAVING COUNT(*) = 1) AS fitting \
                   WHERE pipeline_items.tenant_id = $1 AND client_id IS NULL AND gone_ms IS NULL \
                   AND pipeline_items.link_key = fitting.link_key";
    execute(conn, by_name, [tenant.into()]).await?;
    Ok(())
}
