-- Each word is prefixed with its tenant, so that a search reads only one brand's notes. Words are already folded. Phrases
-- are checked against the note's text.
ALTER TABLE notes ADD COLUMN words tsvector GENERATED ALWAYS AS (
    array_to_tsvector(string_to_array(LTRIM(REPLACE(RTRIM(search), ' ', ' ' || CAST(tenant_id AS TEXT) || '/')), ' '))
) STORED;
CREATE INDEX notes_by_word ON notes USING GIN (words);
CREATE INDEX notes_by_no ON notes (no);
