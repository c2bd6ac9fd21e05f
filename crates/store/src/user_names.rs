//! The names behind references to the account's users.
//!
//! A record keeps its owner or author as the CRM wrote it: a name, or the ID or the email of a user. Names are looked up when
//! records are read, so a user who is listed later or renamed is shown everywhere at once.

use std::collections::HashMap;

use tetherboard_domain::{TenantId, is_visible};

use crate::query::rows;
use crate::{Conn, Result};

/// The names of an account's users.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserNames {
    /// By ID and by lowercase email.
    by_reference: HashMap<String, String>,
}

impl UserNames {
    /// The names of all users, including those that the CRM has removed, since records still refer to them.
    pub(crate) async fn load<C: Conn>(conn: &C, tenant: TenantId) -> Result<Self> {
        // An ID wins over an email, and a user who is still there over one who is gone.
        let text = "SELECT crm_id, name, email FROM crm_users WHERE tenant_id = $1 AND name <> '' \
                    ORDER BY CASE WHEN gone_ms IS NULL THEN 1 ELSE 0 END, crm_id";
        let mut by_reference = HashMap::new();
        let mut by_id = HashMap::new();
        for row in rows(conn, text, [tenant.into()]).await? {
            let (id, name, email): (String, String, String) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            if !is_visible(&name) {
                continue;
            }
            if !email.is_empty() {
                by_reference.insert(email.to_lowercase(), name.clone());
            }
            by_id.insert(id, name);
        }
        by_reference.extend(by_id);
        Ok(Self { by_reference })
    }

    /// Replaces a reference with the user's name. One that the user list does not have becomes "User 7"; a name or an unknown
    /// email stays.
    pub(crate) fn resolve(&self, person: &mut String) {
        if !may_be_reference(person) {
            return;
        }
        let name = self.by_reference.get(person.as_str()).or_else(|| self.by_reference.get(&person.to_lowercase()));
        match name {
            Some(name) => person.clone_from(name),
            None if is_id(person) => *person = format!("User {person}"),
            None => {}
        }
    }

    /// Every value that [`Self::resolve`] replaces with this name, and the name itself.
    pub(crate) fn references_to(&self, name: &str) -> Vec<String> {
        let users = self.by_reference.iter().filter(|(_, user)| *user == name).map(|(reference, _)| reference.clone());
        let unlisted = name.strip_prefix("User ").filter(|id| is_id(id) && !self.by_reference.contains_key(*id));
        users.chain(unlisted.map(str::to_owned)).chain([name.to_owned()]).collect()
    }
}

/// A row that names a person.
pub(crate) trait NamesPerson {
    /// Its owner or author.
    fn person(&mut self) -> &mut String;
}

macro_rules! names_person {
    ($($row:path: $field:ident),+ $(,)?) => {
        $(impl NamesPerson for $row {
            fn person(&mut self) -> &mut String {
                &mut self.$field
            }
        })+
    };
}

names_person! {
    crate::candidate_facts::CandidateEvent: owner,
    crate::candidate_facts::Profile: owner,
    crate::candidates::Candidate: owner,
    crate::candidates::CandidateAppointment: owner,
    crate::candidates::CandidateDeal: owner,
    crate::candidates::CandidateNote: author,
    crate::deals::DealName: owner,
    crate::deals::DealRow: owner,
    crate::leads::LeadRow: owner,
    crate::notes::FullNote: author,
    crate::notes::LatestNote: author,
    crate::notes::NoteRow: author,
    crate::schedule::ActivityRow: owner,
    crate::schedule::CalendarRow: owner,
    crate::schedule::EventAttributes: owner,
    crate::schedule::EventSummary: owner,
    crate::schedule::FeedRow: owner,
}

/// The rows with names in place of references. Reads the users once, and only if a row may refer to one.
pub(crate) async fn with_names<C: Conn, R: NamesPerson>(conn: &C, tenant: TenantId, mut rows: Vec<R>) -> Result<Vec<R>> {
    if rows.iter_mut().any(|row| may_be_reference(row.person())) {
        let names = UserNames::load(conn, tenant).await?;
        rows.iter_mut().for_each(|row| names.resolve(row.person()));
    }
    Ok(rows)
}

/// As [`with_names`], for one row.
pub(crate) async fn with_name<C: Conn, R: NamesPerson>(conn: &C, tenant: TenantId, row: Option<R>) -> Result<Option<R>> {
    Ok(with_names(conn, tenant, row.into_iter().collect()).await?.pop())
}

/// SQL that sorts by the owner's name, blank ones last. `table` is the alias of a table with the columns `tenant_id` and `owner`.
pub(crate) fn by_owner(table: &str) -> String {
    format!(
        "CASE WHEN {table}.owner = '' THEN 1 ELSE 0 END, LOWER(COALESCE((SELECT NULLIF(u.name, '') FROM crm_users u \
         WHERE u.tenant_id = {table}.tenant_id AND u.crm_id = {table}.owner), \
         CASE WHEN TRIM({table}.owner, '0123456789') = '' THEN 'User ' || {table}.owner ELSE {table}.owner END))"
    )
}

/// SQL for notes `n` that a person wrote: not the CRM, whose notes have a blank author, "System", or a user of that name.
pub(crate) const BY_PERSON: &str = "LOWER(TRIM(n.author)) NOT IN ('', 'system') AND NOT EXISTS (SELECT 1 FROM crm_users u \
    WHERE u.tenant_id = n.tenant_id AND u.crm_id = n.author AND LOWER(TRIM(u.name)) = 'system')";

/// IDs and emails have no blanks. Most names do.
fn may_be_reference(person: &str) -> bool {
    !person.is_empty() && !person.contains(char::is_whitespace)
}

fn is_id(person: &str) -> bool {
    !person.is_empty() && person.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> UserNames {
        let users = [("7", "Uma Unger"), ("uma@example.com", "Uma Unger"), ("a81c", "Al Ames")];
        UserNames { by_reference: users.map(|(reference, name)| (reference.to_owned(), name.to_owned())).into() }
    }

    #[test]
    fn a_reference_becomes_the_users_name_and_anything_else_stays() {
        let resolved = |person: &str| {
            let mut person = person.to_owned();
            names().resolve(&mut person);
            person
        };
        assert_eq!(["7", "UMA@example.com", "a81c"].map(resolved), ["Uma Unger", "Uma Unger", "Al Ames"]);
        assert_eq!(["8", "007", "bo@example.com"].map(resolved), ["User 8", "User 007", "bo@example.com"]);
        assert_eq!(["", "Bo", "Bo Birch", "User 7"].map(resolved), ["", "Bo", "Bo Birch", "User 7"]);
    }

    #[test]
    fn a_filter_by_name_finds_every_way_to_refer_to_it() {
        let references = |name: &str| {
            let mut references = names().references_to(name);
            references.sort();
            references
        };
        assert_eq!(references("Uma Unger"), ["7", "Uma Unger", "uma@example.com"]);
        assert_eq!(references("User 8"), ["8", "User 8"]);
        assert_eq!(references("User 7"), ["User 7"]);
        assert_eq!(references("Bo Birch"), ["Bo Birch"]);
    }
}
