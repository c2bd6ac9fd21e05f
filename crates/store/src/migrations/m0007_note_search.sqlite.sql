-- Each word is prefixed with its tenant, so that a search reads only one brand's notes. Words are already folded, and the
-- tokenizer treats everything but ASCII punctuation as letters.
CREATE VIRTUAL TABLE note_words USING fts5 (
    words, content = '', contentless_delete = 1, tokenize = "ascii tokenchars '/'"
);
INSERT INTO note_words (rowid, words) SELECT no, REPLACE(RTRIM(search), ' ', ' ' || tenant_id || '/') FROM notes;

CREATE TRIGGER notes_words_added AFTER INSERT ON notes BEGIN
    INSERT INTO note_words (rowid, words) VALUES (new.no, REPLACE(RTRIM(new.search), ' ', ' ' || new.tenant_id || '/'));
END;
CREATE TRIGGER notes_words_changed AFTER UPDATE OF search ON notes WHEN old.search <> new.search BEGIN
    UPDATE note_words SET words = REPLACE(RTRIM(new.search), ' ', ' ' || new.tenant_id || '/') WHERE rowid = new.no;
END;
CREATE TRIGGER notes_words_removed AFTER DELETE ON notes BEGIN
    DELETE FROM note_words WHERE rowid = old.no;
END;

CREATE UNIQUE INDEX notes_by_no ON notes (no);
-- The columns that the notes feed counts by, without the texts.
CREATE INDEX notes_in_short ON notes (tenant_id, client_id, gone_ms, no, created_ms, kind_key, kind, author);
DROP INDEX notes_by_contact;
