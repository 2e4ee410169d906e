from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("derms", "0008_bulk_indexes")]

    operations = [
        migrations.AddField(model_name="stage", name="feeders", field=models.JSONField(default=dict)),
    ]
