"""The candidates of each control zone in a table of their own: choosing and counting calls are about one zone."""

import importlib

from django.db import migrations

before = importlib.import_module("derms.migrations.0016_candidate_score")

FORWARD = """
ALTER TABLE derms_candidate RENAME TO derms_candidate_of_all;
-- What a choice reads of each row stands first, and of that last what may be null: the server walks a row's columns up to
-- the last one it needs, and after a null it has to count instead of knowing where the next one begins.
CREATE TABLE derms_candidate (
    device_id bigint NOT NULL, program_id bigint NOT NULL, zone_id bigint NOT NULL,
    enrolled_from timestamptz NOT NULL, last_called_at timestamptz NOT NULL, score float8 NOT NULL,
    rated_w integer NOT NULL, device_class derms_device_class NOT NULL, critical_care boolean NOT NULL,
    enrolled_until timestamptz,
    enrollment_id bigint NOT NULL, head_end_id bigint NOT NULL, feeder_id bigint NOT NULL,
    recent integer NOT NULL, calls smallint NOT NULL
) PARTITION BY LIST (zone_id);

CREATE FUNCTION derms_make_candidate_table(zone bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made text := 'derms_candidate_' || zone;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE derms_candidate, PRIMARY KEY (device_id, enrollment_id),'
                   ' CONSTRAINT derms_candidate_score CHECK (score = derms_score(recent, calls)))', made);
    -- Unlike CREATE TABLE with PARTITION OF, this waits for no reader.
    EXECUTE format('ALTER TABLE derms_candidate ATTACH PARTITION %I FOR VALUES IN (%s)', made, zone);
END $$;
SELECT derms_make_candidate_table(id) FROM derms_controlzone;
INSERT INTO derms_candidate
SELECT device_id, program_id, zone_id, enrolled_from, last_called_at, score, rated_w, device_class, critical_care,
       enrolled_until, enrollment_id, head_end_id, feeder_id, recent, calls
  FROM derms_candidate_of_all;
DROP TABLE derms_candidate_of_all;

CREATE FUNCTION derms_make_candidate_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM derms_make_candidate_table(NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER make_candidate_table AFTER INSERT ON derms_controlzone
    FOR EACH ROW EXECUTE FUNCTION derms_make_candidate_table();

DROP TRIGGER renew_candidates ON derms_enrollment;
DROP TRIGGER renew_candidates_of_changed ON derms_enrollment;
DROP TRIGGER change_candidates ON derms_device;
DROP FUNCTION derms_renew_candidates, derms_change_candidates;

-- The zone is said in each, so that one zone's table is looked into for a device, not every zone's.
CREATE FUNCTION derms_add_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO derms_candidate
    SELECT d.id, e.program_id, d.zone_id, greatest(e.starts_at, d.registered_at), coalesce(known.last_called_at, 'epoch'),
           derms_score(coalesce(known.recent, 0), coalesce(known.calls, 0)), d.rated_w,
           d.device_class::derms_device_class, d.critical_care, least(e.ends_at, d.ended_at),
           e.id, d.head_end_id, d.feeder_id, coalesce(known.recent, 0), coalesce(known.calls, 0)
      FROM added e
      JOIN derms_device d ON d.id = e.device_id
      LEFT JOIN LATERAL (SELECT last_called_at, recent, calls FROM derms_candidate c
                          WHERE c.zone_id = d.zone_id AND c.device_id = d.id LIMIT 1) known ON true;
    RETURN NULL;
END $$;
CREATE TRIGGER add_candidates AFTER INSERT ON derms_enrollment
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION derms_add_candidates();

CREATE FUNCTION derms_change_enrolled_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE derms_candidate c
       SET program_id = e.program_id,
           enrolled_from = greatest(e.starts_at, d.registered_at), enrolled_until = least(e.ends_at, d.ended_at)
      FROM changed e JOIN derms_device d ON d.id = e.device_id
     WHERE c.zone_id = d.zone_id AND c.device_id = d.id AND c.enrollment_id = e.id;
    RETURN NULL;
END $$;
CREATE TRIGGER change_candidates AFTER UPDATE ON derms_enrollment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION derms_change_enrolled_candidates();

CREATE FUNCTION derms_change_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE derms_candidate c
       SET enrolled_from = greatest(e.starts_at, d.registered_at), enrolled_until = least(e.ends_at, d.ended_at),
           zone_id = d.zone_id, head_end_id = d.head_end_id, feeder_id = d.feeder_id, rated_w = d.rated_w,
           critical_care = d.critical_care, device_class = d.device_class::derms_device_class
      FROM former JOIN changed d USING (id) JOIN derms_enrollment e ON e.device_id = d.id
     WHERE c.zone_id = former.zone_id AND c.device_id = d.id AND c.enrollment_id = e.id;
    RETURN NULL;
END $$;
CREATE TRIGGER change_candidates AFTER UPDATE ON derms_device
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION derms_change_candidates();
"""
BACKWARD = f"""
DROP TRIGGER change_candidates ON derms_device;
DROP TRIGGER change_candidates ON derms_enrollment;
DROP TRIGGER add_candidates ON derms_enrollment;
DROP TRIGGER make_candidate_table ON derms_controlzone;
DROP FUNCTION derms_change_candidates(), derms_change_enrolled_candidates(), derms_add_candidates(),
    derms_make_candidate_table(), derms_make_candidate_table(bigint);
CREATE TABLE derms_candidate_of_all (
    device_id bigint NOT NULL, enrollment_id bigint NOT NULL, program_id bigint NOT NULL, zone_id bigint NOT NULL,
    head_end_id bigint NOT NULL, feeder_id bigint NOT NULL,
    enrolled_from timestamptz NOT NULL, enrolled_until timestamptz, last_called_at timestamptz NOT NULL,
    rated_w integer NOT NULL, recent integer NOT NULL, calls smallint NOT NULL,
    critical_care boolean NOT NULL, device_class derms_device_class NOT NULL, score float8 NOT NULL,
    CONSTRAINT derms_candidate_score CHECK (score = derms_score(recent, calls))
);
INSERT INTO derms_candidate_of_all
SELECT device_id, enrollment_id, program_id, zone_id, head_end_id, feeder_id, enrolled_from, enrolled_until,
       last_called_at, rated_w, recent, calls, critical_care, device_class, score
  FROM derms_candidate;
DROP TABLE derms_candidate;
ALTER TABLE derms_candidate_of_all RENAME TO derms_candidate;
ALTER TABLE derms_candidate ADD PRIMARY KEY (device_id, enrollment_id);
{before.RENEW.format(the_class=before.CLASS, the_class_and_score=before.CLASS_AND_SCORE)}
CREATE TRIGGER renew_candidates AFTER INSERT ON derms_enrollment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION derms_renew_candidates();
CREATE TRIGGER renew_candidates_of_changed AFTER UPDATE ON derms_enrollment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION derms_renew_candidates();
CREATE TRIGGER change_candidates AFTER UPDATE ON derms_device
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION derms_change_candidates();
"""


class Migration(migrations.Migration):
    dependencies = [("derms", "0017_keys_by_device")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
