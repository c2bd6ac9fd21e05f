//! The period a page covers, and what it is compared with.

use tetherboard_domain::{Compare, Period};

use super::dates::parse_day;
use super::links::Link;
use super::pairs::Pairs;
use super::query::{Choice, InvalidQuery, Param, Parsed};

/// `period` and `compare`; `start` and `end` for a custom period, as its form sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeriodQuery {
    /// The period in the address, if any.
    pub(crate) chosen: Option<Period>,
    pub(crate) compare: Compare,
    /// The page's own period, when the address names none.
    pub(crate) default: Period,
}

impl Choice for Compare {
    const NAMES: &'static [(&'static str, Self)] =
        &[("previous", Self::Previous), ("year", Self::YearBefore), ("none", Self::Nothing)];
}

impl PeriodQuery {
    /// Reads the period of a page; `default` applies if the address names none.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub(crate) fn parse(pairs: &Pairs, default: Period) -> Parsed<Self> {
        let chosen = match pairs.filled("period") {
            None => None,
            Some("custom") => {
                let day = |key: &str| {
                    let missing = || InvalidQuery(format!("A custom period needs `{key}`, a date like 2026-03-09."));
                    parse_day(key, pairs.filled(key).ok_or_else(missing)?)
                };
                let period = Period::between(day("start")?, day("end")?);
                Some(period.map_err(|error| InvalidQuery(format!("{error}; choose other days.")))?)
            }
            Some(text) => Some(text.parse().map_err(|error| InvalidQuery(format!("`period`: {error}.")))?),
        };
        let compare: Option<Compare> = Param::parse(pairs, "compare")?;
        Ok(Self { chosen, compare: compare.unwrap_or_default(), default })
    }

    /// The period the page covers.
    pub(crate) fn period(self) -> Period {
        self.chosen.unwrap_or(self.default)
    }

    /// The page's own period with the default comparison.
    pub(crate) fn reset(self) -> Self {
        Self { chosen: None, compare: Compare::default(), ..self }
    }

    /// Adds what differs from the page's own period to a link.
    pub(crate) fn add_to(self, link: Link) -> Link {
        let compare = Some(self.compare).filter(|compare| *compare != Compare::default());
        link.maybe("period", self.chosen.map(|period| period.to_string()).as_deref()).maybe("compare", compare.map(Compare::word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_read_from_its_name_its_days_or_its_form() {
        let parse = |query: &str| PeriodQuery::parse(&Pairs::of(query), Period::WeekToDate);
        let printed = |query: &str| parse(query).unwrap().add_to(Link::to("/")).url();
        assert_eq!(parse("").unwrap().period(), Period::WeekToDate);
        assert_eq!(printed(""), "/");
        assert_eq!(printed("period=30d&compare=year"), "/?period=30d&compare=year");
        assert_eq!(printed("period=custom&start=2026-03-01&end=2026-03-31&compare=previous"), "/?period=2026-03-01..2026-03-31");
        for bad in ["period=soon", "period=custom", "period=custom&start=2026-03-09&end=2026-03-01", "compare=last"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
