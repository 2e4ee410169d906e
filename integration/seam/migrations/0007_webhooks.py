"""Webhooks and their notices; what people do to them is recorded in history by triggers."""

import uuid
from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0007_webhooks.sql"


class Migration(migrations.Migration):

    dependencies = [
        ('integration', '0006_service_accounts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('saved_by', models.CharField(blank=True, default='', editable=False, max_length=150)),
                ('saved_at', models.DateTimeField(editable=False, null=True)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='Name')),
                ('url', models.CharField(max_length=500, verbose_name='Address')),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, size=None, verbose_name='What it is told of')),
                ('is_active', models.BooleanField(default=True, verbose_name='Active')),
                ('generation', models.PositiveIntegerField(default=0, editable=False, verbose_name='Secret')),
                ('secret_by', models.CharField(blank=True, default='', editable=False, max_length=150)),
                ('secret_at', models.DateTimeField(editable=False, null=True)),
                ('rests_until', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('failures', models.PositiveIntegerField(db_default=0, editable=False)),
                ('failing_since', models.DateTimeField(editable=False, null=True)),
                ('delivered_at', models.DateTimeField(editable=False, null=True)),
                ('broken_at', models.DateTimeField(editable=False, null=True, verbose_name='Broken since')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='WebhookNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, unique=True)),
                ('kind', models.CharField(max_length=20)),
                ('type', models.CharField(max_length=40)),
                ('subject', models.CharField(max_length=160)),
                ('data', models.JSONField()),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('attempts', models.PositiveSmallIntegerField(db_default=0)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('error', models.CharField(blank=True, db_default='', max_length=200)),
                ('ms', models.PositiveIntegerField(null=True)),
                ('tried_at', models.DateTimeField(null=True)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('dead_at', models.DateTimeField(null=True)),
                ('asked_by', models.CharField(blank=True, db_default='', max_length=150)),
                ('asked_at', models.DateTimeField(null=True, verbose_name='Asked for at')),
                ('discarded_at', models.DateTimeField(null=True)),
                ('discard_reason', models.CharField(blank=True, db_default='', max_length=200, verbose_name='Reason')),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='integration.webhook')),
            ],
            options={
                'indexes': [models.Index(models.F('webhook'), models.F('subject'), models.F('id'), condition=models.Q(('delivered_at', None), ('discarded_at', None)), name='notice_waits'), models.Index(models.F('webhook'), models.F('id'), condition=models.Q(('delivered_at', None), ('discarded_at', None), ('dead_at', None)), name='notice_open'), models.Index(models.F('webhook'), models.OrderBy(models.F('id'), descending=True), name='notice_log'), models.Index(models.F('made_at'), name='notice_oldest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('delivered_at', None), models.Q(('dead_at', None), ('discarded_at', None)), _connector='OR'), name='notice_has_one_end')],
            },
        ),
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
