//! People's names: as lists show them, and as the key that links deals to contacts.

use tetherboard_crm_records::fields;
use tetherboard_domain::{NO_NAME, is_visible};

/// Increases when a name is read in a new way.
pub(super) const VERSION: i64 = 1;

/// First and last name without placeholders; `None` if nothing is left.
pub(super) fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let whole = [first, last].into_iter().flatten().map(str::trim).filter(|part| is_visible(part)).collect::<Vec<_>>().join(" ");
    let real = |name: &str| is_visible(name) && !fields::is_placeholder_name(name);
    if !real(&whole) {
        return None;
    }
    let parts = [first, last].into_iter().flatten().map(str::trim).filter(|part| real(part));
    Some(parts.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
}

/// The name to display: the person's, otherwise the company's, otherwise "No name".
pub(super) fn display_name(name: Option<String>, company: Option<&str>) -> String {
    name.or_else(|| company.map(str::trim).filter(|company| is_visible(company)).map(str::to_owned))
        .unwrap_or_else(|| NO_NAME.to_owned())
}

/// Name and company, lowercased and with single spaces: links a deal without a contact ID to its contact. `None` if the
/// name is only a placeholder.
pub(super) fn link_key(name: Option<&str>, company: Option<&str>) -> Option<String> {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    name.map(|name| format!("{}\n{}", fold(name), fold(company.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_placeholder_is_not_a_name() {
        assert_eq!(full_name(Some("No Name Text Added"), None), None);
        assert_eq!(full_name(Some(" Ada "), Some("Ash")).as_deref(), Some("Ada Ash"));
        assert_eq!(display_name(None, Some("Acme")), "Acme");
        assert_eq!(display_name(None, Some("  ")), "No name");
    }

    #[rstest]
    #[case::zero_width_space("\u{200b}")]
    #[case::byte_order_mark(" \u{feff} \u{feff}")]
    #[case::joiners_and_direction_marks("\u{200d}\u{200e}\u{202e}\u{2069}")]
    #[case::blank_letters("\u{3164}\u{115f}\u{ffa0}")]
    #[case::blank_braille("\u{2800}")]
    #[case::accents_without_a_letter("\u{301}\u{20dd}")]
    #[case::tags("\u{e0061}\u{fe0f}")]
    #[case::control_characters("\u{7}\u{1b}")]
    #[case::other_spaces("\u{a0}\u{2003}\u{3000}")]
    fn a_name_that_shows_nothing_is_no_name(#[case] name: &str) {
        assert_eq!(full_name(Some(name), Some(name)), None);
        assert_eq!(full_name(Some(name), Some("Ash")).as_deref(), Some("Ash"));
        assert_eq!(display_name(full_name(Some(name), None), Some(name)), NO_NAME);
        assert_eq!(display_name(full_name(Some(name), None), Some("Acme")), "Acme");
        assert_eq!(link_key(full_name(Some(name), None).as_deref(), Some("Acme")), None);
    }

    #[test]
    fn the_link_key_ignores_case_and_extra_spaces() {
        assert_eq!(link_key(Some("Ada  Ash"), None), link_key(Some("ADA ash"), Some("")));
        assert_eq!(link_key(None, Some("Acme")), None);
    }
}
