"""The registrations over which limits count, and when a device was released."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0015_first_registration.sql"


class Migration(migrations.Migration):

    dependencies = [
        ('derms', '0014_approved_plan'),
    ]

    operations = [
        migrations.AddField(
            model_name='device',
            name='limits_of',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='derms.device'),
        ),
        migrations.AddIndex(
            model_name='device',
            index=models.Index(models.F('limits_of'), condition=models.Q(('limits_of__isnull', False)), name='derms_device_came_back'),
        ),
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
