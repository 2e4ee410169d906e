-- Loads one part of a stage's raw outcomes into the table that will be attached.
INSERT INTO {table} (stage_id, device_id, code, started_at, ended_at, reduction_w, error, response_pm)
SELECT %(stage)s, d.id, raw.code, raw.started_at, raw.ended_at, raw.reduction_w, coalesce(raw.error, ''),
       CASE WHEN raw.response_pm IS NOT NULL THEN least(greatest(raw.response_pm, 0), 1500) END
  FROM {staged} raw
  JOIN derms_headend h ON h.code = raw.head_end
  -- The range follows from the join; stating it avoids reading all devices for each part.
  JOIN derms_device d ON d.head_end_id = h.id AND d.nic_id = raw.nic_id
                     AND d.nic_id BETWEEN %(first_nic_id)s AND %(last_nic_id)s
  -- A NIC id may have been reused: take the reserved device, else the newest.
  LEFT JOIN (SELECT DISTINCT head_end_id, nic_id FROM derms_device WHERE ended_at IS NOT NULL) taken_out
         ON taken_out.head_end_id = d.head_end_id AND taken_out.nic_id = d.nic_id
 WHERE raw.reduction_w IS NOT NULL AND raw.code IN %(codes)s
   AND (taken_out.nic_id IS NULL
        OR d.id = (SELECT same.id
                     FROM derms_device same
                     LEFT JOIN derms_reservation r ON r.stage_id = %(stage)s AND r.device_id = same.id
                    WHERE same.head_end_id = d.head_end_id AND same.nic_id = d.nic_id
                    ORDER BY r.device_id IS NULL, same.registered_at DESC LIMIT 1))
