from django.db import migrations

FORWARD = """
CREATE TABLE cpm_participation (
    program_event_id bigint NOT NULL, device_id bigint NOT NULL, reservation_flag boolean NOT NULL,
    expected_w integer NOT NULL, preemptive_opt_out boolean NOT NULL DEFAULT false,
    PRIMARY KEY (program_event_id, device_id)
) PARTITION BY LIST (program_event_id);

CREATE TABLE cpm_outcome (
    program_event_id bigint NOT NULL, device_id bigint NOT NULL, code text NOT NULL,
    started_at timestamptz, ended_at timestamptz, reduction_w integer NOT NULL, error text NOT NULL,
    PRIMARY KEY (program_event_id, device_id),
    CONSTRAINT cpm_outcome_has_known_code CHECK (code IN ('D1SP', 'D1IO', 'D1ND', 'D1ER', 'D1CN'))
) PARTITION BY LIST (program_event_id);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_transition
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON cpm_programevent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('cpm_transition', 'program_event_id');
"""
BACKWARD = """
DROP TRIGGER state_needs_transition ON cpm_programevent;
DROP TRIGGER append_only ON cpm_transition;
DROP TABLE cpm_outcome, cpm_participation;
"""


class Migration(migrations.Migration):
    dependencies = [("cpm", "0001_initial"), ("integration", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
