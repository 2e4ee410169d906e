-- Transitions that don't start in the state the previous one led to, and objects in another state than their last one.
WITH derms AS (
    SELECT event_id, stage_id, revision, from_state, to_state,
           lag(revision) OVER by_revision AS before, lag(to_state) OVER by_revision AS was,
           row_number() OVER (PARTITION BY event_id, stage_id ORDER BY revision DESC) AS back
      FROM derms_transition
    WINDOW by_revision AS (PARTITION BY event_id, stage_id ORDER BY revision)),
cpm AS (
    SELECT program_event_id, revision, from_state, to_state,
           lag(to_state) OVER (PARTITION BY program_event_id ORDER BY revision) AS was,
           row_number() OVER (PARTITION BY program_event_id ORDER BY revision DESC) AS back
      FROM cpm_transition)
SELECT e.number || coalesce(' stage ' || s.number, ''),
       format('revision %%s from %%s follows revision %%s, %%s', derms.revision, derms.from_state, before, was)
  FROM derms JOIN derms_event e ON e.id = derms.event_id LEFT JOIN derms_stage s ON s.id = derms.stage_id
    -- An event's history begins with its creation, a stage's with its first change.
 WHERE derms.revision <> coalesce(before, CASE WHEN stage_id IS NULL THEN 0 ELSE 1 END) + 1
    OR derms.from_state <> coalesce(was, CASE WHEN stage_id IS NULL THEN '' ELSE 'New' END)
 UNION ALL
SELECT e.number, format('is %%s, revision %%s; its history ends with %%s, revision %%s', e.state, e.revision, to_state,
                        derms.revision)
  FROM derms_event e LEFT JOIN derms ON derms.event_id = e.id AND derms.stage_id IS NULL AND back = 1
 WHERE (e.state, e.revision) IS DISTINCT FROM (to_state, derms.revision)
 UNION ALL
SELECT e.number || ' stage ' || s.number,
       format('is %%s, revision %%s; its history ends with %%s, revision %%s', s.state, s.revision, to_state, derms.revision)
  FROM derms_stage s
  JOIN derms_event e ON e.id = s.event_id
  LEFT JOIN derms ON derms.stage_id = s.id AND back = 1
 WHERE (s.state, s.revision) IS DISTINCT FROM (coalesce(to_state, 'New'), coalesce(derms.revision, 1))
 UNION ALL
SELECT 'program event ' || e.event_number || ' stage ' || e.stage_number,
       format('revision %%s from %%s follows %%s', cpm.revision, cpm.from_state, was)
  FROM cpm JOIN cpm_programevent e ON e.id = cpm.program_event_id
 WHERE cpm.from_state <> coalesce(was, '')
 UNION ALL
SELECT 'program event ' || e.event_number || ' stage ' || e.stage_number,
       format('is %%s, revision %%s; its history ends with %%s, revision %%s', e.state, e.revision, to_state, cpm.revision)
  FROM cpm_programevent e LEFT JOIN cpm ON cpm.program_event_id = e.id AND back = 1
 WHERE (e.state, e.revision) IS DISTINCT FROM (to_state, cpm.revision)
