"""Changes of the grid and of head end systems are recorded (integration/seam/history.py)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0024_recorded_grid.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("derms", "0023_grid_versions"),
        ("integration", "0005_object_changes"),
    ]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
