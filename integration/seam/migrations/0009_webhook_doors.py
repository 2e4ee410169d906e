"""Callbacks of other doors are webhooks, too: their notices are posted as they are, with a token of the client's."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0009_webhook_doors.sql"


class Migration(migrations.Migration):

    dependencies = [
        ('integration', '0008_personal_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='webhook',
            name='authorization',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='Token'),
        ),
        migrations.AddField(
            model_name='webhook',
            name='door',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=20),
        ),
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
