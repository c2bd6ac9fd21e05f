-- A note's words each begin with its tenant, so that a search reads no other brand's. They are folded already; what stands one
-- after the other is read from the note itself.
ALTER TABLE notes ADD COLUMN words tsvector GENERATED ALWAYS AS (
    array_to_tsvector(string_to_array(LTRIM(REPLACE(RTRIM(search), ' ', ' ' || CAST(tenant_id AS TEXT) || '/')), ' '))
) STORED;
CREATE INDEX notes_by_word ON notes USING GIN (words);
CREATE INDEX notes_by_no ON notes (no);
