//! A hot list score and the points it is made of.

use maud::{Markup, html};
use tetherboard_domain::{Points, RuleStep, ScoreFactor, ScoreRules};
use tetherboard_metrics::HotListItem;

use super::hot_list::{HotListFormat, signed};

/// Every part of a score with its reason, and their sum.
pub(crate) fn reasons(display: HotListFormat<'_>, item: &HotListItem, rules: &ScoreRules) -> Markup {
    let sum: i64 = item.points.iter().map(|part| part.points).sum();
    html! {
        div {
            h2 { "Score breakdown" }
            dl.mt2 {
                @for part in &item.points {
                    div.reason {
                        dt { (part.factor.name()) }
                        dd { span.bar { @if part.points > 0 { i style=(format!("width:{}%", share(part, rules))) {} } } }
                        dd.p { (signed(part.points)) }
                        dd.w { (display.why(part, item)) }
                    }
                }
                div.reason.sum { dt { "Score" } dd {} dd.p { (item.score) } dd.w {
                    @if sum == item.score { "out of 100, the sum of these points" }
                    @else { "the points add up to " (signed(sum)) "; scores range from 0 to 100" }
                } }
            }
        }
    }
}

/// A part's points in percent of the most that it can give.
fn share(part: &Points, rules: &ScoreRules) -> i64 {
    let first = |steps: &[RuleStep]| steps.iter().map(|step| step.points).max().unwrap_or(0);
    let most = match part.factor {
        ScoreFactor::Stage { .. } => rules.stage,
        ScoreFactor::Momentum { .. } => first(&rules.moved_forward),
        ScoreFactor::Touch { .. } => first(&rules.touched),
        ScoreFactor::Appointment { .. } => first(&rules.booked).max(rules.booked_later),
        ScoreFactor::Fee { .. } => rules.fee_twice_median,
        ScoreFactor::CloseDate { .. } => first(&rules.closes),
    };
    (100 * part.points.max(0)).checked_div(most).unwrap_or(0).clamp(0, 100)
}
