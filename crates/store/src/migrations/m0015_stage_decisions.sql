-- A stage keeps the agency's decisions under every name it gets. `stage_roles` and `stage_milestones` keep those about names, for
-- records in a stage that the CRM's list does not have.
ALTER TABLE stages ADD COLUMN role TEXT;
ALTER TABLE stages ADD COLUMN milestone TEXT;           -- 'none': it has none; NULL: not decided
UPDATE stages SET role = (SELECT r.role FROM stage_roles r WHERE r.tenant_id = stages.tenant_id AND r.stage_key = stages.stage_key);
UPDATE stages SET milestone = (SELECT COALESCE(m.milestone, 'none') FROM stage_milestones m
    WHERE m.tenant_id = stages.tenant_id AND m.stage_key = stages.stage_key);
