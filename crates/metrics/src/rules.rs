//! The rules that a brand's candidates are told by.

use tetherboard_domain::{HotListRules, TenantId};
use tetherboard_store::{Conn, Result, hot_list};

/// The latest that the agency set, else the usual ones.
///
/// # Errors
/// When the database does not answer.
pub async fn hot_list_rules<C: Conn>(conn: &C, tenant: TenantId) -> Result<HotListRules> {
    let Some(set) = hot_list::rules(conn, tenant).await? else { return Ok(HotListRules::default()) };
    // They are checked on the way in; a later version may have taken a name away.
    Ok(HotListRules::parse(&set.rules).unwrap_or_else(|error| {
        tracing::error!(tenant.id = %tenant, %error, "stored hot list rules cannot be used; the usual ones are");
        HotListRules::default()
    }))
}
