//! A chart says data and meaning; one script says looks.

use serde::Serialize;

/// One series of bars, as the page hands it to the script in `data-chart`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChartSpec {
    /// Upright bars over time.
    Columns { unit: ChartUnit, series: String, previous: Option<String>, data: Vec<Bar> },
    /// Lying bars, one to a category, in the order given.
    Bars { unit: ChartUnit, series: String, previous: Option<String>, data: Vec<Bar> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartUnit {
    Count,
    /// Cents.
    Money,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Bar {
    pub label: String,
    /// `None` is not known, and is not drawn as zero.
    pub value: Option<i64>,
    pub previous: Option<i64>,
    /// Unfinished: drawn open and labelled "so far".
    pub open: bool,
    /// A stage role to colour by; none takes the brand's accent.
    pub role: Option<&'static str>,
    /// Where a click leads: a path of this site.
    pub href: Option<String>,
    /// What the tooltip says over it.
    pub title: Option<String>,
}
