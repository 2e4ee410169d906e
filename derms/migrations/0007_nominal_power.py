"""Nominal power beside expected power, what each device gave of it, and delivered load by head end system."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0007_nominal_power.sql"


class Migration(migrations.Migration):
    dependencies = [("derms", "0006_cooling_months")]
    operations = [
        migrations.RunSQL(SQL.read_text()),
        migrations.AddField("deliveredload", "head_ends", models.JSONField(db_default=[])),
    ]
