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
