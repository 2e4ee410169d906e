"""The history of customers, device locations and devices that people keep on pages."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0015_kept_history.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("cpm", "0014_kept_on_pages"),
        ("integration", "0005_object_changes"),
    ]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
