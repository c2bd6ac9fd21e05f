//! Which contacts a list shows: the page of leads, its CSV, and the API.

use jiff::Timestamp;
use tetherboard_domain::{StageRole, TenantId, UsState, Window, Zone};
use tetherboard_metrics::{Board, LeadGroup, source_filter};
use tetherboard_store::leads::{ContactTypes, LabelMatch, LeadFilter, LeadSort};
use tetherboard_store::{Conn, Result as StoreResult};

use super::computed_filter::ComputedFilter;
use super::dates::{Edge, window};
use super::label::Label;
use super::query::{Choice, SearchText, Sort, query};

query! {
    /// The contacts of a list, and their order.
    pub(crate) struct LeadQuery {
        /// The stage, as ClientTether spells it. Absent: all. Empty: no stage, which counts as the first one.
        stage: Option<Label> = "stage",
        /// The lead source, as ClientTether spells it. Absent: all. Empty: no source.
        source: Option<Label> = "source",
        /// Prospects in a group of stages.
        group: Option<LeadGroup> = "in",
        /// Prospects in stages of this role: new, working, qualified, late, awarded, parked, inactive, unlisted, or unconfirmed.
        role: Option<StageRole> = "role",
        /// Prospects, or all other contact types.
        types: Option<ContactTypes> = "type",
        /// The US state that the market names, by its two letters, such as CO.
        state: Option<UsState> = "state",
        /// Only contacts without a readable created date.
        created: Option<Undated> = "created",
        /// Only candidates who need attention; or, since the day in `since` (such as 2026-03-09), those who became inactive or had a Discovery Day booked.
        computed: Option<ComputedFilter> = "show",
        /// Created on or after this day or moment, in the brand's zone.
        from: Option<Edge> = "from",
        /// Created up to this day (included) or moment, in the brand's zone.
        to: Option<Edge> = "to",
        /// Text in name, company, email, phone, or market.
        text: SearchText = "q",
        /// The column to sort by, with - in front for descending order. Newest first by default.
        sort: Sort<LeadSort> = "sort",
    }
}

/// Contacts whose created date is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Undated {
    Unknown,
}

impl Choice for Undated {
    const NAMES: &'static [(&'static str, Self)] = &[("unknown", Self::Unknown)];
}

impl Choice for ContactTypes {
    const NAMES: &'static [(&'static str, Self)] = &[("prospects", Self::Prospects), ("others", Self::Others)];
}

impl Choice for LeadSort {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("name", Self::Name),
        ("created", Self::Created),
        ("source", Self::Source),
        ("market", Self::Market),
        ("stage", Self::Stage),
        ("owner", Self::Owner),
    ];
}

impl LeadQuery {
    /// Column and direction, where `true` is descending.
    pub(crate) fn order(&self) -> (LeadSort, bool) {
        self.sort.or(LeadSort::Created, true)
    }

    /// The filter for the store, without the computed one. A window ends where the data does (`as_of`), as it does for the
    /// numbers that link here.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn filter<C: Conn>(
        &self,
        conn: &C,
        tenant: TenantId,
        board: &Board,
        zone: &Zone,
        as_of: Option<Timestamp>,
    ) -> StoreResult<LeadFilter> {
        let source = match &self.source {
            None => None,
            Some(Label::NotText) => Some(LabelMatch::NotText),
            Some(Label::Named(name)) => Some(source_filter(conn, tenant, &Some(name.clone())).await?),
        };
        let until = |window: Window| Window { until: window.until.min(as_of.unwrap_or(Timestamp::MAX)), ..window };
        let of_prospects = self.group.is_some() || self.role.is_some();
        Ok(LeadFilter {
            stages: stage_filters(board, self.stage.as_ref(), self.group, self.role),
            source,
            created: window(self.from, self.to, zone).map(until),
            undated: self.created.is_some(),
            types: if of_prospects { Some(ContactTypes::Prospects) } else { self.types },
            state: self.state,
            text: self.text.0.clone(),
            ids: None,
        })
    }
}

/// The stages that a stage, a group, and a role leave over; each must match.
pub(super) fn stage_filters(
    board: &Board,
    stage: Option<&Label>,
    group: Option<LeadGroup>,
    role: Option<StageRole>,
) -> Vec<LabelMatch> {
    let stage = stage.map(|label| board.place_filter(&label.place(board)));
    let group = group.map(|group| board.group_filter(group));
    let role = role.map(|role| board.role_filter(role));
    [stage, group, role].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::links::Link;
    use super::super::pairs::Pairs;
    use super::*;

    fn parse(query: &str) -> super::super::query::Parsed<LeadQuery> {
        LeadQuery::parse(&Pairs::of(query))
    }

    #[test]
    fn an_absent_filter_means_all_and_an_empty_stage_means_blank() {
        assert_eq!(parse("").unwrap().stage, None);
        assert_eq!(parse("stage=").unwrap().stage, Some(Label::Named(String::new())));
        assert!(!parse("q=&from=&in=").unwrap().is_filtered());
        assert!(!parse("sort=name").unwrap().is_filtered());
    }

    #[test]
    fn an_error_names_the_value_that_cannot_be_read() {
        for (query, named) in [
            ("from=yesterday", "yesterday"),
            ("sort=price", "price"),
            ("in=everything", "everything"),
            ("role=boss", "boss"),
            ("type=dogs", "dogs"),
            ("show=everyone", "everyone"),
        ] {
            let error = parse(query).unwrap_err();
            assert!(error.0.contains(named), "{query}: {error:?}");
        }
    }

    #[test]
    fn a_list_keeps_its_address() {
        let query = "stage=FDD+Sent&source-not-text=1&in=open&type=prospects&show=became-inactive&since=2026-03-01\
            &from=2026-03-02&to=2026-03-05T10%3A30%3A00&q=ada&sort=-name";
        let link = parse(query).unwrap().add_to(Link::to("/x")).url();
        assert_eq!(link, format!("/x?{query}"));
    }
}
