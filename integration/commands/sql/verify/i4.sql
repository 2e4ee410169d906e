-- Participations without an outcome although their stage started, or with one although it never did.
SELECT e.event_number || ' stage ' || e.stage_number, count(*) || ' participations without an outcome'
  FROM cpm_programevent e
  JOIN cpm_participation p ON p.program_event_id = e.id
  LEFT JOIN cpm_outcome o ON o.program_event_id = p.program_event_id AND o.device_id = p.device_id
 WHERE e.outcomes_loaded_at IS NOT NULL AND o.device_id IS NULL
 GROUP BY e.id
 UNION ALL
SELECT e.event_number || ' stage ' || e.stage_number, count(*) || ' outcomes without a participation'
  FROM cpm_programevent e
  JOIN cpm_outcome o ON o.program_event_id = e.id
  LEFT JOIN cpm_participation p ON p.program_event_id = o.program_event_id AND p.device_id = o.device_id
 WHERE p.device_id IS NULL
 GROUP BY e.id
 UNION ALL
SELECT e.event_number || ' stage ' || e.stage_number, count(*) || ' outcomes, although it was canceled before it started'
  FROM cpm_programevent e
  JOIN cpm_outcome o ON o.program_event_id = e.id
 WHERE e.state = 'Canceled' AND e.started_at IS NULL
 GROUP BY e.id
 UNION ALL
SELECT e.number || ' stage ' || s.number, count(*) || ' reserved devices without an outcome in DERMS'
  FROM derms_stage s
  JOIN derms_event e ON e.id = s.event_id
  JOIN derms_reservation r ON r.stage_id = s.id
  LEFT JOIN derms_outcome o ON o.stage_id = r.stage_id AND o.device_id = r.device_id
 WHERE s.outcomes_sent_at IS NOT NULL AND o.device_id IS NULL
 GROUP BY e.number, s.number
 UNION ALL
SELECT e.number || ' stage ' || s.number, 'no outcomes in CPM past the deadline'
  FROM derms_stage s
  JOIN derms_event e ON e.id = s.event_id
  JOIN derms_eventtype k ON k.category = e.type_id
  LEFT JOIN cpm_programevent c ON c.stage_uid = s.uid
 WHERE s.started_at IS NOT NULL AND c.outcomes_loaded_at IS NULL
   AND coalesce(s.ended_at, s.ends_at) + k.outcome_timeout_s * interval '1 s' + interval '1 min'
       < clock_timestamp() - %(rest)s::interval
