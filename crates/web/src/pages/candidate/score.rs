//! The hot list score of a candidate in a late stage, with its reasons.

use maud::{Markup, html};

use super::CandidateView;
use crate::address::links;
use crate::parts::format::number;
use crate::parts::hot_list::HotListFormat;
use crate::parts::score::reasons;
use crate::parts::shell::{EMPTY, Shell};
use crate::parts::status::badge;
use crate::parts::time;

/// The score; nothing for a candidate who is not on the hot list.
pub(super) fn section(shell: &Shell<'_>, view: &CandidateView) -> Markup {
    let Some((item, as_of)) = view.hot_list.of_contact(&view.candidate.crm_id) else { return EMPTY };
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
