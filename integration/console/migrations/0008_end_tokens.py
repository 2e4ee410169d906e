"""The tokens of an owner's service accounts end with the right to sign in."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0008_end_tokens.sql"


class Migration(migrations.Migration):
    dependencies = [("config", "0007_openid_sign_in"), ("integration", "0010_calls")]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
