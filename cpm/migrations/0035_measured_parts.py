"""Measurements are shared out in parts; one that is under way begins again, by the readings that are there then."""

import django.db.models.deletion
from django.db import migrations, models

from integration.seam import sql
from integration.seam.sql import compose, identifier


def begin_again(apps, schema_editor):
    under_way = apps.get_model("cpm", "Measurement").objects.filter(finished_at=None)
    for measurement in under_way:
        sql.execute(compose("DROP TABLE IF EXISTS {table}", table=identifier(f"cpm_measuredresult_{measurement.pk}")))
    under_way.update(readings_as_of=None, done=0, errors={}, profile=[])


class Migration(migrations.Migration):

    dependencies = [
        ('cpm', '0034_referred_and_repaired'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='measurement',
            name='measured_to',
        ),
        migrations.CreateModel(
            name='MeasuredPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.BigIntegerField()),
                ('last', models.BigIntegerField()),
                ('is_done', models.BooleanField(default=False)),
                ('errors', models.JSONField(default=dict)),
                ('profile', models.JSONField(default=list)),
                ('measurement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='cpm.measurement')),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('measurement'), models.F('first'), name='measured_part_once')],
            },
        ),
        migrations.RunPython(begin_again, migrations.RunPython.noop),
    ]
