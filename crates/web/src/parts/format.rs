//! Numbers, names, and changes as text.

use maud::{Markup, html};
use tetherboard_domain::{Money, grouped, is_visible, isolated};

/// `1,234`.
pub(crate) fn number(number: i64) -> String {
    let digits = grouped(number.unsigned_abs());
    if number < 0 { format!("−{digits}") } else { digits }
}

/// A length as the integer type that pages count with.
pub(crate) fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// `1 lead`, `12 leads`.
pub(crate) fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// `3 more`, `1 fewer`, or `same`.
pub(crate) fn change(now: i64, before: i64) -> String {
    match now - before {
        0 => "same".to_owned(),
        more @ 1.. => format!("{} more", number(more)),
        fewer => format!("{} fewer", number(-fewer)),
    }
}

/// `3 more than last week`, `same as last week`.
pub(crate) fn compared(now: i64, before: i64, with: &str) -> String {
    format!("{} {} {with}", change(now, before), if now == before { "as" } else { "than" })
}

/// A share in whole percent, `<1%` and `>99%` next to the ends; a dash if the whole is zero.
pub(crate) fn percent(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "—".to_owned();
    }
    match (200 * part + whole) / (2 * whole) {
        0 if part > 0 => "<1%".to_owned(),
        100 if part < whole => ">99%".to_owned(),
        percent => format!("{percent}%"),
    }
}

/// The initials of a person or brand, at most two letters.
pub(crate) fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = letters.next();
    let last = letters.next_back();
    [first, last].into_iter().flatten().flat_map(char::to_uppercase).collect()
}

/// `a`, `a and b`, `a, b, and c`.
pub(crate) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, second] => format!("{first} and {second}"),
        [start @ .., last] => format!("{}, and {last}", start.join(", ")),
    }
}

/// The name of a lead source on a page.
pub(crate) fn source_name(source: Option<&str>) -> &str {
    match source {
        None => "Unreadable",
        Some("") => "Not recorded",
        Some(name) if !is_visible(name) => "Invisible name",
        Some(name) => name,
    }
}

/// The owner of a candidate, deal, or appointment that has none.
pub(crate) const NO_OWNER: &str = "No owner";

/// An owner's name, on one line.
pub(crate) fn owner(name: &str) -> Markup {
    let name = name.trim();
    html! { @if !is_visible(name) { span.muted { (NO_OWNER) } } @else { span.t title=(name) { (name) } } }
}

/// The weighted value of a fee, or of one stage's fees. Unknown odds add nothing to a sum, but are shown as a dash: $0 would
/// mean odds of zero.
pub(crate) fn weighted_fee(fee: Option<Money>, weighted: Option<Money>) -> Markup {
    const NO_ODDS: &str = "Odds are unknown, so this adds nothing to the weighted value.";
    html! {
        @match weighted {
            Some(weighted) => (weighted),
            None => span.muted title=[fee.is_some().then_some(NO_ODDS)] { "—" },
        }
    }
}

/// A CRM name for use in a sentence, cut to about one line. The full name is its tooltip.
pub(crate) fn clipped(name: &str) -> Markup {
    const LONGEST: usize = 60;
    match name.char_indices().nth(LONGEST) {
        None => html! { (isolated(name)) },
        Some((end, _)) => html! { span title=(name) { (isolated(name[..end].trim_end())) "…" } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_counts_and_shares_are_formatted_as_text() {
        assert_eq!((change(11, 8), change(8, 11), change(2, 2)), ("3 more".into(), "3 fewer".into(), "same".into()));
        assert_eq!(compared(11, 8, "last week"), "3 more than last week");
        assert_eq!(compared(2, 2, "last week"), "same as last week");
        assert_eq!((percent(1, 3), percent(1, 2), percent(0, 0)), ("33%".into(), "50%".into(), "—".into()));
        assert_eq!((percent(1, 201), percent(200, 201), percent(0, 9)), ("<1%".into(), ">99%".into(), "0%".into()));
        assert_eq!(counted(1, "lead", "leads"), "1 lead");
        assert_eq!(counted(4_312, "lead", "leads"), "4,312 leads");
        assert_eq!(initials("Dana van Whitlock"), "DW");
        assert_eq!(listed(&["a", "b", "c"]), "a, b, and c");
    }

    #[test]
    fn a_blank_owner_is_shown_as_no_owner() {
        assert_eq!(owner(" ").into_string(), "<span class=\"muted\">No owner</span>");
        assert_eq!(owner("\u{200b}").into_string(), "<span class=\"muted\">No owner</span>");
        assert_eq!(owner(" <b> ").into_string(), "<span class=\"t\" title=\"&lt;b&gt;\">&lt;b&gt;</span>");
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_complete_in_its_tooltip() {
        assert_eq!(clipped("FDD Sent").into_string(), "FDD Sent");
        let long = "é".repeat(61);
        assert_eq!(clipped(&long).into_string(), format!("<span title=\"{long}\">{}…</span>", "é".repeat(60)));
    }
}
