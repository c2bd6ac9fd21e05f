//! Where each field of a row is found. Accounts keep the same value in different places, such as the number of units in a custom
//! field, so a tenant can set, for each field, the places to look, in order, and how its dates are written.
//!
//! The first place with a readable value wins. Blank places are skipped, and so is an unreadable one if a later place can be
//! read.

mod plan;
mod pointer;
mod preview;
mod spec;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use tetherboard_domain::{Dataset, Zone, ZoneError};

pub use pointer::{PointerError, json_pointer};
pub use preview::{FieldPreview, UnreadableValue};
pub use spec::{FieldKind, FieldSpec, fields_of};

pub(crate) use plan::{Field, MAX_KEYS, Plan};

use crate::fields::DateFormatError;

/// How the rows of every list are read. The default is the CRM's own layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// In the order of [`Dataset::ALL`].
    plans: Vec<Plan>,
}

/// Where one field is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldRule {
    /// JSON pointers (RFC 6901) into the row, tried in order: `/clients_sales_cycle`, `/custom_fields/0/value`, `/custom~1x`.
    /// An empty list leaves the field blank.
    pub places: Vec<String>,
    /// For a date: `strptime` patterns, tried in order; empty means [`FieldSpec::formats`]. A pattern that reads an offset or
    /// seconds since 1970 (`%z`, `%s`) gives an exact time.
    pub formats: Vec<String>,
    /// For a date: the time zone of a value that states none; `None` means the account's zone.
    pub zone: Option<Zone>,
}

/// A rule as stored in the database.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRule {
    places: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "forms")]
    formats: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

/// Why a stored rule could not be parsed.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("the rule is not valid JSON with places, forms, and zone")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

/// A rule that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the rule for `{field}` of {dataset} cannot be used")]
pub struct MappingError {
    pub dataset: Dataset,
    pub field: String,
    #[source]
    pub problem: RuleProblem,
}

/// What is wrong with a rule.
#[derive(Debug, thiserror::Error)]
pub enum RuleProblem {
    #[error("unknown field; the fields are: {fields}")]
    UnknownField { fields: String },
    #[error("a row without an ID cannot be stored: list at least one place where the ID is found")]
    IdWithoutPlace,
    #[error("`{place}` is not a place in a row: {reason}")]
    InvalidPlace { place: String, reason: PointerError },
    #[error("`{format}` is not a date format: {reason}")]
    InvalidFormat { format: String, reason: DateFormatError },
    #[error("only dates have formats and a time zone, and this is {}", .0.as_str())]
    NotADate(FieldKind),
    #[error("the rules of this list use more than {MAX_KEYS} keys of a row; remove places that are not needed")]
    TooManyKeys,
}

/// A stored rule that is not in effect; the field's default rule is used instead.
#[derive(Debug, thiserror::Error)]
#[error("the rule for `{field}` of {dataset} is ignored")]
pub struct IgnoredRule {
    pub dataset: Dataset,
    pub field: String,
    #[source]
    pub reason: IgnoreReason,
}

/// Why a stored rule is ignored.
#[derive(Debug, thiserror::Error)]
pub enum IgnoreReason {
    #[error(transparent)]
    Stored(#[from] RuleError),
    #[error(transparent)]
    Invalid(#[from] RuleProblem),
}

impl Default for Mapping {
    fn default() -> Self {
        Self { plans: Dataset::ALL.iter().map(|dataset| default_plan(*dataset)).collect() }
    }
}

impl Mapping {
    /// The default mapping with a tenant's stored rules applied: each is a dataset, a field name, and the rule's JSON. Rules
    /// that this version cannot use are ignored and returned.
    pub fn from_rules(rules: impl IntoIterator<Item = (Dataset, String, String)>) -> (Self, Vec<IgnoredRule>) {
        let (mut mapping, mut ignored) = (Self::default(), Vec::new());
        for (dataset, field, json) in rules {
            let rule = FieldRule::from_json(&json).map_err(IgnoreReason::from);
            let set = rule.and_then(|rule| mapping.set(dataset, &field, rule).map_err(|error| error.problem.into()));
            if let Err(reason) = set {
                ignored.push(IgnoredRule { dataset, field, reason });
            }
        }
        (mapping, ignored)
    }

    /// Replaces a field's rule.
    ///
    /// # Errors
    /// When the rule cannot be used; the previous rule then stays in effect.
    pub fn set(&mut self, dataset: Dataset, field: &str, rule: FieldRule) -> Result<(), MappingError> {
        let plan = self.plan(dataset).with_rule(field, rule);
        let error = |problem| MappingError { dataset, field: field.to_owned(), problem };
        self.plans[dataset as usize] = plan.map_err(error)?;
        Ok(())
    }

    /// The rule in effect; `None` if the field does not exist.
    pub fn rule(&self, dataset: Dataset, field: &str) -> Option<&FieldRule> {
        let plan = self.plan(dataset);
        Some(&plan.fields[plan.field(field)?].rule)
    }

    /// A row's own ID, as its decoder will find it. Stops reading as soon as it is found.
    pub fn row_id(&self, dataset: Dataset, row: &[u8]) -> Option<String> {
        self.plan(dataset).row_id(row)
    }

    pub(crate) fn plan(&self, dataset: Dataset) -> &Plan {
        &self.plans[dataset as usize]
    }
}

impl FieldRule {
    /// A rule that looks in these places, in order.
    pub fn at<'a>(places: impl IntoIterator<Item = &'a str>) -> Self {
        Self { places: places.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Parses `{"places": […], "forms": […], "zone": "America/Chicago"}`. `forms`, the date formats, and `zone` are optional.
    ///
    /// # Errors
    /// When the text is not such JSON, or the zone does not exist.
    pub fn from_json(text: &str) -> Result<Self, RuleError> {
        let StoredRule { places, formats, zone } = serde_json::from_str(text)?;
        Ok(Self { places, formats, zone: zone.as_deref().map(Zone::named).transpose()? })
    }

    /// The rule as JSON that [`FieldRule::from_json`] reads.
    pub fn to_json(&self) -> String {
        let zone = self.zone.as_ref().map(|zone| zone.name().to_owned());
        let stored = StoredRule { places: self.places.clone(), formats: self.formats.clone(), zone };
        serde_json::to_string(&stored).unwrap_or_default()
    }
}

impl Plan {
    fn with_rule(&self, field: &str, rule: FieldRule) -> Result<Self, RuleProblem> {
        let Some(at) = self.field(field) else {
            let names: Vec<_> = self.fields.iter().map(|field| field.spec.name).collect();
            return Err(RuleProblem::UnknownField { fields: names.join(", ") });
        };
        if at == 0 && rule.places.is_empty() {
            return Err(RuleProblem::IdWithoutPlace);
        }
        let mut fields = self.fields.clone();
        fields[at] = Field::new(fields[at].spec, rule)?;
        Self::new(fields)
    }
}

fn default_plan(dataset: Dataset) -> Plan {
    let field = |spec: &'static FieldSpec| Field::new(spec, FieldRule::at(spec.places.iter().copied()));
    let plan = fields_of(dataset).iter().map(field).collect::<Result<_, _>>().and_then(Plan::new);
    plan.expect("the built-in places and formats are valid; a test reads them all")
}
