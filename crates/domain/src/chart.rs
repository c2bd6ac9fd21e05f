//! The data and meaning of a chart. One script decides how it looks.

use serde::Serialize;

/// One chart, as the page passes it to the script in `data-chart`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChartSpec {
    /// Vertical bars over time.
    Columns { unit: ChartUnit, series: String, previous: Option<String>, data: Vec<Bar> },
    /// Horizontal bars, one per category, in the given order.
    Bars { unit: ChartUnit, series: String, previous: Option<String>, data: Vec<Bar> },
    /// One value per day, for up to about 400 days. An unknown day leaves a gap.
    Line { unit: ChartUnit, series: String, previous: Option<String>, data: Vec<Bar> },
    /// The changes that lead from one total to another.
    Waterfall { unit: ChartUnit, series: String, data: Vec<Step> },
    /// Flows from the nodes on the left to those on the right. A node is on one side only: a stage that is both a start and an
    /// end is two nodes. Each side keeps the given order.
    Sankey { unit: ChartUnit, series: String, nodes: Vec<Node>, flows: Vec<Flow> },
}

/// The unit of a chart's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartUnit {
    Count,
    /// Cents.
    Money,
}

/// The value of a category or time slot.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Bar {
    pub label: String,
    /// `None`: unknown, which is not drawn as zero.
    pub value: Option<i64>,
    /// The value in the comparison period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<i64>,
    /// In progress: drawn open and labeled as such.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// The previous day's value: drawn dashed in a line.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
    /// A stage role that decides the color; `None` uses the brand's accent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// A text after the value, such as a percentage: "31 · 64%".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The link: a path on this site. For a count, it leads to the list of the same number of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// The tooltip's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A total, or a change from the previous total.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Step {
    pub label: String,
    /// A total, or a positive or negative change. `None`: unknown, which changes nothing.
    pub value: Option<i64>,
    pub total: bool,
    /// The link: a path on this site. For a count, it leads to the list of as many rows as the value, without its sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// The tooltip's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// One end of flows. Its value is their sum.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Node {
    pub label: String,
    /// A stage role that decides the color; `None` uses the brand's accent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// The link: a path on this site. For a count, it leads to the list of the rows of all its flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}

/// The amount that went from one node to another.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flow {
    /// A node on the left, by its index in the list of nodes.
    pub from: usize,
    /// A node on the right, by its index in the list of nodes.
    pub to: usize,
    /// Above zero; other values are not drawn.
    pub value: i64,
    /// The link: a path on this site. For a count, it leads to the list of the same number of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// The tooltip's title; `None` uses the names of both nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl ChartSpec {
    /// The unit of every value.
    pub fn unit(&self) -> ChartUnit {
        match self {
            Self::Columns { unit, .. }
            | Self::Bars { unit, .. }
            | Self::Line { unit, .. }
            | Self::Waterfall { unit, .. }
            | Self::Sankey { unit, .. } => *unit,
        }
    }

    /// The name of the values.
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

/// The lowest value on a waterfall's axis, in its unit. It is zero unless the changes would be tiny next to the totals. Then it is
/// a round number below everything drawn, and the figure must say so.
pub fn waterfall_floor(steps: &[Step], unit: ChartUnit) -> i64 {
    let levels = levels(steps);
    let (Some(&low), Some(&high)) = (levels.iter().min(), levels.iter().max()) else { return 0 };
    let span = high.saturating_sub(low);
    if low <= 0 || span == 0 || span.saturating_mul(5) >= high {
        return 0;
    }
    let whole = if unit == ChartUnit::Money { 100 } else { 1 };
    // A quarter of a step remains below the lowest total, and three steps reach the highest.
    let floor = |step: i64| (low - (step + 3) / 4).div_euclid(step).saturating_mul(step);
    round_steps()
        .map(|step| step.saturating_mul(whole))
        .find(|&step| floor(step).saturating_add(step.saturating_mul(3)) >= high)
        .map_or(0, |step| floor(step).max(0))
}

/// The totals, and the level after each change.
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

/// 1, 2, 5, 10, 20, 50, and so on, as long as three times the number fits.
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
    fn a_waterfall_starts_at_zero_unless_its_changes_would_be_tiny() {
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
    fn a_waterfall_of_money_starts_at_whole_dollars_below_everything_drawn() {
        let movement = steps(&[123_456_789, 400, -250, 123_456_939]);
        let from = waterfall_floor(&movement, ChartUnit::Money);
        assert_eq!(from % 100, 0);
        assert!((123_456_000..123_456_789).contains(&from), "{from}");
    }

    #[test]
    fn unknown_changes_move_no_level_and_extreme_values_do_not_overflow() {
        let mut movement = steps(&[1_000, 50, -20, 1_030]);
        movement.insert(1, Step { label: "Up".to_owned(), ..Step::default() });
        assert_eq!(waterfall_floor(&movement, ChartUnit::Count), 950);
        assert_eq!(waterfall_floor(&[], ChartUnit::Count), 0);
        assert_eq!(waterfall_floor(&steps(&[i64::MAX, i64::MAX, i64::MIN, i64::MIN]), ChartUnit::Money), 0);
        let huge = waterfall_floor(&steps(&[i64::MAX - 1_000, 500, i64::MAX - 500]), ChartUnit::Money);
        assert!(huge < i64::MAX - 1_000);
    }

    #[test]
    fn a_spec_leaves_out_what_is_not_set() {
        let bar = Bar { label: "Mar 12".to_owned(), ..Bar::default() };
        let spec = ChartSpec::Line { unit: ChartUnit::Money, series: "Value".to_owned(), previous: None, data: vec![bar] };
        assert_eq!(
            serde_json::to_string(&spec).unwrap(),
            r#"{"kind":"line","unit":"money","series":"Value","previous":null,"data":[{"label":"Mar 12","value":null}]}"#
        );
        assert_eq!((spec.unit(), spec.series()), (ChartUnit::Money, "Value"));
    }
}
