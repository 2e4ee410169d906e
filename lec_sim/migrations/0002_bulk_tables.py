from django.db import migrations

FORWARD = """
CREATE TABLE lec_reservation (
    stage_id bigint NOT NULL, head_end text NOT NULL, nic_id text NOT NULL, expected_w integer NOT NULL,
    PRIMARY KEY (stage_id, head_end, nic_id)
) PARTITION BY LIST (stage_id);

CREATE TABLE lec_call (
    stage_id bigint NOT NULL, head_end text NOT NULL, nic_id text NOT NULL,
    called_at timestamptz NOT NULL, answer text NOT NULL, answered_at timestamptz, overridden_at timestamptz,
    reduction_w integer NOT NULL,
    PRIMARY KEY (stage_id, head_end, nic_id)
) PARTITION BY LIST (stage_id);
"""


class Migration(migrations.Migration):
    dependencies = [("lec_sim", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, "DROP TABLE lec_call, lec_reservation;")]
