-- Dates like the earliest signing are told from milestones, which no stage's name is certain to show.
CREATE TABLE stage_milestones (         -- what the agency said; it outlives the CRM's list
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    stage_key TEXT NOT NULL,
    milestone TEXT,                     -- NULL: the stage carries none
    confirmed_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, stage_key)
);
