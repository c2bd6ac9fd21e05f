//! Tests of the board, and the usual stages that other tests share.

use super::*;

pub(crate) fn listed(name: &str, active: bool, order: i64, contact_type: i64) -> lookups::Stage {
    lookups::Stage {
        crm_id: format!("{contact_type}{order}"),
        name: name.to_owned(),
        key: StageKey::of(name),
        active,
        order: Some(order),
        odds: None,
        contact_type: Some(contact_type),
        role: None,
        milestone: None,
    }
}

/// The usual stages, some of which the agency assigned roles to.
pub(crate) fn with_roles(roles: &[(&str, Role)]) -> Vec<lookups::Stage> {
    let role = |name: &str| roles.iter().find(|(stage, _)| *stage == name).map(|(_, role)| *role);
    usual().into_iter().map(|stage| lookups::Stage { role: role(&stage.name), ..stage }).collect()
}

pub(crate) fn usual() -> Vec<lookups::Stage> {
    let names = ["New Lead", "Outbound Call", "QR Returned", "FDD Sent", "FA Sent", "FA Signed", "Future Interest"];
    let mut stages: Vec<_> = (1..).zip(names).map(|(order, name)| listed(name, true, order, 1)).collect();
    stages.push(listed("Not Interested", false, 3, 1));
    stages.push(listed("Vendor", true, 0, 2));
    stages
}

fn with_milestones(milestones: &[(&str, Option<Milestone>)]) -> Vec<lookups::Stage> {
    let milestone = |name: &str| milestones.iter().find(|(stage, _)| *stage == name).map(|(_, milestone)| *milestone);
    usual().into_iter().map(|stage| lookups::Stage { milestone: milestone(&stage.name), ..stage }).collect()
}

fn place(board: &Board, name: &str) -> StagePlace {
    board.place(Some(name))
}

#[test]
fn a_blank_stage_counts_as_the_first_active_stage_of_prospects() {
    let board = Board::new(usual(), HashMap::new());
    assert_eq!(board.first().unwrap().name, "New Lead");
    assert_eq!(place(&board, ""), place(&board, "  new LEAD "));
}

#[test]
fn until_the_agency_confirms_every_active_stage_counts_as_open() {
    let board = Board::new(usual(), HashMap::new());
    for name in ["FA Signed", "Future Interest", "Not in the list"] {
        assert!(board.is_in(LeadGroup::Open, &place(&board, name)), "{name}");
    }
    assert!(!board.is_in(LeadGroup::Pipeline, &place(&board, "Not Interested")));
    let board = Board::new(with_roles(&[("FA Signed", Role::Awarded)]), HashMap::new());
    assert!(!board.is_in(LeadGroup::Open, &place(&board, "FA Signed")));
}

#[test]
fn qualified_runs_from_the_first_qualified_stage_to_the_last_before_awarded() {
    let board = Board::new(usual(), HashMap::new());
    let names: Vec<&str> = board.qualified().into_iter().map(|at| board.stages()[at].name.as_str()).collect();
    assert_eq!(names, ["QR Returned", "FDD Sent", "FA Sent"]);
}

#[test]
fn one_step_from_signing_is_agreement_sent_or_the_last_qualified_stage() {
    let board = Board::new(usual(), HashMap::new());
    assert_eq!(board.last_step(), Some(place(&board, "FA Sent")));
    let none = with_milestones(&[("FA Sent", None)]);
    assert_eq!(Board::new(none, HashMap::new()).last_step(), Some(place(&board, "FA Sent")));
    let earlier = with_milestones(&[("FA Sent", None), ("FDD Sent", Some(Milestone::AgreementSent))]);
    assert_eq!(Board::new(earlier, HashMap::new()).last_step(), Some(place(&board, "FDD Sent")));
    assert_eq!(Board::new(Vec::new(), HashMap::new()).last_step(), None);
}

#[test]
fn a_prospect_in_another_contact_types_stage_counts_as_unlisted_and_open() {
    let board = Board::new(usual(), HashMap::new());
    let vendor = place(&board, "vendor");
    assert_eq!(board.label(&vendor), Some("Vendor"));
    assert_eq!(board.role(&vendor), StageRole::Unlisted);
    assert!(board.is_in(LeadGroup::Open, &vendor));
}

#[test]
fn a_role_confirmed_for_an_unlisted_stage_counts() {
    let board = Board::new(usual(), HashMap::from([(StageKey::of("Ghost"), Role::Inactive)]));
    assert!(board.is_in(LeadGroup::Inactive, &place(&board, "GHOST")));
}

#[test]
fn a_milestone_is_suggested_by_name_until_the_agency_confirms_one() {
    let board = Board::new(usual(), HashMap::new());
    let milestone = |board: &Board, name: &str| board.stage(&place(board, name)).unwrap().milestone;
    assert_eq!(milestone(&board, "FDD Sent"), StageMilestone::Suggested(Some(Milestone::FddSent)));
    let confirmed = with_milestones(&[("FDD Sent", None), ("Outbound Call", Some(Milestone::FddReceipt))]);
    let board = Board::new(confirmed, HashMap::new());
    assert_eq!(milestone(&board, "FDD Sent").likely(), None);
    assert_eq!(milestone(&board, "Outbound Call"), StageMilestone::Confirmed(Some(Milestone::FddReceipt)));
}
