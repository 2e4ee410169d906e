"""What happens to objects that people set up, in history; history is written and sealed by functions of its owner."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

import integration.seam.logs

SQL = Path(__file__).parent / "sql" / "0005_object_changes.sql"


class Migration(migrations.Migration):

    dependencies = [
        ('integration', '0004_limits_and_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='ObjectChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('request_id', models.UUIDField(default=integration.seam.logs.request_id, editable=False, null=True)),
                ('kind', models.CharField(max_length=20)),
                ('object', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=150)),
                ('part', models.CharField(max_length=120)),
                ('source', models.CharField(max_length=63)),
                ('what', models.CharField(max_length=7)),
                ('fields', models.JSONField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.CharField(max_length=150)),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'object', '-id'], name='object_log'), models.Index(fields=['-at'], name='objectchange_newest')],
            },
        ),
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
