-- Devices that were silent in three calls running, by id, with a program that enrolls them: a choice leaves each out until the
-- 14th day after its last call.
SELECT c.device_id, h.code AS head_end, d.nic_id, min(p.name) AS program, z.code AS zone, d.rated_w,
       max(c.last_called_on) AS last_called_on
  FROM derms_candidate c
  JOIN derms_device d ON d.id = c.device_id
  JOIN derms_headend h ON h.id = c.head_end_id
  JOIN derms_program p ON p.id = c.program_id
  JOIN derms_controlzone z ON z.id = c.zone_id
 WHERE c.silent_run >= %(silent)s AND c.device_id > %(after)s
   AND c.enrolled_from <= %(now)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(now)s)
 GROUP BY c.device_id, h.code, d.nic_id, z.code, d.rated_w
 ORDER BY c.device_id
 LIMIT %(limit)s
