"""Tables, functions and triggers that no model describes: frozen copies of sql/schema/."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
NAMES = ["bulk_tables", "history", "views"]


class Migration(migrations.Migration):
    dependencies = [("lec_sim", "0001_initial"), ("integration", "0002_schema")]
    operations = [migrations.RunSQL((SQL / f"0002_{name}.sql").read_text()) for name in NAMES]
