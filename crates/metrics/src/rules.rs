//! The rules of a brand's hot list and statuses.

use tetherboard_domain::{HotListRules, TenantId};
use tetherboard_store::{Conn, Result, hot_list};

/// Loads the rules that the agency set last, or the default rules.
///
/// # Errors
/// When the database fails.
pub async fn hot_list_rules<C: Conn>(conn: &C, tenant: TenantId) -> Result<HotListRules> {
    let Some(set) = hot_list::rules(conn, tenant).await? else { return Ok(HotListRules::default()) };
    // Rules are checked when they are saved, but a later version can have removed a name.
    Ok(HotListRules::parse(&set.rules).unwrap_or_else(|error| {
        tracing::error!(tenant.id = %tenant, %error, "stored hot list rules are not valid; using the defaults");
        HotListRules::default()
    }))
}
