//! All prospects by stage and role, whenever they were created.

use maud::{Markup, html};
use tetherboard_metrics::{LeadGroup, StageLine};

use super::LeadsView;
use crate::address::links;
use crate::parts::format::{counted, number};
use crate::parts::stages::{RoleGroup, role_class, role_groups, role_link, role_name, stage, stage_link};
use crate::parts::table::{count_link, role_bar};

/// The card of the current status, with totals that add up.
pub(super) fn current_status(slug: &str, view: &LeadsView) -> Markup {
    let pipeline = &view.numbers.pipeline;
    let most = pipeline.stages.iter().map(|line| line.contacts).max().unwrap_or(0).max(1);
    let groups = role_groups(pipeline);
    html! {
        section.card.c-5 id="current-status" {
            div.card-head {
                h2 { "Current status" }
                span.sub { (counted(view.numbers.summary.prospects, "prospect", "prospects")) ", all time" }
            }
            div.scroll.mt2 tabindex="0" role="region" aria-label="Prospects by stage, grouped by role" {
                table.table.breakdown {
                    thead.sr { tr { th scope="col" { "Stage" } th scope="col" { "Bar" } th scope="col" { "Prospects" } } }
                    @for group in groups.iter().filter(|group| group.contacts > 0) {
                        (role_rows(slug, group, &pipeline.stages, most))
                    }
                }
            }
            (totals(slug, view, &groups))
        }
    }
}

fn role_rows(slug: &str, group: &RoleGroup, lines: &[StageLine], most: i64) -> Markup {
    html! {
        tbody {
            tr {
                th scope="rowgroup" colspan="2" { (role_name(group.role)) }
                th.num scope="rowgroup" { (count_link(group.contacts, role_link(slug, group.role))) }
            }
            @for line in lines.iter().filter(|line| line.contacts > 0 && line.role.as_str() == group.role.as_str()) {
                tr {
                    th scope="row" { (stage(line.stage.as_deref(), line.role)) }
                    td.c-bar { (role_bar(role_class(line.role), 100 * line.contacts / most)) }
                    td.num { (count_link(line.contacts, stage_link(slug, line.stage.as_deref()))) }
                }
            }
        }
    }
}

fn totals(slug: &str, view: &LeadsView, groups: &[RoleGroup]) -> Markup {
    let (summary, board) = (&view.numbers.summary, &view.numbers.board);
    let open = view.numbers.pipeline.stages.iter().filter(|line| board.is_in(LeadGroup::Open, &line.place));
    let open: i64 = open.map(|line| line.contacts).sum();
    let of_role = |name: &str| groups.iter().find(|group| group.role.as_str() == name).map_or(0, |group| group.contacts);
    let linked = |count: i64, key: &str, value: &str| count_link(count, links::leads(slug).with(key, value));
    html! {
        div.card-foot.sums {
            span {
                (count_link(summary.total, links::leads(slug))) " contacts = "
                (linked(summary.prospects, "type", "prospects")) " prospects + "
                (linked(summary.total - summary.prospects, "type", "others")) " other types"
            }
            span {
                b { (number(summary.prospects)) } " prospects = "
                (linked(summary.in_pipeline, "in", "pipeline")) " in pipeline + "
                (linked(summary.inactive, "in", "inactive")) " inactive"
            }
            span {
                b { (number(summary.in_pipeline)) } " in pipeline = " (linked(open, "in", "open")) " open + "
                (linked(of_role("awarded"), "role", "awarded")) " awarded + "
                (linked(of_role("parked"), "role", "parked")) " parked"
            }
        }
    }
}
