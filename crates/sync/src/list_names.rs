//! Finds the entry of a CRM list that a row means by its text. Pure.
//!
//! Rows of the CRM carry the name of their stage and source, sometimes an earlier one, and two contact types may use one
//! name. A name is looked up in this order: among the stages of the row's own type by their current names, then by their
//! earlier ones, and then in the same way among those of other types.

use std::collections::HashMap;

use tetherboard_domain::StageKey;
use tetherboard_store::leads::ListRef;
use tetherboard_store::lookups::{FormerName, Source, Stage};

/// An entry of the CRM's list of stages or sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListEntry {
    pub(crate) id: String,
    /// The current name, trimmed.
    pub(crate) name: String,
    key: StageKey,
    contact_type: Option<i64>,
    active: bool,
}

/// The names that the live entries of a list have and had.
#[derive(Debug, Default)]
pub(crate) struct ListNames {
    entries: Vec<ListEntry>,
    /// Indexes by the key of a name.
    current: HashMap<StageKey, Vec<usize>>,
    former: HashMap<StageKey, Vec<usize>>,
    by_id: HashMap<String, usize>,
}

/// A record's stage or source: the name to store, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListValue {
    /// The current name, trimmed; `None` if the value is not text.
    pub(crate) name: Option<String>,
    pub(crate) reference: ListRef,
}

impl ListValue {
    /// A value as the tables have it.
    pub(crate) fn stored(name: &Option<String>, id: &Option<String>, text: &Option<String>) -> Self {
        Self { name: name.clone(), reference: ListRef { id: id.clone(), text: text.clone() } }
    }
}

impl ListNames {
    /// The names of stages, which are in the CRM's order.
    pub(crate) fn of_stages(stages: Vec<Stage>, former: Vec<FormerName>) -> Self {
        let entry = |stage: Stage| ListEntry {
            id: stage.crm_id,
            key: StageKey::of(&stage.name),
            name: stage.name,
            contact_type: stage.contact_type,
            active: stage.active,
        };
        Self::new(stages.into_iter().map(entry).collect(), former)
    }

    /// The names of lead sources.
    pub(crate) fn of_sources(sources: Vec<Source>, former: Vec<FormerName>) -> Self {
        let entry = |source: Source| ListEntry {
            id: source.crm_id,
            key: StageKey::of(&source.name),
            name: source.name,
            contact_type: None,
            active: true,
        };
        Self::new(sources.into_iter().map(entry).collect(), former)
    }

    fn new(entries: Vec<ListEntry>, former: Vec<FormerName>) -> Self {
        let by_id = entries.iter().enumerate().map(|(at, entry)| (entry.id.clone(), at)).collect();
        let mut names = Self { by_id, ..Self::default() };
        for (at, entry) in entries.iter().enumerate() {
            names.current.entry(entry.key.clone()).or_default().push(at);
        }
        for FormerName { crm_id, name, .. } in former {
            if let Some(at) = names.by_id.get(&crm_id) {
                names.former.entry(StageKey::of(&name)).or_default().push(*at);
            }
        }
        names.entries = entries;
        names
    }

    /// The entry with this ID, if it is live.
    pub(crate) fn by_id(&self, id: &str) -> Option<&ListEntry> {
        self.by_id.get(id).map(|at| &self.entries[*at])
    }

    /// The entry that a row of this contact type means by a name. A row without a readable type counts as a prospect's.
    /// Of several entries with the name, the one with the ID `previous` comes first, then an active one.
    pub(crate) fn find(&self, key: &StageKey, contact_type: Option<i64>, previous: Option<&str>) -> Option<&ListEntry> {
        if key.is_blank() {
            return None;
        }
        let own = contact_type.unwrap_or(1);
        let named = |names: &HashMap<StageKey, Vec<usize>>, former: bool| {
            let found = names.get(key).map(Vec::as_slice).unwrap_or_default();
            found.iter().map(|at| (*at, former)).collect::<Vec<_>>()
        };
        let rank = |(at, former): &(usize, bool)| {
            let entry = &self.entries[*at];
            let is_other = entry.contact_type.is_some_and(|of| of != own);
            (is_other, *former, previous != Some(&*entry.id), !entry.active)
        };
        let candidates = named(&self.current, false).into_iter().chain(named(&self.former, true));
        candidates.min_by_key(rank).map(|(at, _)| &self.entries[at])
    }

    /// The value of a record whose row now has this text. `previous` is its value before, if its contact type is the same: a
    /// row that keeps its text keeps its entry, even if the name has passed to another one, because nobody has moved it.
    pub(crate) fn value(&self, text: Option<String>, contact_type: Option<i64>, previous: Option<&ListValue>) -> ListValue {
        let previous_entry = previous.and_then(|previous| self.by_id(previous.reference.id.as_deref()?));
        let keeps_text = previous.is_some_and(|previous| text.is_some() && text == previous.reference.text);
        let key = StageKey::of(text.as_deref().unwrap_or_default());
        let entry = previous_entry
            .filter(|_| keeps_text)
            .or_else(|| self.find(&key, contact_type, previous_entry.map(|entry| entry.id.as_str())));
        let name = match entry {
            // Another spelling of the current name stays as it is.
            Some(entry) if key != entry.key => Some(entry.name.clone()),
            _ => text.clone(),
        };
        ListValue { name, reference: ListRef { id: entry.map(|entry| entry.id.clone()), text } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use tetherboard_domain::EpochMs;

    fn stage(id: &str, name: &str, contact_type: Option<i64>) -> ListEntry {
        ListEntry { id: id.to_owned(), name: name.to_owned(), key: StageKey::of(name), contact_type, active: true }
    }

    fn former(id: &str, name: &str) -> FormerName {
        FormerName { crm_id: id.to_owned(), name: name.to_owned(), until_ms: EpochMs(1) }
    }

    /// "FDD Receipt Signed" was "FDD Signed" and before that "FDD"; "FDD Signed" is a new stage; "Kickoff" of prospects was
    /// "Onboarding", which is a stage of clients.
    fn names() -> ListNames {
        let entries = vec![
            stage("1", "FDD Receipt Signed", Some(1)),
            stage("2", "FDD Signed", Some(1)),
            stage("3", "Kickoff", Some(1)),
            stage("4", "Onboarding", Some(2)),
            stage("5", "Vendor", Some(3)),
        ];
        ListNames::new(entries, vec![former("1", "FDD Signed"), former("1", "FDD"), former("3", "Onboarding")])
    }

    #[rstest]
    #[case::the_current_name("fdd receipt signed ", Some(1), Some("1"))]
    #[case::an_earlier_name("FDD", Some(1), Some("1"))]
    #[case::a_name_that_passed_to_another_stage("FDD Signed", Some(1), Some("2"))]
    #[case::an_earlier_name_that_another_type_uses("Onboarding", Some(1), Some("3"))]
    #[case::the_name_in_the_other_type("Onboarding", Some(2), Some("4"))]
    #[case::a_name_of_another_type_only("Vendor", Some(1), Some("5"))]
    #[case::no_type("Onboarding", None, Some("3"))]
    #[case::a_name_of_no_stage("Ghost", Some(1), None)]
    #[case::blank(" ", Some(1), None)]
    fn a_name_means_a_stage_of_the_rows_own_type_first(
        #[case] text: &str,
        #[case] contact_type: Option<i64>,
        #[case] id: Option<&str>,
    ) {
        assert_eq!(names().find(&StageKey::of(text), contact_type, None).map(|entry| entry.id.as_str()), id);
    }

    #[test]
    fn a_row_that_keeps_its_text_keeps_its_stage() {
        let (names, text) = (names(), Some("FDD Signed".to_owned()));
        let previous = ListValue {
            name: Some("FDD Receipt Signed".to_owned()),
            reference: ListRef { id: Some("1".to_owned()), text: text.clone() },
        };
        assert_eq!(names.value(text.clone(), Some(1), Some(&previous)), previous);
        let moved = names.value(text, Some(1), None);
        assert_eq!((moved.name.as_deref(), moved.reference.id.as_deref()), (Some("FDD Signed"), Some("2")));
    }

    #[test]
    fn while_two_stages_share_a_name_a_record_stays_where_it_is() {
        let names = ListNames::new(vec![stage("1", "Call", Some(1)), stage("2", "Call", Some(1))], Vec::new());
        let of = |previous| names.find(&StageKey::of("call"), Some(1), previous).unwrap().id.as_str();
        assert_eq!((of(None), of(Some("2"))), ("1", "2"));
    }

    #[test]
    fn another_spelling_of_the_current_name_is_kept() {
        let name = |text: &str| names().value(Some(text.to_owned()), Some(1), None).name.unwrap();
        assert_eq!(
            (name("KICKOFF"), name("FDD"), name("Ghost")),
            ("KICKOFF".into(), "FDD Receipt Signed".into(), "Ghost".into())
        );
    }
}
