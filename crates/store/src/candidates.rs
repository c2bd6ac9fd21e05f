//! The candidate page: one contact with deals, appointments, and notes; and the quick search.

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, DealId, EpochMs, FragmentSearch, PlausibleDates, TenantId, search_fragments};

use crate::notes::{Audience, HIDDEN, HIDDEN_KIND, visible};
use crate::query::{Query, all, one, rows};
use crate::user_names::{with_name, with_names};
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
    with_name(conn, tenant, one(conn, text, [tenant.into(), contact.as_str().into()]).await?).await
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
    with_names(conn, tenant, all(conn, text, [tenant.into(), contact.as_str().into()]).await?).await
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
    with_names(conn, tenant, query.all(conn).await?).await
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

/// The newest `limit` notes of a contact that an audience may see, those with a doubtful date and undated ones last, with at
/// most `longest` characters of text each; and the total number.
pub async fn notes<C: Conn>(
    conn: &C,
    tenant: TenantId,
    audience: Audience,
    contact: &ContactId,
    dates: PlausibleDates,
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
    query.push(" ORDER BY CASE WHEN n.created_ms BETWEEN ").bind(*dates.of_past().start()).push(" AND ");
    query
        .bind(*dates.of_past().end())
        .push(" THEN 0 ELSE 1 END, COALESCE(n.created_ms, -9223372036854775807) DESC, n.crm_id LIMIT ")
        .bind(limit);
    Ok((with_names(conn, tenant, query.all(conn).await?).await?, total))
}

// Finding --------------------------------------------------------------------------------------------------------------

/// What the live contacts of a brand are found by, in order of their names: small enough to keep, so that a search while typing
/// need not read every contact.
#[derive(Clone, Debug, Default)]
pub struct SearchTexts {
    texts: String,
    ids: String,
    /// Where each contact's text and ID end.
    ends: Vec<(usize, usize)>,
}

impl SearchTexts {
    /// Loads the texts of all live contacts.
    pub async fn load<C: Conn>(conn: &C, tenant: TenantId) -> Result<Self> {
        let text = "SELECT search, crm_id FROM leads WHERE tenant_id = $1 AND gone_ms IS NULL";
        let mut contacts: Vec<(String, String)> = Vec::new();
        for row in rows(conn, text, [tenant.into()]).await? {
            contacts.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
        // A text begins with the name. The databases would sort names differently.
        contacts.sort_unstable();
        let mut all = Self::default();
        for (text, id) in contacts {
            all.texts.push_str(&text);
            all.ids.push_str(&id);
            all.ends.push((all.texts.len(), all.ids.len()));
        }
        Ok(all)
    }

    /// Its approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.texts.len() + self.ids.len() + size_of_val(&*self.ends)
    }

    /// The first `limit` contacts that match, those whose name starts with the text first; and the number of matches.
    pub fn find(&self, text: &str, limit: usize) -> (Vec<ContactId>, i64) {
        let search = FragmentSearch::parse(text);
        let begins = search_fragments([text]);
        let (mut first, mut others, mut total) = (Vec::new(), Vec::new(), 0);
        let mut start = (0, 0);
        for end in &self.ends {
            let text = &self.texts[start.0..end.0];
            if search.matches(text) {
                total += 1;
                let found = if text.starts_with(&begins) { &mut first } else { &mut others };
                if found.len() < limit {
                    found.push(ContactId::from(&self.ids[start.1..end.1]));
                }
            }
            start = *end;
        }
        first.extend(others);
        first.truncate(limit);
        (first, total)
    }
}

/// A contact found by the quick search.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SearchMatch {
    pub crm_id: ContactId,
    pub name: String,
    pub company: String,
    pub market: String,
    pub stage: Option<String>,
}

/// The live contacts with these IDs, in that order.
pub async fn matches<C: Conn>(conn: &C, tenant: TenantId, ids: &[ContactId]) -> Result<Vec<SearchMatch>> {
    let mut query = Query::new("SELECT crm_id, name, company, market, stage FROM leads WHERE gone_ms IS NULL AND tenant_id = ");
    query.bind(tenant).push(" AND crm_id IN ").bind_list(ids.iter().cloned());
    let mut found: Vec<SearchMatch> = query.all(conn).await?;
    found.sort_by_key(|one| ids.iter().position(|id| *id == one.crm_id));
    Ok(found)
}
