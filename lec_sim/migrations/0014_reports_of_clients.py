"""A report belongs to the client that sent it; of those that are there, the head end's present one is taken for it."""

from django.db import migrations, models

CLIENTS = """
UPDATE lec_sim_venreport r SET client = p.client
  FROM lec_sim_ven v JOIN lec_sim_headendprofile p ON p.id = v.profile_id WHERE v.id = r.ven_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('lec_sim', '0013_conformance_realm'),
    ]

    operations = [
        migrations.AddField(
            model_name='venreport',
            name='client',
            field=models.CharField(db_default='', default='', max_length=80),
        ),
        migrations.RunSQL(CLIENTS),
    ]
