-- Calendar apps cannot sign in, so each user may have one secret URL per brand.
CREATE TABLE calendar_feeds (
    id {identity},
    user_id BIGINT NOT NULL REFERENCES users (id),
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    secret_hash {bytes} NOT NULL UNIQUE, -- SHA-256; the secret itself is only in the URL
    created_ms BIGINT NOT NULL,
    revoked_ms BIGINT,
    used_ms BIGINT                       -- when it was last read, to the hour
);
CREATE UNIQUE INDEX calendar_feeds_one_in_force ON calendar_feeds (tenant_id, user_id) WHERE revoked_ms IS NULL;
