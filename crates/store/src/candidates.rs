//! The candidate page: one contact with deals, appointments, and notes; and the quick search.

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, DealId, EpochMs, TenantId};

use crate::leads::find_words;
use crate::notes::{Audience, HIDDEN, HIDDEN_KIND, visible};
use crate::query::{Query, all, one};
use crate::{Conn, Result};

/// A contact as its own page shows it, live or gone.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Candidate {
    pub crm_id: ContactId,
    pub name: String,
    pub company: String,
    pub email: String,
    pub phone: String,
    pub market: String,
    /// Units of interest; empty unless the agency mapped a field to it.
    pub units: String,
    /// Sanitized HTML.
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
    /// Since when reads have missed it.
    pub missing_ms: Option<EpochMs>,
    /// Since when it counts as removed from the CRM.
    pub gone_ms: Option<EpochMs>,
    /// The start of the last complete read of its notes.
    pub notes_read_ms: Option<EpochMs>,
    /// When a deal first named it: since then it does not count as a deal itself.
    pub had_deal_ms: Option<EpochMs>,
}

/// A contact, live or gone.
pub async fn get<C: Conn>(conn: &C, tenant: TenantId, contact: &ContactId) -> Result<Option<Candidate>> {
    let text = "SELECT crm_id, name, company, email, phone, market, units, whiteboard, owner, source, stage, stage_since_ms, \
                stage_since_exact, contact_type, fee_cents, fee_flagged, created_ms, first_seen_ms, changed_ms, missing_ms, \
                gone_ms, notes_read_ms, had_deal_ms FROM leads WHERE tenant_id = $1 AND crm_id = $2";
    one(conn, text, [tenant.into(), contact.as_str().into()]).await
}

/// A deal on a candidate's page.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CandidateDeal {
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

/// A contact's deals, gone ones last.
pub async fn deals<C: Conn>(conn: &C, tenant: TenantId, contact: &ContactId) -> Result<Vec<CandidateDeal>> {
    let text = "SELECT crm_id, title, owner, stage, stage_since_ms, stage_since_exact, fee_cents, fee_flagged, odds, close_date, \
                gone_ms FROM pipeline_items WHERE tenant_id = $1 AND contact_id = $2 \
                ORDER BY CASE WHEN gone_ms IS NULL THEN 0 ELSE 1 END, crm_id";
    all(conn, text, [tenant.into(), contact.as_str().into()]).await
}

/// An appointment on a candidate's page.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CandidateAppointment {
    pub kind: String,
    pub title: String,
    pub description: String,
    pub place: String,
    pub owner: String,
    /// As the CRM spells it.
    pub status: String,
    pub cancelled: bool,
    pub all_day: bool,
    /// `None` if the CRM's value is not readable.
    pub starts_ms: Option<EpochMs>,
    pub ends_ms: Option<EpochMs>,
    /// The start before it was last rescheduled.
    pub moved_from_ms: Option<EpochMs>,
}

/// A contact's appointments, earliest first, those without a readable start last. `with_gone` includes gone ones, for a
/// contact that is gone itself.
pub async fn appointments<C: Conn>(
    conn: &C,
    tenant: TenantId,
    contact: &ContactId,
    with_gone: bool,
) -> Result<Vec<CandidateAppointment>> {
    let mut query = Query::new(
        "SELECT kind, title, description, place, owner, status, cancelled, all_day, starts_ms, ends_ms, moved_from_ms \
         FROM scheduled_activities WHERE tenant_id = ",
    );
    query.bind(tenant).push(" AND client_id = ").bind(contact.as_str());
    query.push(if with_gone { "" } else { " AND gone_ms IS NULL" });
    query.push(" ORDER BY COALESCE(starts_ms, 9223372036854775807), crm_id");
    query.all(conn).await
}

/// A note on a candidate's page.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CandidateNote {
    pub crm_id: String,
    pub kind: String,
    pub author: String,
    /// Sanitized HTML; empty if longer than the requested limit.
    pub html: String,
    /// Plain text, cut to the requested limit.
    pub body: String,
    /// The length of the full plain text, in characters.
    pub letters: i64,
    pub created_ms: Option<EpochMs>,
    /// Whether it is hidden from the brand's users.
    pub hidden: bool,
    /// Whether it is hidden because of its type.
    pub hidden_kind: bool,
}

/// The newest `limit` notes of a contact that an audience may see, undated ones last, with at most `longest` characters of
/// text each; and the total number.
pub async fn notes<C: Conn>(
    conn: &C,
    tenant: TenantId,
    audience: Audience,
    contact: &ContactId,
    limit: i64,
    longest: i32,
) -> Result<(Vec<CandidateNote>, i64)> {
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

/// A contact found by the quick search.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SearchMatch {
    pub crm_id: ContactId,
    pub name: String,
    pub company: String,
    pub market: String,
    pub stage: Option<String>,
}

/// The first `limit` live contacts that match, those whose name starts with the text first; and the number of matches.
pub async fn search<C: Conn>(conn: &C, tenant: TenantId, text: &str, limit: i64) -> Result<(Vec<SearchMatch>, i64)> {
    #[derive(FromQueryResult)]
    struct Row {
        crm_id: ContactId,
        name: String,
        company: String,
        market: String,
        stage: Option<String>,
        total: i64,
    }
    let mut query = Query::new(
        "SELECT crm_id, name, company, market, stage, COUNT(*) OVER () AS total FROM leads WHERE gone_ms IS NULL AND tenant_id = ",
    );
    query.bind(tenant);
    find(&mut query, text);
    // The search column starts with the name.
    let begins: String = text.trim().to_lowercase().chars().take(200).collect();
    query.push(&format!(" ORDER BY CASE WHEN SUBSTR(search, 1, {}) = ", begins.chars().count())).bind(begins);
    query.push(" THEN 0 ELSE 1 END, LOWER(name), crm_id LIMIT ").bind(limit);
    let rows: Vec<Row> = query.all(conn).await?;
    let total = rows.first().map_or(0, |row| row.total);
    let found = rows.into_iter().map(|row| SearchMatch {
        crm_id: row.crm_id,
        name: row.name,
        company: row.company,
        market: row.market,
        stage: row.stage,
    });
    Ok((found.collect(), total))
}

/// Requires each word to occur in name, company, email, phone, or market. Text that looks like a phone number also matches
/// by its digits, whatever the formatting.
pub(crate) fn find(query: &mut Query, text: &str) {
    let Some(digits) = phone_digits(text) else { return find_words(query, "search", text) };
    let mut bare = "phone".to_owned();
    for sign in [" ", "-", "(", ")", ".", "+", "/", "\u{a0}"] {
        bare = format!("REPLACE({bare}, '{sign}', '')");
    }
    query.push(" AND ((1 = 1");
    find_words(query, "search", text);
    // A cheap filter: few phones have these digits in this order, and only those are stripped of punctuation.
    let in_order: String = digits.chars().flat_map(|digit| ['%', digit]).chain(['%']).collect();
    query.push(") OR (phone LIKE ").bind(in_order);
    query.push(&format!(" AND {bare} LIKE ")).bind(format!("%{digits}%")).push("))");
}

/// The digits of text that looks like a phone number or part of one, without the North American country code.
fn phone_digits(text: &str) -> Option<String> {
    let (digits, rest): (String, String) = text.chars().partition(char::is_ascii_digit);
    let is_phone_like = rest.chars().all(|c| c.is_whitespace() || "-().+/".contains(c));
    if !is_phone_like || !(3..=20).contains(&digits.len()) {
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
    #[case::with_country_code("+1 512.555.0101", Some("5125550101"))]
    #[case::foreign("+44 20 7946 0958", Some("442079460958"))]
    #[case::partial("555-01", Some("55501"))]
    #[case::too_short("51", None)]
    #[case::a_name("Ada", None)]
    #[case::a_name_with_a_number("Ada 512", None)]
    #[case::no_digits("()", None)]
    #[case::arabic_digits("٥١٢٥٥٥", None)]
    fn text_that_looks_like_a_phone_number_is_matched_by_its_digits(#[case] text: &str, #[case] digits: Option<&str>) {
        assert_eq!(phone_digits(text).as_deref(), digits);
    }
}
