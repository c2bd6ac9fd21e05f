//! Notes as they are found, listed and read. Only those of live contacts are listed, the newest first; those without a date
//! come last.

use std::collections::HashMap;

use sea_orm::FromQueryResult;
use tetherboard_domain::{ContactId, EpochMs, Search, TenantId, Term};

use super::hidden::{Audience, HIDDEN, HIDDEN_KIND, visible};
use super::kind_key;
use crate::query::{Query, is_sqlite, rows};
use crate::{Conn, Result};

/// Which notes to list.
#[derive(Clone, Debug, Default)]
pub struct NoteFilter {
    pub text: Option<Search>,
    /// Whatever its case.
    pub kind: Option<String>,
    pub author: Option<String>,
    pub client: Option<ContactId>,
    pub from_ms: Option<EpochMs>,
    pub until_ms: Option<EpochMs>,
}

/// A note with as much of its text as was asked for.
#[derive(Clone, Debug, FromQueryResult)]
pub struct NoteRow {
    pub no: i64,
    pub crm_id: String,
    pub note_id: String,
    pub client_id: ContactId,
    /// The contact's.
    pub name: String,
    pub stage: Option<String>,
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

/// How many notes of live contacts fit.
pub async fn count<C: Conn>(conn: &C, tenant: TenantId, audience: Audience, filter: &NoteFilter) -> Result<i64> {
    let mut query =
        Query::new("SELECT COUNT(*) FROM notes n JOIN leads l ON l.tenant_id = n.tenant_id AND l.crm_id = n.client_id");
    narrow(&mut query, tenant, audience, filter, is_sqlite(conn));
    query.number(conn).await
}

/// A part of those that fit, from an offset on, at most so many, each with at most so many letters of its text.
pub async fn list<C: Conn>(
    conn: &C,
    tenant: TenantId,
    audience: Audience,
    filter: &NoteFilter,
    (offset, limit): (i64, i64),
    longest: i32,
) -> Result<Vec<NoteRow>> {
    // Their order is found without their texts, of which a brand has more than memory should hold.
    let mut query = Query::new("SELECT n.no FROM notes n JOIN leads l ON l.tenant_id = n.tenant_id AND l.crm_id = n.client_id");
    narrow(&mut query, tenant, audience, filter, is_sqlite(conn));
    query.push(" ORDER BY COALESCE(n.created_ms, -9223372036854775807) DESC, n.crm_id LIMIT ").bind(limit);
    query.push(" OFFSET ").bind(offset);
    let found = query.rows(conn).await?;
    let numbers: Vec<i64> = found.iter().map(|row| row.try_get_by_index(0)).collect::<std::result::Result<_, _>>()?;
    numbered(conn, tenant, audience, &numbers, longest).await
}

/// The notes with these numbers, in their order, each with at most so many letters of its text.
pub async fn numbered<C: Conn>(
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
    let places: HashMap<i64, usize> = numbers.iter().enumerate().map(|(place, no)| (*no, place)).collect();
    rows.sort_by_key(|row| places.get(&row.no));
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
            // Nothing has no word of it.
            (true, _) => query.push("1 = 0"),
            (false, true) => query
                .push("n.no IN (SELECT rowid FROM note_words WHERE note_words MATCH ")
                .bind(in_fts5(search, tenant))
                .push(")"),
            (false, false) => in_words(query, search, tenant),
        };
    }
}

// Words ----------------------------------------------------------------------------------------------------------------

/// The numbers of the notes, gone ones and hidden ones among them, in which a search finds what it looks for.
pub async fn hits<C: Conn>(conn: &C, tenant: TenantId, search: &Search) -> Result<Vec<i64>> {
    if search.is_empty() {
        return Ok(Vec::new());
    }
    // As one text: a hundred thousand rows take ten times as long.
    let mut query;
    if is_sqlite(conn) {
        query = Query::new("SELECT GROUP_CONCAT(rowid) FROM note_words WHERE note_words MATCH ");
        query.bind(in_fts5(search, tenant));
    } else {
        query = Query::new("SELECT STRING_AGG(CAST(n.no AS TEXT), ',') FROM notes n WHERE n.tenant_id = ");
        in_words(query.bind(tenant).push(" AND "), search, tenant);
    }
    let found = query.rows(conn).await?;
    let Some(row) = found.first() else { return Ok(Vec::new()) };
    let numbers: Option<String> = row.try_get_by_index(0)?;
    Ok(numbers.unwrap_or_default().split(',').filter_map(|no| no.parse().ok()).collect())
}

/// The words of a search are letters and digits, so that within quotes nothing of them means anything else. Each is indexed
/// behind its tenant.
fn in_fts5(search: &Search, tenant: TenantId) -> String {
    let phrase = |term: &Term| {
        let words: Vec<String> = term.words.iter().map(|word| format!("{}/{word}", tenant.0)).collect();
        format!("\"{}\"{}", words.join(" "), if term.is_prefix { " *" } else { "" })
    };
    search.terms().iter().map(phrase).collect::<Vec<_>>().join(" AND ")
}

/// The index of words has no places: of the notes that have all words of a phrase, those that have them one after the other.
fn in_words<'a>(query: &'a mut Query, search: &Search, tenant: TenantId) -> &'a mut Query {
    let words = search.terms().iter().flat_map(|term| {
        let last = term.words.len() - 1;
        term.words.iter().enumerate().map(move |(i, word)| (word, if term.is_prefix && i == last { ":*" } else { "" }))
    });
    let words: Vec<String> = words.map(|(word, begins)| format!("'{}/{word}'{begins}", tenant.0)).collect();
    query.push("n.words @@ CAST(").bind(words.join(" & ")).push(" AS tsquery)");
    for term in search.terms().iter().filter(|term| term.words.len() > 1) {
        let end = if term.is_prefix { "" } else { " " };
        query.push(" AND n.search LIKE ").bind(format!("% {}{end}%", term.words.join(" ")));
    }
    query
}

// In short -------------------------------------------------------------------------------------------------------------

/// What a feed counts a note by.
#[derive(Clone, Debug)]
pub struct NoteInShort {
    pub no: i64,
    pub client_id: ContactId,
    pub created_ms: Option<EpochMs>,
    pub kind_key: String,
    pub kind: String,
    pub author: String,
    /// From the brand's people.
    pub hidden: bool,
}

/// Every note that is not gone, hidden ones included, by contact.
pub async fn each_in_short<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(NoteInShort)) -> Result<()> {
    const PART: i64 = 5_000;
    let text = format!(
        "SELECT n.no, n.client_id, n.created_ms, n.kind_key, n.kind, n.author, {HIDDEN} FROM notes n \
         WHERE n.tenant_id = $1 AND n.gone_ms IS NULL AND (n.client_id > $2 OR (n.client_id = $2 AND n.no > $3)) \
         AND n.client_id >= $2 ORDER BY n.client_id, n.no LIMIT $4"
    );
    let mut after = (ContactId::default(), i64::MIN);
    loop {
        let part = rows(conn, &text, [tenant.into(), after.0.clone().into(), after.1.into(), PART.into()]).await?;
        for row in &part {
            let note = NoteInShort {
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
        if (part.len() as i64) < PART {
            return Ok(());
        }
    }
}

/// Every live contact, with its stage.
pub async fn each_contact<C: Conn>(conn: &C, tenant: TenantId, mut take: impl FnMut(ContactId, Option<String>)) -> Result<()> {
    const PART: i64 = 5_000;
    let text =
        "SELECT crm_id, stage FROM leads WHERE tenant_id = $1 AND gone_ms IS NULL AND crm_id > $2 ORDER BY crm_id LIMIT $3";
    let mut after = ContactId::default();
    loop {
        let part = rows(conn, text, [tenant.into(), after.clone().into(), PART.into()]).await?;
        for row in &part {
            let crm_id: ContactId = row.try_get_by_index(0)?;
            after.clone_from(&crm_id);
            take(crm_id, row.try_get_by_index(1)?);
        }
        if (part.len() as i64) < PART {
            return Ok(());
        }
    }
}

/// The names of these contacts, with the stage of each.
pub async fn contacts_named<C: Conn>(
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

// One by one -----------------------------------------------------------------------------------------------------------

/// How much of a note is enough to know what it is about, in letters.
pub const GLANCE: usize = 300;

/// The newest note of a contact.
#[derive(Clone, Debug, FromQueryResult)]
pub struct LatestNote {
    pub client_id: ContactId,
    pub kind: String,
    pub author: String,
    /// The beginning of its plain text: [`GLANCE`] letters at most.
    pub body: String,
    pub created_ms: EpochMs,
}

/// The newest dated note that an audience may see, of each of these contacts that has one.
pub async fn latest_of<C: Conn>(
    conn: &C,
    tenant: TenantId,
    audience: Audience,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, LatestNote>> {
    let mut latest = HashMap::with_capacity(contacts.len());
    for part in contacts.chunks(1_000) {
        let mut query = Query::new(&format!(
            "SELECT n.client_id, n.kind, n.author, SUBSTR(n.body, 1, {GLANCE}) AS body, n.created_ms FROM \
             (SELECT n.crm_id, ROW_NUMBER() OVER (PARTITION BY n.client_id ORDER BY n.created_ms DESC, n.crm_id) AS place \
             FROM notes n WHERE n.gone_ms IS NULL AND n.created_ms IS NOT NULL AND n.tenant_id = ",
        ));
        query.bind(tenant).push(" AND n.client_id IN ").bind_list(part.iter().cloned());
        visible(&mut query, audience);
        query.push(") newest JOIN notes n ON n.crm_id = newest.crm_id AND newest.place = 1 WHERE n.tenant_id = ").bind(tenant);
        for note in query.all::<_, LatestNote>(conn).await? {
            latest.insert(note.client_id.clone(), note);
        }
    }
    Ok(latest)
}

/// A note of which all can be read.
#[derive(Clone, Debug, FromQueryResult)]
pub struct WholeNote {
    pub crm_id: String,
    pub client_id: ContactId,
    /// The contact's.
    pub name: String,
    pub kind: String,
    pub author: String,
    /// Of its plain text.
    pub letters: i64,
    pub created_ms: Option<EpochMs>,
    pub hidden: bool,
    pub hidden_kind: bool,
}

/// A note that is not gone, of a contact that may be; `None` also for one that the audience may not see.
pub async fn whole<C: Conn>(conn: &C, tenant: TenantId, audience: Audience, crm_id: &str) -> Result<Option<WholeNote>> {
    let mut query = Query::new(&format!(
        "SELECT n.crm_id, n.client_id, l.name, n.kind, n.author, CAST(LENGTH(n.body) AS BIGINT) AS letters, n.created_ms, {HIDDEN} AS hidden, \
         {HIDDEN_KIND} AS hidden_kind \
         FROM notes n JOIN leads l ON l.tenant_id = n.tenant_id AND l.crm_id = n.client_id WHERE n.gone_ms IS NULL AND n.tenant_id = "
    ));
    query.bind(tenant).push(" AND n.crm_id = ").bind(crm_id);
    visible(&mut query, audience);
    Ok(query.all(conn).await?.into_iter().next())
}

/// So many letters of a note's plain text from one on, the first being 1; and its HTML, unless that is longer.
pub async fn part_of<C: Conn>(
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
