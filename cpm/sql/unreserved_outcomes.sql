-- Find the devices that have an outcome in a program event and no reservation.
SELECT o.device_id
  FROM cpm_outcome o
 WHERE o.program_event_id = %(program_event)s
   AND NOT EXISTS (SELECT FROM cpm_participation p
                    WHERE p.program_event_id = %(program_event)s AND p.device_id = o.device_id)
