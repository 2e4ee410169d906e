"""Each notification has its own kind, attempts and end, in place of batches that send many together."""

import django.contrib.postgres.functions
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# What is over or was given up is not e-mailed now; what waits goes on waiting.
END_OF_EARLIER = """
UPDATE cpm_notification n SET done_at = coalesce(n.emailed_at, n.made_at)
 WHERE n.emailed_at IS NOT NULL
    OR EXISTS (SELECT FROM cpm_notificationbatch b
                WHERE b.program_event_id = n.program_event_id AND b.number = n.batch_number AND b.done_at IS NOT NULL);
UPDATE cpm_programevent SET end_notified_at = now() WHERE state IN ('Completed', 'Canceled');
"""


class Migration(migrations.Migration):
    dependencies = [("cpm", "0002_schema")]
    operations = [
        migrations.RenameField("notification", "error", "not_sent"),
        migrations.AlterField(
            "notification", "not_sent", models.CharField(blank=True, db_default="", default="", max_length=60)
        ),
        migrations.AddField(
            "notification",
            "uid",
            models.UUIDField(
                db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, unique=True
            ),
        ),
        migrations.AddField(
            "notification",
            "kind",
            models.CharField(
                choices=[
                    ("reserved", "Devices are reserved"),
                    ("canceled", "Canceled or cut short"),
                    ("opted out", "Answer to an opt-out"),
                    ("ended", "Over"),
                ],
                default="reserved",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField("notification", "about", models.CharField(blank=True, default="", max_length=30)),
        migrations.AddField(
            "notification",
            "device",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cpm.device"
            ),
        ),
        migrations.AddField(
            "notification",
            "link",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cpm.selfservicelink"
            ),
        ),
        migrations.AddField("notification", "attempts", models.PositiveSmallIntegerField(db_default=0, default=0)),
        migrations.AddField(
            "notification",
            "due_at",
            models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField("notification", "done_at", models.DateTimeField(null=True)),
        migrations.AddField("programevent", "end_notified_at", models.DateTimeField(null=True)),
        migrations.RunSQL(END_OF_EARLIER),
        migrations.RemoveConstraint("notification", "notification_once_per_event"),
        migrations.RemoveIndex("notification", "notification_batch"),
        migrations.RemoveField("notification", "batch_number"),
        migrations.DeleteModel("NotificationBatch"),
        migrations.AddIndex(
            "notification",
            models.Index("due_at", condition=models.Q(done_at=None), name="notification_due"),
        ),
        migrations.AddIndex(
            "programevent",
            models.Index(
                "ends_at",
                condition=models.Q(end_notified_at=None, notified_at__isnull=False),
                name="program_event_end_to_notify",
            ),
        ),
        migrations.AddConstraint(
            "notification",
            models.UniqueConstraint("event_uid", "customer", "kind", "about", name="notification_once"),
        ),
        migrations.AddConstraint(
            "notification",
            models.CheckConstraint(
                condition=models.Q(emailed_at=None) | models.Q(done_at__isnull=False),
                name="notification_emailed_is_done",
            ),
        ),
    ]
