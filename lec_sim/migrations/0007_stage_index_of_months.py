from django.db import migrations

# A partition of one stage needs no index that finds its rows by stage; a folded month has one of its own.
FORWARD = """
DROP INDEX lec_reservation_stage, lec_call_stage;
DO $$
DECLARE month name;
BEGIN
    FOR month IN SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
                  WHERE inhparent IN ('lec_reservation'::regclass, 'lec_call'::regclass) AND child.relname ~ '_m[0-9]+_[0-9]+$'
    LOOP
        EXECUTE format('CREATE INDEX %I ON %I USING brin (stage_id)', month || '_by_stage', month);
    END LOOP;
END $$;
"""
BACKWARD = """
CREATE INDEX lec_reservation_stage ON lec_reservation USING brin (stage_id);
CREATE INDEX lec_call_stage ON lec_call USING brin (stage_id);
"""


class Migration(migrations.Migration):
    dependencies = [("lec_sim", "0006_keys_by_device")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
