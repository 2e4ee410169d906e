"""Versions of a program's method of baselines are in its history."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0036_baseline_rules.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("cpm", "0035_measured_parts"),
    ]

    operations = [
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
