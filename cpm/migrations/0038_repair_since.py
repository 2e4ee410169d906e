from django.db import migrations, models

# Fees went by the day on which a device was taken out.
KNOWN = "UPDATE cpm_device SET repair_since = ended_at WHERE whereabouts = 'in repair'"


class Migration(migrations.Migration):

    dependencies = [
        ('cpm', '0037_sums_of_intervals'),
    ]

    operations = [
        migrations.AddField(
            model_name='device',
            name='repair_since',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]
