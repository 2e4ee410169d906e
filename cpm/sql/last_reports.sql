-- When each of these devices last reported anything about one of these program events: its end, or when it was called if it
-- rejected the call. What was canceled before it was called reported nothing.
SELECT o.device_id, max(coalesce(o.ended_at, e.started_at, e.starts_at))
  FROM cpm_outcome o JOIN cpm_programevent e ON e.id = o.program_event_id
 WHERE o.program_event_id = ANY(%(program_events)s::bigint[]) AND o.device_id = ANY(%(devices)s::bigint[])
   AND o.code NOT IN %(silent_codes)s AND (o.code <> %(canceled)s OR o.ended_at IS NOT NULL)
 GROUP BY o.device_id
