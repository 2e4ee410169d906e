"""The history of enrollments, and a record for each subscription that there is."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0009_enrollment_history.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("cpm", "0008_enrollments"),
        ("integration", "0005_object_changes"),
    ]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
