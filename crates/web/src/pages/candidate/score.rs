//! How near a candidate of a late stage is to a signature, and why.

use maud::{Markup, html};

use super::{CandidateView, nothing};
use crate::links;
use crate::pages::hot_list::reasons;
use crate::pages::hot_list::words::Then;
use crate::parts::shell::Shell;
use crate::parts::status::badge;
use crate::parts::time;
use crate::parts::words::number;

pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let Some((item, as_of)) = view.hot_list.of_contact(&view.candidate.crm_id) else { return nothing() };
    let then = Then::of(as_of, shell.tenant());
    html! {
        section.drawer-sec.cand-score {
            div.flex.wrapf {
                h2 { "Hot list" }
                a.sub href=(links::hot_list(&shell.tenant().slug).url()) { "rank " (number(item.place)) }
                span.push { (badge(item.status)) }
            }
            p.sub { (then.next_step(&item.next)) " · as of " (time::exact(as_of, &shell.tenant().zone)) }
            (reasons(then, item, &view.hot_list.rules))
        }
    }
}
