-- Bytes of the database by kind: (kind, bytes). What no kind names, the system's tables among it, is other.
WITH kinds (kind, pattern) AS (VALUES
    ('participations', '^cpm_(participation|programevent)$'),
    ('reservations and calls', '^(derms_reservation|lec_reservation|lec_call|lec_sim_lecanswer)$'),
    ('outcomes', '^(cpm|derms)_outcome$'),
    ('reports of head ends', '^(lec_word|lec_telemetry)$'),
    ('reports as clients sent them', '^lec_sim_venreport$'),
    ('meter days', '^cpm_meterday$'),
    ('measured results', '^cpm_measured(result|sum|part)$'),
    ('settlement lines', '^cpm_settlement(line|sum|part)$'),
    ('load and forecasts', '^derms_(meteredload|loadforecast|issuedforecast|deliveredload|temperature)$'),
    ('messages', '^integration_(message|delivery|duework|load|refusedrow)$'),
    ('notifications', '^cpm_(notification|selfservicelink)$'),
    ('webhook notices', '^integration_webhooknotice$'),
    ('answers of the API', '^integration_requestanswer$'),
    ('imports', '^importing_(refusedcell|.*_[0-9]+)$'),
    ('history', '(transition|[a-z]change|submittedplan|importrecord|historyblock|_seal)$'),
    ('customers and devices', '^(cpm|derms)_(customer|devicelocation|device|meter|subscription|subscribeddevice'
                              '|enrollment|devicestatus|candidate|hearddevice|priorparticipation)$')
), sizes AS (
    SELECT coalesce(root.relname, leaf.relname) AS name, pg_total_relation_size(leaf.oid) AS bytes
      FROM pg_class leaf LEFT JOIN pg_class root ON root.oid = pg_partition_root(leaf.oid)
     WHERE leaf.relkind IN ('r', 'm') AND leaf.relnamespace = 'public'::regnamespace
), known AS (
    SELECT kind, coalesce(sum(bytes), 0)::bigint AS bytes
      FROM kinds LEFT JOIN sizes ON name ~ pattern GROUP BY kind
)
SELECT kind, bytes FROM known
UNION ALL
SELECT 'other', greatest(pg_database_size(current_database()) - (SELECT sum(bytes) FROM known), 0)::bigint
