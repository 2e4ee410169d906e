"""Accounts of other systems, recorded in history by triggers; every change is notified."""

from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import integration.seam.service_accounts

SQL = Path(__file__).parent / "sql" / "0006_service_accounts.sql"


class Migration(migrations.Migration):

    dependencies = [
        ('integration', '0005_object_changes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ServiceAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('saved_by', models.CharField(blank=True, default='', editable=False, max_length=150)),
                ('saved_at', models.DateTimeField(editable=False, null=True)),
                ('client_id', models.CharField(default=integration.seam.service_accounts.new_client_id, editable=False, max_length=40, unique=True, verbose_name='Client id')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='Name')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None, verbose_name='Scopes')),
                ('addresses', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=43), blank=True, default=list, size=None, verbose_name='Addresses')),
                ('expires_on', models.DateField(blank=True, null=True, verbose_name='Last day')),
                ('is_active', models.BooleanField(default=True, verbose_name='Active')),
                ('secret_sha256', models.CharField(blank=True, default='', editable=False, max_length=64, verbose_name='Secret')),
                ('secret_by', models.CharField(blank=True, default='', editable=False, max_length=150)),
                ('secret_at', models.DateTimeField(editable=False, null=True)),
                ('epoch', models.PositiveIntegerField(default=1, editable=False)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
