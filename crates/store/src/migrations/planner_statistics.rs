//! Planner statistics for SQLite. PostgreSQL collects its own.

/// Sets the statistics, after every migration.
///
/// Without statistics SQLite assumes ten rows per tenant and scans all 50,000 where an index leads to one. The numbers are
/// the rows in total, then rows per value of the first index column, of the first two, and so on. They describe ten tenants:
/// for a single tenant SQLite would scan the table through any index.
pub(super) const SQLITE: &str = "
    PRAGMA analysis_limit = 1;
    ANALYZE;
    DELETE FROM sqlite_stat1;
    INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
        ('leads', 'leads', '500000 50000 1'),
        ('leads', 'leads_by_row', '500000 50000 1'),
        ('leads', 'leads_by_created', '500000 50000 1'),
        ('leads', 'leads_by_stage', '500000 50000 16667 1786 1786'),
        ('leads', 'leads_with_fee', '25000 2500 1250 90'),
        ('pipeline_items', 'pipeline_items', '100000 10000 1'),
        ('pipeline_items', 'pipeline_items_by_row', '100000 10000 1'),
        ('pipeline_items', 'pipeline_items_by_contact', '100000 10000 1'),
        ('raw_rows', 'raw_rows', '600000 60000 1'),
        ('raw_frames', 'sqlite_autoindex_raw_frames_1', '60 60 1'),
        ('snapshot_bodies', 'snapshot_bodies', '600000 60000 1'),
        ('snapshot_bodies', 'snapshot_bodies_by_no', '600000 60000 1'),
        ('snapshot_pages', 'snapshot_pages', '100000 10000 7 1 1'),
        ('notes', 'notes', '2000000 200000 1'),
        ('notes', 'notes_by_row', '2000000 200000 1'),
        ('notes', 'notes_by_created', '2000000 200000 1'),
        ('notes', 'notes_by_no', '2000000 1'),
        ('notes', 'notes_in_short', '2000000 200000 4 4 1 1 1 1 1'),
        ('hidden_note_types', 'hidden_note_types', '100 10 1'),
        ('hidden_notes', 'hidden_notes', '10000 1000 1'),
        ('scheduled_activities', 'scheduled_activities', '50000 5000 1'),
        ('scheduled_activities', 'scheduled_activities_by_row', '50000 5000 1'),
        ('scheduled_activities', 'scheduled_activities_by_start', '50000 5000 1'),
        ('value_changes', 'value_changes', '500000 50000 40000 2 1 1'),
        ('set_aside_rows', 'sqlite_autoindex_set_aside_rows_1', '1000 1000 50 10 1'),
        ('stage_transitions', 'stage_transitions', '500000 50000 40000 2 1'),
        ('pipeline_days', 'pipeline_days', '200000 20000 25 1'),
        ('hot_list_items', 'hot_list_items', '25000 2500 1'),
        ('stages', 'stages', '280 28 1'),
        ('lead_sources', 'lead_sources', '200 20 1'),
        ('crm_users', 'crm_users', '100 10 1'),
        ('calendar_feeds', 'calendar_feeds_one_in_force', '100 10 1'),
        ('sync_runs', 'sync_runs_newest', '50000 5000 1'),
        ('sync_runs', 'sync_runs_open', '50000 1000 1000');
    ANALYZE sqlite_schema;";
