CREATE TABLE hot_lists (                -- one per tenant, and what its items were told by
    tenant_id BIGINT PRIMARY KEY REFERENCES tenants (id),
    as_of_ms BIGINT,                    -- NULL: there was no whole read yet
    holds_until_ms BIGINT NOT NULL,     -- while nothing is read anew, no item changes before then
    calendar_read BOOLEAN NOT NULL
);

CREATE TABLE hot_list_items (           -- the candidates of late stages, ranked
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    item_key TEXT {binary} NOT NULL,    -- the contact's id; of a deal that is joined to none, "deal/" and its own
    place BIGINT NOT NULL,              -- from 1
    contact_id TEXT {binary},
    name TEXT NOT NULL,
    market TEXT NOT NULL,
    units TEXT NOT NULL,
    owner TEXT NOT NULL,
    source TEXT,
    phone TEXT NOT NULL,
    deals BIGINT NOT NULL,              -- how many late ones; 1 for a contact that stands for one
    stage TEXT,
    stage_since_ms BIGINT NOT NULL,
    stage_since_exact BOOLEAN NOT NULL,
    odds BIGINT,                        -- hundredths of a percent
    fee_cents BIGINT,
    weighted_cents BIGINT,
    close_date TEXT,
    score BIGINT NOT NULL,
    reasons TEXT NOT NULL,              -- JSON: points, and what each is for
    status TEXT NOT NULL,
    next_step TEXT NOT NULL,            -- JSON
    last_touch_ms BIGINT,
    notes_known_ms BIGINT,              -- up to when silence is known
    fdd TEXT,                           -- JSON: day 0 of the waiting period, and whether it was seen
    PRIMARY KEY (tenant_id, item_key)
) {clustered};

CREATE TABLE hot_list_rules (           -- every version that the agency ever set; the latest counts
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    version BIGINT NOT NULL,
    rules TEXT NOT NULL,                -- JSON
    user_id BIGINT REFERENCES users (id),   -- NULL: a command on the server
    set_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, version)
);

CREATE TABLE hot_list_visits (          -- what a person saw when they last looked, and the time before
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    last_ms BIGINT NOT NULL,
    last_seen TEXT NOT NULL,            -- JSON: scores by item
    before_ms BIGINT,                   -- NULL: this is the first visit
    before_seen TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
