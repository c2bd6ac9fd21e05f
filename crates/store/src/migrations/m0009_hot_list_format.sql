-- Without a format version, items in an older format were left out one by one until the list was computed again.
ALTER TABLE hot_lists ADD COLUMN format BIGINT NOT NULL DEFAULT 0; -- of the items; 0: the data has changed since

-- The hot list uses the median fee of all open deals, and few implicit deals have a fee.
CREATE INDEX leads_with_fee ON leads (tenant_id, contact_type, stage_key) WHERE fee_cents IS NOT NULL;
