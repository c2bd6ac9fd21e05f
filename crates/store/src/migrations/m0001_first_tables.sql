-- Brands and users --------------------------------------------------------------------------------------------------

CREATE TABLE agency (
    name TEXT PRIMARY KEY,              -- the setting: 'name', 'contact', or 'access_token'
    value TEXT,
    sealed {bytes}
);

CREATE TABLE tenants (
    id {identity},
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    source_zone TEXT,                   -- NULL: the CRM's times are in `zone`
    accent TEXT,
    logo {bytes},
    logo_type TEXT,
    web_key {bytes},                    -- encrypted
    mapping_version BIGINT NOT NULL DEFAULT 1,   -- increases when the same raw row would decode differently
    data_version BIGINT NOT NULL DEFAULT 0,      -- increases when the data that pages show has changed
    parked_until_ms BIGINT,
    created_ms BIGINT NOT NULL
);

CREATE TABLE users (
    id {identity},
    email TEXT NOT NULL UNIQUE,         -- lowercase
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled_ms BIGINT,
    created_ms BIGINT NOT NULL
);

CREATE TABLE memberships (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    PRIMARY KEY (tenant_id, user_id)
);

CREATE TABLE sessions (
    token_hash {bytes} PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);

CREATE TABLE api_tokens (
    id {identity},
    user_id BIGINT NOT NULL REFERENCES users (id),
    token_hash {bytes} NOT NULL UNIQUE,
    hint TEXT NOT NULL,                 -- the token's last four characters
    created_ms BIGINT NOT NULL,
    revoked_ms BIGINT
);

CREATE TABLE stage_roles (              -- set by the agency; kept if the CRM's list loses the stage
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    stage_key TEXT NOT NULL,
    role TEXT NOT NULL,
    confirmed_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, stage_key)
);

-- Runs --------------------------------------------------------------------------------------------------------------

CREATE TABLE sync_runs (
    id TEXT {binary} PRIMARY KEY,       -- a time-ordered UUID
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    started_by TEXT NOT NULL,           -- schedule, person, command
    status TEXT NOT NULL,
    requested_ms BIGINT NOT NULL,
    started_ms BIGINT,
    finished_ms BIGINT
);
CREATE INDEX sync_runs_newest ON sync_runs (tenant_id, requested_ms);
CREATE INDEX sync_runs_open ON sync_runs (status, tenant_id);
CREATE UNIQUE INDEX sync_runs_one_waiting ON sync_runs (tenant_id) WHERE status = 'queued';   -- two clicks request one run

CREATE TABLE sync_datasets (
    tenant_id BIGINT NOT NULL,
    run_id TEXT {binary} NOT NULL REFERENCES sync_runs (id),
    dataset TEXT NOT NULL,
    status TEXT NOT NULL,
    started_ms BIGINT,
    finished_ms BIGINT,
    expected BIGINT,                    -- the CRM's total, if readable
    pages BIGINT NOT NULL DEFAULT 0,
    rows_read BIGINT NOT NULL DEFAULT 0,
    added BIGINT NOT NULL DEFAULT 0,
    changed BIGINT NOT NULL DEFAULT 0,
    unchanged BIGINT NOT NULL DEFAULT 0,
    gone BIGINT NOT NULL DEFAULT 0,
    held BIGINT NOT NULL DEFAULT 0,
    set_aside BIGINT NOT NULL DEFAULT 0,
    retries BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, run_id, dataset)
);

CREATE TABLE sync_errors (
    tenant_id BIGINT NOT NULL,
    run_id TEXT {binary} NOT NULL REFERENCES sync_runs (id),
    dataset TEXT NOT NULL,
    class TEXT NOT NULL,
    message TEXT NOT NULL,              -- the chain of causes, without bodies and credentials
    request TEXT,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, run_id, dataset)
);

CREATE TABLE set_aside_rows (
    tenant_id BIGINT NOT NULL,
    run_id TEXT {binary} NOT NULL REFERENCES sync_runs (id),
    dataset TEXT NOT NULL,
    row_no BIGINT NOT NULL,             -- the raw row, in a frame
    reason TEXT NOT NULL,
    PRIMARY KEY (tenant_id, run_id, dataset, row_no)
);

CREATE TABLE sync_leases (              -- one per tenant: which process may write its data
    tenant_id BIGINT PRIMARY KEY REFERENCES tenants (id),
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,              -- the fencing token, which increases with every claim
    expires_ms BIGINT NOT NULL          -- by the machine's clock
);

CREATE TABLE dataset_states (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    dataset TEXT NOT NULL,
    whole_started_ms BIGINT,            -- the start of the last complete read
    read_started_ms BIGINT,             -- the start of the last read of which at least part was applied
    PRIMARY KEY (tenant_id, dataset)
);

-- The CRM's responses -----------------------------------------------------------------------------------------------

CREATE TABLE raw_frames (               -- about 500 KB of rows each, compressed as a whole
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    frame_no BIGINT NOT NULL,
    bytes {bytes} NOT NULL,
    PRIMARY KEY (tenant_id, frame_no)
);

CREATE TABLE raw_rows (                 -- where a row's bytes are, by their hash; each row is stored once
    tenant_id BIGINT NOT NULL,
    hash {bytes} NOT NULL,
    row_no BIGINT NOT NULL,             -- frame_no * 65536 + position in the frame
    PRIMARY KEY (tenant_id, hash)
) {clustered};

CREATE TABLE snapshot_bodies (          -- a response's envelope and its list of rows, or its entire body if not split
    tenant_id BIGINT NOT NULL,
    body_hash {bytes} NOT NULL,
    layout {bytes} NOT NULL,
    PRIMARY KEY (tenant_id, body_hash)
) {clustered};

CREATE TABLE snapshots (
    tenant_id BIGINT NOT NULL,
    run_id TEXT {binary} NOT NULL REFERENCES sync_runs (id),
    dataset TEXT NOT NULL,
    page_no BIGINT NOT NULL,
    request TEXT NOT NULL,
    page_offset BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    http_status BIGINT NOT NULL,
    body_hash {bytes} NOT NULL,
    PRIMARY KEY (tenant_id, run_id, dataset, page_no)
) {clustered};

-- Records -----------------------------------------------------------------------------------------------------------
-- The tables of all datasets have the same metadata: crm_id, the raw row and the mapping version that the record was
-- decoded with, and when it was first seen, last changed, first missed, and removed.

CREATE TABLE leads (
    tenant_id BIGINT NOT NULL,
    crm_id TEXT {binary} NOT NULL,
    row_no BIGINT NOT NULL,
    mapping_version BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    missing_ms BIGINT,
    gone_ms BIGINT,
    modified_ms BIGINT,
    name TEXT NOT NULL,
    company TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    market TEXT NOT NULL,
    owner TEXT NOT NULL,
    search TEXT NOT NULL,               -- name, company, email, phone, and market in lowercase
    link_key TEXT,                      -- name and company, by which deals are linked; NULL for placeholders
    contact_type BIGINT,
    source TEXT,                        -- trimmed; NULL: not text
    source_key TEXT,
    stage TEXT,                         -- trimmed; '' means the first stage; NULL: not text
    stage_key TEXT,
    stage_since_ms BIGINT NOT NULL,
    stage_since_exact BOOLEAN NOT NULL, -- false: it was first seen in the stage then, so it may have been there earlier
    fee_cents BIGINT,
    fee_flagged BOOLEAN NOT NULL,
    created_ms BIGINT,
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};
CREATE INDEX leads_by_row ON leads (tenant_id, row_no);
CREATE INDEX leads_by_created ON leads (tenant_id, created_ms);
CREATE INDEX leads_by_stage ON leads (tenant_id, contact_type, stage_key, gone_ms);

CREATE TABLE pipeline_items (
    tenant_id BIGINT NOT NULL,
    crm_id TEXT {binary} NOT NULL,
    row_no BIGINT NOT NULL,
    mapping_version BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    missing_ms BIGINT,
    gone_ms BIGINT,
    modified_ms BIGINT,
    client_id TEXT,                     -- the CRM's client_id
    contact_id TEXT {binary},           -- the contact it is linked to; NULL: none
    title TEXT NOT NULL,
    name TEXT NOT NULL,
    search TEXT NOT NULL,               -- name and title in lowercase
    link_key TEXT,
    contact_type BIGINT,
    stage TEXT,
    stage_key TEXT,
    stage_since_ms BIGINT NOT NULL,
    stage_since_exact BOOLEAN NOT NULL,
    fee_cents BIGINT,
    fee_flagged BOOLEAN NOT NULL,
    odds BIGINT,                        -- hundredths of a percent
    close_date TEXT,
    owner TEXT NOT NULL,
    created_ms BIGINT,
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};
CREATE INDEX pipeline_items_by_row ON pipeline_items (tenant_id, row_no);
CREATE INDEX pipeline_items_by_contact ON pipeline_items (tenant_id, contact_id);

CREATE TABLE stages (
    tenant_id BIGINT NOT NULL,
    crm_id TEXT {binary} NOT NULL,
    row_no BIGINT NOT NULL,
    mapping_version BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    missing_ms BIGINT,
    gone_ms BIGINT,
    modified_ms BIGINT,
    name TEXT NOT NULL,
    stage_key TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    sort_order BIGINT,
    odds BIGINT,
    contact_type BIGINT,
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};

CREATE TABLE lead_sources (
    tenant_id BIGINT NOT NULL,
    crm_id TEXT {binary} NOT NULL,
    row_no BIGINT NOT NULL,
    mapping_version BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    missing_ms BIGINT,
    gone_ms BIGINT,
    modified_ms BIGINT,
    name TEXT NOT NULL,
    source_key TEXT NOT NULL,
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};

CREATE TABLE crm_users (
    tenant_id BIGINT NOT NULL,
    crm_id TEXT {binary} NOT NULL,
    row_no BIGINT NOT NULL,
    mapping_version BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    missing_ms BIGINT,
    gone_ms BIGINT,
    modified_ms BIGINT,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (tenant_id, crm_id)
) {clustered};

-- History -----------------------------------------------------------------------------------------------------------

CREATE TABLE stage_transitions (
    tenant_id BIGINT NOT NULL,
    subject TEXT NOT NULL,              -- contacts or deals
    crm_id TEXT {binary} NOT NULL,
    seen_after_ms BIGINT NOT NULL,
    seen_before_ms BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,              -- the row's last_modified_date if it is between the two, or else seen_after_ms
    from_stage TEXT,
    to_stage TEXT,
    PRIMARY KEY (tenant_id, subject, crm_id, seen_after_ms)
) {clustered};

CREATE TABLE pipeline_days (            -- end-of-day values of the pipeline
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    day TEXT {binary} NOT NULL,
    stage_key TEXT NOT NULL,
    contacts BIGINT NOT NULL,
    deals BIGINT NOT NULL,
    value_cents BIGINT NOT NULL,
    weighted_cents BIGINT NOT NULL,
    carried BOOLEAN NOT NULL,           -- no run on that day, so the values of the day before
    PRIMARY KEY (tenant_id, day, stage_key)
) {clustered};
