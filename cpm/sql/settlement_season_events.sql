-- What the events of a season are worth to one device.
SELECT program_event_id, code, percent, left_out, drop_kw, coalesce(unmeasured, ''), counts
  FROM ({drops}) found
 WHERE device_id = %(device)s
 ORDER BY program_event_id
