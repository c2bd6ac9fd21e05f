//! Stages on a page: the CRM's name with a swatch of its role, and the strip of the whole pipeline.

use maud::{Markup, html};
use tetherboard_domain::{Role, StageRole};
use tetherboard_metrics::{Board, Pipeline, StageLine};

use crate::address::label::with_label;
use crate::address::links::{Link, leads};
use crate::parts::format::{count, counted, number};

/// The class that colours a stage: its confirmed role's, else the suggested one's.
pub(crate) fn role_class(role: StageRole) -> &'static str {
    match role.likely() {
        Some(role) => role.as_str(),
        None => "unlisted",
    }
}

/// What a person calls a stage's role.
pub(crate) fn role_name(role: StageRole) -> &'static str {
    match role {
        StageRole::Confirmed(Role::New) => "New",
        StageRole::Confirmed(Role::Working) => "Working",
        StageRole::Confirmed(Role::Qualified) => "Qualified",
        StageRole::Confirmed(Role::Late) => "Late",
        StageRole::Confirmed(Role::Awarded) => "Awarded",
        StageRole::Confirmed(Role::Parked) => "Parked",
        StageRole::Confirmed(Role::Inactive) => "Inactive",
        StageRole::Unconfirmed(_) => "Not confirmed",
        StageRole::Unlisted => "Not in the list",
    }
}

/// A swatch and the CRM's name, one line however long it is.
pub(crate) fn stage(name: Option<&str>, role: StageRole) -> Markup {
    let name = shown(name);
    html! {
        span.stage { i class=(format!("sw r-{}", role_class(role))) {} span.t title=(name) { (name) } }
    }
}

/// A stage's name where people read it.
pub(crate) fn shown(name: Option<&str>) -> &str {
    match name {
        None => "Not readable",
        Some("") => "No stage",
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
    pub(crate) first: String,
    pub(crate) last: String,
}

/// Groups in the order in which their stages come.
pub(crate) fn role_groups(pipeline: &Pipeline) -> Vec<RoleGroup> {
    let mut groups: Vec<RoleGroup> = Vec::new();
    for line in &pipeline.stages {
        let name = shown(line.stage.as_deref()).to_owned();
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

/// The whole pipeline in the CRM's order: widths by count, and a key for each role.
pub(crate) fn strip(slug: &str, board: &Board, pipeline: &Pipeline) -> Markup {
    let inside = |line: &&StageLine| line.contacts > 0 && board.is_in(tetherboard_metrics::LeadGroup::Pipeline, &line.place);
    let lines: Vec<&StageLine> = pipeline.stages.iter().filter(inside).collect();
    let groups = role_groups(pipeline);
    let keys = groups.iter().filter(|group| !group.role.is_inactive());
    html! {
        div.strip {
            @if !lines.is_empty() {
                nav class=(if lines.len() > 24 { "strip-row dense no-phone" } else { "strip-row no-phone" }) aria-label="Stages, by number of candidates" {
                    @for line in &lines {
                        @let said = format!("{}: {}", shown(line.stage.as_deref()), number(line.contacts));
                        a class=(format!("r-{}", role_class(line.role))) style=(format!("--n:{}", line.contacts)) title=(said) aria-label=(said)
                            data-count=(line.contacts) href=(stage_link(slug, line.stage.as_deref()).url()) {}
                    }
                }
                div.strip-row.only-phone aria-hidden="true" {
                    @for line in &lines { i class=(format!("r-{}", role_class(line.role))) style=(format!("--n:{}", line.contacts)) {} }
                }
            }
            div.strip-keys {
                @for group in keys {
                    a class=(format!("k-{}", key_class(group.role))) data-count=(group.contacts) href=(role_link(slug, group.role).url()) {
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

/// Says that roles are missing, to those who can confirm them.
pub(crate) fn unconfirmed_notice(board: &Board, pipeline: &Pipeline, is_agency: bool) -> Option<Markup> {
    let unlisted: Vec<&str> =
        pipeline.stages.iter().filter(|line| line.role == StageRole::Unlisted).map(|line| shown(line.stage.as_deref())).collect();
    let unconfirmed = i64::try_from(board.unconfirmed()).unwrap_or(i64::MAX);
    if unconfirmed == 0 && unlisted.is_empty() {
        return None;
    }
    Some(html! {
        div.notice.warning {
            (super::toned_icon("info", 15))
            span {
                @if unconfirmed > 0 {
                    (counted(unconfirmed, "stage has a role", "stages have roles")) " that nobody confirmed yet; until then "
                    (if unconfirmed == 1 { "it counts" } else { "they count" }) " as open. "
                    @if is_agency { "Confirm them with " code { "tetherboard tenant set --stage-role" } ". " }
                }
                @if !unlisted.is_empty() {
                    "Candidates stand in " (counted(count(unlisted.len()), "stage", "stages"))
                    " that ClientTether’s list does not name, and count as open."
                }
            }
        }
    })
}
