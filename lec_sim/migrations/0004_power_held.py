"""A call holds the power of its device, and what was asked of it, instead of an average over the stage's window."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("lec_sim", "0003_nominal_power")]
    operations = [
        migrations.RunSQL((SQL / "0004_power_held.sql").read_text()),
        migrations.RenameField("lecanswer", "reduction_w", "power_w"),
        migrations.RunSQL((SQL / "0004_answered_call.sql").read_text()),
    ]
