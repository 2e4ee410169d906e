import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

FORWARD = """
-- What a row of history says, without columns that are empty: a column that comes later changes no digest.
CREATE FUNCTION gridcall_row_digest(jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN sha256(convert_to(jsonb_strip_nulls($1)::text, 'UTF8'));
CREATE FUNCTION gridcall_seal_line(source text, row_id bigint, digest bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN convert_to(source || ' ' || row_id || ' ', 'UTF8') || digest;
CREATE FUNCTION gridcall_block_digest(before bytea, lines bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN sha256(before || lines);

-- Each row that is written into history gets its seal in the same transaction.
CREATE FUNCTION gridcall_write_seals() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
BEGIN
    INSERT INTO integration_seal (source, row_id, digest)
    SELECT TG_TABLE_NAME, written.id, gridcall_row_digest(to_jsonb(written)) FROM written;
    RETURN NULL;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON integration_historyblock
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON integration_seal
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER final BEFORE UPDATE ON integration_seal FOR EACH ROW
    WHEN (OLD.block_id IS NOT NULL OR ROW(OLD.source, OLD.row_id, OLD.digest) <> ROW(NEW.source, NEW.row_id, NEW.digest))
    EXECUTE FUNCTION gridcall_refuse_change();
"""
BACKWARD = """
DROP FUNCTION gridcall_write_seals();
DROP FUNCTION gridcall_block_digest(bytea, bytea);
DROP FUNCTION gridcall_seal_line(text, bigint, bytea);
DROP FUNCTION gridcall_row_digest(jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("integration", "0004_delivered_load")]
    operations = [
        migrations.CreateModel(
            name="HistoryBlock",
            fields=[
                ("number", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("sealed_at", models.DateTimeField(db_default=Now())),
                ("rows", models.PositiveIntegerField()),
                ("digest", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "source", "row_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("source", models.CharField(max_length=63)),
                ("row_id", models.BigIntegerField()),
                ("digest", models.BinaryField()),
                (
                    "block",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seals",
                        to="integration.historyblock",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("source"), models.F("row_id"), condition=models.Q(("block", None)), name="seal_waits"
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
