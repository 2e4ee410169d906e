from django.db import migrations, models

# The version moves from the rows to their stage, where one that measured nothing has a place, too.
KEEP = """
UPDATE derms_stage s SET realisation_version = r.version
  FROM (SELECT stage_id, max(version) AS version FROM derms_realisation GROUP BY stage_id) r
 WHERE r.stage_id = s.id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('derms', '0043_realisation'),
    ]

    operations = [
        migrations.AddField(
            model_name='stage',
            name='realisation_version',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='realisation',
            name='version',
        ),
    ]
