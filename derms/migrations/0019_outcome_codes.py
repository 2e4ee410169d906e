from django.db import migrations

CHECK = """
ALTER TABLE derms_outcome DROP CONSTRAINT derms_outcome_has_known_code,
    ADD CONSTRAINT derms_outcome_has_known_code CHECK ({condition});
"""
FORWARD = CHECK.format(condition="gridcall_is_outcome(code)")
BACKWARD = CHECK.format(condition="code IN ('D1SP', 'D1IO', 'D1ND', 'D1ER', 'D1CN')")


class Migration(migrations.Migration):
    dependencies = [("derms", "0018_candidates_by_zone"), ("integration", "0007_outcome_codes")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
