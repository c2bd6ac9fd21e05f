//! One token is shared by all brands: when it is refused there is one thing to say and one to do, not one for each.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{EpochMs, Zone};
use tetherboard_store::credentials::TokenHealth;
use tetherboard_store::tenants::Tenant;

use super::{icon, time};

/// In the zone of the first brand: the agency has none of its own.
pub(crate) fn banner(token: TokenHealth, tenants: &[Tenant], now: Timestamp) -> Markup {
    let utc = Zone::utc();
    let zone = tenants.first().map_or(&utc, |tenant| &tenant.zone);
    let told = |ms: Option<EpochMs>| ms.and_then(time::moment);
    let since = told(token.refused_ms).unwrap_or(now);
    let again = told(token.tried_ms).unwrap_or(since) + SignedDuration::from_hours(1);
    html! {
        div.banner.danger id="incident" role="alert" {
            (icon("key-round", 18))
            div {
                b { "ClientTether refuses the agency’s access token since " (time::exact(since, zone)) ": no brand can be read." }
                p {
                    "One token opens all brands, and it is tried with another brand’s key before it is blamed. Every brand’s people see the saved data with its age; nothing is lost. "
                    @if again > now { "It is tried again " (time::told(again, now, zone)) "." } @else { "It is tried again with the next run." }
                }
                ol.todo {
                    li { "Get the token that is valid now from ClientTether’s enterprise account. ClientTether changes it by itself when that account’s user name, level or white-label id changes." }
                    li { "Put it into " code { "CLIENTTETHER_ACCESS_TOKEN" } " on the server that runs Tetherboard, and restart it." }
                    li { "Press “Sync now” at any brand. When its run is answered, this notice goes and the others follow within the hour." }
                }
            }
        }
    }
}
