-- Items of a form that this version does not write were left out, one by one, until the list was made anew.
ALTER TABLE hot_lists ADD COLUMN format BIGINT NOT NULL DEFAULT 0; -- of its items; 0: what they rest on has changed since

-- Its median fee is one of all open deals, and few contacts that stand for one tell any.
CREATE INDEX leads_with_fee ON leads (tenant_id, contact_type, stage_key) WHERE fee_cents IS NOT NULL;
