from django.db import migrations

FORWARD = """
-- What is written into history stays as it was written.
CREATE FUNCTION gridcall_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is history: rows are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- At commit, a row whose state changed must have its transition: (table of transitions, its column for this row).
CREATE FUNCTION gridcall_require_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I = $1 AND from_state = $2 AND to_state = $3 AND revision = $4)',
                   TG_ARGV[0], TG_ARGV[1])
       INTO found USING NEW.id, OLD.state, NEW.state, NEW.revision;
    IF NOT found THEN
        RAISE EXCEPTION '% %: % to % has no transition row', TG_TABLE_NAME, NEW.id, OLD.state, NEW.state
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""
BACKWARD = "DROP FUNCTION gridcall_require_transition(); DROP FUNCTION gridcall_refuse_change();"


class Migration(migrations.Migration):
    dependencies = [("integration", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
