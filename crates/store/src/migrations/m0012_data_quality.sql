-- Accounts that are permanently a little wrong: what is odd about each list, and since when. Until now, a total that the CRM
-- counts differently, or one row that is not a record, left a list incomplete forever.

-- How many records a list may fall short of its total, because two reads in a row gave the same records. Existing lists have
-- none, so the next read that falls short is repeated once.
ALTER TABLE dataset_states ADD COLUMN accepted_shortfall BIGINT;

CREATE TABLE data_quality_warnings (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    dataset TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    sightings BIGINT NOT NULL,          -- reads in a row that showed it
    since_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, dataset, kind)
);

-- The rows of the last complete read that are not records. Existing ones are not copied from set_aside_rows: the next read must
-- treat them as new, so that they protect the records that they may stand for.
CREATE TABLE skipped_rows (
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    dataset TEXT NOT NULL,
    parent TEXT {binary} NOT NULL,      -- for a note, the contact; otherwise blank
    row_no BIGINT NOT NULL,             -- the raw row, in a frame
    first_ms BIGINT NOT NULL,           -- the read that first contained it; a record missed first by the same read is not removed
    accepted BOOLEAN NOT NULL,          -- whether a complete read contained it
    PRIMARY KEY (tenant_id, dataset, parent, row_no)
);
