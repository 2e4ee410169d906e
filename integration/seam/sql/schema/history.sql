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
CREATE FUNCTION gridcall_write_seals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    INSERT INTO integration_seal (source, row_id, digest)
    SELECT TG_TABLE_NAME, written.id, gridcall_row_digest(to_jsonb(written)) FROM written;
    RETURN NULL;
END $$;

-- Make a block of all rows of history written by transactions older than every running one.
CREATE FUNCTION gridcall_seal_history() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH before AS (
        SELECT coalesce(max(number), 0) AS number,
               coalesce((SELECT digest FROM integration_historyblock ORDER BY number DESC LIMIT 1), ''::bytea) AS digest
          FROM integration_historyblock),
    sealed AS (
        UPDATE integration_seal seal SET block_id = before.number + 1
          FROM before
         WHERE seal.block_id IS NULL AND age(seal.xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid)
     RETURNING seal.source, seal.row_id, seal.digest)
    INSERT INTO integration_historyblock (number, sealed_at, rows, digest)
    SELECT before.number + 1, clock_timestamp(), count(*),
           gridcall_block_digest(before.digest, string_agg(gridcall_seal_line(source, row_id, sealed.digest), ''
                                                           ORDER BY source, row_id))
      FROM sealed, before
     GROUP BY before.number, before.digest
    HAVING count(*) > 0
$$;

-- Each change of an object that people set up gets its row: who, when, each column's value before and after. The arguments
-- of a trigger: the kind of object; its key, its name, the part of it that the row is, as expressions of the row `$1`;
-- columns whose values history must not hold; columns that are not looked at.
CREATE FUNCTION gridcall_record_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    context jsonb := nullif(current_setting('pghistory.context_metadata', true), '')::jsonb;
    hidden text[] := string_to_array(TG_ARGV[4], ',');
    passed text[] := string_to_array(TG_ARGV[5], ',') || '{id,version,saved_by,saved_at}';
    changed jsonb;
    object text;
    name text;
    part text;
BEGIN
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY(hidden) THEN '"hidden"'::jsonb
                                      ELSE jsonb_build_array(before -> key, after -> key) END)
      INTO changed
      FROM jsonb_object_keys(coalesce(after, before)) AS key
     WHERE key <> ALL(passed) AND coalesce(before -> key, 'null') <> coalesce(after -> key, 'null');
    IF TG_OP = 'UPDATE' AND changed IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT %s, %s, %s', TG_ARGV[1], TG_ARGV[2], TG_ARGV[3])
       INTO object, name, part USING coalesce(after, before);
    INSERT INTO integration_objectchange (kind, object, name, part, source, what, fields, at, by, request_id)
    VALUES (TG_ARGV[0], object, coalesce(name, ''), coalesce(part, ''), TG_TABLE_NAME,
            CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'removed' END,
            coalesce(changed, '{}'), now(), coalesce(context ->> 'by', 'system'), (context ->> 'request_id')::uuid);
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
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON integration_objectchange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON integration_objectchange REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();

-- What happens to service accounts; of a secret only that it changed.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON integration_serviceaccount FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'service account',
        '$1->>''id''',
        '$1->>''name''',
        '''''',
        'secret_sha256',
        'secret_by,secret_at,epoch');

-- What happens to webhooks: what people or clients set, and that one breaks and is mended; of a token only that it changed.
CREATE TRIGGER record_change
    AFTER INSERT OR DELETE OR UPDATE OF name, owner_id, url, kinds, is_active, generation, broken_at
    ON integration_webhook FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'webhook',
        '$1->>''uid''',
        '$1->>''name''',
        '''''',
        'generation,authorization',
        'uid,secret_by,secret_at,rests_until,failures,failing_since,delivered_at');

-- What people did about a notice to one.
CREATE TRIGGER record_change AFTER UPDATE OF asked_at ON integration_webhooknotice FOR EACH ROW
    WHEN (OLD.asked_at IS DISTINCT FROM NEW.asked_at)
    EXECUTE FUNCTION gridcall_record_change(
        'webhook',
        '(SELECT w.uid FROM integration_webhook w WHERE w.id = ($1->>''webhook_id'')::bigint)',
        '(SELECT w.name FROM integration_webhook w WHERE w.id = ($1->>''webhook_id'')::bigint)',
        '''notice '' || ($1->>''id'')',
        '',
        'due_at,attempts,status,error,ms,tried_at,delivered_at,dead_at,discarded_at,asked_by');

-- Every process forgets what it knew of accounts (integration/seam/rights.py).
CREATE FUNCTION gridcall_rights_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('rights_changed', '');
    RETURN NULL;
END $$;
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON integration_serviceaccount
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();

-- Who is answerable for what a service account did since a moment: everybody who owned it since, and whoever made or
-- rotated the secret that was used. It is known by any name it ever had.
CREATE FUNCTION gridcall_people_behind(actor text, since timestamptz) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH named AS (
        SELECT DISTINCT object FROM integration_objectchange
         WHERE kind = 'service account' AND 'service account ' || name = actor),
    changes AS (
        SELECT c.id, c.at, c.by, c.fields FROM integration_objectchange c JOIN named USING (object)
         WHERE c.kind = 'service account'),
    accounts AS (SELECT a.* FROM integration_serviceaccount a JOIN named ON named.object = a.id::text),
    owners AS (
        SELECT owner_id FROM accounts
        UNION
        SELECT value::bigint FROM changes CROSS JOIN jsonb_array_elements_text(fields -> 'owner_id')
         WHERE at >= since AND value IS NOT NULL)
    SELECT u.username::text FROM config_user u JOIN owners ON owners.owner_id = u.id
    UNION
    SELECT secret_by::text FROM accounts
    UNION
    SELECT by::text FROM changes
     WHERE fields ? 'secret_sha256'
       AND id >= coalesce((SELECT max(id) FROM changes WHERE fields ? 'secret_sha256' AND at <= since), 0)
$$;
