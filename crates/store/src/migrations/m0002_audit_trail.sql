-- Runs ----------------------------------------------------------------------------------------------------------------

ALTER TABLE sync_runs ADD COLUMN asked_by BIGINT;          -- the person; NULL: nobody in particular
ALTER TABLE sync_runs ADD COLUMN replay_of TEXT;           -- of a replay: the run whose answers are normalised again; NULL: the latest
ALTER TABLE sync_runs ADD COLUMN accept_removals TEXT NOT NULL DEFAULT '';   -- datasets, by commas
ALTER TABLE sync_runs ADD COLUMN cancel_ms BIGINT;         -- a person asked it to stop
ALTER TABLE sync_errors ADD COLUMN trace TEXT NOT NULL DEFAULT '';           -- the same as in the log
ALTER TABLE tenants ADD COLUMN refused_ms BIGINT;          -- since when the CRM refuses this brand's key
ALTER TABLE tenants ADD COLUMN snapshots_thinned TEXT;     -- the local day on which its old answers were last thinned out

CREATE TABLE access_tokens (            -- how the CRM takes the agency's tokens, by their hash
    token_hash {bytes} PRIMARY KEY,
    refused_ms BIGINT,                  -- since when it is refused
    tried_ms BIGINT,                    -- when it was last tried since
    parked_until_ms BIGINT
);

CREATE TABLE key_checks (               -- "is this brand's key good?", asked in the portal, answered by a worker
    tenant_id BIGINT PRIMARY KEY REFERENCES tenants (id),
    asked_ms BIGINT NOT NULL,
    answered_ms BIGINT,
    class TEXT,                         -- what went wrong; NULL: the key is good
    message TEXT
);

CREATE TABLE audit_events (             -- who changed what
    id {identity},
    at_ms BIGINT NOT NULL,
    user_id BIGINT REFERENCES users (id),
    tenant_id BIGINT REFERENCES tenants (id),
    what TEXT NOT NULL,
    detail TEXT NOT NULL
);

-- Answers kept --------------------------------------------------------------------------------------------------------

CREATE TABLE snapshot_pages (           -- the answers of a dataset of a run, up to a hundred to a row
    tenant_id BIGINT NOT NULL,
    run_id TEXT {binary} NOT NULL REFERENCES sync_runs (id),
    dataset TEXT NOT NULL,
    first_page BIGINT NOT NULL,
    packed {bytes} NOT NULL,            -- request, offset, time, status and body of each
    PRIMARY KEY (tenant_id, run_id, dataset, first_page)
) {clustered};

ALTER TABLE snapshot_bodies ADD COLUMN body_no BIGINT NOT NULL DEFAULT 0;    -- in the order in which they first came
UPDATE snapshot_bodies SET body_no = numbered.body_no FROM (
    SELECT tenant_id, body_hash, ROW_NUMBER() OVER (PARTITION BY tenant_id ORDER BY body_hash) AS body_no FROM snapshot_bodies
) AS numbered WHERE snapshot_bodies.tenant_id = numbered.tenant_id AND snapshot_bodies.body_hash = numbered.body_hash;
CREATE UNIQUE INDEX snapshot_bodies_by_no ON snapshot_bodies (tenant_id, body_no);

-- What a row means ----------------------------------------------------------------------------------------------------

CREATE TABLE field_rules (              -- where the agency found a field of a brand's rows; no rule: the built-in places
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    dataset TEXT NOT NULL,
    field TEXT NOT NULL,
    rule TEXT NOT NULL,                 -- JSON: places, forms, zone
    PRIMARY KEY (tenant_id, dataset, field)
);

CREATE TABLE dataset_fields (           -- how many rows of the last read gave each field
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    dataset TEXT NOT NULL,
    field TEXT NOT NULL,
    rows_read BIGINT NOT NULL,
    filled BIGINT NOT NULL,
    vanished_ms BIGINT,                 -- many rows had it, now none has: their old values stay
    PRIMARY KEY (tenant_id, dataset, field)
);

-- Of a list whose live records all stand on the rows of its last read: those rows, hashed, and by what they were decoded.
ALTER TABLE dataset_states ADD COLUMN rows_hash {bytes};
ALTER TABLE dataset_states ADD COLUMN decoded_by BIGINT;

-- Which of the list's fields the raw row gave, a bit each.
ALTER TABLE leads ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pipeline_items ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE stages ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_sources ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE crm_users ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;

ALTER TABLE leads ADD COLUMN units TEXT NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN whiteboard TEXT NOT NULL DEFAULT '';            -- sanitised HTML
ALTER TABLE leads ADD COLUMN notes_read_ms BIGINT;         -- the start of the last whole read of its notes

CREATE TABLE scheduled_activities (
    tenant_id BIGINT NOT NULL,
    crm_id TEXT {binary} NOT NULL,
    row_no BIGINT NOT NULL,
    mapping_version BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    missing_ms BIGINT,
    gone_ms BIGINT,
    modified_ms BIGINT,
    filled BIGINT NOT NULL,
    client_id TEXT {binary},
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,          -- plain text
    place TEXT NOT NULL,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,               -- in the CRM's words
    cancelled BOOLEAN NOT NULL,
    all_day BOOLEAN NOT NULL,
    starts_ms BIGINT,                   -- NULL: no readable time
    ends_ms BIGINT,
    moved_from_ms BIGINT,               -- where it stood before it was last moved
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};
CREATE INDEX scheduled_activities_by_row ON scheduled_activities (tenant_id, row_no);
CREATE INDEX scheduled_activities_by_start ON scheduled_activities (tenant_id, starts_ms);

CREATE TABLE notes (
    tenant_id BIGINT NOT NULL,
    crm_id TEXT {binary} NOT NULL,      -- the contact's id, a slash, the note's own
    row_no BIGINT NOT NULL,
    mapping_version BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    missing_ms BIGINT,
    gone_ms BIGINT,
    modified_ms BIGINT,
    filled BIGINT NOT NULL,
    note_id TEXT NOT NULL,
    client_id TEXT {binary} NOT NULL,   -- the contact whose notes were asked for
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    html TEXT NOT NULL,                 -- sanitised
    body TEXT NOT NULL,                 -- plain text
    search TEXT NOT NULL,               -- lower case: the plain text
    created_ms BIGINT,
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};
CREATE INDEX notes_by_row ON notes (tenant_id, row_no);
CREATE INDEX notes_by_contact ON notes (tenant_id, client_id);
CREATE INDEX notes_by_created ON notes (tenant_id, created_ms);

CREATE TABLE value_changes (            -- changes of a fee, of odds, of a close date that a sync saw
    tenant_id BIGINT NOT NULL,
    subject TEXT NOT NULL,              -- contacts, deals
    crm_id TEXT {binary} NOT NULL,
    seen_after_ms BIGINT NOT NULL,
    field TEXT NOT NULL,                -- fee, odds, close_date
    seen_before_ms BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    old_value TEXT,                     -- cents, hundredths of a percent, YYYY-MM-DD; NULL: unknown
    new_value TEXT,
    PRIMARY KEY (tenant_id, subject, crm_id, seen_after_ms, field)
) {clustered};
