-- Dates such as the earliest signing depend on milestones, which cannot always be guessed from a stage's name.
CREATE TABLE stage_milestones (         -- set by the agency; kept if the CRM's list loses the stage
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    stage_key TEXT NOT NULL,
    milestone TEXT,                     -- NULL: none
    confirmed_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, stage_key)
);
