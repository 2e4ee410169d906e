"""Who asks for it is e-mailed alerts that nobody has acknowledged."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('config', '0008_end_tokens'),
        ('integration', '0010_calls'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='alerts_after_min',
            field=models.PositiveSmallIntegerField(choices=[(0, 'at once'), (5, 'for 5 minutes'), (15, 'for 15 minutes'), (30, 'for 30 minutes'), (60, 'for an hour')], default=0, verbose_name='When nobody has acknowledged them'),
        ),
        migrations.AddField(
            model_name='user',
            name='alerts_from',
            field=models.PositiveSmallIntegerField(blank=True, choices=[(1, 'of high priority'), (2, 'of medium priority and above'), (3, 'all')], null=True, verbose_name='E-mail me alerts'),
        ),
        migrations.CreateModel(
            name='AlertTold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('priority', models.PositiveSmallIntegerField(choices=[(1, 'High'), (2, 'Medium'), (3, 'Low')])),
                ('at', models.DateTimeField()),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integration.alert')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['person', '-at'], name='alert_told_latest')],
                'constraints': [models.UniqueConstraint(models.F('person'), models.F('alert'), name='alert_told_once')],
            },
        ),
    ]
