-- Create one notification per customer with a reserved device in a program event, unless they have one of its event.
INSERT INTO cpm_notification (event_uid, program_event_id, customer_id, kind, about, made_at, due_at)
SELECT DISTINCT %(event_uid)s::uuid, %(program_event)s::bigint, l.customer_id, 'reserved', '', %(now)s::timestamptz,
       %(now)s::timestamptz
  FROM cpm_participation p
  JOIN cpm_device d ON d.id = p.device_id
  JOIN cpm_devicelocation l ON l.id = d.location_id
 WHERE p.program_event_id = %(program_event)s AND p.reservation_flag
-- Another stage of the event may have notified its customers, or be doing so.
ON CONFLICT (event_uid, customer_id, kind, about) DO NOTHING
