from django.db import migrations

FORWARD = """
CREATE SEQUENCE derms_event_number;

CREATE TABLE derms_reservation (
    stage_id bigint NOT NULL, device_id bigint NOT NULL, expected_w integer NOT NULL,
    PRIMARY KEY (stage_id, device_id)
) PARTITION BY LIST (stage_id);

CREATE TABLE derms_outcome (
    stage_id bigint NOT NULL, device_id bigint NOT NULL, code text NOT NULL,
    started_at timestamptz, ended_at timestamptz, reduction_w integer NOT NULL, error text NOT NULL,
    PRIMARY KEY (stage_id, device_id),
    CONSTRAINT derms_outcome_has_known_code CHECK (code IN ('D1SP', 'D1IO', 'D1ND', 'D1ER', 'D1CN'))
) PARTITION BY LIST (stage_id);

CREATE TABLE derms_device_usage (
    device_id bigint PRIMARY KEY, recent integer NOT NULL, calls smallint NOT NULL, last_called_at timestamptz NOT NULL
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON derms_transition
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON derms_event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('derms_transition', 'event_id');
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON derms_stage
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('derms_transition', 'stage_id');
"""
BACKWARD = """
DROP TRIGGER state_needs_transition ON derms_stage;
DROP TRIGGER state_needs_transition ON derms_event;
DROP TRIGGER append_only ON derms_transition;
DROP TABLE derms_device_usage, derms_outcome, derms_reservation;
DROP SEQUENCE derms_event_number;
"""


class Migration(migrations.Migration):
    dependencies = [("derms", "0001_initial"), ("integration", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
