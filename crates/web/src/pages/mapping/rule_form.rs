//! What somebody typed into a field's form, kept as they typed it, and the rule that it says.

use tetherboard_crm_records::fields::DateFormatError;
use tetherboard_crm_records::mapping::{FieldRule, FieldSpec, Mapping, MappingError, RuleProblem, json_pointer};
use tetherboard_domain::{Dataset, Zone};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) places: String,
    pub(super) forms: String,
    pub(super) zone: String,
}

/// The part of the form that is at fault, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) part: Part,
    pub(super) why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Places,
    Forms,
    Zone,
}

/// Bytes of a part. No rule needs as many.
const LONGEST: [(Part, &str, usize); 3] =
    [(Part::Places, "places", 8_000), (Part::Forms, "forms", 2_000), (Part::Zone, "zone", 100)];
const MOST_PLACES: usize = 50;
const MOST_FORMS: usize = 20;

impl Typed {
    /// The rule as a person would have typed it.
    pub(super) fn of(rule: &FieldRule) -> Self {
        let zone = rule.zone.as_ref().map(|zone| zone.name().to_owned()).unwrap_or_default();
        Self { places: rule.places.join("\n"), forms: rule.formats.join("\n"), zone }
    }

    /// What came with an address or a form; nothing, where that says no places.
    ///
    /// # Errors
    /// A sentence about what is too long to be meant.
    pub(super) fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Option<Self>, String> {
        if get("places").is_none() {
            return Ok(None);
        }
        let part = |of: Part| {
            let (_, name, longest) = LONGEST.into_iter().find(|(part, ..)| *part == of).unwrap_or(LONGEST[0]);
            let text = get(name).unwrap_or_default();
            match text.len() > longest {
                true => Err(format!("The {name} are longer than {longest} characters; no rule needs as many.")),
                // Browsers send lines as they were ended on typewriters.
                false => Ok(text.replace("\r\n", "\n")),
            }
        };
        Ok(Some(Self { places: part(Part::Places)?, forms: part(Part::Forms)?, zone: part(Part::Zone)? }))
    }

    /// The rule that it says, and the mapping with it; or what is wrong with each part.
    pub(super) fn tried(
        &self,
        mapping: &Mapping,
        dataset: Dataset,
        spec: &FieldSpec,
    ) -> Result<(FieldRule, Mapping), Vec<Fault>> {
        let mut faults = Vec::new();
        let built_in: Vec<String> = spec.places.iter().map(|place| (*place).to_owned()).collect();
        let rule = FieldRule {
            places: self.places().unwrap_or_else(|fault| noted(&mut faults, fault, built_in.clone())),
            formats: self.forms(spec).unwrap_or_else(|fault| noted(&mut faults, fault, Vec::new())),
            zone: self.zone().unwrap_or_else(|fault| noted(&mut faults, fault, None)),
        };
        let with = |rule: &FieldRule| {
            let mut mapping = mapping.clone();
            mapping.set(dataset, spec.name, rule.clone()).map(|()| mapping)
        };
        let tried = with(&rule);
        if let (Ok(mapping), true) = (&tried, faults.is_empty()) {
            return Ok((rule, mapping.clone()));
        }
        // A mapping names the first fault of a rule: each part without the others has its own.
        let places_alone = FieldRule { places: rule.places.clone(), ..FieldRule::default() };
        let forms_alone = FieldRule { places: built_in, ..rule };
        let found = [tried.err(), with(&places_alone).err(), with(&forms_alone).err()].into_iter().flatten().map(Fault::from);
        for fault in found {
            if faults.iter().all(|known| known.part != fault.part) {
                faults.push(fault);
            }
        }
        Err(faults)
    }

    fn places(&self) -> Result<Vec<String>, Fault> {
        let places = each(self.places.lines().filter_map(place));
        if places.len() > MOST_PLACES {
            Err(Part::Places.fault(format!("these are more than {MOST_PLACES} places")))
        } else {
            Ok(places)
        }
    }

    /// None, where they are those that are built in.
    fn forms(&self, spec: &FieldSpec) -> Result<Vec<String>, Fault> {
        let forms = each(self.forms.lines().map(str::trim).filter(|form| !form.is_empty()).map(str::to_owned));
        match forms.len() {
            _ if forms == spec.formats => Ok(Vec::new()),
            ..=MOST_FORMS => Ok(forms),
            _ => Err(Part::Forms.fault(format!("these are more than {MOST_FORMS} forms"))),
        }
    }

    fn zone(&self) -> Result<Option<Zone>, Fault> {
        let zone = Some(self.zone.trim()).filter(|zone| !zone.is_empty()).map(Zone::named);
        zone.transpose().map_err(|error| Part::Zone.fault(error.to_string()))
    }
}

/// Goes on with something else.
fn noted<T>(faults: &mut Vec<Fault>, fault: Fault, otherwise: T) -> T {
    faults.push(fault);
    otherwise
}

/// A pointer as it stands: a name may end in a space. Anything else is the name of a key of the row.
fn place(line: &str) -> Option<String> {
    let line = line.trim_start();
    match line.trim() {
        "" => None,
        _ if line.starts_with('/') => Some(line.to_owned()),
        key => Some(json_pointer([key])),
    }
}

fn each(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut each = Vec::new();
    for line in lines {
        if !each.contains(&line) {
            each.push(line);
        }
    }
    each
}

/// Whether a rule says no more than what is built in.
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
            RuleProblem::InvalidFormat { .. } | RuleProblem::NotADate(_) => Part::Forms,
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

    fn typed(places: &str, forms: &str, zone: &str) -> Typed {
        Typed { places: places.into(), forms: forms.into(), zone: zone.into() }
    }

    fn rule(typed: &Typed, field: &str) -> FieldRule {
        typed.tried(&Mapping::default(), Dataset::Contacts, spec(field)).unwrap().0
    }

    #[rstest]
    #[case::pointers("/a\n/b/0/c", &["/a", "/b/0/c"])]
    #[case::a_bare_name("  cf_units ", &["/cf_units"])]
    #[case::a_bare_name_with_what_pointers_escape("in/out ~ %", &["/in~1out ~0 %"])]
    #[case::empty_lines_and_what_is_said_twice("\n/a\n  \n a\n/a\n", &["/a"])]
    #[case::a_name_that_ends_in_a_space("  /Units \n/a", &["/Units ", "/a"])]
    #[case::nothing(" \n", &[])]
    fn lines_are_places(#[case] text: &str, #[case] places: &[&str]) {
        assert_eq!(rule(&typed(text, "", ""), "units").places, places);
    }

    #[test]
    fn what_is_built_in_is_no_rule_of_ones_own() {
        let same = rule(&typed("created", "%Y-%m-%d %H:%M:%S\n", ""), "created");
        assert!(is_built_in(spec("created"), &same) && same.formats.is_empty());
        for other in [typed("/made", "", ""), typed("/created", "%s", ""), typed("/created", "", "UTC"), typed("", "", "")] {
            assert!(!is_built_in(spec("created"), &rule(&other, "created")), "{other:?}");
        }
    }

    #[rstest]
    #[case::no_zone(typed("a", "", "Chicago"), &[(Part::Zone, "`Chicago` is not an IANA time zone")])]
    #[case::many_places(typed(&(0..51).map(|n| format!("a/{n}\n")).collect::<String>(), "", ""), &[(Part::Places, "these are more than 50 places")])]
    #[case::many_forms(typed("a", &(0..21).map(|n| format!("%s{n}\n")).collect::<String>(), ""), &[(Part::Forms, "these are more than 20 forms")])]
    #[case::no_place_and_no_form(typed("/~x", "%H", ""), &[(Part::Places, "`/~x` is not a place"), (Part::Forms, "`%H` is not a date format")])]
    #[case::nothing_right(typed("/~x", "%H", "Mars"), &[(Part::Places, "`/~x` is"), (Part::Forms, "`%H` is"), (Part::Zone, "`Mars` is")])]
    fn what_is_no_rule_is_named_part_by_part(#[case] typed: Typed, #[case] said: &[(Part, &str)]) {
        let mut faults = typed.tried(&Mapping::default(), Dataset::Contacts, spec("created")).unwrap_err();
        faults.sort_by_key(|fault| fault.part as u8);
        assert_eq!(faults.len(), said.len(), "{faults:?}");
        for (fault, (part, why)) in faults.iter().zip(said) {
            assert!(fault.part == *part && fault.why.starts_with(why), "{fault:?}");
        }
    }

    #[test]
    fn what_is_too_long_to_be_meant_is_refused_and_what_says_no_places_is_no_rule() {
        let long = "x".repeat(8_001);
        let read = |key: &str, text: &str| Typed::read(|asked| (asked == key).then_some(text));
        assert!(read("places", &long).unwrap_err().contains("8000"));
        assert_eq!(read("forms", "%s").unwrap(), None);
        assert_eq!(read("places", "a\r\nb").unwrap().unwrap().places, "a\nb");
    }
}
