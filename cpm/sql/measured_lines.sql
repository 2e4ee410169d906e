-- Results of a measurement with their devices and places, in the order of devices.
SELECT d.head_end, d.nic_id, d.device_class, l.feeder,
       coalesce((SELECT string_agg(m.number, ' ' ORDER BY m.starts_at) FROM cpm_meter m
                  WHERE m.location_id = r.location_id AND m.starts_at < %(ends_at)s
                    AND (m.ends_at IS NULL OR r.starts_at IS NULL OR m.ends_at > r.starts_at)), ''),
       {segment}, r.status, r.reason, r.starts_at, r.interval_s, p.expected_w, coalesce(o.reduction_w, 0),
       r.mean_w, r.highest_drop_w, r.saved_wh, r.rebound_wh, r.adjustment, r.is_capped,
       bit_count(r.days_used::bit(64)), array_to_string(r.baseline_wh, ' '), array_to_string(r.metered_wh, ' '),
       r.device_id
  FROM cpm_measuredresult r
  JOIN cpm_participation p ON p.program_event_id = %(program_event)s AND p.device_id = r.device_id
  JOIN cpm_device d ON d.id = r.device_id
  JOIN cpm_devicelocation l ON l.id = r.location_id
  LEFT JOIN cpm_outcome o ON o.program_event_id = %(program_event)s AND o.device_id = r.device_id
 WHERE r.measurement_id = %(measurement)s AND r.device_id > %(after)s
 ORDER BY r.device_id
 LIMIT %(limit)s
