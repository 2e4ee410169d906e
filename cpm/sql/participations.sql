-- Find event participations of these program events in the order of their list; conditions that are NULL don't filter.
SELECT p.program_event_id, p.device_id, p.reservation_flag, p.expected_w, p.preemptive_opt_out,
       o.code, o.started_at, o.ended_at, o.reduction_w, coalesce(o.error, ''), {status}
  FROM cpm_participation p
  JOIN cpm_programevent e ON e.id = p.program_event_id
  -- The conditions on the participation are repeated for the outcome: the planner does not infer them.
  LEFT JOIN cpm_outcome o ON o.program_event_id = p.program_event_id AND o.device_id = p.device_id
       AND o.program_event_id IN %(program_events)s AND o.device_id > %(after_device)s
       AND (%(devices)s::bigint[] IS NULL OR o.device_id = ANY(%(devices)s::bigint[]))
 WHERE p.program_event_id IN %(program_events)s
   AND p.device_id > %(after_device)s
   AND (%(devices)s::bigint[] IS NULL OR p.device_id = ANY(%(devices)s::bigint[]))
   AND (%(outcome)s IS NULL OR o.code = %(outcome)s)
   AND (%(status)s IS NULL OR {status} = %(status)s)
 ORDER BY p.program_event_id DESC, p.device_id
 LIMIT %(limit)s
