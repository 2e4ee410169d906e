"""Who wrote an event's plan through a service account may not approve it either."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0037_people_behind.sql"


class Migration(migrations.Migration):
    dependencies = [("derms", "0036_first_candidates"), ("integration", "0010_calls")]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
