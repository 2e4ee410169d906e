-- History is only ever added, sealed in the transaction that writes it, and chained into blocks (integration/seam/sealing.py).

-- What is written into history stays as it was written.
CREATE FUNCTION gridcall_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is history: rows are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- At commit, a row whose state changed must have its transition: (table of transitions, its column for this row).
CREATE FUNCTION gridcall_require_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I = $1 AND from_state = $2 AND to_state = $3 AND revision = $4)',
                   TG_ARGV[0], TG_ARGV[1])
       INTO found USING NEW.id, OLD.state, NEW.state, NEW.revision;
    IF NOT found THEN
        RAISE EXCEPTION '% %: % to % has no transition row', TG_TABLE_NAME, NEW.id, OLD.state, NEW.state
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

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
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON integration_alertchange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON integration_alertchange REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
