//! What stands in rows that no rule looks at: among it is what nobody has found yet.

use std::collections::HashMap;

use serde_json::Value;
use tetherboard_crm_records::mapping::{Mapping, fields_of, json_pointer};
use tetherboard_domain::Dataset;

/// A place in rows that no field's rule names, nor anything around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unused {
    pub(super) place: String,
    /// What a row has there, as it stands.
    pub(super) example: Option<String>,
    /// How many rows have something there.
    pub(super) rows: usize,
}

const MOST: usize = 200;
const DEEPEST: usize = 5;
const LONGEST_LIST: usize = 10;
const LONGEST_EXAMPLE: usize = 80;

/// ComputedFilter first that say something.
pub(super) fn unused(mapping: &Mapping, dataset: Dataset, rows: &[Vec<u8>]) -> Vec<Unused> {
    let mut found = Found::default();
    for row in rows {
        if let Ok(Value::Object(row)) = serde_json::from_str(&String::from_utf8_lossy(row)) {
            for (key, value) in &row {
                found.walk(&json_pointer([key.as_str()]), value, 1);
            }
        }
    }
    let rules = fields_of(dataset).iter().filter_map(|spec| mapping.rule(dataset, spec.name));
    let used: Vec<&String> = rules.flat_map(|rule| &rule.places).collect();
    let around = |place: &str, used: &str| place.strip_prefix(used).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    found.unused.retain(|unused| !used.iter().any(|used| around(&unused.place, used)));
    found.unused.sort_by(|a, b| (a.rows == 0, &a.place).cmp(&(b.rows == 0, &b.place)));
    found.unused
}

#[derive(Default)]
struct Found {
    unused: Vec<Unused>,
    at: HashMap<String, usize>,
}

impl Found {
    fn walk(&mut self, place: &str, value: &Value, depth: usize) {
        match value {
            Value::Object(inner) if depth < DEEPEST && !inner.is_empty() => {
                for (key, value) in inner {
                    self.walk(&format!("{place}{}", json_pointer([key.as_str()])), value, depth + 1);
                }
            }
            Value::Array(inner) if depth < DEEPEST && !inner.is_empty() => {
                for (index, value) in inner.iter().take(LONGEST_LIST).enumerate() {
                    self.walk(&format!("{place}/{index}"), value, depth + 1);
                }
            }
            value => self.note(place, value),
        }
    }

    fn note(&mut self, place: &str, value: &Value) {
        let at = match self.at.get(place) {
            Some(at) => *at,
            None if self.unused.len() == MOST => return,
            None => {
                self.unused.push(Unused { place: place.to_owned(), example: None, rows: 0 });
                self.at.insert(place.to_owned(), self.unused.len() - 1);
                self.unused.len() - 1
            }
        };
        if !is_blank(value) {
            let unused = &mut self.unused[at];
            unused.rows += 1;
            unused.example.get_or_insert_with(|| value.to_string().chars().take(LONGEST_EXAMPLE).collect());
        }
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(inner) => inner.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use tetherboard_crm_records::mapping::FieldRule;

    use super::*;

    fn places(mapping: &Mapping, rows: &[&str]) -> Vec<(String, usize)> {
        let rows: Vec<Vec<u8>> = rows.iter().map(|row| row.as_bytes().to_vec()).collect();
        unused(mapping, Dataset::Contacts, &rows).into_iter().map(|unused| (unused.place, unused.rows)).collect()
    }

    fn known(places: &[(&str, usize)]) -> Vec<(String, usize)> {
        places.iter().map(|(place, rows)| ((*place).to_owned(), *rows)).collect()
    }

    #[test]
    fn what_no_rule_looks_at_is_named_down_to_its_values() {
        let rows = [
            r#"{"client_id":1,"zip":"","custom":[{"name":"Units","value":3}],"a/b":{"~":true}}"#,
            r#"{"client_id":2,"zip":null,"custom":[{"name":"Units","value":""},7],"assigned_user":{"first_name":"Ada"}}"#,
            "no row",
            "[1]",
        ];
        let mut mapping = Mapping::default();
        let all = [("/a~1b/~0", 1), ("/custom/0/name", 2), ("/custom/0/value", 1), ("/custom/1", 1), ("/zip", 0)];
        assert_eq!(places(&mapping, &rows), known(&all));
        mapping.set(Dataset::Contacts, "units", FieldRule::at(["/custom/0/value"])).unwrap();
        assert_eq!(places(&mapping, &rows), known(&[all[0], all[1], all[3], all[4]]));
    }

    #[test]
    fn a_row_of_endless_keys_is_not_walked_to_its_end() {
        let row = format!("{{{}}}", (0..5_000).map(|n| format!("\"k{n}\":{{\"a\":[1,2]}}")).collect::<Vec<_>>().join(","));
        assert_eq!(places(&Mapping::default(), &[&row]).len(), MOST);
    }
}
