-- A replay that waits must not keep a read of the CRM from being asked for, nor the other way round.
DROP INDEX sync_runs_one_waiting;
CREATE UNIQUE INDEX sync_runs_one_waiting ON sync_runs (tenant_id, (started_by = 'replay')) WHERE status = 'queued';
