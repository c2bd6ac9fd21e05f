//! Searches, lists, and reads notes. Lists contain notes of live contacts, newest first, undated ones last.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, EpochMs, PlausibleDates, Search, TenantId, Term};

use super::hidden::{Audience, HIDDEN, HIDDEN_KIND, visible};
use super::kind_key;
use crate::query::{Query, is_sqlite, rows};
use crate::{Conn, Result};

/// A filter on notes. Fields that are `None` do not restrict.
#[derive(Clone, Debug, Default)]
pub struct NoteFilter {
    pub text: Option<Search>,
    /// Compared by [`kind_key`](super::kind_key).
    pub kind: Option<String>,
    pub author: Option<String>,
    pub client: Option<ContactId>,
    pub from_ms: Option<EpochMs>,
    pub until_ms: Option<EpochMs>,
}

/// A note in a list, with its text up to the requested limit.
#[derive(Clone, Debug, FromQueryResult)]
pub struct NoteRow {
    /// Identifies the note in the full-text index and in [`by_numbers`].
    pub no: i64,
    pub crm_id: String,
    pub note_id: String,
    pub client_id: ContactId,
    /// The contact's name.
    pub name: String,
    /// The contact's stage.
    pub stage: Option<String>,
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

/// The number of notes that match.
pub async fn count<C: Conn>(conn: &C, tenant: TenantId, audience: Audience, filter: &NoteFilter) -> Result<i64> {
    let mut query =
        Query::new("SELECT COUNT(*) FROM notes n JOIN leads l ON l.tenant_id = n.tenant_id AND l.crm_id = n.client_id");
    narrow(&mut query, tenant, audience, filter, is_sqlite(conn));
    query.number(conn).await
}

/// One page (offset, limit) of the notes that match, with at most `longest` characters of text each.
pub async fn list<C: Conn>(
    conn: &C,
    tenant: TenantId,
    audience: Audience,
    filter: &NoteFilter,
    (offset, limit): (i64, i64),
    longest: i32,
) -> Result<Vec<NoteRow>> {
    // Sort without the texts, since all texts of a brand would take too much memory.
    let mut query = Query::new("SELECT n.no FROM notes n JOIN leads l ON l.tenant_id = n.tenant_id AND l.crm_id = n.client_id");
    narrow(&mut query, tenant, audience, filter, is_sqlite(conn));
    query.push(" ORDER BY COALESCE(n.created_ms, -9223372036854775807) DESC, n.crm_id LIMIT ").bind(limit);
    query.push(" OFFSET ").bind(offset);
    let found = query.rows(conn).await?;
    let numbers: Vec<i64> = found.iter().map(|row| row.try_get_by_index(0)).collect::<std::result::Result<_, _>>()?;
    by_numbers(conn, tenant, audience, &numbers, longest).await
}

/// The live notes with these numbers, in that order, with at most `longest` characters of text each.
pub async fn by_numbers<C: Conn>(
    conn: &C,
    tenant: TenantId,
    audience: Audience,
    numbers: &[i64],
    longest: i32,
) -> Result<Vec<NoteRow>> {
    let mut query = select(longest);
    query.push(" WHERE n.no IN ").bind_list(numbers.iter().copied());
    query.push(" AND n.gone_ms IS NULL AND l.gone_ms IS NULL AND n.tenant_id = ").bind(tenant);
    visible(&mut query, audience);
    let mut rows: Vec<NoteRow> = query.all(conn).await?;
    let positions: HashMap<i64, usize> = numbers.iter().enumerate().map(|(position, no)| (*no, position)).collect();
    rows.sort_by_key(|row| positions.get(&row.no));
    Ok(rows)
}

fn select(longest: i32) -> Query {
    let mut query = Query::new(
        "SELECT n.no, n.crm_id, n.note_id, n.client_id, l.name, l.stage, n.kind, n.author, n.created_ms, \
         CAST(LENGTH(n.body) AS BIGINT) AS letters, CASE WHEN LENGTH(n.html) <= ",
    );
    query.bind(longest).push(" THEN n.html ELSE '' END AS html, SUBSTR(n.body, 1, ").bind(longest);
    query.push(&format!(
        ") AS body, {HIDDEN} AS hidden, \
         {HIDDEN_KIND} AS hidden_kind \
         FROM notes n JOIN leads l ON l.tenant_id = n.tenant_id AND l.crm_id = n.client_id"
    ));
    query
}

fn narrow(query: &mut Query, tenant: TenantId, audience: Audience, filter: &NoteFilter, sqlite: bool) {
    query.push(" WHERE n.gone_ms IS NULL AND l.gone_ms IS NULL AND n.tenant_id = ").bind(tenant);
    visible(query, audience);
    if let Some(kind) = &filter.kind {
        query.push(" AND n.kind_key = ").bind(kind_key(kind));
    }
    if let Some(author) = &filter.author {
        query.push(" AND n.author = ").bind(author.clone());
    }
    if let Some(client) = &filter.client {
        query.push(" AND n.client_id = ").bind(client.clone());
    }
    if let Some(from_ms) = filter.from_ms {
        query.push(" AND n.created_ms >= ").bind(from_ms);
    }
    if let Some(until_ms) = filter.until_ms {
        query.push(" AND n.created_ms < ").bind(until_ms);
    }
    if let Some(search) = &filter.text {
        query.push(" AND ");
        match (search.is_empty(), sqlite) {
            // A search without words matches nothing.
            (true, _) => query.push("1 = 0"),
            (false, true) => query
                .push("n.no IN (SELECT rowid FROM note_words WHERE note_words MATCH ")
                .bind(fts5_query(search, tenant))
                .push(")"),
            (false, false) => push_tsquery(query, search, tenant),
        };
    }
}

// Full-text search ----------------------------------------------------------------------------------------------------------------

/// The numbers of the notes that match a search, including gone and hidden ones.
pub async fn search_hits<C: Conn>(conn: &C, tenant: TenantId, search: &Search) -> Result<Vec<i64>> {
    if search.is_empty() {
        return Ok(Vec::new());
    }
    // Returned as one text, since a hundred thousand rows take ten times as long.
    let mut query;
    if is_sqlite(conn) {
        query = Query::new("SELECT GROUP_CONCAT(rowid) FROM note_words WHERE note_words MATCH ");
        query.bind(fts5_query(search, tenant));
    } else {
        query = Query::new("SELECT STRING_AGG(CAST(n.no AS TEXT), ',') FROM notes n WHERE n.tenant_id = ");
        push_tsquery(query.bind(tenant).push(" AND "), search, tenant);
    }
    let found = query.rows(conn).await?;
    let Some(row) = found.first() else { return Ok(Vec::new()) };
    let numbers: Option<String> = row.try_get_by_index(0)?;
    Ok(numbers.unwrap_or_default().split(',').filter_map(|no| no.parse().ok()).collect())
}

/// The search in FTS5 syntax. Search words consist of letters and digits, so quotes are enough to escape them. The index
/// prefixes each word with its tenant.
fn fts5_query(search: &Search, tenant: TenantId) -> String {
    let term = |term: &Term| {
        let prefix = if term.is_prefix { " *" } else { "" };
        let phrase = |way: &Vec<String>| {
            let words: Vec<String> = way.iter().map(|word| format!("{}/{word}", tenant.0)).collect();
            format!("\"{}\"{prefix}", words.join(" "))
        };
        format!("({})", term.ways.iter().map(phrase).collect::<Vec<_>>().join(" OR "))
    };
    search.terms().iter().map(term).collect::<Vec<_>>().join(" AND ")
}

/// Appends the search as a tsquery. The index has no word positions, so phrases are checked against the text of the notes
/// that contain all their words.
fn push_tsquery<'a>(query: &'a mut Query, search: &Search, tenant: TenantId) -> &'a mut Query {
    let term = |term: &Term| {
        let all_words = |way: &Vec<String>| {
            let last = way.len() - 1;
            let begins = |at: usize| if term.is_prefix && at == last { ":*" } else { "" };
            way.iter()
                .enumerate()
                .map(|(at, word)| format!("'{}/{word}'{}", tenant.0, begins(at)))
                .collect::<Vec<_>>()
                .join(" & ")
        };
        format!("({})", term.ways.iter().map(all_words).collect::<Vec<_>>().join(" | "))
    };
    let words: Vec<String> = search.terms().iter().map(term).collect();
    query.push("n.words @@ CAST(").bind(words.join(" & ")).push(" AS tsquery)");
    for term in search.terms().iter().filter(|term| term.ways.iter().any(|way| way.len() > 1)) {
        let end = if term.is_prefix { "" } else { " " };
        query.push(" AND (");
        for (at, way) in term.ways.iter().enumerate() {
            query.push(if at == 0 { "" } else { " OR " });
            query.push("n.search LIKE ").bind(format!("% {}{end}%", way.join(" ")));
        }
        query.push(")");
    }
    query
}

// Feeds -------------------------------------------------------------------------------------------------------------

/// The fields of a note that the notes feed counts by.
#[derive(Clone, Debug)]
pub struct NoteSummary {
    pub no: i64,
    pub client_id: ContactId,
    pub created_ms: Option<EpochMs>,
    pub kind_key: String,
    pub kind: String,
    pub author: String,
    /// Whether it is hidden from the brand's users.
    pub hidden: bool,
}

/// Passes every live note, including hidden ones, to `take`, by contact.
pub async fn each_summary<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(NoteSummary)) -> Result<()> {
    const BATCH: i64 = 5_000;
    let text = format!(
        "SELECT n.no, n.client_id, n.created_ms, n.kind_key, n.kind, n.author, {HIDDEN} FROM notes n \
         WHERE n.tenant_id = $1 AND n.gone_ms IS NULL AND (n.client_id > $2 OR (n.client_id = $2 AND n.no > $3)) \
         AND n.client_id >= $2 ORDER BY n.client_id, n.no LIMIT $4"
    );
    let mut after = (ContactId::default(), i64::MIN);
    loop {
        let batch = rows(conn, &text, [tenant.into(), after.0.clone().into(), after.1.into(), BATCH.into()]).await?;
        for row in &batch {
            let note = NoteSummary {
                no: row.try_get_by_index(0)?,
                client_id: row.try_get_by_index(1)?,
                created_ms: row.try_get_by_index(2)?,
                kind_key: row.try_get_by_index(3)?,
                kind: row.try_get_by_index(4)?,
                author: row.try_get_by_index(5)?,
                hidden: row.try_get_by_index(6)?,
            };
            after.0.clone_from(&note.client_id);
            after.1 = note.no;
            take(note);
        }
        if (batch.len() as i64) < BATCH {
            return Ok(());
        }
    }
}

/// Passes every live contact with its stage to `take`, by ID.
pub async fn each_contact<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(ContactId, Option<String>)) -> Result<()> {
    const BATCH: i64 = 5_000;
    let text =
        "SELECT crm_id, stage FROM leads WHERE tenant_id = $1 AND gone_ms IS NULL AND crm_id > $2 ORDER BY crm_id LIMIT $3";
    let mut after = ContactId::default();
    loop {
        let batch = rows(conn, text, [tenant.into(), after.clone().into(), BATCH.into()]).await?;
        for row in &batch {
            let crm_id: ContactId = row.try_get_by_index(0)?;
            after.clone_from(&crm_id);
            take(crm_id, row.try_get_by_index(1)?);
        }
        if (batch.len() as i64) < BATCH {
            return Ok(());
        }
    }
}

/// The names and stages of these contacts, by ID.
pub async fn contact_names<C: Conn>(
    conn: &C,
    tenant: TenantId,
    ids: &[ContactId],
) -> Result<HashMap<ContactId, (String, Option<String>)>> {
    let mut names = HashMap::with_capacity(ids.len());
    for part in ids.chunks(1_000) {
        let mut query = Query::new("SELECT crm_id, name, stage FROM leads WHERE tenant_id = ");
        query.bind(tenant).push(" AND crm_id IN ").bind_list(part.iter().cloned());
        for row in query.rows(conn).await? {
            names.insert(row.try_get_by_index(0)?, (row.try_get_by_index(1)?, row.try_get_by_index(2)?));
        }
    }
    Ok(names)
}

// Single notes -----------------------------------------------------------------------------------------------------------

/// The length of a note preview, in characters.
pub const PREVIEW_CHARS: usize = 300;

/// The newest note of a contact.
#[derive(Clone, Debug, FromQueryResult)]
pub struct LatestNote {
    pub client_id: ContactId,
    pub kind: String,
    pub author: String,
    /// The start of its plain text, at most [`PREVIEW_CHARS`] characters.
    pub body: String,
    pub created_ms: EpochMs,
}

/// The newest note with a plausible date of each of these contacts that an audience may see, by contact.
pub async fn latest_for<C: Conn>(
    conn: &C,
    tenant: TenantId,
    audience: Audience,
    contacts: &[ContactId],
    dates: PlausibleDates,
) -> Result<HashMap<ContactId, LatestNote>> {
    let mut latest = HashMap::with_capacity(contacts.len());
    for part in contacts.chunks(1_000) {
        let mut query = Query::new(&format!(
            "SELECT n.client_id, n.kind, n.author, SUBSTR(n.body, 1, {PREVIEW_CHARS}) AS body, n.created_ms FROM \
             (SELECT n.crm_id, ROW_NUMBER() OVER (PARTITION BY n.client_id ORDER BY n.created_ms DESC, n.crm_id) AS place \
             FROM notes n WHERE n.gone_ms IS NULL AND n.tenant_id = ",
        ));
        query.bind(tenant).push(" AND n.created_ms BETWEEN ").bind(*dates.of_past().start());
        query.push(" AND ").bind(*dates.of_past().end()).push(" AND n.client_id IN ").bind_list(part.iter().cloned());
        visible(&mut query, audience);
        query.push(") newest JOIN notes n ON n.crm_id = newest.crm_id AND newest.place = 1 WHERE n.tenant_id = ").bind(tenant);
        for note in query.all::<_, LatestNote>(conn).await? {
            latest.insert(note.client_id.clone(), note);
        }
    }
    Ok(latest)
}

/// The metadata of a note, whose text [`text_part`] reads.
#[derive(Clone, Debug, FromQueryResult)]
pub struct FullNote {
    pub crm_id: String,
    pub client_id: ContactId,
    /// The contact's name.
    pub name: String,
    pub kind: String,
    pub author: String,
    /// The length of its plain text, in characters.
    pub letters: i64,
    pub created_ms: Option<EpochMs>,
    pub hidden: bool,
    pub hidden_kind: bool,
}

/// A live note, whose contact may be gone; `None` if the audience may not see it.
pub async fn get<C: Conn>(conn: &C, tenant: TenantId, audience: Audience, crm_id: &str) -> Result<Option<FullNote>> {
    let mut query = Query::new(&format!(
        "SELECT n.crm_id, n.client_id, l.name, n.kind, n.author, CAST(LENGTH(n.body) AS BIGINT) AS letters, n.created_ms, {HIDDEN} AS hidden, \
         {HIDDEN_KIND} AS hidden_kind \
         FROM notes n JOIN leads l ON l.tenant_id = n.tenant_id AND l.crm_id = n.client_id WHERE n.gone_ms IS NULL AND n.tenant_id = "
    ));
    query.bind(tenant).push(" AND n.crm_id = ").bind(crm_id);
    visible(&mut query, audience);
    Ok(query.all(conn).await?.into_iter().next())
}

/// `letters` characters of a note's plain text starting at `from` (the first is 1), and its HTML unless that is longer.
pub async fn text_part<C: Conn>(
    conn: &C,
    tenant: TenantId,
    audience: Audience,
    crm_id: &str,
    from: i32,
    letters: i32,
) -> Result<Option<(String, Option<String>)>> {
    let mut query = Query::new("SELECT SUBSTR(n.body, ");
    query.bind(from).push(", ").bind(letters).push("), CASE WHEN LENGTH(n.html) <= ").bind(letters);
    query.push(" THEN n.html END FROM notes n WHERE n.gone_ms IS NULL AND n.tenant_id = ").bind(tenant);
    query.push(" AND n.crm_id = ").bind(crm_id);
    visible(&mut query, audience);
    let found = query.rows(conn).await?;
    found.first().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).transpose()
}
