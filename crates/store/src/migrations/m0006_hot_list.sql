CREATE TABLE hot_lists (                -- one per tenant: what its items were computed from
    tenant_id BIGINT PRIMARY KEY REFERENCES tenants (id),
    as_of_ms BIGINT,                    -- NULL: no complete read yet
    holds_until_ms BIGINT NOT NULL,     -- without new data, no item changes before this time
    calendar_read BOOLEAN NOT NULL
);

CREATE TABLE hot_list_items (           -- the ranked candidates in late stages
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    item_key TEXT {binary} NOT NULL,    -- the contact's ID, or "deal/" and the deal's ID for a deal without a contact
    place BIGINT NOT NULL,              -- the rank, from 1
    contact_id TEXT {binary},
    name TEXT NOT NULL,
    market TEXT NOT NULL,
    units TEXT NOT NULL,
    owner TEXT NOT NULL,
    source TEXT,
    phone TEXT NOT NULL,
    deals BIGINT NOT NULL,              -- the number of late-stage deals; 1 for an implicit deal
    stage TEXT,
    stage_since_ms BIGINT NOT NULL,
    stage_since_exact BOOLEAN NOT NULL,
    odds BIGINT,                        -- hundredths of a percent
    fee_cents BIGINT,
    weighted_cents BIGINT,
    close_date TEXT,
    score BIGINT NOT NULL,
    reasons TEXT NOT NULL,              -- JSON: points and their reasons
    status TEXT NOT NULL,
    next_step TEXT NOT NULL,            -- JSON
    last_touch_ms BIGINT,
    notes_known_ms BIGINT,              -- the time up to which notes are known
    fdd TEXT,                           -- JSON: day 0 of the waiting period and whether a sync saw it
    PRIMARY KEY (tenant_id, item_key)
) {clustered};

CREATE TABLE hot_list_rules (           -- all versions set by the agency; the latest applies
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    version BIGINT NOT NULL,
    rules TEXT NOT NULL,                -- JSON
    user_id BIGINT REFERENCES users (id),   -- NULL: a command on the server
    set_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, version)
);

CREATE TABLE hot_list_visits (          -- what a user saw on their last two visits
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    last_ms BIGINT NOT NULL,
    last_seen TEXT NOT NULL,            -- JSON: scores by item
    before_ms BIGINT,                   -- NULL on the first visit
    before_seen TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
