"""Response rates and events of the season in place of scores, with the small tables that they begin from."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0010_response_rates.sql"


class Migration(migrations.Migration):

    dependencies = [
        ('derms', '0009_reserve_margin'),
    ]

    operations = [
        migrations.CreateModel(
            name='RateRenewal',
            fields=[
                ('zone', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='rate_renewal', serialize=False, to='derms.controlzone')),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='LowestCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('season', models.SmallIntegerField()),
                ('events', models.SmallIntegerField()),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lowest_counts', to='derms.program')),
                ('zone', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lowest_counts', to='derms.controlzone')),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('zone'), models.F('program'), name='lowest_count_once')],
            },
        ),
        migrations.CreateModel(
            name='ResponsePrior',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('n', models.FloatField(default=0)),
                ('total', models.FloatField(default=0)),
                ('faded_at', models.DateTimeField()),
                ('head_end', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='response_priors', to='derms.headend')),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='response_priors', to='derms.program')),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('program'), models.F('head_end'), name='response_prior_once')],
            },
        ),
        migrations.RunSQL(SQL.read_text()),
    ]
