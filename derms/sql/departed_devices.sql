-- The devices that left stages, and when in microseconds since 1970 (or `removed`, before the start), packed as in
-- reserved_devices.sql. A device that left without having been reserved there was never used.
SELECT d.stage_id, string_agg(int8send(d.device_id), ''::bytea) AS devices,
       string_agg(int8send(coalesce((extract(epoch FROM d.released_at) * 1000000)::bigint, %(removed)s)), ''::bytea)
           AS moments
  FROM derms_departure d
  JOIN derms_reservation r ON r.stage_id = d.stage_id AND r.device_id = d.device_id
 WHERE d.stage_id = ANY(%(stages)s::bigint[])
 GROUP BY d.stage_id
