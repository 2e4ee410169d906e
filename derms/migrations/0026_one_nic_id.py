"""NIC ids of installed devices: without blanks around them, and once per head end system whatever their case."""

import logging

import django.db.models.functions.text
from django.db import migrations, models

log = logging.getLogger(__name__)

_LATEST = """
SELECT d.id, h.code || '/' || d.nic_id
  FROM derms_device d JOIN derms_headend h ON h.id = d.head_end_id
 WHERE d.ended_at IS NULL
   AND EXISTS (SELECT FROM derms_device o
                WHERE o.head_end_id = d.head_end_id AND o.ended_at IS NULL AND o.id <> d.id
                  AND upper(btrim(o.nic_id)) = upper(btrim(d.nic_id)) AND o.nic_id COLLATE "C" < d.nic_id COLLATE "C")
"""
_END = (
    "UPDATE derms_enrollment SET ends_at = greatest(starts_at, clock_timestamp())"
    " WHERE ends_at IS NULL AND device_id = ANY(%s)",
    "UPDATE derms_device SET ended_at = clock_timestamp() WHERE id = ANY(%s)",
)
_TRIM = "UPDATE derms_device SET nic_id = btrim(nic_id) WHERE nic_id <> btrim(nic_id)"


def end_doubles(apps, schema_editor):
    """Take out and name the devices that are another one written differently; CPM and DERMS keep the same one."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_LATEST)
        doubles = cursor.fetchall()
        for statement in _END if doubles else ():
            cursor.execute(statement, [[device for device, _name in doubles]])
        cursor.execute(_TRIM)
    for _device, name in doubles:
        log.warning("Device “%s” is another one written differently; it was taken out of DERMS.", name)


class Migration(migrations.Migration):

    dependencies = [
        ('derms', '0025_programs_over_time'),
    ]

    operations = [
        migrations.RunPython(end_doubles, migrations.RunPython.noop, elidable=True),
        migrations.RemoveConstraint(
            model_name='device',
            name='derms_device_live_natural_key',
        ),
        migrations.AddConstraint(
            model_name='device',
            constraint=models.UniqueConstraint(models.F('head_end'), django.db.models.functions.text.Upper('nic_id'), condition=models.Q(('ended_at', None)), name='derms_device_live_natural_key'),
        ),
        migrations.AddConstraint(
            model_name='device',
            constraint=models.CheckConstraint(condition=models.Q(('nic_id', django.db.models.functions.text.Trim('nic_id'))), name='derms_device_nic_id_trimmed'),
        ),
    ]
