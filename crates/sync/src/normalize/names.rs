//! People's names: as lists show them, and as the key that links deals to contacts.

use tetherboard_crm_records::fields;
use tetherboard_domain::NO_NAME;

/// First and last name without placeholders; `None` if nothing is left.
pub(super) fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let whole = [first, last].into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let real = |name: &str| !name.is_empty() && !fields::is_placeholder_name(name);
    if !real(&whole) {
        return None;
    }
    let parts = [first, last].into_iter().flatten().map(str::trim).filter(|part| real(part));
    Some(parts.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty()).map(fields::shortened)
}

/// The name to display: the person's, otherwise the company's, otherwise "No name".
pub(super) fn display_name(name: Option<String>, company: Option<&str>) -> String {
    name.or_else(|| company.map(str::trim).filter(|company| !company.is_empty()).map(str::to_owned))
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
    use super::*;

    #[test]
    fn a_placeholder_is_not_a_name() {
        assert_eq!(full_name(Some("No Name Text Added"), None), None);
        assert_eq!(full_name(Some(" Ada "), Some("Ash")).as_deref(), Some("Ada Ash"));
        assert_eq!(display_name(None, Some("Acme")), "Acme");
        assert_eq!(display_name(None, Some("  ")), "No name");
    }

    #[test]
    fn the_link_key_ignores_case_and_extra_spaces() {
        assert_eq!(link_key(Some("Ada  Ash"), None), link_key(Some("ADA ash"), Some("")));
        assert_eq!(link_key(None, Some("Acme")), None);
    }
}
