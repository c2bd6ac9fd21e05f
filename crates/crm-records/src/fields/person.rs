//! Decoder for a person, such as a contact's owner. The CRM writes one in four ways, sometimes within one list.

use serde_json::value::RawValue;
use tetherboard_domain::{is_invisible, is_visible};

use super::id;
use super::text::{loose_text, text};
use crate::field_scan::scan;

/// A person that a row names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Person {
    Name(String),
    /// An ID from the account's user list.
    UserId(String),
    #[default]
    Blank,
}

/// Decodes a person: "Ada Ash"; "17" or 17; "Ada Ash ( ada )"; or `{"first_name":"Ada","last_name":"Ash"}`, as an object or as
/// text that contains one. User 0 means nobody.
pub fn person<'a>(raw: impl Into<Option<&'a RawValue>>) -> Person {
    let Some(raw) = raw.into() else { return Person::Blank };
    let person = match loose_text(raw) {
        _ if raw.get().starts_with('{') => from_object(raw.get()),
        Some(text) if text.starts_with('{') => from_object(&text),
        Some(text) => from_text(&text),
        None => Person::Blank,
    };
    match person {
        Person::Name(name) if !is_visible(&name) => Person::Blank,
        person => person,
    }
}

/// Whether a name is a placeholder that the CRM fills in: "No Name Text Added", "No Name Added by Call".
pub fn is_placeholder_name(name: &str) -> bool {
    let visible: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    let name = visible.trim().to_ascii_lowercase();
    name.strip_prefix("no name").is_some_and(|rest| rest.is_empty() || (rest.starts_with(' ') && rest.contains("added")))
}

fn from_text(text: &str) -> Person {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let is_nobody = text.bytes().all(|b| b == b'0');
        return if is_nobody { Person::Blank } else { Person::UserId(text.to_owned()) };
    }
    if text == "null" || text == "[]" {
        return Person::Blank;
    }
    let (name, login) = name_and_login(text);
    Person::Name(if name.is_empty() { login } else { name }.to_owned())
}

/// Splits "Ada Ash ( ada )" into name and login.
fn name_and_login(text: &str) -> (&str, &str) {
    let login = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    match login {
        Some((name, login)) if !login.trim().is_empty() => (name.trim_end(), login.trim()),
        _ => (text, text),
    }
}

fn from_object(json: &str) -> Person {
    let keys = ["first_name", "last_name", "firstName", "lastName", "name", "full_name", "user_id", "id"];
    let Ok(found) = scan(json, keys) else { return Person::Blank };
    let [first, last, first_2, last_2, name, full_name, user_id, id] = found;
    let either = |one, other| text(one).into_option().or_else(|| text(other).into_option());
    let names = [either(first, first_2), either(last, last_2)];
    let joined = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if !joined.is_empty() {
        return Person::Name(joined);
    }
    if let Some(name) = either(name, full_name) {
        return Person::Name(name);
    }
    id::id(user_id).or_else(|| id::id(id)).map_or(Person::Blank, |id| from_text(&id))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn name(name: &str) -> Person {
        Person::Name(name.into())
    }

    #[rstest]
    #[case::full_name(r#""Ada Ash""#, name("Ada Ash"))]
    #[case::with_login(r#""Ada Ash ( ada@example )""#, name("Ada Ash"))]
    #[case::login_without_spaces(r#""Ada Ash (ada)""#, name("Ada Ash"))]
    #[case::login_only(r#""( ada )""#, name("ada"))]
    #[case::parentheses_inside_the_name(r#""Ada (Addie) Ash""#, name("Ada (Addie) Ash"))]
    #[case::empty_parentheses(r#""Ada ()""#, name("Ada ()"))]
    #[case::id(r#""17""#, Person::UserId("17".into()))]
    #[case::number("17", Person::UserId("17".into()))]
    #[case::nobody(r#""0""#, Person::Blank)]
    #[case::json_in_text(r#""{\"first_name\":\"Ada\",\"last_name\":\"Ash\"}""#, name("Ada Ash"))]
    #[case::object(r#"{"first_name":"Ada","last_name":"Ash"}"#, name("Ada Ash"))]
    #[case::object_in_camel_case(r#"{"firstName":"Ada","lastName":null}"#, name("Ada"))]
    #[case::object_with_an_id(r#"{"first_name":"","user_id":17}"#, Person::UserId("17".into()))]
    #[case::truncated_json_in_text(r#""{\"first_name\":""#, Person::Blank)]
    #[case::blank(r#""""#, Person::Blank)]
    #[case::null("null", Person::Blank)]
    #[case::null_in_text(r#""null""#, Person::Blank)]
    #[case::list("[]", Person::Blank)]
    #[case::flag("false", Person::Blank)]
    #[case::invisible("\"\u{200b} \u{feff}\"", Person::Blank)]
    #[case::invisible_in_an_object("{\"first_name\":\"\u{200b}\"}", Person::Blank)]
    fn a_person_is_a_name_a_user_id_or_blank(#[case] json: &str, #[case] expected: Person) {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        assert_eq!(person(raw), expected);
    }

    #[rstest]
    #[case("No Name Text Added", true)]
    #[case("No Name Added by Call", true)]
    #[case(" no name ", true)]
    #[case("No\u{200b} Name Text Added\u{feff}", true)]
    #[case("Noname Ash", false)]
    #[case("No Name Ash", false)]
    #[case("", false)]
    fn placeholder_names_are_recognized(#[case] name: &str, #[case] expected: bool) {
        assert_eq!(is_placeholder_name(name), expected);
    }
}
