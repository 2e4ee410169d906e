from django.db import migrations

# Each migrate replaces this body by what outcomes.py says then: see outcome_check.py.
FORWARD = """
CREATE FUNCTION gridcall_is_outcome(code text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN code IN ('D1SP', 'D1IO', 'D1ND', 'D1ER', 'D1CN');
"""


class Migration(migrations.Migration):
    dependencies = [("integration", "0006_sealed_history")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION gridcall_is_outcome;")]
