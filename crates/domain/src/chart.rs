//! A chart says data and meaning; one script says looks.

use serde::Serialize;

/// One chart, as the page hands it to the script in `data-chart`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChartSpec {
    /// Upright bars over time.
    Columns { unit: ChartUnit, series: String, previous: Option<String>, data: Vec<Bar> },
    /// Lying bars, one to a category, in the order given.
    Bars { unit: ChartUnit, series: String, previous: Option<String>, data: Vec<Bar> },
    /// A value day by day, up to some 400 days. A day that is not known leaves a gap.
    Line { unit: ChartUnit, series: String, previous: Option<String>, data: Vec<Bar> },
    /// What led from one total to another, change by change.
    Waterfall { unit: ChartUnit, series: String, data: Vec<Step> },
    /// What went from the nodes on the left to those on the right. A node stands on one side only: what is on both, such as
    /// a stage before and after, is two nodes. Each side keeps the order given.
    Sankey { unit: ChartUnit, series: String, nodes: Vec<Node>, flows: Vec<Flow> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartUnit {
    Count,
    /// Cents.
    Money,
}

/// A value of a category, or of a bucket of time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Bar {
    pub label: String,
    /// `None` is not known, and is not drawn as zero.
    pub value: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<i64>,
    /// Unfinished: drawn open and labelled "so far".
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Carried forward from the day before: drawn dashed in a line.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
    /// A stage role to colour by; none takes the brand's accent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// Words after the value, such as a share: "31 · 64%".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where a click leads: a path of this site. Of a count it is the list of as many rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// What the tooltip says over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A total, or a change from the total before it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Step {
    pub label: String,
    /// A total stands for itself; a change is above or below zero. `None` is not known, and moves nothing.
    pub value: Option<i64>,
    pub total: bool,
    /// Where a click leads: a path of this site. Of a count it is the list of as many rows as the value, without its sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// What the tooltip says over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// An end of flows. Its value is the sum of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Node {
    pub label: String,
    /// A stage role to colour by; none takes the brand's accent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// Where a click leads: a path of this site. Of a count it is the list of the rows of all its flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}

/// So much of one node that went to another.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flow {
    /// A node of the left side, by its place in the list of nodes.
    pub from: usize,
    /// A node of the right side, by its place in the list of nodes.
    pub to: usize,
    /// Above zero: anything else is not drawn.
    pub value: i64,
    /// Where a click leads: a path of this site. Of a count it is the list of as many rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// What the tooltip says over it; none names both nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl ChartSpec {
    /// What every value is: a count, or cents.
    pub fn unit(&self) -> ChartUnit {
        match self {
            Self::Columns { unit, .. }
            | Self::Bars { unit, .. }
            | Self::Line { unit, .. }
            | Self::Waterfall { unit, .. }
            | Self::Sankey { unit, .. } => *unit,
        }
    }

    /// What the values are values of.
    pub fn series(&self) -> &str {
        match self {
            Self::Columns { series, .. }
            | Self::Bars { series, .. }
            | Self::Line { series, .. }
            | Self::Waterfall { series, .. }
            | Self::Sankey { series, .. } => series,
        }
    }
}

/// Where the axis of a waterfall starts, in its unit. Zero, unless the changes would be slivers beside the totals: then a round
/// number below all that is drawn, which the figure must say.
pub fn waterfall_floor(steps: &[Step], unit: ChartUnit) -> i64 {
    let levels = levels(steps);
    let (Some(&low), Some(&high)) = (levels.iter().min(), levels.iter().max()) else { return 0 };
    let span = high.saturating_sub(low);
    if low <= 0 || span == 0 || span.saturating_mul(5) >= high {
        return 0;
    }
    let whole = if unit == ChartUnit::Money { 100 } else { 1 };
    // The lowest total keeps a foot of a quarter of a step, and three steps reach the highest.
    let floor = |step: i64| (low - (step + 3) / 4).div_euclid(step).saturating_mul(step);
    round_steps()
        .map(|step| step.saturating_mul(whole))
        .find(|&step| floor(step).saturating_add(step.saturating_mul(3)) >= high)
        .map_or(0, |step| floor(step).max(0))
}

/// The totals, and where each change ends.
fn levels(steps: &[Step]) -> Vec<i64> {
    let mut level = 0_i64;
    let mut all = Vec::new();
    for step in steps {
        let Some(value) = step.value else { continue };
        level = if step.total { value } else { level.saturating_add(value) };
        all.push(level);
    }
    all
}

/// 1, 2, 5, 10, 20, 50 and so on, as far as three of them are a number.
fn round_steps() -> impl Iterator<Item = i64> {
    (0..17).flat_map(|power| [1, 2, 5].map(|first| first * 10_i64.pow(power)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(values: &[i64]) -> Vec<Step> {
        let last = values.len() - 1;
        let step = |(at, value): (usize, &i64)| Step { value: Some(*value), total: at == 0 || at == last, ..Step::default() };
        values.iter().enumerate().map(step).collect()
    }

    #[test]
    fn a_waterfall_starts_at_zero_unless_its_changes_would_be_slivers() {
        let cases: [(&[i64], i64); 7] = [
            (&[100, 60, -20, 140], 0),
            (&[10, -3, 0, 7], 0),
            (&[1_000, 50, -20, 1_030], 950),
            (&[612_000, 95_000, 25_000, -7_000, 35_000, -60_000, 700_000], 500_000),
            (&[1_000, 1_000], 0),
            (&[0, 5, -5, 0], 0),
            (&[0, 0], 0),
        ];
        for (values, from) in cases {
            assert_eq!(waterfall_floor(&steps(values), ChartUnit::Count), from, "{values:?}");
        }
    }

    #[test]
    fn a_waterfall_of_money_starts_at_whole_dollars_below_all_it_draws() {
        let movement = steps(&[123_456_789, 400, -250, 123_456_939]);
        let from = waterfall_floor(&movement, ChartUnit::Money);
        assert_eq!(from % 100, 0);
        assert!((123_456_000..123_456_789).contains(&from), "{from}");
    }

    #[test]
    fn what_is_not_known_moves_no_level_and_hostile_sizes_do_not_overflow() {
        let mut movement = steps(&[1_000, 50, -20, 1_030]);
        movement.insert(1, Step { label: "Up".to_owned(), ..Step::default() });
        assert_eq!(waterfall_floor(&movement, ChartUnit::Count), 950);
        assert_eq!(waterfall_floor(&[], ChartUnit::Count), 0);
        assert_eq!(waterfall_floor(&steps(&[i64::MAX, i64::MAX, i64::MIN, i64::MIN]), ChartUnit::Money), 0);
        let huge = waterfall_floor(&steps(&[i64::MAX - 1_000, 500, i64::MAX - 500]), ChartUnit::Money);
        assert!(huge < i64::MAX - 1_000);
    }

    #[test]
    fn a_spec_says_no_more_than_it_must() {
        let bar = Bar { label: "Mar 12".to_owned(), ..Bar::default() };
        let spec = ChartSpec::Line { unit: ChartUnit::Money, series: "Value".to_owned(), previous: None, data: vec![bar] };
        assert_eq!(
            serde_json::to_string(&spec).unwrap(),
            r#"{"kind":"line","unit":"money","series":"Value","previous":null,"data":[{"label":"Mar 12","value":null}]}"#
        );
        assert_eq!((spec.unit(), spec.series()), (ChartUnit::Money, "Value"));
    }
}
