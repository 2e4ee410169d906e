-- Devices that are said to be the utility's, from places in the program, for which "in repair" was entered in the period;
-- where they are by now makes no difference.
SELECT 0::bigint AS program_event_id, d.id AS subject_id, l.customer_id, l.id AS location_id, '' AS code,
       100::numeric(7,4) AS percent, 1::numeric(18,6) AS quantity, -%(price)s::numeric AS gross, '' AS left_out
  FROM cpm_device d
  JOIN cpm_devicelocation l ON l.id = d.location_id
 WHERE d.owner = 'utility'
   AND (d.repair_since AT TIME ZONE l.time_zone)::date BETWEEN %(starts_on)s AND %(ends_on)s
   AND EXISTS (SELECT FROM cpm_subscribeddevice sd JOIN cpm_subscription s ON s.id = sd.subscription_id
                WHERE sd.device_id = d.id AND s.program_id = %(program)s)
