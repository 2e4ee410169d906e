-- Create one notification per customer with a reserved device in these stages who has one that the event comes.
INSERT INTO cpm_notification (event_uid, program_event_id, customer_id, kind, about, made_at, due_at)
SELECT DISTINCT %(event_uid)s::uuid, %(program_event)s::bigint, l.customer_id, %(kind)s, %(about)s, %(now)s::timestamptz,
       %(due_at)s::timestamptz
  FROM cpm_participation p
  JOIN cpm_device d ON d.id = p.device_id
  JOIN cpm_devicelocation l ON l.id = d.location_id
 WHERE p.program_event_id = ANY(%(stages)s::bigint[]) AND p.reservation_flag
   AND EXISTS (SELECT FROM cpm_notification told
                WHERE told.event_uid = %(event_uid)s AND told.customer_id = l.customer_id AND told.kind = 'reserved')
ON CONFLICT (event_uid, customer_id, kind, about) DO NOTHING
