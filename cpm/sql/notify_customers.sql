-- Create one notification per customer with a reserved device in a program event, unless they have one of its event.
INSERT INTO cpm_notification AS known (event_uid, program_event_id, customer_id, kind, about, made_at, due_at)
SELECT DISTINCT %(event_uid)s::uuid, %(program_event)s::bigint, l.customer_id, 'reserved', '', %(now)s::timestamptz,
       %(now)s::timestamptz
  FROM cpm_participation p
  JOIN cpm_device d ON d.id = p.device_id
  JOIN cpm_devicelocation l ON l.id = d.location_id
 WHERE p.program_event_id = %(program_event)s AND p.reservation_flag
-- Another stage of the event may have notified its customers, or be doing so. Who was not told, because nothing was
-- reserved any more or for want of an address, is told now. An e-mail that is being written may not know of this stage:
-- with another made_at it can't end the notification for want of one.
ON CONFLICT (event_uid, customer_id, kind, about) DO UPDATE
   SET made_at = EXCLUDED.made_at, done_at = NULL,
       program_event_id = CASE WHEN known.done_at IS NULL THEN known.program_event_id ELSE EXCLUDED.program_event_id END,
       due_at = CASE WHEN known.done_at IS NULL THEN known.due_at ELSE EXCLUDED.due_at END,
       attempts = CASE WHEN known.done_at IS NULL THEN known.attempts ELSE 0 END,
       not_sent = CASE WHEN known.done_at IS NULL THEN known.not_sent ELSE '' END
 WHERE known.emailed_at IS NULL AND (known.done_at IS NULL OR known.not_sent = ANY(%(reasons)s))
