-- Rows of the CRM name their stage and source, and a name can change. The ID of the CRM's list says which one is meant.
-- The IDs are filled in by the next sync, which reads the lists before anything else.
ALTER TABLE leads ADD COLUMN stage_id TEXT;             -- the stage's ID in the CRM's list; NULL: not in the list, or blank
ALTER TABLE leads ADD COLUMN stage_text TEXT;           -- as the row spells it; `stage` is the stage's current name
ALTER TABLE leads ADD COLUMN source_id TEXT;
ALTER TABLE leads ADD COLUMN source_text TEXT;
ALTER TABLE pipeline_items ADD COLUMN stage_id TEXT;
ALTER TABLE pipeline_items ADD COLUMN stage_text TEXT;
UPDATE leads SET stage_text = stage, source_text = source;
UPDATE pipeline_items SET stage_text = stage;

ALTER TABLE stage_transitions ADD COLUMN from_id TEXT;
ALTER TABLE stage_transitions ADD COLUMN to_id TEXT;
-- Since when the record had been in `from_stage`: restored if the move turns out to be a new name of the same stage.
ALTER TABLE stage_transitions ADD COLUMN since_ms BIGINT;
ALTER TABLE stage_transitions ADD COLUMN since_exact BOOLEAN;
-- True: a new name was read before the list that explains it, or afterward the list did. Pages showed it, but nobody moved.
ALTER TABLE stage_transitions ADD COLUMN renamed BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE sync_datasets ADD COLUMN notices TEXT;      -- what the run noticed, such as a renamed stage: a sentence a line
