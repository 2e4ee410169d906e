"""What clients of vens want to be told of, and what they were told."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integration', '0009_webhook_doors'),
        ('lec_sim', '0007_openadr'),
    ]

    operations = [
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('client', models.CharField(max_length=40)),
                ('client_name', models.CharField(max_length=128)),
                ('program_id', models.CharField(blank=True, max_length=128)),
                ('targets', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=128), null=True, size=None)),
                ('created_at', models.DateTimeField()),
                ('modified_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['client', 'id'], name='lec_subscription_client')],
            },
        ),
        migrations.CreateModel(
            name='Callback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('objects_told', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), size=None)),
                ('operations', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=6), size=None)),
                ('webhook', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='integration.webhook')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='callbacks', to='lec_sim.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Told',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField()),
                ('announcement', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='told', to='lec_sim.announcement')),
            ],
        ),
    ]
