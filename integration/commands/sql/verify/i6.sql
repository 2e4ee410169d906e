-- Objects that left a final state, and events that disagree with their stages on being over.
SELECT e.number || coalesce(' stage ' || s.number, ''), format('went from %%s to %%s', t.from_state, t.to_state)
  FROM derms_transition t JOIN derms_event e ON e.id = t.event_id LEFT JOIN derms_stage s ON s.id = t.stage_id
 WHERE t.from_state IN ('Completed', 'Canceled') AND t.to_state <> t.from_state
 UNION ALL
SELECT 'program event ' || e.event_number || ' stage ' || e.stage_number,
       format('went from %%s to %%s', t.from_state, t.to_state)
  FROM cpm_transition t JOIN cpm_programevent e ON e.id = t.program_event_id
 WHERE t.from_state IN ('Completed', 'Canceled') AND t.to_state <> t.from_state
 UNION ALL
SELECT e.number || ' stage ' || s.number, format('is %%s, its event %%s', s.state, e.state)
  FROM derms_event e JOIN derms_stage s ON s.event_id = e.id
 WHERE e.state IN ('Completed', 'Canceled') AND s.state NOT IN ('Completed', 'Canceled')
 UNION ALL
SELECT e.number, format('is %%s, and all its stages are over', e.state)
  FROM derms_event e
 WHERE e.state IN ('Scheduled', 'In Progress')
   AND NOT EXISTS (SELECT FROM derms_stage s WHERE s.event_id = e.id AND s.state NOT IN ('Completed', 'Canceled'))
