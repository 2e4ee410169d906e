"""Every answer of status checks is kept, and the candidates that never answer are indexed."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0035_silent_candidates.sql"


class Migration(migrations.Migration):

    dependencies = [
        ('derms', '0034_program_calls_devices'),
    ]

    operations = [
        migrations.AddField(
            model_name='hearddevice',
            name='answer',
            field=models.CharField(default='online', max_length=7),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='hearddevice',
            name='answered_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL("UPDATE derms_hearddevice SET answered_at = at"),
        migrations.AlterField(
            model_name='hearddevice',
            name='answered_at',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='hearddevice',
            name='at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name='hearddevice',
            constraint=models.CheckConstraint(condition=models.Q(('answer__in', ('online', 'offline', 'unknown'))), name='heard_known_answer'),
        ),
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
