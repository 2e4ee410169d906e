-- The list of devices that never answer reads an index of these in each zone's candidates.
CREATE OR REPLACE FUNCTION derms_make_candidate_table(zone bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made text := 'derms_candidate_' || zone;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE derms_candidate, PRIMARY KEY (device_id, enrollment_id),'
                   ' CONSTRAINT derms_candidate_figures CHECK (rate_pm BETWEEN 0 AND 1500 AND season_events >= 0'
                   ' AND season_quarters >= 0 AND silent_run >= 0))', made);
    EXECUTE format('CREATE INDEX ON %I (device_id) WHERE silent_run >= 3', made);
    -- Unlike CREATE TABLE with PARTITION OF, this waits for no reader.
    EXECUTE format('ALTER TABLE derms_candidate ATTACH PARTITION %I FOR VALUES IN (%s)', made, zone);
END $$;
DO $$
DECLARE
    made regclass;
BEGIN
    FOR made IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'derms_candidate'::regclass LOOP
        EXECUTE format('CREATE INDEX ON %s (device_id) WHERE silent_run >= 3', made);
    END LOOP;
END $$;
