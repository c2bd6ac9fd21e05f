//! One contact with everything that is known of it, and the few that a person means by what they type.

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, DealId, EpochMs, TenantId};

use crate::leads::find_words;
use crate::notes::{Audience, HIDDEN, HIDDEN_KIND, visible};
use crate::query::{Query, all, one};
use crate::{Conn, Result};

/// A contact as its own page shows it, whether the CRM still has it or not.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Candidate {
    pub crm_id: ContactId,
    pub name: String,
    pub company: String,
    pub email: String,
    pub phone: String,
    pub market: String,
    /// As the agency mapped them; "" where not.
    pub units: String,
    /// Sanitised HTML.
    pub whiteboard: String,
    pub owner: String,
    pub source: Option<String>,
    pub stage: Option<String>,
    pub stage_since_ms: EpochMs,
    pub stage_since_exact: bool,
    pub contact_type: Option<i64>,
    pub fee_cents: Option<i64>,
    pub fee_flagged: bool,
    pub created_ms: Option<EpochMs>,
    pub first_seen_ms: EpochMs,
    pub changed_ms: EpochMs,
    /// Since when reads of the CRM do not show it.
    pub missing_ms: Option<EpochMs>,
    /// Since when it is taken for gone.
    pub gone_ms: Option<EpochMs>,
    /// The start of the last whole read of its notes.
    pub notes_read_ms: Option<EpochMs>,
}

/// `None` when the brand never had such a contact.
pub async fn get<C: Conn>(conn: &C, tenant: TenantId, contact: &ContactId) -> Result<Option<Candidate>> {
    let text = "SELECT crm_id, name, company, email, phone, market, units, whiteboard, owner, source, stage, stage_since_ms, \
                stage_since_exact, contact_type, fee_cents, fee_flagged, created_ms, first_seen_ms, changed_ms, missing_ms, \
                gone_ms, notes_read_ms FROM leads WHERE tenant_id = $1 AND crm_id = $2";
    one(conn, text, [tenant.into(), contact.as_str().into()]).await
}

/// A deal that is joined to a contact.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OwnDeal {
    pub crm_id: DealId,
    pub title: String,
    pub owner: String,
    pub stage: Option<String>,
    pub stage_since_ms: EpochMs,
    pub stage_since_exact: bool,
    pub fee_cents: Option<i64>,
    pub fee_flagged: bool,
    pub odds: Option<i64>,
    pub close_date: Option<String>,
    pub gone_ms: Option<EpochMs>,
}

/// A contact's deals, those that are gone last.
pub async fn deals<C: Conn>(conn: &C, tenant: TenantId, contact: &ContactId) -> Result<Vec<OwnDeal>> {
    let text = "SELECT crm_id, title, owner, stage, stage_since_ms, stage_since_exact, fee_cents, fee_flagged, odds, close_date, \
                gone_ms FROM pipeline_items WHERE tenant_id = $1 AND contact_id = $2 \
                ORDER BY CASE WHEN gone_ms IS NULL THEN 0 ELSE 1 END, crm_id";
    all(conn, text, [tenant.into(), contact.as_str().into()]).await
}

#[derive(Clone, Debug, FromQueryResult)]
pub struct OwnAppointment {
    pub kind: String,
    pub title: String,
    pub description: String,
    pub place: String,
    pub owner: String,
    /// In the CRM's words.
    pub status: String,
    pub cancelled: bool,
    pub all_day: bool,
    /// `None`: no readable time.
    pub starts_ms: Option<EpochMs>,
    pub ends_ms: Option<EpochMs>,
    /// Where it stood before it was last moved.
    pub moved_from_ms: Option<EpochMs>,
}

/// A contact's appointments, the earliest first, those without a readable time at the end. Of a contact that is gone also
/// those that went with it.
pub async fn appointments<C: Conn>(
    conn: &C,
    tenant: TenantId,
    contact: &ContactId,
    with_gone: bool,
) -> Result<Vec<OwnAppointment>> {
    let mut query = Query::new(
        "SELECT kind, title, description, place, owner, status, cancelled, all_day, starts_ms, ends_ms, moved_from_ms \
         FROM scheduled_activities WHERE tenant_id = ",
    );
    query.bind(tenant).push(" AND client_id = ").bind(contact.as_str());
    query.push(if with_gone { "" } else { " AND gone_ms IS NULL" });
    query.push(" ORDER BY COALESCE(starts_ms, 9223372036854775807), crm_id");
    query.all(conn).await
}

#[derive(Clone, Debug, FromQueryResult)]
pub struct OwnNote {
    pub crm_id: String,
    pub kind: String,
    pub author: String,
    /// Sanitised; empty when it is longer than was asked for.
    pub html: String,
    /// Plain text, cut to what was asked for.
    pub body: String,
    /// Of the whole plain text.
    pub letters: i64,
    pub created_ms: Option<EpochMs>,
    /// From the brand's people.
    pub hidden: bool,
    /// Its kind is; else the note itself.
    pub hidden_kind: bool,
}

/// The newest of a contact's notes that an audience may see, each with at most so many letters of its text; and how many there
/// are. Those without a date come last.
pub async fn notes<C: Conn>(
    conn: &C,
    tenant: TenantId,
    audience: Audience,
    contact: &ContactId,
    limit: i64,
    longest: i32,
) -> Result<(Vec<OwnNote>, i64)> {
    let of_contact = |query: &mut Query| {
        query.push(" FROM notes n WHERE n.gone_ms IS NULL AND n.tenant_id = ").bind(tenant);
        query.push(" AND n.client_id = ").bind(contact.as_str());
        visible(query, audience);
    };
    let mut counting = Query::new("SELECT COUNT(*)");
    of_contact(&mut counting);
    let total = counting.number(conn).await?;
    let mut query = Query::new(
        "SELECT n.crm_id, n.kind, n.author, n.created_ms, CAST(LENGTH(n.body) AS BIGINT) AS letters, CASE WHEN LENGTH(n.html) <= ",
    );
    query.bind(longest).push(" THEN n.html ELSE '' END AS html, SUBSTR(n.body, 1, ").bind(longest);
    query.push(&format!(") AS body, {HIDDEN} AS hidden, {HIDDEN_KIND} AS hidden_kind"));
    of_contact(&mut query);
    query.push(" ORDER BY COALESCE(n.created_ms, -9223372036854775807) DESC, n.crm_id LIMIT ").bind(limit);
    Ok((query.all(conn).await?, total))
}

// Finding --------------------------------------------------------------------------------------------------------------

/// A contact among those that fit what somebody types.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Match {
    pub crm_id: ContactId,
    pub name: String,
    pub company: String,
    pub market: String,
    pub stage: Option<String>,
}

/// The first live contacts that fit, and how many fit: those whose name begins with the text before the others.
pub async fn matching<C: Conn>(conn: &C, tenant: TenantId, text: &str, limit: i64) -> Result<(Vec<Match>, i64)> {
    #[derive(FromQueryResult)]
    struct Row {
        crm_id: ContactId,
        name: String,
        company: String,
        market: String,
        stage: Option<String>,
        fitting: i64,
    }
    let mut query = Query::new(
        "SELECT crm_id, name, company, market, stage, COUNT(*) OVER () AS fitting FROM leads WHERE gone_ms IS NULL AND tenant_id = ",
    );
    query.bind(tenant);
    find(&mut query, text);
    // The column begins with the name.
    let begins: String = text.trim().to_lowercase().chars().take(200).collect();
    query.push(&format!(" ORDER BY CASE WHEN SUBSTR(search, 1, {}) = ", begins.chars().count())).bind(begins);
    query.push(" THEN 0 ELSE 1 END, LOWER(name), crm_id LIMIT ").bind(limit);
    let rows: Vec<Row> = query.all(conn).await?;
    let fitting = rows.first().map_or(0, |row| row.fitting);
    let found = rows.into_iter().map(|row| Match {
        crm_id: row.crm_id,
        name: row.name,
        company: row.company,
        market: row.market,
        stage: row.stage,
    });
    Ok((found.collect(), fitting))
}

/// Each word must occur in name, company, email, phone or market; or, of what can be a phone number, its digits in the
/// phone's, however the two are written.
pub(crate) fn find(query: &mut Query, text: &str) {
    let Some(digits) = phone_digits(text) else { return find_words(query, "search", text) };
    let mut bare = "phone".to_owned();
    for sign in [" ", "-", "(", ")", ".", "+", "/", "\u{a0}"] {
        bare = format!("REPLACE({bare}, '{sign}', '')");
    }
    query.push(" AND ((1 = 1");
    find_words(query, "search", text);
    // Few phones have these digits in this order at all, and only of those the signs are taken out.
    let in_order: String = digits.chars().flat_map(|digit| ['%', digit]).chain(['%']).collect();
    query.push(") OR (phone LIKE ").bind(in_order);
    query.push(&format!(" AND {bare} LIKE ")).bind(format!("%{digits}%")).push("))");
}

/// The digits of what looks like a phone number or a part of one, without the North American country code.
fn phone_digits(text: &str) -> Option<String> {
    let (digits, rest): (String, String) = text.chars().partition(char::is_ascii_digit);
    let looks_so = rest.chars().all(|c| c.is_whitespace() || "-().+/".contains(c));
    if !looks_so || !(3..=20).contains(&digits.len()) {
        return None;
    }
    match digits.strip_prefix('1') {
        Some(national) if digits.len() == 11 => Some(national.to_owned()),
        _ => Some(digits),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::written_out("(512) 555-0101", Some("5125550101"))]
    #[case::bare("5125550101", Some("5125550101"))]
    #[case::with_the_country("+1 512.555.0101", Some("5125550101"))]
    #[case::of_another_country("+44 20 7946 0958", Some("442079460958"))]
    #[case::a_part("555-01", Some("55501"))]
    #[case::too_short("51", None)]
    #[case::a_name("Ada", None)]
    #[case::a_name_with_a_number("Ada 512", None)]
    #[case::no_digits("()", None)]
    #[case::another_scripts_digits("٥١٢٥٥٥", None)]
    fn what_looks_like_a_phone_number_is_compared_by_its_digits(#[case] text: &str, #[case] digits: Option<&str>) {
        assert_eq!(phone_digits(text).as_deref(), digits);
    }
}
