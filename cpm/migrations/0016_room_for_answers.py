"""A device that is enrolled waits for an answer; its row changes without touching an index if the page has room."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cpm", "0015_kept_history")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE cpm_subscribeddevice SET (fillfactor = 50)",
            "ALTER TABLE cpm_subscribeddevice RESET (fillfactor)",
        )
    ]
