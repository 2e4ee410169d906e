"""What head ends report of devices, and answers that are errors of devices."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0009_reports.sql"


class Migration(migrations.Migration):

    dependencies = [
        ('lec_sim', '0008_subscriptions'),
    ]

    operations = [
        migrations.RunSQL(SQL.read_text()),
        migrations.CreateModel(
            name='LecTelemetry',
            fields=[
                ('pk', models.CompositePrimaryKey('stage_id', 'head_end', 'nic_id', 'measure', 'starts_at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('stage_id', models.BigIntegerField()),
                ('head_end', models.TextField()),
                ('nic_id', models.TextField()),
                ('measure', models.TextField()),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('watts', models.FloatField()),
                ('quality', models.TextField()),
                ('heard_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'lec_telemetry',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='LecWord',
            fields=[
                ('pk', models.CompositePrimaryKey('stage_id', 'head_end', 'nic_id', 'at', 'word', blank=True, editable=False, primary_key=True, serialize=False)),
                ('stage_id', models.BigIntegerField()),
                ('head_end', models.TextField()),
                ('nic_id', models.TextField()),
                ('at', models.DateTimeField()),
                ('word', models.TextField()),
                ('heard_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'lec_word',
                'managed': False,
            },
        ),
        migrations.RemoveConstraint(
            model_name='lecanswer',
            name='lec_answer_is_one',
        ),
        migrations.AddField(
            model_name='lecstage',
            name='first_report_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='lecanswer',
            name='answer',
            field=models.CharField(choices=[('pending', 'Pending'), ('takes part', 'Takes part'), ('rejected', 'Rejected'), ('failed', 'Failed'), ('silent', 'Silent')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='lecanswer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer__in', ['takes part', 'rejected', 'failed']), ('answered_at__isnull', False)), ('answer', 'silent'), _connector='OR'), name='lec_answer_is_one'),
        ),
    ]
