-- The registrations before a device's present one, and the present one that each counts for, packed as in
-- reserved_devices.sql.
SELECT string_agg(int8send(earlier.id), ''::bytea) AS earlier, string_agg(int8send(d.id), ''::bytea) AS present
  FROM derms_device d
  CROSS JOIN LATERAL (SELECT id FROM derms_device WHERE id = d.limits_of_id
                       UNION ALL
                      SELECT id FROM derms_device WHERE limits_of_id = d.limits_of_id AND id <> d.id) earlier
 WHERE d.limits_of_id IS NOT NULL AND d.ended_at IS NULL
