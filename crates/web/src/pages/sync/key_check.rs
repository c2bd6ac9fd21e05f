//! Whether a brand's web key is good, as a worker found it.

use jiff::Timestamp;
use maud::{Markup, html};
use tetherboard_domain::FaultClass;
use tetherboard_store::credentials::KeyCheck;
use tetherboard_store::tenants::Tenant;

use super::moment;
use crate::address::links;
use crate::parts::{icon, time};

pub(crate) fn button(tenant: &Tenant, check: Option<&KeyCheck>) -> Markup {
    let asked = check.is_some_and(|check| check.answered_ms.is_none());
    html! {
        form method="post" action=(links::sync_act(&tenant.slug, "test-key")) {
            button.btn disabled[asked || !tenant.has_web_key] { (icon("key-round", 14)) "Test key" span.sr { " of " (tenant.name) } }
        }
    }
}

/// What the last test came to. `None` when none was asked for.
pub(crate) fn answer(tenant: &Tenant, check: Option<&KeyCheck>, now: Timestamp) -> Option<Markup> {
    let check = check?;
    let Some(answered) = check.answered_ms.map(moment) else {
        return Some(html! { span.told.info role="status" { (icon("refresh-cw", 14)) "The key is being tested…" } });
    };
    let when = html! { span.muted { " " (time::aging(answered, now, &tenant.zone)) } };
    Some(match &check.fault {
        None => {
            html! { span.told.success role="status" { (icon("circle-check", 14)) span { b { "The key is good." } " ClientTether answered with it." (when) } } }
        }
        Some((class, message)) => {
            let (what, cure) = words(*class);
            html! {
                span.told.danger role="status" { (icon("circle-x", 14)) span {
                    b { (what) } " " (cure) (when)
                    @if !message.is_empty() { span.l2.why { (message) } }
                } }
            }
        }
    })
}

fn words(class: FaultClass) -> (&'static str, &'static str) {
    match class {
        FaultClass::Credentials => (
            "ClientTether refuses the key.",
            "Copy the web key of this brand’s account again, set it, and test once more. If another brand’s key is refused too, it is the agency’s token.",
        ),
        FaultClass::Network | FaultClass::Timeout | FaultClass::HttpStatus => (
            "ClientTether did not answer, so the key could not be tested.",
            "That says nothing about the key. Test it again in some minutes.",
        ),
        FaultClass::ResultCode | FaultClass::Body => (
            "ClientTether took the key, but did not answer in its own form.",
            "The key seems to be right; test it again in some minutes, and ask ClientTether if it stays so.",
        ),
        FaultClass::Budget => {
            ("ClientTether asked us to wait, so the key was not tested.", "Test it again after the pause that it asked for.")
        }
    }
}
