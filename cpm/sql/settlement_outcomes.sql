-- Each participation of program events, what its outcome earns, and why it has no outcome.
SELECT p.program_event_id, p.device_id, l.customer_id, d.location_id, p.expected_w,
       coalesce(o.code, '') AS code, earned.percent::numeric(7,4) AS percent,
       CASE WHEN o.code IS NOT NULL THEN ''
            WHEN e.outcomes_loaded_at IS NOT NULL OR e.state = 'Canceled' AND e.started_at IS NULL THEN 'not called'
            ELSE 'no outcome' END AS left_out
  FROM cpm_participation p
  JOIN cpm_programevent e ON e.id = p.program_event_id
  JOIN cpm_device d ON d.id = p.device_id
  JOIN cpm_devicelocation l ON l.id = d.location_id
  LEFT JOIN cpm_outcome o ON o.program_event_id = p.program_event_id AND o.device_id = p.device_id
  LEFT JOIN jsonb_each_text(%(percents)s) AS earned(code, percent) ON earned.code = o.code
 WHERE p.program_event_id = ANY(%(program_events)s)
