"""What people set up is recorded by triggers (integration/seam/history.py)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0020_recorded_changes.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("derms", "0019_stage_use"),
        ("integration", "0005_object_changes"),
    ]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
