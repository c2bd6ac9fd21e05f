//! Keys of the rows that no rule uses: a field that was not found may be among them.

use std::collections::HashMap;

use maud::{Markup, html};
use serde_json::Value;
use tetherboard_crm_records::mapping::{Mapping, fields_of, json_pointer};
use tetherboard_domain::Dataset;

/// A place in the rows that no field's rule uses, nor any place around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnusedKey {
    pub(super) place: String,
    /// A value of it, as JSON.
    pub(super) example: Option<String>,
    /// How many rows have a value there.
    pub(super) rows: usize,
}

const MAX_KEYS: usize = 200;
const MAX_DEPTH: usize = 5;
/// Items of a list that are visited.
const MAX_ITEMS: usize = 10;
/// Characters of an example.
const MAX_EXAMPLE: usize = 80;

/// The unused keys of these rows; those with values come first.
pub(super) fn unused_keys(mapping: &Mapping, dataset: Dataset, rows: &[Vec<u8>]) -> Vec<UnusedKey> {
    let mut found = KeyCounter::default();
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
struct KeyCounter {
    unused: Vec<UnusedKey>,
    at: HashMap<String, usize>,
}

impl KeyCounter {
    fn walk(&mut self, place: &str, value: &Value, depth: usize) {
        match value {
            Value::Object(inner) if depth < MAX_DEPTH && !inner.is_empty() => {
                for (key, value) in inner {
                    self.walk(&format!("{place}{}", json_pointer([key.as_str()])), value, depth + 1);
                }
            }
            Value::Array(inner) if depth < MAX_DEPTH && !inner.is_empty() => {
                for (index, value) in inner.iter().take(MAX_ITEMS).enumerate() {
                    self.walk(&format!("{place}/{index}"), value, depth + 1);
                }
            }
            value => self.count(place, value),
        }
    }

    fn count(&mut self, place: &str, value: &Value) {
        let at = match self.at.get(place) {
            Some(at) => *at,
            None if self.unused.len() == MAX_KEYS => return,
            None => {
                self.unused.push(UnusedKey { place: place.to_owned(), example: None, rows: 0 });
                self.at.insert(place.to_owned(), self.unused.len() - 1);
                self.unused.len() - 1
            }
        };
        if !is_blank(value) {
            let unused = &mut self.unused[at];
            unused.rows += 1;
            unused.example.get_or_insert_with(|| value.to_string().chars().take(MAX_EXAMPLE).collect());
        }
    }
}

/// A value of the key, or that it is always blank.
pub(super) fn example(key: &UnusedKey) -> Markup {
    match &key.example {
        Some(example) => html! { code.t title=(example) { (example) } },
        None => html! { span.muted { "always blank" } },
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
        unused_keys(mapping, Dataset::Contacts, &rows).into_iter().map(|unused| (unused.place, unused.rows)).collect()
    }

    fn expected(places: &[(&str, usize)]) -> Vec<(String, usize)> {
        places.iter().map(|(place, rows)| ((*place).to_owned(), *rows)).collect()
    }

    #[test]
    fn keys_that_no_rule_uses_are_listed_down_to_their_values() {
        let rows = [
            r#"{"client_id":1,"zip":"","custom":[{"name":"Units","value":3}],"a/b":{"~":true}}"#,
            r#"{"client_id":2,"zip":null,"custom":[{"name":"Units","value":""},7],"assigned_user":{"first_name":"Ada"}}"#,
            "no row",
            "[1]",
        ];
        let mut mapping = Mapping::default();
        let all = [("/a~1b/~0", 1), ("/custom/0/name", 2), ("/custom/0/value", 1), ("/custom/1", 1), ("/zip", 0)];
        assert_eq!(places(&mapping, &rows), expected(&all));
        mapping.set(Dataset::Contacts, "units", FieldRule::at(["/custom/0/value"])).unwrap();
        assert_eq!(places(&mapping, &rows), expected(&[all[0], all[1], all[3], all[4]]));
    }

    #[test]
    fn a_row_with_very_many_keys_is_not_visited_to_its_end() {
        let row = format!("{{{}}}", (0..5_000).map(|n| format!("\"k{n}\":{{\"a\":[1,2]}}")).collect::<Vec<_>>().join(","));
        assert_eq!(places(&Mapping::default(), &[&row]).len(), MAX_KEYS);
    }
}
