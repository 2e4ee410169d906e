"""The criteria of a stage's DER groups, copied at Submit with each group's version."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0004_submitted_groups.sql"


class Migration(migrations.Migration):
    dependencies = [("derms", "0003_writers")]
    operations = [
        migrations.AddField("dergroup", "version", models.PositiveIntegerField(default=1, editable=False)),
        migrations.AddField("stage", "submitted_groups", models.JSONField(editable=False, null=True)),
        migrations.RunSQL(SQL.read_text()),
    ]
