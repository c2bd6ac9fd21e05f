ALTER TABLE notes ADD COLUMN no BIGINT NOT NULL DEFAULT 0;           -- the row ID in the full-text index
ALTER TABLE notes ADD COLUMN kind_key TEXT NOT NULL DEFAULT '';      -- the type, trimmed and lowercased

CREATE TABLE hidden_note_types (        -- hidden from a brand's users by the agency; kept when notes are read again
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    kind_key TEXT NOT NULL,
    kind TEXT NOT NULL,                 -- as the CRM spelled it when it was hidden
    hidden_ms BIGINT NOT NULL,
    hidden_by BIGINT REFERENCES users (id),
    PRIMARY KEY (tenant_id, kind_key)
) {clustered};

CREATE TABLE hidden_notes (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    crm_id TEXT {binary} NOT NULL,      -- the note
    hidden_ms BIGINT NOT NULL,
    hidden_by BIGINT REFERENCES users (id),
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};
