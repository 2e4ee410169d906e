"""What people set up is recorded by triggers (integration/seam/history.py)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0005_recorded_changes.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0004_saved_versions"),
        ("integration", "0005_object_changes"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [
        migrations.AlterModelManagers(name="user", managers=[]),
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
