//! What each class of faults means, and the steps to fix it.

use maud::{Markup, html};
use tetherboard_domain::{FaultClass, SyncState};
use tetherboard_metrics::{CredentialRefusal, Freshness};
use tetherboard_store::tenants::Tenant;

use crate::address::links;

/// An explanation of one class of faults.
pub(super) struct FaultHelp {
    pub(super) what: &'static str,
    pub(super) meaning: &'static str,
    pub(super) steps: Vec<Markup>,
}

/// The explanation of a class. `next_run` says when the next run is; `is_ambiguous` says that a bad key cannot be distinguished from a bad
/// token.
pub(super) fn help(class: FaultClass, tenant: &Tenant, fresh: &Freshness, next_run: &str, is_ambiguous: bool) -> FaultHelp {
    let wait = html! { "Nothing for now. The next run, " (next_run) ", tries again and catches up." };
    let step = |text: &str| html! { (text) };
    // Longer than most functions because it is a table of texts, one arm per class.
    match class {
        FaultClass::Network => FaultHelp {
            what: "ClientTether could not be reached.",
            meaning: "No connection could be made: ClientTether, or the network between it and this server, was down. The key \
                and the token are not the cause.",
            steps: vec![
                wait,
                step("If several runs fail this way, open ClientTether in a browser. If it does not open, contact its support."),
                step("If it does open, ask your server administrator whether the server can reach ClientTether."),
            ],
        },
        FaultClass::Timeout => FaultHelp {
            what: "ClientTether did not respond in time.",
            meaning: "ClientTether accepted the request but did not finish it. It is probably busy, and this usually passes. The \
                key and the token are not the cause.",
            steps: vec![wait, step("If this continues for a day, send the request shown here to ClientTether’s support.")],
        },
        FaultClass::HttpStatus => FaultHelp {
            what: "ClientTether’s server returned an error.",
            meaning: "The problem is on ClientTether’s side and usually passes. The key and the token are not the cause.",
            steps: vec![wait, step("If the next runs fail too, send the request shown here to ClientTether’s support.")],
        },
        FaultClass::ResultCode => FaultHelp {
            what: "ClientTether reported that the request failed.",
            meaning: "ClientTether accepted the key and the token, and then failed with an error code. This often passes. If the \
                code stays the same, something about this account has changed.",
            steps: vec![
                wait,
                step(
                    "If the next run returns the same code, send the request shown here to ClientTether’s support and ask what \
                     the code means for this account.",
                ),
            ],
        },
        FaultClass::Body => FaultHelp {
            what: "ClientTether’s response could not be read in full.",
            meaning: "The response was cut off, malformed, or shorter than it said. Readable records were saved; records that \
                are missing from it were not removed.",
            steps: vec![
                step("Open the snapshots of the dataset below. The last one shows the response."),
                wait,
                step("If this continues, send the request shown here to ClientTether’s support."),
            ],
        },
        FaultClass::Budget => FaultHelp {
            what: "ClientTether asked us to slow down.",
            meaning: "Too many requests were made at once, by us or by others who use this account. We pause for as long as \
                ClientTether asks.",
            steps: vec![html! { "Nothing. Syncing resumes automatically " (next_run) "." }],
        },
        FaultClass::Credentials => refused(tenant, fresh, next_run, is_ambiguous),
    }
}

/// The help for a refusal. From the outside, a bad key and a bad token look the same; what to do differs.
fn refused(tenant: &Tenant, fresh: &Freshness, next_run: &str, is_ambiguous: bool) -> FaultHelp {
    match fresh.refused {
        Some(CredentialRefusal::Token { .. }) => FaultHelp {
            what: "ClientTether refused the agency’s access token.",
            meaning: "The token was also refused with another brand’s key, so the token is the cause. No brand can sync until \
                it is replaced. This brand’s key may be valid.",
            steps: vec![get_token(), set_token(), html! { "Press “Sync now”, or wait: we try again every hour." }],
        },
        Some(CredentialRefusal::Key { .. }) if !is_ambiguous => FaultHelp {
            what: "ClientTether refused this brand’s web key.",
            meaning: "The access token works for other brands, so the key is the cause: it was changed or revoked in \
                ClientTether. We try it every hour, but it has to be replaced.",
            steps: vec![get_key(tenant), set_key(tenant), test_key(tenant)],
        },
        None if fresh.state == SyncState::OnTime => FaultHelp {
            what: "ClientTether refused the key or the token.",
            meaning: "A later run succeeded, so the current key and token work.",
            steps: vec![html! { "Nothing." }],
        },
        Some(CredentialRefusal::Key { .. }) | None => FaultHelp {
            what: "ClientTether refused the web key or the access token.",
            meaning: "This run alone does not show which. If other brands sync, it is this brand’s key. If no brand does, it is \
                the agency’s token.",
            steps: vec![
                html! { "Check on the " a href=(links::SYNC) { "Sync page" } " whether other brands sync." },
                html! { "If they do: " (get_key(tenant)) " " (set_key(tenant)) },
                html! { "If none does: " (get_token()) " " (set_token()) },
                test_key(tenant),
                html! { "Until then, we try again every hour, next " (next_run) "." },
            ],
        },
    }
}

fn test_key(tenant: &Tenant) -> Markup {
    html! {
        "Press “Test key” on " a href=(links::sync_of(&tenant.slug).url()) { "this brand’s sync page" }
        ". If the key works, press “Sync now”."
    }
}

fn get_key(tenant: &Tenant) -> Markup {
    html! {
        "Sign in to ClientTether as " (tenant.name) ", open the API settings, and copy the web key. It starts with "
        code { "CT_" } "."
    }
}

fn set_key(tenant: &Tenant) -> Markup {
    html! {
        "Set it on the server: " code { "tetherboard tenant set --slug " (tenant.slug) " --web-key-stdin" }
        ", then paste the key."
    }
}

fn get_token() -> Markup {
    html! {
        "Get the current access token from ClientTether’s enterprise account. ClientTether replaces it when that account’s user "
        "name, level, or white-label ID changes."
    }
}

fn set_token() -> Markup {
    html! { "Set " code { "CLIENTTETHER_ACCESS_TOKEN" } " on the server, and restart Tetherboard." }
}
