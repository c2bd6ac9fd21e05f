-- A past day shows what its page showed, so everything that a pipeline number depends on has a history: presence, contact
-- type, and links, too. What is known of removals so far is the last one of each record.
INSERT INTO value_changes (tenant_id, subject, crm_id, seen_after_ms, field, seen_before_ms, at_ms, old_value, new_value)
    SELECT tenant_id, 'contacts', crm_id, gone_ms, 'presence', COALESCE(missing_ms, gone_ms), gone_ms, 'listed', 'removed'
    FROM leads WHERE gone_ms IS NOT NULL;
INSERT INTO value_changes (tenant_id, subject, crm_id, seen_after_ms, field, seen_before_ms, at_ms, old_value, new_value)
    SELECT tenant_id, 'deals', crm_id, gone_ms, 'presence', COALESCE(missing_ms, gone_ms), gone_ms, 'listed', 'removed'
    FROM pipeline_items WHERE gone_ms IS NOT NULL;
INSERT INTO value_changes (tenant_id, subject, crm_id, seen_after_ms, field, seen_before_ms, at_ms, old_value, new_value)
    SELECT tenant_id, 'stages', crm_id, gone_ms, 'presence', COALESCE(missing_ms, gone_ms), gone_ms, 'listed', 'removed'
    FROM stages WHERE gone_ms IS NOT NULL;

-- A contact that ever had a deal of its own never counts as a deal itself again, even if the deal is gone or now names another
-- contact.
ALTER TABLE leads ADD COLUMN had_deal_ms BIGINT;        -- when a deal first named the contact
UPDATE leads SET had_deal_ms = (
    SELECT MIN(d.first_seen_ms) FROM pipeline_items d WHERE d.tenant_id = leads.tenant_id AND d.contact_id = leads.crm_id);
