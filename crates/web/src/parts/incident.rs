//! The banner for a refused access token. All brands share the token, so it is one incident with one solution.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use tetherboard_domain::{EpochMs, Zone};
use tetherboard_store::credentials::TokenHealth;
use tetherboard_store::tenants::Tenant;

use super::{icon, time};

/// The banner, in the zone of the first brand: the agency has no zone of its own.
pub(crate) fn banner(token: TokenHealth, tenants: &[Tenant], now: Timestamp) -> Markup {
    let utc = Zone::utc();
    let zone = tenants.first().map_or(&utc, |tenant| &tenant.zone);
    let moment = |ms: Option<EpochMs>| ms.and_then(time::moment);
    let since = moment(token.refused_ms).unwrap_or(now);
    let next = moment(token.tried_ms).unwrap_or(since) + SignedDuration::from_hours(1);
    html! {
        div.banner.danger id="incident" role="alert" {
            (icon("key-round", 18))
            div {
                b {
                    "ClientTether has refused the agency’s access token since " (time::exact(since, zone))
                    ". No brand can sync."
                }
                p {
                    "All brands share this token, and it was also refused with another brand’s web key. "
                    "Every brand still sees its saved data and how old it is. No data has been lost. "
                    @if next > now { "The next attempt is " (time::in_sentence(next, now, zone)) "." }
                    @else { "The next attempt is the next run." }
                }
                ol.todo {
                    li {
                        "Get the current token from ClientTether’s enterprise account. ClientTether replaces it when that "
                        "account’s user name, level, or white-label ID changes."
                    }
                    li {
                        "Set " code { "CLIENTTETHER_ACCESS_TOKEN" } " to it on the server that runs Tetherboard, and restart "
                        "the server."
                    }
                    li {
                        "Click “Sync now” for any brand. Once its run succeeds, this notice goes away and the other brands "
                        "sync within the hour."
                    }
                }
            }
        }
    }
}
