"""Meters are made, changed and exchanged on pages, with a history."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0030_meter_history.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("cpm", "0029_measured_hours"),
    ]

    operations = [
        migrations.AddField(
            model_name="meter",
            name="saved_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="meter",
            name="saved_by",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=150),
        ),
        migrations.AddField(
            model_name="meter",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
