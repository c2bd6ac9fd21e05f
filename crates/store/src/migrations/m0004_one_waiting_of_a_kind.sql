-- A queued replay must not prevent a request to read the CRM, or the other way round.
DROP INDEX sync_runs_one_waiting;
CREATE UNIQUE INDEX sync_runs_one_waiting ON sync_runs (tenant_id, (started_by = 'replay')) WHERE status = 'queued';
