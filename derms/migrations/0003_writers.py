"""Who wrote an event's plan, from its history; none of them may approve it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0003_writers.sql"


class Migration(migrations.Migration):
    dependencies = [("derms", "0002_schema")]
    operations = [migrations.RunSQL(SQL.read_text())]
