from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("derms", "0014_device_by_nic")]
    operations = [
        migrations.AddField("stage", "calls_counted_at", models.DateTimeField(null=True)),
        # Until now a stage's calls were counted when it closed.
        migrations.RunSQL("UPDATE derms_stage SET calls_counted_at = outcomes_sent_at", migrations.RunSQL.noop),
    ]
