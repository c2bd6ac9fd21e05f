//! The limit of labels: names, titles, and other text that is shown in one line.

use unicode_segmentation::UnicodeSegmentation;

/// The longest label, in characters.
pub const MAX_LABEL: usize = 500;

/// The label, cut to [`MAX_LABEL`] characters: between what a reader perceives as characters, and with an ellipsis. The raw row
/// keeps the rest.
pub fn shortened(label: String) -> String {
    if label.len() <= MAX_LABEL {
        return label;
    }
    // One more than fits tells whether anything is cut, and bounds the work for any length.
    let Some((end, _)) = label.char_indices().nth(MAX_LABEL) else { return label };
    let (last_fitting, _) = label[..end].char_indices().next_back().unwrap_or_default();
    // A few characters behind the cut, so that the grapheme around it is seen as one.
    let window = label[end..].char_indices().nth(32).map_or(label.len(), |(more, _)| end + more);
    let cut = label[..window].grapheme_indices(true).map(|(at, _)| at).take_while(|at| *at <= last_fitting).last();
    // A single endless grapheme is cut within.
    let cut = cut.filter(|cut| *cut > 0).unwrap_or(last_fitting);
    format!("{}…", label[..cut].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> usize {
        text.chars().count()
    }

    #[test]
    fn a_label_of_any_length_has_at_most_500_characters() {
        let same = ["".to_owned(), "Ada".to_owned(), "x".repeat(500), "é".repeat(500), "👍".repeat(500)];
        same.into_iter().for_each(|label| assert_eq!(shortened(label.clone()), label));
        assert_eq!(shortened("x".repeat(501)), format!("{}…", "x".repeat(499)));
        assert_eq!(shortened("é".repeat(3_000_000)), format!("{}…", "é".repeat(499)));
        assert_eq!(shortened(format!("{} {}", "x".repeat(498), "y".repeat(9))), format!("{}…", "x".repeat(498)));
    }

    #[test]
    fn what_reads_as_one_character_is_not_cut_apart() {
        let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
        let short = shortened(format!("{}{family}{family}", "x".repeat(497)));
        assert_eq!(short, format!("{}…", "x".repeat(497)));
        let accented = "e\u{301}";
        let short = shortened(accented.repeat(400));
        assert!(short.trim_end_matches('…').ends_with(accented) && length(&short) <= 500);
        let flag = "🇺🇸";
        assert_eq!(shortened(flag.repeat(400)).trim_end_matches('…'), flag.repeat(249));
    }

    #[test]
    fn endless_marks_on_one_letter_are_cut() {
        let short = shortened(format!("e{}", "\u{301}".repeat(1_000_000)));
        assert!(length(&short) <= 500 && short.ends_with('…'));
    }
}
