from django.db import migrations

CHECK = """
ALTER TABLE cpm_outcome DROP CONSTRAINT cpm_outcome_has_known_code,
    ADD CONSTRAINT cpm_outcome_has_known_code CHECK ({condition});
"""
FORWARD = CHECK.format(condition="gridcall_is_outcome(code)")
BACKWARD = CHECK.format(condition="code IN ('D1SP', 'D1IO', 'D1ND', 'D1ER', 'D1CN')")


class Migration(migrations.Migration):
    dependencies = [("cpm", "0011_device_by_nic"), ("integration", "0007_outcome_codes")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
