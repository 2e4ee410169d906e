"""Alerts have a priority in place of a severity, and people can acknowledge them."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import integration.seam.logs

SQL = Path(__file__).parent / "sql"
PRIORITIES = [(1, "High"), (2, "Medium"), (3, "Low")]
# High or Medium: nothing was of low severity.
RANKED = "UPDATE integration_alert SET priority = CASE severity WHEN 'critical' THEN 1 ELSE 2 END"


class Migration(migrations.Migration):
    dependencies = [("integration", "0002_schema")]
    operations = [
        migrations.AddField("alert", "priority", models.PositiveSmallIntegerField(choices=PRIORITIES, default=2), preserve_default=False),
        migrations.RunSQL(RANKED, migrations.RunSQL.noop),
        migrations.RemoveField("alert", "severity"),
        migrations.AddField("alert", "acknowledged_at", models.DateTimeField(null=True)),
        migrations.AddField("alert", "acknowledged_by", models.CharField(blank=True, db_default="", max_length=150)),
        migrations.AddField("alert", "note", models.CharField(blank=True, db_default="", max_length=200)),
        migrations.AddConstraint(
            "alert",
            models.CheckConstraint(
                name="alert_acknowledged_by_somebody",
                condition=Q(acknowledged_at=None, acknowledged_by="") | Q(acknowledged_at__isnull=False, acknowledged_by__gt=""),
            ),
        ),
        migrations.AddConstraint(
            "alert", models.CheckConstraint(name="alert_has_known_priority", condition=Q(priority__in=[1, 2, 3]))
        ),
        migrations.AddIndex("alert", models.Index(models.F("id"), condition=Q(closed_at=None), name="alert_open")),
        migrations.CreateModel(
            name="AlertChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("request_id", models.UUIDField(default=integration.seam.logs.request_id, editable=False, null=True)),
                ("what", models.CharField(max_length=12)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="integration.alert"
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["-at"], name="alertchange_newest")]},
        ),
        migrations.RunSQL((SQL / "0003_alert_history.sql").read_text()),
    ]
