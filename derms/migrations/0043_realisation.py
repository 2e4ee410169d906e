import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('derms', '0042_abort_events'),
    ]

    operations = [
        migrations.CreateModel(
            name='Realisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('device_class', models.CharField(choices=[('thermostat', 'Thermostat'), ('water_heater', 'Water heater'), ('ev_charger', 'EV charger'), ('battery', 'Battery')], max_length=16)),
                ('version', models.PositiveIntegerField()),
                ('meters', models.PositiveIntegerField()),
                ('expected_w', models.BigIntegerField()),
                ('reported_w', models.BigIntegerField()),
                ('measured_w', models.BigIntegerField()),
                ('head_end', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='realisations', to='derms.headend')),
                ('stage', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='realisations', to='derms.stage')),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('stage'), models.F('head_end'), models.F('device_class'), name='realisation_once')],
            },
        ),
    ]
