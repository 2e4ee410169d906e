"""Saved mappings are recorded by a trigger (integration/seam/history.py)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0004_recorded_mappings.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("importing", "0003_savedmapping"),
        ("integration", "0005_object_changes"),
    ]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
