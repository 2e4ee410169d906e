-- Stages that were ever Scheduled and that CPM or LEC does not know, or knows differently from DERMS.
WITH derms AS (
    SELECT s.uid, s.revision, s.state, e.number || ' stage ' || s.number AS name
      FROM derms_stage s JOIN derms_event e ON e.id = s.event_id
     WHERE EXISTS (SELECT FROM derms_transition t WHERE t.stage_id = s.id AND t.to_state = 'Scheduled')
       AND NOT EXISTS (SELECT FROM integration_message m
                        WHERE m.stage_uid = s.uid AND m.kind IN ('stage_status', 'stage_execution_status')
                          AND m.sent_at > clock_timestamp() - %(rest)s::interval))
SELECT name, CASE WHEN c.id IS NULL THEN 'CPM does not know it'
                  ELSE format('CPM: %%s, revision %%s; DERMS: %%s, revision %%s', c.state, c.revision, derms.state,
                              derms.revision) END
  FROM derms LEFT JOIN cpm_programevent c ON c.stage_uid = derms.uid
 WHERE (c.state, c.revision) IS DISTINCT FROM (derms.state, derms.revision)
 UNION ALL
SELECT name, CASE WHEN l.id IS NULL THEN 'LEC does not know it'
                  ELSE format('LEC: %%s, revision %%s; DERMS: %%s, revision %%s', l.state, l.status_revision,
                              derms.state, derms.revision) END
  FROM derms LEFT JOIN lec_sim_lecstage l ON l.stage_uid = derms.uid
 WHERE l.status_revision IS DISTINCT FROM derms.revision
    -- A stage that LEC had already ended when it learned of the cancellation stays Completed there.
    OR (l.state <> derms.state AND NOT (derms.state = 'Canceled' AND l.state = 'Completed'))
