DROP FUNCTION derms_writers(bigint, integer);
-- Who wrote the plan of an event before one of its revisions, and may not approve it: who created it, edited it ever, or
-- submitted it since it was last New. Behind a service account stand people: since the event began, who owned it and who
-- had its secret. Used by the four-eyes rule, by the trigger below and by invariant I10.
CREATE FUNCTION derms_writers(event bigint, before integer) RETURNS TABLE (username text, did text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH own AS (
        SELECT t.by::text,
               CASE WHEN t.to_state = 'Submitted' THEN 'submitted' WHEN t.from_state = '' THEN 'wrote' ELSE 'edited' END
                   AS did
          FROM derms_transition t
         WHERE t.event_id = event AND t.stage_id IS NULL AND t.revision < before
           AND t.from_state <> 'Submitted' AND t.to_state IN ('New', 'Submitted')
           AND (t.to_state = 'New' OR NOT EXISTS (
                   SELECT FROM derms_transition n
                    WHERE n.event_id = event AND n.stage_id IS NULL AND n.to_state = 'New'
                      AND n.revision > t.revision AND n.revision < before)))
    SELECT by, did FROM own
    UNION
    SELECT p, own.did FROM own CROSS JOIN LATERAL gridcall_people_behind(
               own.by, (SELECT min(t.at) FROM derms_transition t WHERE t.event_id = event)) p
     WHERE own.by LIKE 'service account %'
$$;
