"""Changes of people and roles are notified to what keeps service accounts' rights (integration/seam/rights.py)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "0006_rights_changed.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0005_recorded_changes"),
        ("integration", "0006_service_accounts"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunSQL(SQL.read_text(encoding="utf-8"))]
