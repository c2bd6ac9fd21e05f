//! How near a candidate of a late stage is to a signature, and why.

use maud::{Markup, html};

use super::{CandidateView, nothing};
use crate::address::links;
use crate::parts::format::number;
use crate::parts::hot_list::HotListFormat;
use crate::parts::score::reasons;
use crate::parts::shell::Shell;
use crate::parts::status::badge;
use crate::parts::time;

pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let Some((item, as_of)) = view.hot_list.of_contact(&view.candidate.crm_id) else { return nothing() };
    let display = HotListFormat::of(as_of, shell.tenant());
    html! {
        section.drawer-sec.cand-score {
            div.flex.wrapf {
                h2 { "Hot list" }
                a.sub href=(links::hot_list(&shell.tenant().slug).url()) { "rank " (number(item.place)) }
                span.push { (badge(item.status)) }
            }
            p.sub { (display.next_step(&item.next)) " · as of " (time::exact(as_of, &shell.tenant().zone)) }
            (reasons(display, item, &view.hot_list.rules))
        }
    }
}
