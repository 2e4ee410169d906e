-- A stage that was ever Scheduled and that CPM or LEC does not know, or knows otherwise than DERMS.
WITH told AS (
    SELECT s.uid, s.revision, s.state, e.number || ' stage ' || s.number AS name
      FROM derms_stage s JOIN derms_event e ON e.id = s.event_id
     WHERE EXISTS (SELECT FROM derms_transition t WHERE t.stage_id = s.id AND t.to_state = 'Scheduled')
       AND NOT EXISTS (SELECT FROM integration_message m
                        WHERE m.stage_uid = s.uid AND m.kind IN ('stage_status', 'stage_execution_status')
                          AND m.sent_at > clock_timestamp() - %(rest)s::interval))
SELECT name, CASE WHEN c.id IS NULL THEN 'CPM does not know it'
                  ELSE format('CPM: %%s, revision %%s; DERMS: %%s, revision %%s', c.state, c.revision, told.state, told.revision) END
  FROM told LEFT JOIN cpm_programevent c ON c.stage_uid = told.uid
 WHERE (c.state, c.revision) IS DISTINCT FROM (told.state, told.revision)
 UNION ALL
SELECT name, CASE WHEN l.id IS NULL THEN 'LEC does not know it'
                  ELSE format('LEC: %%s, revision %%s; DERMS: %%s, revision %%s', l.state, l.status_revision, told.state,
                              told.revision) END
  FROM told LEFT JOIN lec_sim_lecstage l ON l.stage_uid = told.uid
 WHERE l.status_revision IS DISTINCT FROM told.revision
    -- A stage that LEC had ended when it heard that it was canceled stays Completed there.
    OR (l.state <> told.state AND NOT (told.state = 'Canceled' AND l.state = 'Completed'))
