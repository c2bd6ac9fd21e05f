//! Stages on a page: the CRM's name with its role's color, and the pipeline as one strip.

use maud::{Markup, html};
use tetherboard_domain::{Role, StageRole, is_visible};
use tetherboard_metrics::{Board, LeadGroup, Pipeline, StageLine};

use crate::address::label::with_label;
use crate::address::links::{Link, leads};
use crate::parts::format::{count, counted, number};

/// The class that colors a stage: of its confirmed role, else of the suggested one.
pub(crate) fn role_class(role: StageRole) -> &'static str {
    match role.likely() {
        Some(role) => role.as_str(),
        None => "unlisted",
    }
}

/// The name of a stage's role on a page.
pub(crate) fn role_name(role: StageRole) -> &'static str {
    match role {
        StageRole::Confirmed(Role::New) => "New",
        StageRole::Confirmed(Role::Working) => "Working",
        StageRole::Confirmed(Role::Qualified) => "Qualified",
        StageRole::Confirmed(Role::Late) => "Late",
        StageRole::Confirmed(Role::Awarded) => "Awarded",
        StageRole::Confirmed(Role::Parked) => "Parked",
        StageRole::Confirmed(Role::Inactive) => "Inactive",
        StageRole::Unconfirmed(_) => "Unconfirmed",
        StageRole::Unlisted => "Unlisted",
    }
}

/// A role's color and the CRM's name, on one line.
pub(crate) fn stage(name: Option<&str>, role: StageRole) -> Markup {
    let name = stage_name(name);
    html! {
        span.stage { i class=(format!("sw r-{}", role_class(role))) {} span.t title=(name) { (name) } }
    }
}

/// The name of a stage on a page.
pub(crate) fn stage_name(name: Option<&str>) -> &str {
    match name {
        None => "Unreadable",
        Some("") => "No stage",
        Some(name) if !is_visible(name) => "Invisible name",
        Some(name) => name,
    }
}

/// The prospects of one stage.
pub(crate) fn stage_link(slug: &str, stage: Option<&str>) -> Link {
    with_label(leads(slug), "stage", stage).with("type", "prospects")
}

/// Prospects of stages that share a role.
pub(crate) struct RoleGroup {
    pub(crate) role: StageRole,
    pub(crate) contacts: i64,
    /// The names of its first and last stage.
    pub(crate) first: String,
    pub(crate) last: String,
}

/// The groups in the order of their first stages.
pub(crate) fn role_groups(pipeline: &Pipeline) -> Vec<RoleGroup> {
    let mut groups: Vec<RoleGroup> = Vec::new();
    for line in &pipeline.stages {
        let name = stage_name(line.stage.as_deref()).to_owned();
        match groups.iter_mut().find(|group| group.role.as_str() == line.role.as_str()) {
            Some(group) => {
                group.contacts += line.contacts;
                group.last = name;
            }
            None => groups.push(RoleGroup { role: line.role, contacts: line.contacts, first: name.clone(), last: name }),
        }
    }
    groups
}

/// The prospects of one role.
pub(crate) fn role_link(slug: &str, role: StageRole) -> Link {
    leads(slug).with("role", role.as_str())
}

/// The pipeline as one strip in the CRM's order, with widths by count and a legend by role.
pub(crate) fn strip(slug: &str, board: &Board, pipeline: &Pipeline) -> Markup {
    let inside = |line: &&StageLine| line.contacts > 0 && board.is_in(LeadGroup::Pipeline, &line.place);
    let lines: Vec<&StageLine> = pipeline.stages.iter().filter(inside).collect();
    let groups = role_groups(pipeline);
    let keys = groups.iter().filter(|group| !group.role.is_inactive());
    html! {
        div.strip {
            @if !lines.is_empty() {
                @let class = if lines.len() > 24 { "strip-row dense no-phone" } else { "strip-row no-phone" };
                nav class=(class) aria-label="Stages, by number of candidates" {
                    @for line in &lines {
                        @let label = format!("{}: {}", stage_name(line.stage.as_deref()), number(line.contacts));
                        a class=(format!("r-{}", role_class(line.role))) style=(format!("--n:{}", line.contacts))
                            title=(label) aria-label=(label) data-count=(line.contacts)
                            href=(stage_link(slug, line.stage.as_deref()).url()) {}
                    }
                }
                div.strip-row.only-phone aria-hidden="true" {
                    @for line in &lines {
                        i class=(format!("r-{}", role_class(line.role))) style=(format!("--n:{}", line.contacts)) {}
                    }
                }
            }
            div.strip-keys {
                @for group in keys {
                    a class=(format!("k-{}", key_class(group.role))) data-count=(group.contacts)
                        href=(role_link(slug, group.role).url()) {
                        b { (number(group.contacts)) }
                        span.nm { (role_name(group.role)) }
                        span { @if group.first == group.last { (group.first) } @else { (group.first) " to " (group.last) } }
                    }
                }
            }
        }
    }
}

fn key_class(role: StageRole) -> &'static str {
    match role {
        StageRole::Confirmed(role) => role.as_str(),
        StageRole::Unconfirmed(_) => "unconfirmed",
        StageRole::Unlisted => "unlisted",
    }
}

/// A notice that some roles are not confirmed, or that some stages are not in the CRM's list; `None` if all is well.
pub(crate) fn unconfirmed_notice(board: &Board, pipeline: &Pipeline, is_agency: bool) -> Option<Markup> {
    let unlisted = count(pipeline.stages.iter().filter(|line| line.role == StageRole::Unlisted).count());
    let unconfirmed = count(board.unconfirmed());
    if unconfirmed == 0 && unlisted == 0 {
        return None;
    }
    Some(html! {
        div.notice.warning {
            (super::toned_icon("info", 15))
            span {
                @if unconfirmed > 0 {
                    (counted(unconfirmed, "stage has an unconfirmed role", "stages have unconfirmed roles"))
                    ". Until confirmed, " (if unconfirmed == 1 { "it counts" } else { "they count" }) " as open. "
                    @if is_agency { "Confirm roles with " code { "tetherboard tenant set --stage-role" } ". " }
                }
                @if unlisted > 0 {
                    "Some candidates are in " (counted(unlisted, "stage", "stages"))
                    " missing from ClientTether’s stage list; they count as open."
                }
            }
        }
    })
}
