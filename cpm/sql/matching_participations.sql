-- Part of other statements: the participations of these program events that match a filter; a NULL matches everything.
  FROM cpm_participation p
  JOIN cpm_programevent e ON e.id = p.program_event_id
  -- The conditions on the participation are repeated for the outcome: the planner does not infer them.
  LEFT JOIN cpm_outcome o ON o.program_event_id = p.program_event_id AND o.device_id = p.device_id
       AND o.program_event_id IN %(program_events)s AND o.device_id > %(after_device)s
       AND (%(devices)s::bigint[] IS NULL OR o.device_id = ANY(%(devices)s::bigint[])){joined}
 WHERE p.program_event_id IN %(program_events)s
   AND p.device_id > %(after_device)s
   AND (%(devices)s::bigint[] IS NULL OR p.device_id = ANY(%(devices)s::bigint[]))
   AND (%(outcome)s IS NULL OR o.code = %(outcome)s)
   AND (%(flag)s::boolean IS NULL OR p.reservation_flag = %(flag)s)
   AND (%(reduction)s IS NULL OR %(reduction)s = CASE
           WHEN p.expected_w = 0 THEN 'unexpected'
           WHEN o.reduction_w = 0 THEN 'none' WHEN 2 * o.reduction_w < p.expected_w THEN 'less' ELSE 'more' END
        AND o.code IS NOT NULL)
   AND (%(head_end)s IS NULL AND %(feeder)s IS NULL
        OR EXISTS (SELECT FROM cpm_device d JOIN cpm_devicelocation l ON l.id = d.location_id
                    WHERE d.id = p.device_id AND (%(head_end)s IS NULL OR d.head_end = %(head_end)s)
                      AND (%(feeder)s IS NULL OR l.feeder = %(feeder)s)))
   AND (%(status)s IS NULL OR {status} = %(status)s)
