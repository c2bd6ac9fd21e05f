//! Where in a row each field is found. Accounts keep the same thing in different places, units in a custom field here and
//! there, so a tenant can say for each field where to look, in which order, and how its dates are written.
//!
//! The first place whose value is not blank wins; one that cannot be read gives way to a later one that can.

mod look;
mod plan;
mod pointer;
mod spec;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use tetherboard_domain::{Dataset, Zone, ZoneError};

pub use look::{Look, Unreadable};
pub use pointer::{BadPointer, place_of};
pub use spec::{FieldKind, FieldSpec, fields_of};

pub(crate) use plan::{Field, MOST_KEYS, Plan};

use crate::fields::BadForm;

/// How the rows of every list are read. The default is what the CRM sends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// In the order of [`Dataset::ALL`].
    plans: Vec<Plan>,
}

/// Where one field is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldRule {
    /// JSON pointers (RFC 6901) into the row, in the order in which they are tried: `/clients_sales_cycle`,
    /// `/custom_fields/0/value`, `/custom~1x`. None leaves the field blank.
    pub places: Vec<String>,
    /// Of a date: `strptime` patterns in the order in which they are tried; those of [`FieldSpec::forms`] if there are
    /// none. One that reads an offset or an epoch (`%z`, `%s`) gives an exact moment.
    pub forms: Vec<String>,
    /// Of a date: the zone of what is written without one; the account's where it is not said.
    pub zone: Option<Zone>,
}

/// A rule as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRule {
    places: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    forms: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

/// A stored rule that is none.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("the rule is not JSON of places, forms and zone")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

/// A rule that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[error("the rule for `{field}` of {dataset} cannot be used")]
pub struct MappingError {
    pub dataset: Dataset,
    pub field: String,
    #[source]
    pub problem: Problem,
}

/// What is wrong with a rule.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("there is no such field; there are: {known}")]
    NoSuchField { known: String },
    #[error("a row without an id cannot be kept: name at least one place where the id stands")]
    IdWithoutPlace,
    #[error("`{place}` is not a place in a row: {why}")]
    Place { place: String, why: BadPointer },
    #[error("`{form}` is not a form of a date: {why}")]
    Form { form: String, why: BadForm },
    #[error("only dates have forms and a zone, and this is {}", .0.as_str())]
    NoDate(FieldKind),
    #[error("the list's rules look at more than {MOST_KEYS} keys of a row")]
    TooManyKeys,
}

/// A stored rule that is not in force.
#[derive(Debug, thiserror::Error)]
#[error("the rule for `{field}` of {dataset} is left out")]
pub struct LeftOut {
    pub dataset: Dataset,
    pub field: String,
    #[source]
    pub why: WhyLeftOut,
}

#[derive(Debug, thiserror::Error)]
pub enum WhyLeftOut {
    #[error(transparent)]
    Stored(#[from] RuleError),
    #[error(transparent)]
    Wrong(#[from] Problem),
}

impl Default for Mapping {
    fn default() -> Self {
        Self { plans: Dataset::ALL.iter().map(|dataset| default_plan(*dataset)).collect() }
    }
}

impl Mapping {
    /// The built-in places, and a tenant's own rules, each as its JSON, over them. Those that this version cannot follow are
    /// left out.
    pub fn of_rules(rules: impl IntoIterator<Item = (Dataset, String, String)>) -> (Self, Vec<LeftOut>) {
        let (mut mapping, mut left_out) = (Self::default(), Vec::new());
        for (dataset, field, json) in rules {
            let rule = FieldRule::from_json(&json).map_err(WhyLeftOut::from);
            if let Err(why) = rule.and_then(|rule| mapping.set(dataset, &field, rule).map_err(|error| error.problem.into())) {
                left_out.push(LeftOut { dataset, field, why });
            }
        }
        (mapping, left_out)
    }

    /// Replaces a field's rule.
    ///
    /// # Errors
    /// When the rule cannot be followed; the one before then stays.
    pub fn set(&mut self, dataset: Dataset, field: &str, rule: FieldRule) -> Result<(), MappingError> {
        let plan = self.plan(dataset).with_rule(field, rule);
        let wrong = |problem| MappingError { dataset, field: field.to_owned(), problem };
        self.plans[dataset as usize] = plan.map_err(wrong)?;
        Ok(())
    }

    /// The rule in force; `None` if there is no such field.
    pub fn rule(&self, dataset: Dataset, field: &str) -> Option<&FieldRule> {
        let plan = self.plan(dataset);
        Some(&plan.fields[plan.field(field)?].rule)
    }

    /// A row's own id, as its decoder will find it, without reading the row to its end.
    pub fn row_id(&self, dataset: Dataset, row: &[u8]) -> Option<String> {
        self.plan(dataset).id(row)
    }

    pub(crate) fn plan(&self, dataset: Dataset) -> &Plan {
        &self.plans[dataset as usize]
    }
}

impl FieldRule {
    /// To look at these places, in this order.
    pub fn at<'a>(places: impl IntoIterator<Item = &'a str>) -> Self {
        Self { places: places.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// `{"places": […], "forms": […], "zone": "America/Chicago"}`; forms and zone may be left out.
    ///
    /// # Errors
    /// When the text is no such JSON, or names a zone that is none.
    pub fn from_json(text: &str) -> Result<Self, RuleError> {
        let StoredRule { places, forms, zone } = serde_json::from_str(text)?;
        Ok(Self { places, forms, zone: zone.as_deref().map(Zone::named).transpose()? })
    }

    pub fn to_json(&self) -> String {
        let zone = self.zone.as_ref().map(|zone| zone.name().to_owned());
        let stored = StoredRule { places: self.places.clone(), forms: self.forms.clone(), zone };
        serde_json::to_string(&stored).unwrap_or_default()
    }
}

impl Plan {
    fn with_rule(&self, field: &str, rule: FieldRule) -> Result<Self, Problem> {
        let Some(at) = self.field(field) else {
            let known: Vec<_> = self.fields.iter().map(|field| field.spec.name).collect();
            return Err(Problem::NoSuchField { known: known.join(", ") });
        };
        if at == 0 && rule.places.is_empty() {
            return Err(Problem::IdWithoutPlace);
        }
        let mut fields = self.fields.clone();
        fields[at] = Field::new(fields[at].spec, rule)?;
        Self::new(fields)
    }
}

fn default_plan(dataset: Dataset) -> Plan {
    let field = |spec: &'static FieldSpec| Field::new(spec, FieldRule::at(spec.places.iter().copied()));
    let plan = fields_of(dataset).iter().map(field).collect::<Result<_, _>>().and_then(Plan::new);
    plan.expect("the places and forms of the house's own fields are right, and a test has read them")
}
