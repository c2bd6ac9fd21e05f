//! A date that is most likely a typing mistake.

use maud::{Markup, html};
use tetherboard_domain::EpochMs;

use super::shell::Shell;
use super::{icon, time};

/// The day of a doubtful date with a warning. Nothing is concluded from it.
pub(crate) fn doubtful_date(shell: &Shell<'_>, at_ms: Option<EpochMs>) -> Markup {
    const WHY: &str = "ClientTether has this date, which is most likely a typing mistake. Nothing is concluded from it.";
    let zone = &shell.tenant().zone;
    let day = at_ms.and_then(time::moment).map(|at| time::day_of_year(zone.date(at), zone.date(shell.now)));
    html! {
        span.badge.warning title=(WHY) data-doubtful {
            (icon("triangle-alert", 13)) "Doubtful date" @if let Some(day) = day { ": " (day) }
        }
    }
}
