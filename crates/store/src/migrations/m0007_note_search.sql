ALTER TABLE notes ADD COLUMN no BIGINT NOT NULL DEFAULT 0;           -- what the word index calls it
ALTER TABLE notes ADD COLUMN kind_key TEXT NOT NULL DEFAULT '';      -- the kind, trimmed and case folded

CREATE TABLE hidden_note_types (        -- what the agency keeps from a brand's people; it outlives what is read again
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    kind_key TEXT NOT NULL,
    kind TEXT NOT NULL,                 -- as the CRM spelled it then
    hidden_ms BIGINT NOT NULL,
    hidden_by BIGINT REFERENCES users (id),
    PRIMARY KEY (tenant_id, kind_key)
) {clustered};

CREATE TABLE hidden_notes (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    crm_id TEXT {binary} NOT NULL,      -- of the note
    hidden_ms BIGINT NOT NULL,
    hidden_by BIGINT REFERENCES users (id),
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};
