"""A device's candidate takes eight bytes less."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0045_short_candidates.sql"


class Migration(migrations.Migration):
    dependencies = [("derms", "0044_realisation_version")]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
