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
    }
}

pub(crate) fn usual() -> Vec<lookups::Stage> {
    let names = ["New Lead", "Outbound Call", "QR Returned", "FDD Sent", "FA Sent", "FA Signed", "Future Interest"];
    let mut stages: Vec<_> = (1..).zip(names).map(|(order, name)| listed(name, true, order, 1)).collect();
    stages.push(listed("Not Interested", false, 3, 1));
    stages.push(listed("Vendor", true, 0, 2));
    stages
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
    let confirmed = HashMap::from([(StageKey::of("FA Signed"), Role::Awarded)]);
    let board = Board::new(usual(), confirmed);
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
    let none = HashMap::from([(StageKey::of("FA Sent"), None)]);
    assert_eq!(board.clone().with_milestones(&none).last_step(), Some(place(&board, "FA Sent")));
    let earlier = HashMap::from([(StageKey::of("FA Sent"), None), (StageKey::of("FDD Sent"), Some(Milestone::AgreementSent))]);
    assert_eq!(board.clone().with_milestones(&earlier).last_step(), Some(place(&board, "FDD Sent")));
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
    let confirmed =
        HashMap::from([(StageKey::of("FDD Sent"), None), (StageKey::of("Outbound Call"), Some(Milestone::FddReceipt))]);
    let board = board.with_milestones(&confirmed);
    assert_eq!(milestone(&board, "FDD Sent").likely(), None);
    assert_eq!(milestone(&board, "Outbound Call"), StageMilestone::Confirmed(Some(Milestone::FddReceipt)));
}
