"""The first devices of a utility become candidates without being looked up one by one."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0036_first_candidates.sql"


class Migration(migrations.Migration):

    dependencies = [
        ('derms', '0035_status_answers'),
    ]

    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
