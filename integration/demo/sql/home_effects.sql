-- What the devices of homes did in events since a moment: over how long, and how many W they reported.
SELECT d.location_id, extract(epoch FROM o.started_at)::bigint, extract(epoch FROM o.ended_at)::bigint,
       o.reduction_w * extract(epoch FROM e.ends_at - e.starts_at)::float8
       / extract(epoch FROM o.ended_at - o.started_at)::float8,
       d.device_class, d.id
  FROM cpm_outcome o
  JOIN cpm_device d ON d.id = o.device_id
  JOIN cpm_programevent e ON e.id = o.program_event_id
 WHERE d.location_id = ANY(%(locations)s) AND e.ends_at > %(since)s AND o.ended_at > o.started_at + interval '1 s'
 ORDER BY o.program_event_id, d.id
