//! Notes were searched by a pattern over their text. This adds a full-text index, the one place where each database has its
//! own SQL, and indexes the existing notes.
//!
//! How a text is split into words is frozen here as it was when this migration was written.

use sea_orm::{ConnectionTrait, DbErr, Statement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::SqlMigration;

pub(super) struct NoteSearch;

impl MigrationName for NoteSearch {
    fn name(&self) -> &'static str {
        "m0007_note_search"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for NoteSearch {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        SqlMigration { name: "m0007_note_search", text: include_str!("m0007_note_search.sql") }.up(manager).await?;
        let conn = manager.get_connection();
        prepare_notes(conn).await?;
        let sqlite = manager.get_database_backend() == sea_orm::DbBackend::Sqlite;
        let index =
            if sqlite { include_str!("m0007_note_search.sqlite.sql") } else { include_str!("m0007_note_search.postgres.sql") };
        conn.execute_unprepared(index).await?;
        Ok(())
    }
}

/// Sets the number, type key, and search words of every note.
async fn prepare_notes<C: ConnectionTrait>(conn: &C) -> Result<(), DbErr> {
    // Notes per query. A note can be a megabyte long.
    const BATCH: i64 = 32;
    let backend = conn.get_database_backend();
    let select = "SELECT tenant_id, crm_id, kind, body FROM notes WHERE (tenant_id, crm_id) > ($1, $2) \
                  ORDER BY tenant_id, crm_id LIMIT $3";
    let update = "UPDATE notes SET no = $3, kind_key = $4, search = $5 WHERE tenant_id = $1 AND crm_id = $2";
    let (mut after, mut no) = ((i64::MIN, String::new()), 0_i64);
    loop {
        let values = [after.0.into(), after.1.clone().into(), BATCH.into()];
        let batch = conn.query_all_raw(Statement::from_sql_and_values(backend, select, values)).await?;
        for row in &batch {
            let (tenant, crm_id): (i64, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let (kind, body): (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
            no += 1;
            let values = [tenant.into(), crm_id.clone().into(), no.into(), kind_key(&kind).into(), search_words(&body).into()];
            conn.execute_raw(Statement::from_sql_and_values(backend, update, values)).await?;
            after = (tenant, crm_id);
        }
        if batch.is_empty() {
            return Ok(());
        }
    }
}

fn kind_key(kind: &str) -> String {
    kind.trim().to_lowercase().chars().take(200).collect()
}

/// Characters of a word that are indexed.
const LONGEST_WORD: usize = 64;

/// Bytes of a note's words that are indexed.
const LONGEST_TEXT: usize = 200 << 10;

/// The folded words of a text, each between two spaces.
fn search_words(text: &str) -> String {
    let mut words = String::from(" ");
    let (mut word, mut letters, mut in_word) = (String::new(), 0, false);
    // The newline ends the last word.
    for c in text.chars().chain(['\n']) {
        if is_letter(c) {
            in_word = true;
            if letters < LONGEST_WORD {
                word.extend(fold(c).inspect(|_| letters += 1));
            }
        } else if !(in_word && is_invisible(c)) {
            if words.len() + word.len() > LONGEST_TEXT {
                break;
            }
            if !word.is_empty() {
                words.push_str(&word);
                words.push(' ');
            }
            word.clear();
            (letters, in_word) = (0, false);
        }
    }
    words
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c) && !is_invisible(c))
}

/// Combining accents and invisible characters, which do not end a word.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// A letter in lowercase and without accents.
fn fold(c: char) -> impl Iterator<Item = char> {
    let lower = std::iter::once(c).nfkd().flat_map(char::to_lowercase);
    lower.flat_map(without_ligature).filter(|c| is_letter(*c) && !is_invisible(*c))
}

fn without_ligature(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'đ' | 'ð' => ('d', None),
        'ł' => ('l', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::words("Called: 2 × É\n", " called 2 e ")]
    #[case::punctuation("e-mail don't 555-0101", " e mail don t 555 0101 ")]
    #[case::accents("ÉTUDE Straße Łódź ﬁnance e\u{301}", " etude strasse lodz finance e ")]
    #[case::other_scripts("Привет 你好 हिन्दी", " привет 你好 हिन्दी ")]
    #[case::invisible("a\u{ad}b \u{feff}c", " ab c ")]
    #[case::emoji("🎉", " ")]
    #[case::empty("", " ")]
    fn a_text_is_split_into_folded_words(#[case] text: &str, #[case] words: &str) {
        assert_eq!(search_words(text), words);
    }

    #[test]
    fn a_long_text_and_a_long_word_are_cut() {
        assert_eq!(search_words(&"word ".repeat(100_000)).len(), LONGEST_TEXT + 1);
        assert_eq!(search_words(&"é".repeat(100_000)).chars().count(), 66);
    }
}
