-- Makes one notification for each customer with a device reserved in a program event, unless its event has told them.
INSERT INTO cpm_notification (event_uid, program_event_id, customer_id, batch_number, made_at, error)
SELECT %(event_uid)s, %(program_event)s, customer_id,
       (row_number() OVER (ORDER BY customer_id) - 1) / %(batch_size)s, %(now)s, ''
  FROM (SELECT DISTINCT l.customer_id
          FROM cpm_participation p
          JOIN cpm_device d ON d.id = p.device_id
          JOIN cpm_devicelocation l ON l.id = d.location_id
         WHERE p.program_event_id = %(program_event)s AND p.reservation_flag
           AND NOT EXISTS (SELECT FROM cpm_notification told
                            WHERE told.event_uid = %(event_uid)s AND told.customer_id = l.customer_id)) reserved
 ORDER BY customer_id
-- Another stage of the event may be telling its customers at this moment.
ON CONFLICT (event_uid, customer_id) DO NOTHING
