//! Names as lists show them, and as deals are joined by them.

use tetherboard_crm_records::fields;
use tetherboard_domain::NO_NAME;

/// First and last name, placeholders left out; `None` when nothing is left.
pub(super) fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let whole = [first, last].into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let real = |name: &str| !name.is_empty() && !fields::is_placeholder_name(name);
    if !real(&whole) {
        return None;
    }
    let parts = [first, last].into_iter().flatten().map(str::trim).filter(|part| real(part));
    Some(parts.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
}

/// What a list shows for somebody whose name the CRM does not know: the company, else words that say so.
pub(super) fn shown_name(name: Option<String>, company: Option<&str>) -> String {
    name.or_else(|| company.map(str::trim).filter(|company| !company.is_empty()).map(str::to_owned))
        .unwrap_or_else(|| NO_NAME.to_owned())
}

/// Name and company, folded: what a deal without a contact's id is joined by. A placeholder joins nothing.
pub(super) fn link_key(name: Option<&str>, company: Option<&str>) -> Option<String> {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    name.map(|name| format!("{}\n{}", fold(name), fold(company.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_no_name() {
        assert_eq!(full_name(Some("No Name Text Added"), None), None);
        assert_eq!(full_name(Some(" Ada "), Some("Ash")).as_deref(), Some("Ada Ash"));
        assert_eq!(shown_name(None, Some("Acme")), "Acme");
        assert_eq!(shown_name(None, Some("  ")), "No name");
    }

    #[test]
    fn deals_are_joined_by_name_and_company_whatever_case_and_space() {
        assert_eq!(link_key(Some("Ada  Ash"), None), link_key(Some("ADA ash"), Some("")));
        assert_eq!(link_key(None, Some("Acme")), None);
    }
}
