"""Tables, functions and triggers that no model describes: frozen copies of sql/schema/."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
NAMES = ["history", "outcomes"]


class Migration(migrations.Migration):
    dependencies = [("integration", "0001_initial")]
    operations = [migrations.RunSQL((SQL / f"0002_{name}.sql").read_text()) for name in NAMES]
