-- Create one notification per customer with a reserved device in a program event, unless they have one of its event.
INSERT INTO cpm_notification (event_uid, program_event_id, customer_id, batch_number, made_at, error)
SELECT %(event_uid)s, %(program_event)s, customer_id,
       (row_number() OVER (ORDER BY customer_id) - 1) / %(batch_size)s, %(now)s, ''
  FROM (SELECT DISTINCT l.customer_id
          FROM cpm_participation p
          JOIN cpm_device d ON d.id = p.device_id
          JOIN cpm_devicelocation l ON l.id = d.location_id
         WHERE p.program_event_id = %(program_event)s AND p.reservation_flag
           AND NOT EXISTS (SELECT FROM cpm_notification sent
                            WHERE sent.event_uid = %(event_uid)s AND sent.customer_id = l.customer_id)) reserved
 ORDER BY customer_id
-- Another stage of the event may be notifying its customers at the same time.
ON CONFLICT (event_uid, customer_id) DO NOTHING
