"""What choosing looks at, in one narrow table: a device's last ten calls move into it."""

import django.db.models
from django.db import migrations

FORWARD = """
CREATE TABLE derms_candidate (
    device_id bigint NOT NULL, enrollment_id bigint NOT NULL, program_id bigint NOT NULL, zone_id bigint NOT NULL,
    head_end_id bigint NOT NULL, feeder_id bigint NOT NULL,
    enrolled_from timestamptz NOT NULL, enrolled_until timestamptz, last_called_at timestamptz NOT NULL,
    rated_w integer NOT NULL, recent integer NOT NULL, calls smallint NOT NULL,
    critical_care boolean NOT NULL, device_class text NOT NULL,
    PRIMARY KEY (device_id, enrollment_id)
);

-- Whatever changes an enrollment changes what may be chosen, in the same transaction.
CREATE FUNCTION derms_renew_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO derms_candidate
    SELECT d.id, e.id, e.program_id, d.zone_id, d.head_end_id, d.feeder_id,
           greatest(e.starts_at, d.registered_at), least(e.ends_at, d.ended_at), coalesce(known.last_called_at, 'epoch'),
           d.rated_w, coalesce(known.recent, 0), coalesce(known.calls, 0), d.critical_care, d.device_class
      FROM changed
      JOIN derms_enrollment e ON e.id = changed.id
      JOIN derms_device d ON d.id = e.device_id
      LEFT JOIN LATERAL (SELECT last_called_at, recent, calls FROM derms_candidate c
                          WHERE c.device_id = d.id LIMIT 1) known ON true
        ON CONFLICT (device_id, enrollment_id)
        DO UPDATE SET program_id = excluded.program_id, enrolled_from = excluded.enrolled_from,
                      enrolled_until = excluded.enrolled_until;
    RETURN NULL;
END $$;
CREATE TRIGGER renew_candidates AFTER INSERT ON derms_enrollment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION derms_renew_candidates();
CREATE TRIGGER renew_candidates_of_changed AFTER UPDATE ON derms_enrollment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION derms_renew_candidates();

CREATE FUNCTION derms_change_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE derms_candidate c
       SET enrolled_from = greatest(e.starts_at, d.registered_at), enrolled_until = least(e.ends_at, d.ended_at),
           zone_id = d.zone_id, head_end_id = d.head_end_id, feeder_id = d.feeder_id, rated_w = d.rated_w,
           critical_care = d.critical_care, device_class = d.device_class
      FROM changed d JOIN derms_enrollment e ON e.device_id = d.id
     WHERE c.device_id = d.id AND c.enrollment_id = e.id;
    RETURN NULL;
END $$;
CREATE TRIGGER change_candidates AFTER UPDATE ON derms_device
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION derms_change_candidates();

INSERT INTO derms_candidate
SELECT d.id, e.id, e.program_id, d.zone_id, d.head_end_id, d.feeder_id,
       greatest(e.starts_at, d.registered_at), least(e.ends_at, d.ended_at), coalesce(u.last_called_at, 'epoch'),
       d.rated_w, coalesce(u.recent, 0), coalesce(u.calls, 0), d.critical_care, d.device_class
  FROM derms_enrollment e
  JOIN derms_device d ON d.id = e.device_id
  LEFT JOIN derms_device_usage u ON u.device_id = d.id;
DROP TABLE derms_device_usage;
"""
BACKWARD = """
CREATE TABLE derms_device_usage (
    device_id bigint PRIMARY KEY, recent integer NOT NULL, calls smallint NOT NULL, last_called_at timestamptz NOT NULL
);
INSERT INTO derms_device_usage
SELECT DISTINCT ON (device_id) device_id, recent, calls, last_called_at FROM derms_candidate WHERE calls > 0;
DROP TRIGGER change_candidates ON derms_device;
DROP TRIGGER renew_candidates_of_changed ON derms_enrollment;
DROP TRIGGER renew_candidates ON derms_enrollment;
DROP FUNCTION derms_change_candidates, derms_renew_candidates;
DROP TABLE derms_candidate;
"""


class Migration(migrations.Migration):
    dependencies = [("derms", "0009_stage_feeders")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.DeleteModel("DeviceUsage"),
        migrations.CreateModel(
            name="Candidate",
            fields=[
                (
                    "pk",
                    django.db.models.CompositePrimaryKey(
                        "device_id", "enrollment_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("device_id", django.db.models.BigIntegerField()),
                ("enrollment_id", django.db.models.BigIntegerField()),
                ("program_id", django.db.models.BigIntegerField()),
                ("zone_id", django.db.models.BigIntegerField()),
                ("enrolled_from", django.db.models.DateTimeField()),
                ("enrolled_until", django.db.models.DateTimeField(null=True)),
                ("last_called_at", django.db.models.DateTimeField()),
                ("recent", django.db.models.IntegerField()),
                ("calls", django.db.models.SmallIntegerField()),
            ],
            options={"db_table": "derms_candidate", "managed": False},
        ),
    ]
