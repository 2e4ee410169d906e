-- Makes the participation of each device that has an outcome and no reservation, and lists it as an exception.
INSERT INTO cpm_participation (program_event_id, device_id, reservation_flag, expected_w, preemptive_opt_out)
SELECT o.program_event_id, o.device_id, false, 0, false
  FROM cpm_outcome o
 WHERE o.program_event_id = %(program_event)s
   AND NOT EXISTS (SELECT FROM cpm_participation p
                    WHERE p.program_event_id = %(program_event)s AND p.device_id = o.device_id)
RETURNING device_id
