"""Sums of measurements have the energy expected and reported; earlier ones that of the whole window."""

from django.db import migrations, models

_OF_THE_WINDOW = """
UPDATE cpm_measuredsum s
   SET measured_expected_wh = s.measured_expected_w * extract(epoch FROM m.ends_at - m.starts_at) / 3600,
       measured_reported_wh = s.measured_reported_w * extract(epoch FROM m.ends_at - m.starts_at) / 3600
  FROM cpm_measurement m WHERE m.id = s.measurement_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cpm", "0036_baseline_rules"),
    ]

    operations = [
        *(
            migrations.AddField("measuredsum", name, models.BigIntegerField(default=0), preserve_default=False)
            for name in ("measured_expected_wh", "measured_reported_wh")
        ),
        migrations.RunSQL(_OF_THE_WINDOW, migrations.RunSQL.noop),
    ]
