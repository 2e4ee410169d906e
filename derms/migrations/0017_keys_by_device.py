from django.db import migrations

# The column that is equal in all rows of a partition comes last, so that the key takes less time to build. What reads a
# stage of a folded month finds its rows by a small index of that partition, since they lie together.
FORWARD = """
ALTER TABLE derms_reservation DROP CONSTRAINT derms_reservation_pkey, ADD PRIMARY KEY (device_id, stage_id);
ALTER TABLE derms_outcome DROP CONSTRAINT derms_outcome_pkey, ADD PRIMARY KEY (device_id, stage_id);
DO $$
DECLARE month name;
BEGIN
    FOR month IN SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
                  WHERE inhparent IN ('derms_reservation'::regclass, 'derms_outcome'::regclass)
                    AND child.relname ~ '_m[0-9]+_[0-9]+$'
    LOOP
        EXECUTE format('CREATE INDEX %I ON %I USING brin (stage_id)', month || '_by_stage', month);
    END LOOP;
END $$;
"""
BACKWARD = """
DO $$
DECLARE index name;
BEGIN
    FOR index IN SELECT relname FROM pg_class WHERE relname ~ '^derms_(reservation|outcome)_m[0-9]+_[0-9]+_by_stage$'
    LOOP
        EXECUTE format('DROP INDEX %I', index);
    END LOOP;
END $$;
ALTER TABLE derms_outcome DROP CONSTRAINT derms_outcome_pkey, ADD PRIMARY KEY (stage_id, device_id);
ALTER TABLE derms_reservation DROP CONSTRAINT derms_reservation_pkey, ADD PRIMARY KEY (stage_id, device_id);
"""


class Migration(migrations.Migration):
    dependencies = [("derms", "0016_candidate_score")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
