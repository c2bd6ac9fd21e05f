-- Runs ----------------------------------------------------------------------------------------------------------------

ALTER TABLE sync_runs ADD COLUMN asked_by BIGINT;          -- the user; NULL: none
ALTER TABLE sync_runs ADD COLUMN replay_of TEXT;           -- for a replay: the run to decode again; NULL: the latest
ALTER TABLE sync_runs ADD COLUMN accept_removals TEXT NOT NULL DEFAULT '';   -- datasets, separated by commas
ALTER TABLE sync_runs ADD COLUMN cancel_ms BIGINT;         -- when a user asked it to stop
ALTER TABLE sync_errors ADD COLUMN trace TEXT NOT NULL DEFAULT '';           -- identifies the error in the log
ALTER TABLE tenants ADD COLUMN refused_ms BIGINT;          -- since when the CRM has refused this brand's key
ALTER TABLE tenants ADD COLUMN snapshots_thinned TEXT;     -- the local day on which old snapshots were last cleaned up

CREATE TABLE access_tokens (            -- whether the CRM accepts the agency's tokens, by their hash
    token_hash {bytes} PRIMARY KEY,
    refused_ms BIGINT,                  -- since when it has been refused
    tried_ms BIGINT,                    -- when it was last tried after that
    parked_until_ms BIGINT
);

CREATE TABLE key_checks (               -- checks of brands' keys, requested in the portal and done by a worker
    tenant_id BIGINT PRIMARY KEY REFERENCES tenants (id),
    asked_ms BIGINT NOT NULL,
    answered_ms BIGINT,
    class TEXT,                         -- what went wrong; NULL: the key works
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

-- Stored responses ----------------------------------------------------------------------------------------------------

CREATE TABLE snapshot_pages (           -- the responses of a dataset in a run, up to a hundred per row
    tenant_id BIGINT NOT NULL,
    run_id TEXT {binary} NOT NULL REFERENCES sync_runs (id),
    dataset TEXT NOT NULL,
    first_page BIGINT NOT NULL,
    packed {bytes} NOT NULL,            -- request, offset, time, status, and body of each
    PRIMARY KEY (tenant_id, run_id, dataset, first_page)
) {clustered};

ALTER TABLE snapshot_bodies ADD COLUMN body_no BIGINT NOT NULL DEFAULT 0;    -- in order of arrival
UPDATE snapshot_bodies SET body_no = numbered.body_no FROM (
    SELECT tenant_id, body_hash, ROW_NUMBER() OVER (PARTITION BY tenant_id ORDER BY body_hash) AS body_no FROM snapshot_bodies
) AS numbered WHERE snapshot_bodies.tenant_id = numbered.tenant_id AND snapshot_bodies.body_hash = numbered.body_hash;
CREATE UNIQUE INDEX snapshot_bodies_by_no ON snapshot_bodies (tenant_id, body_no);

-- Field mapping -------------------------------------------------------------------------------------------------------

CREATE TABLE field_rules (              -- where the agency found a field; others use the built-in mapping
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    dataset TEXT NOT NULL,
    field TEXT NOT NULL,
    rule TEXT NOT NULL,                 -- JSON: pointers, formats, zone
    PRIMARY KEY (tenant_id, dataset, field)
);

CREATE TABLE dataset_fields (           -- how many rows of the last read had each field
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    dataset TEXT NOT NULL,
    field TEXT NOT NULL,
    rows_read BIGINT NOT NULL,
    filled BIGINT NOT NULL,
    vanished_ms BIGINT,                 -- since when no row has it although many did; the stored values are kept
    PRIMARY KEY (tenant_id, dataset, field)
);

-- A hash of the rows of the last read and the mapping version, if the live records are decoded from exactly these rows.
ALTER TABLE dataset_states ADD COLUMN rows_hash {bytes};
ALTER TABLE dataset_states ADD COLUMN decoded_by BIGINT;

-- A bit for each field of the dataset that the raw row has a value for.
ALTER TABLE leads ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pipeline_items ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE stages ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_sources ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE crm_users ADD COLUMN filled BIGINT NOT NULL DEFAULT 0;

ALTER TABLE leads ADD COLUMN units TEXT NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN whiteboard TEXT NOT NULL DEFAULT '';            -- sanitized HTML
ALTER TABLE leads ADD COLUMN notes_read_ms BIGINT;         -- the start of the last complete read of its notes

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
    status TEXT NOT NULL,               -- as the CRM spells it
    cancelled BOOLEAN NOT NULL,
    all_day BOOLEAN NOT NULL,
    starts_ms BIGINT,                   -- NULL: not readable
    ends_ms BIGINT,
    moved_from_ms BIGINT,               -- the start before it was last rescheduled
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};
CREATE INDEX scheduled_activities_by_row ON scheduled_activities (tenant_id, row_no);
CREATE INDEX scheduled_activities_by_start ON scheduled_activities (tenant_id, starts_ms);

CREATE TABLE notes (
    tenant_id BIGINT NOT NULL,
    crm_id TEXT {binary} NOT NULL,      -- the contact's ID, a slash, and the note's ID
    row_no BIGINT NOT NULL,
    mapping_version BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    missing_ms BIGINT,
    gone_ms BIGINT,
    modified_ms BIGINT,
    filled BIGINT NOT NULL,
    note_id TEXT NOT NULL,
    client_id TEXT {binary} NOT NULL,   -- the contact whose notes were requested
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    html TEXT NOT NULL,                 -- sanitized
    body TEXT NOT NULL,                 -- plain text
    search TEXT NOT NULL,               -- the plain text in lowercase
    created_ms BIGINT,
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};
CREATE INDEX notes_by_row ON notes (tenant_id, row_no);
CREATE INDEX notes_by_contact ON notes (tenant_id, client_id);
CREATE INDEX notes_by_created ON notes (tenant_id, created_ms);

CREATE TABLE value_changes (            -- changes of fee, odds, or close date that a sync saw
    tenant_id BIGINT NOT NULL,
    subject TEXT NOT NULL,              -- contacts or deals
    crm_id TEXT {binary} NOT NULL,
    seen_after_ms BIGINT NOT NULL,
    field TEXT NOT NULL,                -- fee, odds, or close_date
    seen_before_ms BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    old_value TEXT,                     -- cents, hundredths of a percent, YYYY-MM-DD; NULL: unknown
    new_value TEXT,
    PRIMARY KEY (tenant_id, subject, crm_id, seen_after_ms, field)
) {clustered};
