"""Nominal power beside expected power."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0003_nominal_power.sql"


class Migration(migrations.Migration):
    dependencies = [("lec_sim", "0002_schema")]
    operations = [migrations.RunSQL(SQL.read_text())]
