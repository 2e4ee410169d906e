from django.db import migrations, models

import integration.seam.logs

SEAL = """
SET LOCAL timezone = 'UTC';
INSERT INTO integration_seal (source, row_id, digest)
SELECT '{table}', t.id, gridcall_row_digest(to_jsonb(t)) FROM {table} t;
CREATE TRIGGER write_seals AFTER INSERT ON {table} REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
"""


def sealed(model: str) -> list[migrations.operations.base.Operation]:
    table = f"cpm_{model}"
    request_id = models.UUIDField(null=True, default=integration.seam.logs.request_id, editable=False)
    return [
        migrations.AddField(model, "request_id", request_id),
        migrations.RunSQL(SEAL.format(table=table), f"DROP TRIGGER write_seals ON {table};"),
    ]


class Migration(migrations.Migration):
    dependencies = [("cpm", "0006_audit_trail"), ("integration", "0006_sealed_history")]
    operations = [*sealed("transition"), *sealed("participationchange")]
