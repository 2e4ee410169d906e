"""What people set up is recorded by triggers (integration/seam/history.py)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0007_recorded_changes.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("cpm", "0006_service_point"),
        ("integration", "0005_object_changes"),
    ]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
