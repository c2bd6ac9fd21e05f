//! The test of a brand's web key: its button, and its result.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::FaultClass;
use tetherboard_store::credentials::KeyCheck;
use tetherboard_store::tenants::Tenant;

use super::moment;
use crate::address::links;
use crate::parts::{icon, time};

/// The button that requests a test.
pub(super) fn button(tenant: &Tenant, check: Option<&KeyCheck>) -> Markup {
    let is_waiting = check.is_some_and(|check| check.answered_ms.is_none());
    html! {
        form method="post" action=(links::sync_act(&tenant.slug, "test-key")) {
            button.btn disabled[is_waiting || !tenant.has_web_key] {
                (icon("key-round", 14)) "Test key" span.sr { " of " (tenant.name) }
            }
        }
    }
}

/// The result of the last test; `None` if the key was never tested.
pub(super) fn result(tenant: &Tenant, check: Option<&KeyCheck>, now: Timestamp) -> Option<Markup> {
    let check = check?;
    let Some(tested_at) = check.answered_ms.map(moment) else {
        return Some(html! { span.told.info role="status" { (icon("refresh-cw", 14)) "The key is being tested…" } });
    };
    let when = html! { span.muted { " " (time::aging(tested_at, now, &tenant.zone)) } };
    Some(match &check.fault {
        None => {
            html! {
                span.told.success role="status" {
                    (icon("circle-check", 14)) span { b { "The key works." } " ClientTether accepted it." (when) }
                }
            }
        }
        Some((class, message)) => {
            let (problem, advice) = explain(*class);
            html! {
                span.told.danger role="status" { (icon("circle-x", 14)) span {
                    b { (problem) } " " (advice) (when)
                    @if !message.is_empty() { span.l2.why { (message) } }
                } }
            }
        }
    })
}

/// What happened, and what to do about it.
fn explain(class: FaultClass) -> (&'static str, &'static str) {
    match class {
        FaultClass::Credentials => (
            "ClientTether refused the key.",
            "Copy the web key from this brand’s account again, set it, and test it. If another brand’s key is also refused, \
             replace the agency’s access token.",
        ),
        FaultClass::Network | FaultClass::Timeout | FaultClass::HttpStatus => (
            "ClientTether did not respond, so the key could not be tested.",
            "The key may still be valid. Test it again in a few minutes.",
        ),
        FaultClass::ResultCode | FaultClass::Body => (
            "ClientTether accepted the key, but its response could not be read.",
            "Test the key again in a few minutes. If this continues, contact ClientTether support.",
        ),
        FaultClass::Budget => {
            ("ClientTether asked us to slow down, so the key was not tested.", "Test it again in a few minutes.")
        }
    }
}
