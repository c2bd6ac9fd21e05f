//! A candidate's name in a list, and their phone and email.

use maud::{Markup, html};
use tetherboard_domain::{ContactId, NO_NAME, is_visible};

use crate::address::links;

/// A name linked to its candidate; plain text if there is no contact.
pub(crate) fn candidate_name(slug: &str, contact: Option<&ContactId>, name: &str) -> Markup {
    let class = if name == NO_NAME { "who t nameless" } else { "who t" };
    match contact {
        Some(contact) => {
            html! { a class=(class) href=(links::candidate(slug, contact).url()) data-candidate title=(name) { (name) } }
        }
        None => html! { span class=(class) title=(name) { (name) } },
    }
}

/// The name shown in a list. A contact without a name has the company as its name, from the sync, or is shown by email.
pub(crate) fn display_name<'a>(name: &'a str, email: &'a str) -> &'a str {
    let email = email.trim();
    if name == NO_NAME && is_visible(email) { email } else { name }
}

/// What the shown name is, if it is not the name of a person.
pub(crate) fn nameless(name: &str, company: &str, email: &str) -> Option<&'static str> {
    match name {
        NO_NAME => Some("no name").filter(|_| display_name(name, email) != NO_NAME),
        name => Some("company").filter(|_| name == company.trim()),
    }
}

/// Whether an address is a single plain email address, safe to use in a `mailto:` link.
pub(crate) fn is_plain_email(address: &str) -> bool {
    let Some((person, host)) = address.split_once('@') else { return false };
    let plain = |text: &str, signs: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c));
    let labels: Vec<&str> = host.split('.').collect();
    let host_fits = labels.len() > 1 && labels.iter().all(|label| !label.is_empty() && plain(label, "-"));
    address.len() <= 254 && !person.is_empty() && plain(person, "._+-") && host_fits
}

/// A phone number, linked if it is one plain number.
pub(crate) fn phone(number: &str) -> Markup {
    html! {
        @match dial_string(number) {
            Some(digits) => a href=(format!("tel:{digits}")) { (number) },
            None if number.trim().is_empty() => span.muted { "—" },
            None => (number),
        }
    }
}

/// The number to dial; `None` if the text may be anything but one phone number.
fn dial_string(number: &str) -> Option<String> {
    let number = number.trim();
    let (plus, rest) = number.strip_prefix('+').map_or(("", number), |rest| ("+", rest));
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let plain = rest.chars().all(|c| c.is_ascii_digit() || " ().-/".contains(c));
    (plain && (7..=15).contains(&digits.len())).then(|| format!("{plus}{digits}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::usual("ada+1@mail.example.com", true)]
    #[case::no_host("ada@", false)]
    #[case::no_dot("ada@localhost", false)]
    #[case::two("ada@a.example, bo@b.example", false)]
    #[case::a_subject("ada@a.example?subject=x", false)]
    #[case::a_script("\"><script>@a.example", false)]
    #[case::two_dots("ada@a..example", false)]
    #[case::blank("", false)]
    fn only_a_plain_address_is_linked(#[case] address: &str, #[case] plain: bool) {
        assert_eq!(is_plain_email(address), plain);
    }

    #[rstest]
    #[case::written_out("(512) 555-0101", Some("5125550101"))]
    #[case::with_the_country("+1 512.555.0101", Some("+15125550101"))]
    #[case::with_an_extension("512-555-0101 x12", None)]
    #[case::two("512-555-0101, 512-555-0102", None)]
    #[case::too_short("911", None)]
    #[case::words("ask Bo", None)]
    fn only_a_plain_number_is_linked(#[case] number: &str, #[case] digits: Option<&str>) {
        assert_eq!(dial_string(number).as_deref(), digits);
    }

    #[test]
    fn a_contact_without_a_name_is_shown_by_company_or_email() {
        for (name, company, email, shown, label) in [
            ("Ada Ash", "Ash LLC", "ada@example.org", "Ada Ash", None),
            ("Ash LLC", "Ash LLC", "ada@example.org", "Ash LLC", Some("company")),
            (NO_NAME, "", " ada@example.org ", "ada@example.org", Some("no name")),
            (NO_NAME, "", " ", NO_NAME, None),
            (NO_NAME, "\u{200b}", "\u{200b}\u{feff}", NO_NAME, None),
        ] {
            assert_eq!((display_name(name, email), nameless(name, company, email)), (shown, label), "{name}");
        }
        assert!(candidate_name("harbor", Some(&ContactId::from("7")), NO_NAME).into_string().contains("nameless"));
    }
}
