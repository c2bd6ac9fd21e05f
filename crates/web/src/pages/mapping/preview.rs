//! A preview of a rule on real rows, compared with the current rule.

use std::collections::HashMap;

use tetherboard_crm_records::mapping::{FieldPreview, FieldSpec, Mapping, fields_of};
use tetherboard_domain::Dataset;

use crate::parts::format::count;

/// How many examples are shown.
const SHOWN: usize = 10;
/// How many of them are unreadable, if there are others.
const FAULTS: usize = 4;

/// The result of a rule on a sample of rows.
pub(super) struct Preview {
    pub(super) rows: i64,
    pub(super) tally: Tally,
    /// With the current rule.
    pub(super) before: Tally,
    pub(super) changed: i64,
    /// Some rows that become unreadable, then rows that change, then others.
    pub(super) examples: Vec<Example>,
}

/// Counts of rows.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) given: i64,
    pub(super) unreadable: i64,
    /// Rows whose value came from each place.
    pub(super) of_place: HashMap<String, i64>,
    /// Rows with a list or an object instead of a value.
    pub(super) not_single: i64,
}

/// One row of the preview.
pub(super) struct Example {
    /// The row's ID in the CRM.
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) look: FieldPreview,
    pub(super) before: FieldPreview,
}

impl Example {
    pub(super) fn changes(&self) -> bool {
        self.look.value != self.before.value
    }

    fn rank(&self) -> u8 {
        match (self.changes(), &self.look.value) {
            (true, Err(_)) => 0,
            (true, Ok(_)) => 1,
            (false, Err(_)) => 2,
            (false, Ok(Some(_))) => 3,
            (false, Ok(None)) => 4,
        }
    }
}

impl Preview {
    /// Compares `tried` with `current` on rows. Both need zones for moments, so that the same moment is the same text.
    pub(super) fn of(current: &Mapping, tried: &Mapping, dataset: Dataset, spec: &FieldSpec, rows: &[Vec<u8>]) -> Self {
        let (mut tally, mut before, mut changed) = (Tally::default(), Tally::default(), 0);
        let mut ranks: [Vec<(usize, FieldPreview, FieldPreview)>; 5] = Default::default();
        for (at, row) in rows.iter().enumerate() {
            let look = tried.preview(dataset, spec.name, row);
            let old = current.preview(dataset, spec.name, row);
            tally.count(&look);
            before.count(&old);
            let example = Example { id: None, name: String::new(), look, before: old };
            changed += i64::from(example.changes());
            let rank = &mut ranks[usize::from(example.rank())];
            if rank.len() < SHOWN {
                rank.push((at, example.look, example.before));
            }
        }
        // A few unreadable rows are enough if there are others to show.
        let more_faults = ranks[0].split_off(ranks[0].len().min(FAULTS));
        let examples = ranks.into_iter().flatten().chain(more_faults).take(SHOWN).map(|(at, look, before)| {
            let value = |field: &str| current.preview(dataset, field, &rows[at]).value.ok().flatten();
            let names = name_fields(dataset).iter().filter_map(|field| value(field));
            let id = fields_of(dataset).first().and_then(|id| value(id.name));
            Example { id, name: names.collect::<Vec<_>>().join(" "), look, before }
        });
        Self { rows: count(rows.len()), examples: examples.collect(), tally, before, changed }
    }
}

impl Tally {
    fn count(&mut self, look: &FieldPreview) {
        match &look.value {
            Ok(None) => {}
            Ok(Some(_)) => {
                self.given += 1;
                *self.of_place.entry(look.place.clone().unwrap_or_default()).or_default() += 1;
            }
            Err(_) => {
                self.unreadable += 1;
                self.not_single += i64::from(look.raw.as_ref().is_some_and(|raw| raw.starts_with(['{', '['])));
            }
        }
    }
}

/// The fields that name a row.
fn name_fields(dataset: Dataset) -> &'static [&'static str] {
    match dataset {
        Dataset::Stages | Dataset::Sources | Dataset::Deals => &["name"],
        Dataset::Users | Dataset::Contacts => &["first_name", "last_name"],
        Dataset::Events => &["title"],
        Dataset::Notes => &["note_type"],
    }
}

#[cfg(test)]
mod tests {
    use tetherboard_crm_records::mapping::FieldRule;

    use super::*;

    #[test]
    fn rows_are_counted_by_result_and_changed_ones_are_shown_first() {
        let mut tried = Mapping::default();
        tried.set(Dataset::Contacts, "fee", FieldRule::at(["/cf", "/deal_size"])).unwrap();
        let rows: Vec<Vec<u8>> = [
            r#"{"client_id":1,"firstName":"Ada","lastName":"Ash","deal_size":"5"}"#,
            r#"{"client_id":2,"deal_size":"5","cf":"7"}"#,
            r#"{"client_id":3,"cf":["7"]}"#,
            r#"{"client_id":4,"deal_size":"ask Bob"}"#,
            r#"{"client_id":5}"#,
        ]
        .map(|row| row.as_bytes().to_vec())
        .to_vec();
        let spec = fields_of(Dataset::Contacts).iter().find(|spec| spec.name == "fee").unwrap();
        let preview = Preview::of(&Mapping::default(), &tried, Dataset::Contacts, spec, &rows);
        assert_eq!((preview.rows, preview.tally.given, preview.tally.unreadable, preview.tally.not_single), (5, 2, 2, 1));
        assert_eq!((preview.before.given, preview.before.unreadable, preview.changed), (2, 1, 2));
        assert_eq!(preview.tally.of_place, HashMap::from([("/cf".to_owned(), 1), ("/deal_size".to_owned(), 1)]));
        let shown: Vec<_> = preview.examples.iter().map(|example| example.id.as_deref().unwrap()).collect();
        assert_eq!(shown, ["3", "2", "4", "1", "5"]);
        assert_eq!(preview.examples[3].name, "Ada Ash");
    }
}
