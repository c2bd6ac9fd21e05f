//! The form of a field's rule: its text as typed, and the rule it describes.

use axum::extract::{FromRequest, RawForm, Request};
use tetherboard_crm_records::fields::DateFormatError;
use tetherboard_crm_records::mapping::{FieldRule, FieldSpec, Mapping, MappingError, RuleProblem, json_pointer};
use tetherboard_domain::{Dataset, Zone};

use crate::address::pairs::Pairs;
use crate::address::query::query;
use crate::address::verbatim::Verbatim;
use crate::http::error::HttpError;

query! {
    /// The fields of the form, in an address or in a form that was sent.
    pub(super) struct RuleForm {
        /// Places, one per line.
        places: Verbatim = "places",
        /// Date formats, one per line.
        formats: Verbatim = "forms",
        /// The zone of values without one.
        zone: Verbatim = "zone",
        /// `built-in`: back to the built-in places.
        to: Verbatim = "to",
    }
}

/// The form, sent with POST.
pub(super) struct PostedRule(pub(super) RuleForm);

impl<S: Send + Sync> FromRequest<S> for PostedRule {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        const UNREADABLE: &str = "The form could not be read, or is too long. Go back, reload the page, and try again.";
        let unreadable = || HttpError::bad_request(UNREADABLE);
        let RawForm(body) = RawForm::from_request(request, state).await.map_err(|_| unreadable())?;
        let body = std::str::from_utf8(&body).map_err(|_| unreadable())?;
        Ok(Self(RuleForm::parse(&Pairs::of(body))?))
    }
}

/// A rule as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RuleText {
    pub(super) places: String,
    pub(super) formats: String,
    pub(super) zone: String,
}

/// A part of the form that is invalid, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) part: Part,
    pub(super) why: String,
}

/// A part of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Places,
    Formats,
    Zone,
}

/// The length of each part at most, in bytes.
const MAX_PLACES_LEN: usize = 8_000;
const MAX_FORMATS_LEN: usize = 2_000;
const MAX_ZONE_LEN: usize = 100;
const MAX_PLACES: usize = 50;
const MAX_FORMATS: usize = 20;

impl RuleForm {
    /// The rule in the form; `None` if it has no places.
    ///
    /// # Errors
    /// A sentence that says which part is too long.
    pub(super) fn rule_text(&self) -> Result<Option<RuleText>, String> {
        let part = |value: &Verbatim, name: &str, max: usize| {
            let text = value.text();
            match text.len() > max {
                true => Err(format!("The {name} can have at most {max} characters. Shorten the text.")),
                // Browsers send CRLF.
                false => Ok(text.replace("\r\n", "\n")),
            }
        };
        if self.places.0.is_none() {
            return Ok(None);
        }
        Ok(Some(RuleText {
            places: part(&self.places, "places", MAX_PLACES_LEN)?,
            formats: part(&self.formats, "date formats", MAX_FORMATS_LEN)?,
            zone: part(&self.zone, "time zone", MAX_ZONE_LEN)?,
        }))
    }
}

impl RuleText {
    /// The rule as a person would type it.
    pub(super) fn of(rule: &FieldRule) -> Self {
        let zone = rule.zone.as_ref().map(|zone| zone.name().to_owned()).unwrap_or_default();
        Self { places: rule.places.join("\n"), formats: rule.formats.join("\n"), zone }
    }

    /// The rule, and the mapping with it.
    ///
    /// # Errors
    /// What is wrong with each part.
    pub(super) fn parse(
        &self,
        mapping: &Mapping,
        dataset: Dataset,
        spec: &FieldSpec,
    ) -> Result<(FieldRule, Mapping), Vec<Fault>> {
        let mut faults = Vec::new();
        let built_in: Vec<String> = spec.places.iter().map(|place| (*place).to_owned()).collect();
        let rule = FieldRule {
            places: self.places().unwrap_or_else(|fault| or_note(&mut faults, fault, built_in.clone())),
            formats: self.formats(spec).unwrap_or_else(|fault| or_note(&mut faults, fault, Vec::new())),
            zone: self.zone().unwrap_or_else(|fault| or_note(&mut faults, fault, None)),
        };
        let with = |rule: &FieldRule| {
            let mut mapping = mapping.clone();
            mapping.set(dataset, spec.name, rule.clone()).map(|()| mapping)
        };
        let result = with(&rule);
        if let (Ok(mapping), true) = (&result, faults.is_empty()) {
            return Ok((rule, mapping.clone()));
        }
        // A mapping reports only the first error of a rule, so each part is also tried alone.
        let places_alone = FieldRule { places: rule.places.clone(), ..FieldRule::default() };
        let formats_alone = FieldRule { places: built_in, ..rule };
        let found = [result.err(), with(&places_alone).err(), with(&formats_alone).err()].into_iter().flatten().map(Fault::from);
        for fault in found {
            if faults.iter().all(|other| other.part != fault.part) {
                faults.push(fault);
            }
        }
        Err(faults)
    }

    fn places(&self) -> Result<Vec<String>, Fault> {
        let places = distinct(self.places.lines().filter_map(place));
        if places.len() > MAX_PLACES {
            Err(Part::Places.fault(format!("there are more than {MAX_PLACES} places")))
        } else {
            Ok(places)
        }
    }

    /// The date formats; empty if they are the built-in ones.
    fn formats(&self, spec: &FieldSpec) -> Result<Vec<String>, Fault> {
        let lines = self.formats.lines().map(str::trim).filter(|line| !line.is_empty());
        let formats = distinct(lines.map(str::to_owned));
        match formats.len() {
            _ if formats == spec.formats => Ok(Vec::new()),
            ..=MAX_FORMATS => Ok(formats),
            _ => Err(Part::Formats.fault(format!("there are more than {MAX_FORMATS} date formats"))),
        }
    }

    fn zone(&self) -> Result<Option<Zone>, Fault> {
        let zone = Some(self.zone.trim()).filter(|zone| !zone.is_empty()).map(Zone::named);
        zone.transpose().map_err(|error| Part::Zone.fault(error.to_string()))
    }
}

/// Records a fault, and continues with another value.
fn or_note<T>(faults: &mut Vec<Fault>, fault: Fault, otherwise: T) -> T {
    faults.push(fault);
    otherwise
}

/// A pointer unchanged, because a key may end in a space. Anything else is a key of the row.
fn place(line: &str) -> Option<String> {
    let line = line.trim_start();
    match line.trim() {
        "" => None,
        _ if line.starts_with('/') => Some(line.to_owned()),
        key => Some(json_pointer([key])),
    }
}

/// The lines without repetitions.
fn distinct(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for line in lines {
        if !distinct.contains(&line) {
            distinct.push(line);
        }
    }
    distinct
}

/// Whether a rule is the same as the built-in one.
pub(super) fn is_built_in(spec: &FieldSpec, rule: &FieldRule) -> bool {
    let forms = rule.formats.is_empty() || rule.formats == spec.formats;
    rule.places == spec.places && forms && rule.zone.is_none()
}

impl Part {
    fn fault(self, why: String) -> Fault {
        Fault { part: self, why }
    }
}

impl From<MappingError> for Fault {
    fn from(error: MappingError) -> Self {
        let part = match &error.problem {
            RuleProblem::InvalidFormat { .. } | RuleProblem::NotADate(_) => Part::Formats,
            RuleProblem::UnknownField { .. }
            | RuleProblem::IdWithoutPlace
            | RuleProblem::InvalidPlace { .. }
            | RuleProblem::TooManyKeys => Part::Places,
        };
        let cause = match &error.problem {
            RuleProblem::InvalidFormat { reason: DateFormatError::Pattern(cause), .. } => format!(" ({cause})"),
            _ => String::new(),
        };
        part.fault(format!("{}{cause}", error.problem))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tetherboard_crm_records::mapping::fields_of;

    use super::*;

    fn spec(field: &str) -> &'static FieldSpec {
        fields_of(Dataset::Contacts).iter().find(|spec| spec.name == field).unwrap()
    }

    fn text(places: &str, formats: &str, zone: &str) -> RuleText {
        RuleText { places: places.into(), formats: formats.into(), zone: zone.into() }
    }

    fn lines(count: usize, start: &str) -> String {
        (0..count).map(|n| format!("{start}{n}\n")).collect()
    }

    fn rule(text: &RuleText, field: &str) -> FieldRule {
        text.parse(&Mapping::default(), Dataset::Contacts, spec(field)).unwrap().0
    }

    #[rstest]
    #[case::pointers("/a\n/b/0/c", &["/a", "/b/0/c"])]
    #[case::a_bare_name("  cf_units ", &["/cf_units"])]
    #[case::a_bare_name_with_what_pointers_escape("in/out ~ %", &["/in~1out ~0 %"])]
    #[case::empty_lines_and_what_is_said_twice("\n/a\n  \n a\n/a\n", &["/a"])]
    #[case::a_name_that_ends_in_a_space("  /Units \n/a", &["/Units ", "/a"])]
    #[case::nothing(" \n", &[])]
    fn lines_are_places(#[case] lines: &str, #[case] places: &[&str]) {
        assert_eq!(rule(&text(lines, "", ""), "units").places, places);
    }

    #[test]
    fn the_built_in_rule_is_not_an_own_rule() {
        let same = rule(&text("created", "%Y-%m-%d %H:%M:%S\n", ""), "created");
        assert!(is_built_in(spec("created"), &same) && same.formats.is_empty());
        for other in [text("/made", "", ""), text("/created", "%s", ""), text("/created", "", "UTC"), text("", "", "")] {
            assert!(!is_built_in(spec("created"), &rule(&other, "created")), "{other:?}");
        }
    }

    #[rstest]
    #[case::no_zone(text("a", "", "Chicago"), &[(Part::Zone, "`Chicago` is not an IANA time zone")])]
    #[case::many_places(text(&lines(51, "a/"), "", ""), &[(Part::Places, "there are more than 50 places")])]
    #[case::many_formats(text("a", &lines(21, "%s"), ""), &[(Part::Formats, "there are more than 20 date formats")])]
    #[case::no_place_and_no_format(
        text("/~x", "%H", ""),
        &[(Part::Places, "`/~x` is not a place"), (Part::Formats, "`%H` is not a date format")]
    )]
    #[case::nothing_right(
        text("/~x", "%H", "Mars"),
        &[(Part::Places, "`/~x` is"), (Part::Formats, "`%H` is"), (Part::Zone, "`Mars` is")]
    )]
    fn an_invalid_rule_is_explained_part_by_part(#[case] text: RuleText, #[case] expected: &[(Part, &str)]) {
        let mut faults = text.parse(&Mapping::default(), Dataset::Contacts, spec("created")).unwrap_err();
        faults.sort_by_key(|fault| fault.part as u8);
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, (part, why)) in faults.iter().zip(expected) {
            assert!(fault.part == *part && fault.why.starts_with(why), "{fault:?}");
        }
    }

    #[test]
    fn a_part_that_is_too_long_is_rejected_and_a_form_without_places_is_no_rule() {
        let long = "x".repeat(8_001);
        let read = |query: &str| RuleForm::parse(&Pairs::of(query)).unwrap().rule_text();
        assert!(read(&format!("places={long}")).unwrap_err().contains("8000"));
        assert_eq!(read("forms=%25s").unwrap(), None);
        assert_eq!(read("places=a%0D%0Ab").unwrap().unwrap().places, "a\nb");
    }
}
