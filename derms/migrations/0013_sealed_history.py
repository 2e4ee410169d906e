from django.db import migrations, models

import integration.seam.logs

FORWARD = """
SET LOCAL timezone = 'UTC';
INSERT INTO integration_seal (source, row_id, digest)
SELECT 'derms_transition', t.id, gridcall_row_digest(to_jsonb(t)) FROM derms_transition t;
CREATE TRIGGER write_seals AFTER INSERT ON derms_transition REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
"""


class Migration(migrations.Migration):
    dependencies = [("derms", "0012_event_drafts"), ("integration", "0006_sealed_history")]
    operations = [
        migrations.AddField(
            "transition",
            "request_id",
            models.UUIDField(null=True, default=integration.seam.logs.request_id, editable=False),
        ),
        migrations.RunSQL(FORWARD, "DROP TRIGGER write_seals ON derms_transition;"),
    ]
