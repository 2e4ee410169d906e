"""Answers to calls of other systems, names of service accounts that can't be mistaken, and who is behind an account."""

from pathlib import Path

import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "sql" / "0010_people_behind.sql"
# Of names that differ by capitals, or have control characters, the later ones get their client id.
NAMES = r"""
UPDATE integration_serviceaccount a
   SET name = left(regexp_replace(name, '[[:cntrl:]]', ' ', 'g'), 38) || ' ' || client_id
 WHERE name ~ '[[:cntrl:]]'
    OR EXISTS (SELECT FROM integration_serviceaccount b WHERE b.id < a.id AND upper(b.name) = upper(a.name))
"""


class Migration(migrations.Migration):

    dependencies = [
        ('integration', '0009_webhook_doors'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='requestanswer',
            name='body',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='requestanswer',
            name='status',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='serviceaccount',
            name='name',
            field=models.CharField(max_length=200, verbose_name='Name'),
        ),
        migrations.RunSQL(NAMES),
        migrations.AddConstraint(
            model_name='serviceaccount',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Upper('name'), name='service_account_name_once', violation_error_message='There is a service account of this name already.'),
        ),
        migrations.AddConstraint(
            model_name='serviceaccount',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '[[:cntrl:]]'), _negated=True), name='service_account_name_is_one_line', violation_error_message='A name is one line without control characters.'),
        ),
        migrations.RunSQL(SQL.read_text(encoding="utf-8")),
    ]
