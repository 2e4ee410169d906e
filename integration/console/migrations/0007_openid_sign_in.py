"""Who may sign in at the OpenID provider is in the history of their account."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0007_openid_sign_in.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0006_rights_changed"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
