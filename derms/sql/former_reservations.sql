-- Part of candidates.sql: what the registrations before a device's present one were reserved for counts for the device.
UNION ALL
SELECT r.stage_id, r.device_id, d.id
  FROM derms_device d
  CROSS JOIN LATERAL (SELECT id FROM derms_device WHERE id = d.limits_of_id
                       UNION ALL
                      SELECT id FROM derms_device WHERE limits_of_id = d.limits_of_id AND id <> d.id) earlier
  JOIN derms_reservation r ON r.device_id = earlier.id
 WHERE d.limits_of_id IS NOT NULL AND d.ended_at IS NULL AND r.stage_id = ANY(%(counted_stages)s::bigint[])
