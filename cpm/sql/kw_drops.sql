-- The measured drops of devices in program events, after one (program event, device), in their order.
SELECT m.program_event_id, r.device_id, l.service_point, coalesce(o.started_at, m.starts_at),
       coalesce(o.ended_at, m.ends_at), r.interval_s, r.highest_drop_w, r.baseline_wh, r.metered_wh
  FROM cpm_measurement m
  JOIN cpm_measuredresult r ON r.measurement_id = m.id
  JOIN cpm_devicelocation l ON l.id = r.location_id
  LEFT JOIN cpm_outcome o ON o.program_event_id = m.program_event_id AND o.device_id = r.device_id
 WHERE m.id = ANY(%(measurements)s) AND m.program_event_id >= %(event)s
   AND (m.program_event_id, r.device_id) > (%(event)s, %(device)s)
 ORDER BY m.program_event_id, r.device_id
 LIMIT %(limit)s
